"""Five indicators from base tables to result, by us and by what others would write."""

from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from metrics.facts.sides import owners
from model.periods import Period
from monitor.functions import with_functions
from monitor.reading import Reading
from monitor.workspace import Workspace
from store.duck_engine import DuckEngine

NAMES = (
    "never_touched_rate",
    "mql_acceptance_rate",
    "decision_rate",
    "loss_reason_rate",
    "contact_role_coverage",
)
WINDOW = "2024-06-01..2026-06-30"


@dataclass(frozen=True)
class Given:
    """Where the base tables are; users and queues with their sides."""

    workspace: Workspace
    as_of: datetime
    owners: pa.Table

    @classmethod
    def of(cls, workspace: Workspace) -> "Given":
        """What pandas and polars are given."""
        manifest = workspace.lake.manifest()
        assert manifest is not None
        with DuckEngine(workspace.lake, manifest) as engine:
            tables = with_functions(engine, workspace.settings.functions)
            functions = workspace.settings.definitions.functions
            own = engine.run(owners(tables["users"], tables["queues"], functions))
        return cls(workspace, manifest.cutoff_at, own)

    def files(self, table: str) -> list[str]:
        """The parquet files of a table."""
        manifest = self.workspace.lake.manifest()
        assert manifest is not None
        return self.workspace.lake.uris(f"crm/{table}", manifest.versions[f"crm/{table}"])

    def read(self, table: str, columns: str) -> pa.Table:
        """These columns of a table."""
        return pa.concat_tables(
            pq.read_table(file, columns=columns.split(), partitioning=None)
            for file in self.files(table)
        )


def surviving(days: NDArray[np.float64], is_event: NDArray[np.bool_], at: float) -> float:
    """Kaplan–Meier's share without the event at `at` days."""
    times, places = np.unique(days, return_inverse=True)
    events = np.bincount(places, weights=is_event)
    at_risk = len(days) - np.concatenate([[0], np.cumsum(np.bincount(places))[:-1]])
    return float(np.prod((1 - events / at_risk)[times <= at]))


def five(workspace: Workspace) -> dict[str, float | None]:
    """The same by us, as `detente indicators ID…` has them where there are no facts yet, with their
    intervals.
    """
    manifest = workspace.lake.manifest()
    assert manifest is not None
    tables = {path: version for path, version in manifest.versions.items() if path[:6] != "facts/"}
    manifest = manifest.with_versions(tables)
    with Reading(workspace, manifest, manifest.cutoff_at) as reading:
        results = reading.few_indicators(NAMES, window=Period.parse(WINDOW))
    return {one.indicator.id: one.estimate.value for one in results}
