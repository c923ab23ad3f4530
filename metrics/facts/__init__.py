"""Facts: narrow tables with every time and flag resolved once, as of one instant.

Each is an expression over the canonical tables that DuckDB and Spark both run.
"""

from collections.abc import Mapping
from datetime import date, datetime, timedelta

import ibis
import ibis.expr.types as ir
import pyarrow as pa

from metrics.calendar import working_days
from metrics.facts import decisions as _decisions
from metrics.facts import handoffs as _handoffs
from metrics.facts import meetings as _meetings
from metrics.facts import opportunities as _opportunities
from metrics.facts import shared_metrics as _shared_metrics
from metrics.facts.evidence import history, people
from metrics.facts.shared_metrics import catalogue, lacking
from metrics.facts.sides import Known
from model.availability import Availability
from model.definitions import Definitions
from model.periods import end_of, local_day

SEGMENTS: Mapping[str, tuple[str, ...]] = {
    "handoffs": _handoffs.SEGMENTS,
    "decisions": _decisions.SEGMENTS,
    "opportunities": _opportunities.SEGMENTS,
    "meetings": _meetings.SEGMENTS,
    "metrics": _shared_metrics.SEGMENTS,
}
_FIRST_DAY = date(1990, 1, 1)  # close dates before this are slips of the pen

__all__ = ["SEGMENTS", "build", "catalogue", "lacking"]


def build(
    tables: Mapping[str, ir.Table],
    definitions: Definitions,
    availability: Availability,
    as_of: datetime,
    since: datetime,
) -> dict[str, ir.Table]:
    """Every fact as of `as_of` (naive UTC), for what happened from `since` on.

    `tables` are the canonical tables by name, users and queues with their functions. Raises
    ConfigurationError where the calendar names unknown holidays.
    """
    known = Known(tables, definitions, as_of)
    days = working_days(definitions.calendar, since.date(), as_of.date() + timedelta(days=1))
    handed = _handoffs.handoffs(known, ibis.memtable(days))
    mqls = _decisions.decisions(known)
    staged = _opportunities.staged(known, ibis.memtable(_local_days(definitions, as_of)))
    deals = _opportunities.opportunities(known, staged)
    met = _meetings.meetings(known)
    return {
        "handoffs": handed.filter(handed.handed_off_at >= since),
        "decisions": mqls.filter(mqls.mql_at >= since),
        "opportunities": deals.filter(deals.closed_at.isnull() | (deals.closed_at >= since)),
        "meetings": met.filter(met.occurred_at >= since),
        "metrics": _shared_metrics.shared_metrics(known, availability),
        "people": people(known),
        "history": history(known),
    }


def _local_days(definitions: Definitions, as_of: datetime) -> pa.Table:
    """Every local day up to the as-of's, and the last instant of it."""
    zone = definitions.calendar.default.timezone
    count = (local_day(as_of, zone) - _FIRST_DAY).days + 1
    days = [_FIRST_DAY + timedelta(days=offset) for offset in range(count)]
    ends = [end_of(day, zone) for day in days]
    return pa.table({"local_day": pa.array(days, pa.date32()), "day_ends_at": ends})
