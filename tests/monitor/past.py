"""A lake pulled at an instant beside one pulled later: what may differ, and nothing else."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import duckdb
import ibis
import ibis.expr.types as ir
import pyarrow as pa
import pyarrow.compute as pc
import pytest
import yaml

from config import Settings, load
from metrics import facts
from metrics.facts.sides import Known
from metrics.health import FINDINGS
from metrics.past import Gap, gaps
from model.availability import Availability
from model.functions import assign_queues, assign_users
from model.tables import TABLES
from monitor import demo, sources
from monitor.refresh import HISTORY
from monitor.snapshots import SnapshotForm
from monitor.workspace import Workspace
from sandbox.process import Running
from store.manifest import SourceState
from tests.connectors.contract import everything

LAG_MINUTES = 15  # the organisation's slowest transaction takes ten: see sandbox.company.ledger
Tables = dict[str, pa.Table]


@dataclass(frozen=True)
class Pulled:
    """All canonical tables as of `cutoff_at`, as a full pull gave them."""

    tables: Tables
    availability: Availability
    cutoff_at: datetime


def settings_of(server: Running, folder: Path) -> Settings:
    """The demonstration's configuration for the server."""
    config = demo.configure(folder, server)
    document = yaml.safe_load(config.read_text(encoding="utf-8"))
    document["sources"][0]["lag_minutes"] = LAG_MINUTES
    config.write_text(yaml.safe_dump(document), encoding="utf-8")
    return load(config)


def pulled(server: Running, settings: Settings, folder: Path, at: datetime) -> Pulled:
    """A full pull of the organisation as it is `at`."""
    server.set_clock(at)
    with sources.connector(settings, "crm", folder) as source:
        offer = source.offer()
        tables = everything(source)
    tables = {name: tables.get(name, table.empty()) for name, table in TABLES.items()}
    return Pulled(tables, offer.availability, offer.cutoff_at)


class Place:
    """A database for tables and steps."""

    def __init__(self) -> None:
        self._con = ibis.duckdb.connect()
        self._made = 0

    def put(self, rows: pa.Table | ir.Table) -> ir.Table:
        """The rows as a table of their own."""
        self._made += 1
        return self._con.create_table(f"made_{self._made}", rows)

    def run(self, expression: ir.Table) -> pa.Table:
        """The rows of an expression."""
        return self._con.to_pyarrow(expression)


@contextmanager
def place() -> Iterator[Place]:
    """One, until the end."""
    found = Place()
    yield found
    found._con.disconnect()


def known(at: Place, tables: Tables, settings: Settings) -> dict[str, ir.Table]:
    """Tables as facts read them, users and queues with their functions."""
    own = {
        **tables,
        "users": assign_users(tables["users"], settings.functions),
        "queues": assign_queues(tables["queues"], settings.functions),
    }
    return {name: at.put(rows) for name, rows in own.items()}


def built(
    at: Place, tables: Mapping[str, ir.Table], source: Pulled, settings: Settings, as_of: datetime
) -> facts.Built:
    """The facts as of an instant."""
    return facts.build(
        tables,
        settings.definitions,
        source.availability,
        as_of,
        as_of - HISTORY,
        lambda _, rows: at.put(rows),
    )


def by_then(late: Pulled, settings: Settings, as_of: datetime) -> Tables:
    """The rows that a later lake knows to have been there at `as_of`, as they stood."""
    with place() as at:
        then = Known({n: at.put(r) for n, r in late.tables.items()}, settings.definitions, as_of)
        return {name: at.run(then.with_deleted(name)) for name in TABLES}


def listed(late: Pulled, settings: Settings, as_of: datetime) -> list[Gap]:
    """What users are told is not known of `as_of`."""
    with place() as at:
        tables = known(at, late.tables, settings)
        made = built(at, tables, late, settings, as_of)
        return gaps(made, tables, late.availability, at.run)


def nothing_new(name: str, then: pa.Table, early: pa.Table) -> None:
    """Whatever a later lake says was there at an instant, a lake pulled at that instant has."""
    key = TABLES[name].key
    unlike = set(then[key].to_pylist()) - set(early[key].to_pylist())
    assert not unlike, (name, len(unlike), sorted(unlike)[:3])


def purged(organisation: Path, at: datetime) -> set[str]:
    """The ids of all records that were there once and are gone `at`."""
    found: set[str] = set()
    with duckdb.connect() as database:
        for file in organisation.glob("*.parquet"):
            ends = "max(coalesce(_visible_to, 'infinity'))"
            gone = f"SELECT Id FROM '{file}' GROUP BY Id HAVING {ends} <= '{at}'"
            found |= {row[0] for row in database.execute(gone).fetchall()}
    return found


def with_gaps(
    early: Pulled, late: Pulled, then: Tables, found: Sequence[Gap], gone: set[str]
) -> Tables:
    """The tables of the earlier pull without what is gone, today's values where users are told
    that they stand in. Nothing else is touched.
    """
    tables = {}
    for name, every in early.tables.items():
        key = TABLES[name].key
        rows = without(every, key, gone)
        place_then = pc.index_in(rows[key], value_set=then[name][key].combine_chunks())
        there = pc.is_valid(place_then)
        for column in {c for gap in found if gap.table == name for c in gap.columns}:
            values = pc.if_else(there, then[name][column].take(place_then), rows[column])
            rows = rows.set_column(rows.column_names.index(column), column, values)
        tables[name] = rows
    return with_mergers(tables, late, then, gone)


def with_mergers(tables: Tables, late: Pulled, then: Tables, gone: set[str]) -> Tables:
    """The tables, with what was moved when leads were merged since where it is today. The leads
    themselves say so, and that it was later, unless they are `gone`.
    """
    leads, today = tables["leads"], late.tables["leads"]
    at = pc.index_in(leads["lead_id"], value_set=today["lead_id"].combine_chunks())
    into = today["merged_into"].take(at)
    since = pc.and_(pc.is_null(leads["merged_into"]), pc.is_valid(into))
    moved = pa.array([*leads.filter(since)["lead_id"].to_pylist(), *gone], pa.string())
    for column in ("merged_into", "deleted_at"):
        values = pc.if_else(since, today[column].take(at), leads[column])
        leads = leads.set_column(leads.column_names.index(column), column, values)
    found = {**tables, "leads": leads}
    for name in ("activities", "campaign_members"):
        rows, key = tables[name], TABLES[name].key
        place_then = pc.index_in(rows[key], value_set=then[name][key].combine_chunks())
        is_moved = pc.and_(pc.is_in(rows["lead_id"], value_set=moved), pc.is_valid(place_then))
        values = pc.if_else(is_moved, then[name]["lead_id"].take(place_then), rows["lead_id"])
        found[name] = rows.set_column(rows.column_names.index("lead_id"), "lead_id", values)
    return found


def without(rows: pa.Table, key: str, records: set[str]) -> pa.Table:
    """The rows whose `key` neither is one of `records` nor begins with it and a colon."""
    ids = pc.list_element(pc.split_pattern(rows[key], ":"), 0)
    out = pc.is_in(ids, value_set=pa.array(sorted(records), pa.string()))
    return rows.filter(pc.invert(out))


KEYS = {
    "handoffs": ("handoff_id",),
    "decisions": ("lead_id",),
    "leads": ("lead_id",),
    "returned": ("return_id",),
    "opportunities": ("opportunity_id",),
    "segment_pairs": ("lead_id",),
    "forecasts": ("opportunity_id", "quarter"),
    "meetings": ("activity_id",),
    "campaigns": ("campaign_id",),
    "costs": ("kind", "record_id"),
    "keys": ("record_id",),
    "report_uses": ("use_id",),
    "metrics": ("metric_id",),
    "shared_targets": ("metric",),
    "attainment": ("quarter", "side", "metric"),
    "coverage": ("quarter",),
    "people": ("owner_id",),
    "structure": ("cluster",),
    "checks": ("rule_id", "record_id"),
    "history": ("entity", "field"),
}


def differences(name: str, one: pa.Table, two: pa.Table) -> list[tuple[object, ...]]:
    """Where two builds of a fact differ: key, column, the two values. Sums may differ in their
    last digits.
    """
    first, second = (
        {tuple(r[k] for k in KEYS[name]): r for r in t.to_pylist()} for t in (one, two)
    )
    assert len(first) == one.num_rows
    found: list[tuple[object, ...]] = [(k, "is only in one") for k in first.keys() ^ second.keys()]
    for key in first.keys() & second.keys():
        for column, value in first[key].items():
            other = second[key][column]
            if value != other and value != pytest.approx(other, rel=1e-9):
                found.append((key, column, value, other))
    return found


def stored(workspace: Workspace, tables: Tables) -> dict[str, int]:
    """The tables in the workspace's lake, and their versions."""
    for name, rows in tables.items():
        workspace.lake.replace("crm", name, [rows], cursor=None)
    nobody = TABLES["user_functions"].empty()  # known from the first sync on, which is later
    workspace.lake.replace("detente", "user_functions", [nobody], cursor=None)
    return workspace.lake.versions("crm")


def state(source: Pulled, cutoff_at: datetime) -> dict[str, SourceState]:
    """What a sync would say of it. The connection's clock has whole seconds: the cutoff may be the
    last microsecond of the pull's last second.
    """
    assert cutoff_at.replace(microsecond=0) == source.cutoff_at
    return {"crm": SourceState(source.availability, cutoff_at)}


def unlike_forms(one: SnapshotForm, two: SnapshotForm) -> list[tuple[str, object, object]]:
    """Where the figures of two snapshots differ: stage, indicators, outcomes, evidence, health."""
    first, second = (
        {**_leaves("indicators", form["indicators"]), **_leaves("stage", form["stage"])}
        | _leaves("health", form["health"])
        for form in (one, two)
    )
    left_out = {f"health.{one.id}" for one in FINDINGS if one.is_live}  # and users are told so
    return [
        (name, first.get(name), second.get(name))
        for name in sorted((first.keys() | second.keys()) - left_out)
        if not name.endswith("as_of")
        and not name.startswith("stage.headline")  # what live snapshots settled on, not that day
        and first.get(name) != second.get(name)
        and first.get(name) != pytest.approx(second.get(name), rel=1e-9)
    ]


def _leaves(name: str, form: object) -> dict[str, object]:
    if isinstance(form, Mapping):
        parts = {f"{name}.{key}": value for key, value in form.items()}
    elif isinstance(form, list):
        parts = {f"{name}.{number}": value for number, value in enumerate(form)}
    else:
        return {name: form}
    return {
        key: leaf for part, value in parts.items() for key, leaf in _leaves(part, value).items()
    }
