"""A small company written by hand: canonical rows in, facts and results out, through DuckDB."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import ibis
import ibis.expr.types as ir
import pyarrow as pa

from metrics import evaluate, facts
from metrics.declaration import EVIDENCE, OUTCOMES, Gauge, Result, Shown
from metrics.facts.shared_metrics import shared_metrics
from metrics.facts.sides import Known
from metrics.indicators import CATALOGUE
from metrics.loaded import Loaded
from model.availability import Availability
from model.definitions import Definitions, Reasons, Statuses
from model.tables import TABLES

Row = dict[str, Any]
EVERYTHING = Availability({name: frozenset(table.columns) for name, table in TABLES.items()})
AS_OF = datetime(2026, 6, 30, 12)
WORDS = Definitions(
    statuses=Statuses(
        order=("New", "MQL", "Accepted", "Converted"),
        mql=("MQL",),
        accepted=("Accepted",),
        rejected=("Rejected",),
    ),
    reasons=Reasons(rejection=("No Budget",), loss=("Price", "Timing")),
)
SPOKEN = WORDS.model_copy(
    update={
        "statuses": Statuses(
            order=("New", "MQL", "Accepted", "Working", "Converted"),
            mql=("MQL",),
            accepted=("Accepted",),
            rejected=("Rejected",),
            unreachable=("Unreachable",),
            recycled=("Recycled",),
        )
    }
)
CONNECTION = ibis.duckdb.connect()
COMPILED: dict[tuple[str, ...], "Compiled"] = {}
FACTS = (*facts.SEGMENTS, "history")
CONTEXT = ("handoffs", "metrics", "people", "structure", "history")


def at(text: str) -> datetime:
    """`06-01 09:30` in 2026 (or a whole ISO instant)."""
    return datetime.fromisoformat(text if text[:2] == "20" else f"2026-{text}")


def without(*absent: str, **reasons: str) -> Availability:
    """Everything but these tables; `reasons` by table."""
    columns = {name: names for name, names in EVERYTHING.columns.items() if name not in absent}
    return Availability(columns, reasons)


@dataclass
class Company:
    """Rows by table. Ann, Bob and Cy are in Sales (`s1`, `s2`, `s3`), Mia and Max in Marketing."""

    definitions: Definitions = WORDS
    availability: Availability = EVERYTHING
    as_of: datetime = AS_OF
    rows: dict[str, list[Row]] = field(default_factory=dict)
    _ids: int = 0

    def __post_init__(self) -> None:
        for user in ("s1", "s2", "s3"):
            self.add("users", user_id=user, function="sales", region="EMEA", team=f"team {user}")
        for user in ("m1", "m2"):
            self.add("users", user_id=user, function="marketing")
        self.add("users", user_id="robot", function="sales", is_automation=True)
        self.add("users", user_id="boss", function="other")
        self.add("queues", queue_id="q", name="Sales queue", function="sales")
        self.add("queues", queue_id="mq", name="Nurture", function="marketing")
        for position, (stage, closed, won, qualified) in enumerate(STAGES):
            self.add(
                "sales_stages",
                sales_stage=stage,
                position=position,
                is_closed=closed,
                is_won=won,
                is_qualified=qualified,
            )

    def add(self, table: str, **row: Any) -> str:
        """Add a row, recorded at once; returns its id, numbered where it has none."""
        key = TABLES[table].key
        self._ids += 1
        row.setdefault(key, f"{table[:3]}{self._ids:05}")
        row.setdefault("recorded_at", datetime(2020, 1, 1))
        self.rows.setdefault(table, []).append(row)
        return str(row[key])

    def lead(self, owners: str = "m1", created: str = "06-01 08:00", **row: Any) -> str:
        """A lead and its owners: `m1, q 06-02 10:00, s1 06-02 11:00`. The first one owns it from
        its creation; the last one owns it today.
        """
        first, *later = [step.strip() for step in owners.split(",")]
        path = [first, *(step.split(" ", 1)[0] for step in later)]
        row = {"created_at": at(created), "owner_id": path[-1], **row}
        lead = self.add("leads", **row, owner_kind=_kind(row["owner_id"]))
        for old, step in zip(path, later, strict=False):
            new, when = step.split(" ", 1)
            self.owner_change(lead, old, new, when)
        return lead

    def owner_change(self, lead: str, old: str | None, new: str, when: str) -> str:
        """A change of owner, as the CRM's history keeps it."""
        return self.add(
            "lead_changes",
            lead_id=lead,
            field="owner",
            old=old,
            new=new,
            old_kind=None if old is None else _kind(old),
            new_kind=_kind(new),
            changed_at=at(when),
        )

    def status(self, lead: str, steps: str) -> None:
        """Status changes of a lead: `New, MQL 06-02 10:00, Accepted 06-03 10:00`."""
        first, *later = [step.strip() for step in steps.split(",")]
        old = first
        for step in later:
            new, when = step.split(" ", 1)
            self.add(
                "lead_changes", lead_id=lead, field="status", old=old, new=new, changed_at=at(when)
            )
            old = new

    def touch(self, lead: str | None, by: str, when: str, **row: Any) -> str:
        """A logged call (or what `row` says instead)."""
        row = {"kind": "call", "is_completed": True, "direction": "outbound", **row}
        return self.add("activities", lead_id=lead, performed_by=by, occurred_at=at(when), **row)

    def meeting(self, when: str, *people: str, internal: bool = True, **row: Any) -> str:
        """A meeting of users (the first organises) and contacts (`c…`)."""
        row = {"performed_by": people[0], **row}
        meeting = self.add(
            "activities",
            kind="meeting",
            is_completed=True,
            is_internal=internal,
            occurred_at=at(when),
            **row,
        )
        for person in people:
            kind = "contact_id" if person.startswith("c") else "user_id"
            self.add("attendees", activity_id=meeting, **{kind: person})
        return meeting

    def deal(self, stages: str, created: str = "05-01 08:00", **row: Any) -> str:
        """An opportunity and its stages: `Prospecting, Proposal 06-01 10:00, Won 06-20 10:00`."""
        first, *later = [step.strip() for step in stages.split(",")]
        path = [first, *(step.split(" ", 1)[0] for step in later)]
        closed, won, _ = next(rest for stage, *rest in STAGES if stage == path[-1])
        row = {"owner_id": "s1", "created_at": at(created), "amount": 100.0, **row}
        row = {"is_closed": closed, "is_won": won, "sales_stage": path[-1], **row}
        deal = self.add("opportunities", **row)
        for old, step in zip(path, later, strict=False):
            new, when = step.split(" ", 1)
            self.add(
                "opportunity_changes",
                opportunity_id=deal,
                field="stage",
                old=old,
                new=new,
                changed_at=at(when),
            )
        return deal

    def tables(self) -> dict[str, ir.Table]:
        """The canonical tables, filled with these rows."""
        for name, table in TABLES.items():
            rows = table.conform(self.rows.get(name, []))
            CONNECTION.con.register("rows", rows)
            CONNECTION.con.execute(f"CREATE OR REPLACE TABLE {name} AS FROM rows")
        return {name: CONNECTION.table(name) for name in TABLES}

    def fact_tables(self, names: Sequence[str] = FACTS) -> dict[str, pa.Table]:
        """These facts, computed."""
        tables = self.tables()
        plain = self.definitions.model_copy(update={"indicators": {}})
        key = (plain.version(), str(self.as_of))
        if key not in COMPILED:
            COMPILED[key] = Compiled.of(tables, plain, self.as_of)
        known = COMPILED[key]
        wanted = {name: known.query(name) for name in dict.fromkeys(names) if name != "metrics"}
        for name in known.needed(wanted.values()):
            CONNECTION.con.execute(f"CREATE OR REPLACE TABLE {name} AS {known.steps[name]}")
        found = {name: known.rows(name, sql) for name, sql in wanted.items()}
        if "metrics" in names:
            shared = shared_metrics(Known(tables, plain, self.as_of), self.availability)
            found["metrics"] = CONNECTION.to_pyarrow(shared)
        return found

    def facts(self, names: Sequence[str] = FACTS) -> dict[str, ir.Table]:
        """These facts, computed, as tables."""
        return {name: ibis.memtable(rows) for name, rows in self.fact_tables(names).items()}

    def loaded(self, names: Sequence[str] = FACTS) -> Loaded:
        """These facts, computed, to be asked for figures."""
        facts = self.facts(names)
        return evaluate.loaded(lambda: facts, self.availability, self.definitions, self.as_of, run)

    def fact(self, name: str) -> list[Row]:
        """The rows of one fact."""
        rows: list[Row] = self.fact_tables([name])[name].to_pylist()
        return rows

    def results(self, **asked: Any) -> dict[str, Result]:
        """The results for the whole company by indicator."""
        wanted = [CATALOGUE[name].fact for name in asked.get("only", CATALOGUE)]
        found = evaluate.evaluate(self.loaded([*CONTEXT, *wanted]), **asked)
        return {result.indicator.id: result for result in found}

    def result(self, indicator: str, **asked: Any) -> Result:
        """One indicator with a minimum of one record, so that few suffice for an example."""
        self.definitions = small(self.definitions, indicator)
        return self.results(only=[indicator], **asked)[indicator]

    def shown(self, name: str) -> Shown:
        """One outcome or measure of evidence."""
        one = {**OUTCOMES, **EVIDENCE}[name]
        wanted = [] if isinstance(one, Gauge) else [one.fact]
        outcomes, quality = evaluate.shown(self.loaded([*CONTEXT, *wanted]), only=[name])
        (found,) = [*outcomes, *quality]
        return found


STAGES = (
    ("Prospecting", False, False, False),
    ("Qualification", False, False, True),
    ("Proposal", False, False, True),
    ("Won", True, True, True),
    ("Lost", True, False, True),
)


@dataclass
class Compiled:
    """The queries of some definitions and instant: the steps that facts share, in their order, and
    the facts. Compiling takes far longer than running, so only what is asked for is compiled.
    """

    steps: dict[str, str]
    built: facts.Built
    queries: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(
        cls, tables: Mapping[str, ir.Table], definitions: Definitions, as_of: datetime
    ) -> "Compiled":
        """Compile the steps."""
        steps: dict[str, str] = {}

        def keep(name: str, rows: ir.Table) -> ir.Table:
            step = f"step_{name}"
            steps[step] = query(rows)
            CONNECTION.con.execute(f"CREATE OR REPLACE TABLE {step} AS {steps[step]}")
            return CONNECTION.table(step)

        since = as_of - timedelta(days=1096)
        return cls(steps, facts.build(tables, definitions, EVERYTHING, as_of, since, keep))

    def query(self, name: str) -> str:
        """The query of a fact."""
        if name not in self.queries:
            self.queries[name] = query(self.built[name])
        return self.queries[name]

    def needed(self, queries: Iterable[str]) -> list[str]:
        """The steps that these queries rest on, in their order."""
        found: set[str] = set()
        ahead = list(queries)
        while ahead:
            new = set(re.findall(r'"(step_\w+)"', ahead.pop())) - found
            found |= new
            ahead += [self.steps[name] for name in new]
        return [name for name in self.steps if name in found]

    def rows(self, name: str, sql: str) -> pa.Table:
        """The rows of a fact."""
        table = CONNECTION.con.sql(sql).to_arrow_table()
        return table.cast(self.built[name].schema().to_pyarrow())


def query(rows: ir.Table) -> str:
    """The SQL of an expression, its in-memory tables registered."""
    CONNECTION._register_in_memory_tables(rows)
    return str(ibis.to_sql(rows, dialect="duckdb"))


def small(definitions: Definitions, indicator: str) -> Definitions:
    """`definitions` under which one record is enough for `indicator`."""
    content = definitions.model_dump()
    overrides: dict[str, Any] = content["indicators"]
    overrides[indicator] = {**(overrides.get(indicator) or {}), "minimum_n": 1}
    return Definitions.model_validate(content)


def run(expression: ir.Table) -> pa.Table:
    """The rows of an expression."""
    return CONNECTION.to_pyarrow(expression)


def by_lead(rows: list[Row]) -> Mapping[str, Row]:
    """Rows by lead; the last handoff of each."""
    return {row["lead_id"]: row for row in rows}


def _kind(owner: str) -> str:
    return "queue" if owner.endswith("q") else "user"
