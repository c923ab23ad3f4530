"""Facts: narrow tables with every time and flag resolved once, as of one instant.

Each is an expression over the canonical tables that DuckDB and Spark both run.
"""

from collections.abc import Callable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from datetime import date, datetime, timedelta
from threading import RLock

import ibis
import ibis.expr.types as ir
import pyarrow as pa

from metrics.calendar import working_days
from metrics.facts import campaigns as _campaigns
from metrics.facts import checks as _checks
from metrics.facts import decisions as _decisions
from metrics.facts import evidence as _evidence
from metrics.facts import handoffs as _handoffs
from metrics.facts import keys as _keys
from metrics.facts import lead_lives as _leads
from metrics.facts import meetings as _meetings
from metrics.facts import opportunities as _opportunities
from metrics.facts import quarters as _quarters
from metrics.facts import reports as _reports
from metrics.facts import shared_metrics as _shared_metrics
from metrics.facts import structure as _structure
from metrics.facts import targets as _targets
from metrics.facts.shared_metrics import catalogue, lacking
from metrics.facts.sides import Keep, Known
from model.availability import Availability
from model.definitions import Definitions
from model.periods import local_day, start_of

SEGMENTS: Mapping[str, tuple[str, ...]] = {
    "handoffs": _handoffs.SEGMENTS,
    "decisions": _decisions.SEGMENTS,
    "leads": _leads.SEGMENTS,
    "returned": _leads.RETURN_SEGMENTS,
    "segment_pairs": _leads.PAIR_SEGMENTS,
    "opportunities": _opportunities.SEGMENTS,
    "forecasts": _quarters.SEGMENTS,
    "meetings": _meetings.SEGMENTS,
    "campaigns": _campaigns.SEGMENTS,
    "costs": _campaigns.COST_SEGMENTS,
    "keys": _keys.SEGMENTS,
    "report_uses": _reports.SEGMENTS,
    "metrics": _shared_metrics.SEGMENTS,
    "shared_targets": _targets.SEGMENTS,
    "attainment": _targets.SEGMENTS,
    "coverage": _targets.SEGMENTS,
    "people": _evidence.SEGMENTS,
    "structure": _structure.SEGMENTS,
    "checks": _checks.SEGMENTS,
}
STEP_KEYS = {"owner_path": ("lead_id", "position")}
"""By step the columns that no two of its rows share, where no engine can tell."""
_FIRST_DAY = date(1990, 1, 1)  # close dates before this are slips of the pen

__all__ = ["SEGMENTS", "STEP_KEYS", "Built", "Keep", "build", "catalogue", "lacking"]


class Built(Mapping[str, ir.Table]):
    """Facts by name, each made when it is first asked for, by any thread. Those that rest on others
    come later.
    """

    def __init__(self, makers: Mapping[str, Callable[[], ir.Table]]) -> None:
        self._makers = makers
        self._made: dict[str, ir.Table] = {}
        self._lock = RLock()

    def __getitem__(self, name: str) -> ir.Table:
        with self._lock:
            if name not in self._made:
                self._made[name] = self._makers[name]()
            return self._made[name]

    def put(self, name: str, rows: ir.Table) -> None:
        """What rests on the fact `name` reads `rows`, where it has been computed."""
        self._made[name] = rows

    def __iter__(self) -> Iterator[str]:
        return iter(self._makers)

    def __len__(self) -> int:
        return len(self._makers)


def build(
    tables: Mapping[str, ir.Table],
    definitions: Definitions,
    availability: Availability,
    as_of: datetime,
    since: datetime,
    keep: Keep = lambda _, rows: rows,
    *,
    looked_at: AbstractSet[str] | None = None,
    recorded_until: Mapping[str, datetime] | None = None,
) -> Built:
    """Every fact as of `as_of` (naive UTC), for what happened from `since` on.

    `tables` are the canonical tables by name, users and queues with their functions;
    `recorded_until` says by when all rows of one were recorded, where that is known. Raises
    ConfigurationError where the calendar names unknown holidays. `keep` gets, by name, the steps
    that several facts rest on, and may return them computed: then each is computed once, and no
    query grows long. `looked_at`: the columns of handoffs that matter, where not all do.
    """
    known = Known(tables, definitions, as_of, keep, recorded_until or {})
    local_days = _once_each(_local_days(definitions, as_of), "local_day")
    quarters = list(_quarters.quarters(definitions, as_of, since))
    periods = _quarters.quarter_table(quarters, definitions.calendar.default.timezone)

    def staged() -> ir.Table:
        return _opportunities.staged(known, local_days)

    def days() -> ir.Table:
        last = as_of.date() + timedelta(days=1)
        worked = working_days(definitions.calendar, since.date(), last)
        return _once_each(worked, "calendar", "utc_day")

    def handoffs() -> ir.Table:
        rows = _handoffs.handoffs(known, days, looked_at)
        return rows.filter(rows.handed_off_at >= since)

    def deals() -> ir.Table:
        rows = _opportunities.opportunities(known, staged())
        return rows.filter(rows.closed_at.isnull() | (rows.closed_at >= since))

    def placed(rows: ir.Table, at: str) -> ir.Table:
        return rows.filter(rows[at] >= since)

    built = Built(
        {
            "handoffs": handoffs,
            "decisions": lambda: placed(_decisions.decisions(known), "mql_at"),
            "leads": lambda: placed(_leads.lead_lives(known, staged()), "created_at"),
            "returned": lambda: _leads.returned(known),
            "segment_pairs": lambda: _leads.segment_pairs(known),
            "opportunities": deals,
            "forecasts": lambda: _quarters.forecasts(known, staged(), periods, quarters),
            "meetings": lambda: placed(_meetings.meetings(known), "occurred_at"),
            "campaigns": lambda: _campaigns.campaigns(known, local_days),
            "costs": lambda: _campaigns.costs(known, local_days, staged()),
            "keys": lambda: _keys.keys(known, staged()),
            "report_uses": lambda: _reports.report_uses(known),
            "metrics": lambda: _shared_metrics.shared_metrics(known, availability),
            "shared_targets": lambda: _targets.shared_targets(known, quarters[-1]),
            "attainment": lambda: _targets.attainment(known, staged(), periods, quarters),
            "coverage": lambda: _targets.coverage(known, staged(), quarters[-1], periods),
            "people": lambda: _evidence.people(known),
            "structure": lambda: _structure.structure(known),
            "checks": lambda: _checks.checks(
                known, availability, built["handoffs"], built["opportunities"]
            ),
            "history": lambda: _evidence.history(known),
        }
    )
    return built


def _once_each(rows: pa.Table, *key: str) -> ir.Table:
    """Rows in memory that no two share the key of, said so that an engine knows."""
    table = ibis.memtable(rows)
    others = {name: table[name].max() for name in rows.column_names if name not in key}
    return table.group_by(*key).aggregate(**others)


def _local_days(definitions: Definitions, as_of: datetime) -> pa.Table:
    """Every local day up to the as-of's, with its first and last instant."""
    zone = definitions.calendar.default.timezone
    count = (local_day(as_of, zone) - _FIRST_DAY).days + 1
    days = [_FIRST_DAY + timedelta(days=offset) for offset in range(count)]
    begin = [start_of(day, zone) for day in days]
    next_day = [*begin[1:], start_of(days[-1] + timedelta(days=1), zone)]
    return pa.table(
        {
            "local_day": pa.array(days, pa.date32()),
            "day_began_at": begin,
            "day_ends_at": [at - timedelta(microseconds=1) for at in next_day],
        }
    )
