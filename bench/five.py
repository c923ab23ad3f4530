"""Five indicators from base tables to result, by us and by what others would write."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

import pyarrow as pa
import pyarrow.parquet as pq

from metrics.estimate import Estimate
from metrics.facts.sides import owners
from metrics.indicators import CATALOGUE
from metrics.rows import Rows
from model.periods import Period, end_of, start_of
from monitor.functions import with_functions
from monitor.reading import Reading
from monitor.refresh import HISTORY
from monitor.workspace import Workspace
from store.duck_engine import DuckEngine
from store.manifest import Manifest

NAMES = (
    "never_touched_rate",
    "mql_acceptance_rate",
    "decision_rate",
    "loss_reason_rate",
    "contact_role_coverage",
)
WINDOW = "2024-06-01..2026-06-30"
TOLD = ("value", "n", "low", "high", "clusters")

Figure = dict[str, float | None]


@dataclass(frozen=True)
class Given:
    """Where the base tables are; users and queues with their sides."""

    workspace: Workspace
    manifest: Manifest
    as_of: datetime
    owners: pa.Table

    @classmethod
    def of(cls, workspace: Workspace, as_of: datetime | None = None) -> "Given":
        """What pandas and polars are given; as of the manifest's cutoff unless said."""
        manifest = _manifest(workspace)
        with DuckEngine(workspace.lake, manifest) as engine:
            tables = with_functions(engine, workspace.settings.functions)
            functions = workspace.settings.definitions.functions
            own = engine.run(owners(tables["users"], tables["queues"], functions))
        return cls(workspace, manifest, as_of or manifest.cutoff_at, own)

    @property
    def zone(self) -> str:
        """The organisation's time zone."""
        return self.workspace.definitions.calendar.default.timezone

    @cached_property
    def window(self) -> tuple[datetime, datetime]:
        """The first and the last instant at which a row counts."""
        period = Period.parse(WINDOW)
        first = max(start_of(period.from_on, self.zone), self.since)
        return first, min(end_of(period.to_on, self.zone), self.as_of)

    @property
    def since(self) -> datetime:
        """What was over before is left out."""
        return self.as_of - HISTORY

    def files(self, table: str) -> list[str]:
        """The parquet files of a table."""
        path = f"crm/{table}"
        return self.workspace.lake.uris(path, self.manifest.versions[path])

    def read(self, table: str, columns: str) -> pa.Table:
        """These columns of a table."""
        return pa.concat_tables(
            pq.read_table(file, columns=columns.split(), partitioning=None)
            for file in self.files(table)
        )

    def figures(self, rows: Mapping[str, pa.Table]) -> dict[str, Figure]:
        """What the rows of each indicator say: `cluster`, and the columns that it reads."""
        definitions = self.workspace.definitions
        found = {}
        for name in NAMES:
            one = CATALOGUE[name].under(definitions)
            statistic = one.statistic(definitions)
            sums = statistic.sums(Rows.of(rows[name].select(["cluster", *statistic.reads])))
            found[name] = _told(statistic.estimate(sums, minimum_n=one.minimum_n))
        return found


def five(workspace: Workspace, as_of: datetime | None = None) -> dict[str, Figure]:
    """The same by us, as `detente indicators ID…` has them where there are no facts yet."""
    manifest = _manifest(workspace)
    tables = {path: version for path, version in manifest.versions.items() if path[:6] != "facts/"}
    manifest = manifest.with_versions(tables)
    with Reading(workspace, manifest, as_of or manifest.cutoff_at) as reading:
        results = reading.few_indicators(NAMES, window=Period.parse(WINDOW))
    return {one.indicator.id: _told(one.estimate) for one in results}


def _manifest(workspace: Workspace) -> Manifest:
    manifest = workspace.lake.manifest()
    assert manifest is not None
    return manifest


def _told(estimate: Estimate) -> Figure:
    return {name: getattr(estimate, name) for name in TOLD}
