"""Working time by region: exact across holidays, weekends and both daylight-saving changes.

The intervals are made here, with `zoneinfo`, and cut at UTC midnights into one small table. The
engine only joins on the UTC day and adds seconds, so it never converts a time zone:
working seconds up to t = `before` (all earlier days) + the part of t's own intervals before t.
"""

from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from datetime import time as clock_time
from functools import lru_cache
from zoneinfo import ZoneInfo

import holidays
import ibis
import ibis.expr.types as ir
import pyarrow as pa

from model.definitions import Calendar, WorkingHours
from model.errors import ConfigurationError

DEFAULT = ""  # the name of the calendar of owners whose region has none of its own
_DAY = 86_400
_SLOTS = 3  # intervals that one UTC day can meet; two, and one to spare for odd zones
_NAMES = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_UTC = ZoneInfo("UTC")

_SCHEMA = pa.schema(
    [
        ("calendar", pa.string()),
        ("utc_day", pa.date32()),
        ("before", pa.int64()),
        *((f"{edge}_{slot}", pa.int64()) for slot in range(_SLOTS) for edge in ("start", "end")),
    ]
)


def _to_utc(local: datetime, zone: str) -> datetime:
    """The naive UTC instant of a naive local time; in an hour that occurs twice, the first."""
    return local.replace(tzinfo=ZoneInfo(zone)).astimezone(_UTC).replace(tzinfo=None)


@lru_cache(maxsize=64)
def _public_holidays(place: str, years: tuple[int, ...]) -> frozenset[date]:
    country, _, part = place.partition("-")
    try:
        return frozenset(holidays.country_holidays(country, subdiv=part or None, years=years))
    except NotImplementedError:
        raise ConfigurationError(
            f"no public holidays are known for {place!r}",
            "calendar, key holidays",
            "Write a country or a country and its part, such as DE, DE-BY or US-CA.",
        ) from None


@lru_cache(maxsize=64)
def intervals(
    hours: WorkingHours, first: date, last: date
) -> tuple[tuple[datetime, datetime], ...]:
    """Every working interval [opens, closes) that starts on a local day in `first`..`last`.

    Naive UTC, in order, never overlapping. Raises ConfigurationError for unknown holidays.
    """
    years = tuple(range(first.year, last.year + 1))
    free = _public_holidays(hours.holidays, years) if hours.holidays else frozenset()
    working = {_NAMES.index(name) for name in hours.days}
    found = []
    for offset in range((last - first).days + 1):
        day = first + timedelta(days=offset)
        if day.weekday() in working and day not in free:
            opens = _to_utc(datetime.combine(day, hours.opens), hours.timezone)
            closes = _to_utc(datetime.combine(day, hours.closes), hours.timezone)
            if opens < closes:
                found.append((opens, closes))
    return tuple(found)


def _cut_at_midnights(
    spans: Iterable[tuple[datetime, datetime]],
) -> Mapping[date, list[tuple[int, int]]]:
    """Intervals as seconds within each UTC day that they meet."""
    by_day: dict[date, list[tuple[int, int]]] = {}
    for opens, closes in spans:
        at = opens
        while at < closes:
            midnight = datetime.combine(at.date(), clock_time())
            end = min(closes, midnight + timedelta(days=1))
            part = (int((at - midnight).total_seconds()), int((end - midnight).total_seconds()))
            by_day.setdefault(at.date(), []).append(part)
            at = end
    return by_day


@lru_cache(maxsize=64)
def _rows(hours: WorkingHours, first: date, last: date) -> tuple[tuple[date, int, list[int]], ...]:
    margin = timedelta(days=2)
    by_day = _cut_at_midnights(intervals(hours, first - margin, last + margin))
    rows, before = [], 0
    for offset in range((last - first).days + 1):
        day = first + timedelta(days=offset)
        parts = by_day.get(day, [])
        edges = [edge for part in parts for edge in part]
        rows.append((day, before, edges + [_DAY] * (2 * _SLOTS - len(edges))))
        before += sum(end - start for start, end in parts)
    return tuple(rows)


def working_days(calendar: Calendar, first: date, last: date) -> pa.Table:
    """One row per calendar (`""` is the default) and UTC day in `first`..`last`.

    Columns: `before` working seconds since `first`, and up to three intervals as seconds within
    the day (`start_0`, `end_0`, …; an unused one is empty at the day's end).
    """
    columns: dict[str, list[object]] = {name: [] for name in _SCHEMA.names}
    for name, hours in {DEFAULT: calendar.default, **calendar.regions}.items():
        for day, before, edges in _rows(hours, first, last):
            for column, value in zip(_SCHEMA.names, (name, day, before, *edges), strict=True):
                columns[column].append(value)
    return pa.table(columns, schema=_SCHEMA)


def seconds(at: ir.TimestampValue) -> ir.IntegerValue:
    """Whole seconds since 1970, the same on every engine."""
    return at.truncate("s").epoch_seconds().cast("int64")


def hours_between(start: ir.TimestampValue, end: ir.TimestampValue) -> ir.FloatingValue:
    """Hours on the wall clock."""
    return (seconds(end) - seconds(start)).cast("float64") / 3600.0


def days_between(start: ir.TimestampValue, end: ir.TimestampValue) -> ir.FloatingValue:
    """Days of 24 hours on the wall clock."""
    return (seconds(end) - seconds(start)).cast("float64") / float(_DAY)


def calendar_named(calendar: Calendar, *regions: ir.StringValue) -> ir.StringValue:
    """The calendar of the first of `regions` that has hours of its own, else the default."""
    names = sorted(calendar.regions)
    if not names:
        return ibis.literal(DEFAULT)
    own = [ibis.ifelse(region.isin(names), region, ibis.null("string")) for region in regions]
    return ibis.coalesce(*own, ibis.literal(DEFAULT))


def add_business_hours(
    rows: ir.Table, days: ir.Table, *, start: str, end: str, calendar: str, name: str
) -> ir.Table:
    """`rows` with the column `name`: working hours from column `start` to column `end`.

    `calendar` is the column that names each row's calendar; `days` is `working_days` as a table.
    Null where either instant is null or outside the days that the table covers. Work that
    arrives outside working hours starts at the next working minute.
    """
    return add_all_business_hours(rows, days, start=start, ends={name: end}, calendar=calendar)


def add_all_business_hours(
    rows: ir.Table, days: ir.Table, *, start: str, ends: Mapping[str, str], calendar: str
) -> ir.Table:
    """As `add_business_hours`, from one `start` to several ends: a new column's name to the
    column that it runs to.
    """
    both = _elapsed(rows, days, start, calendar, "_worked_from")
    for name, end in ends.items():
        both = _elapsed(both, days, end, calendar, f"_{name}_to")
    worked = {
        name: (both[f"_{name}_to"] - both["_worked_from"]).cast("float64") / 3600.0 for name in ends
    }
    return both.mutate(**worked).drop("_worked_from", *(f"_{name}_to" for name in ends))


def _elapsed(rows: ir.Table, days: ir.Table, at: str, calendar: str, name: str) -> ir.Table:
    keyed = rows.mutate(_utc_day=rows[at].date())
    own = days.rename({f"_cal_{column}": column for column in days.columns})
    joined = keyed.left_join(
        own, [keyed[calendar] == own["_cal_calendar"], keyed["_utc_day"] == own["_cal_utc_day"]]
    )
    within = seconds(joined[at]) - seconds(joined[at].truncate("D"))
    total = joined["_cal_before"]
    for slot in range(_SLOTS):
        start, end = joined[f"_cal_start_{slot}"], joined[f"_cal_end_{slot}"]
        total = total + ibis.greatest(ibis.least(within, end) - start, 0)
    return joined.mutate(total.name(name)).select(*rows.columns, name)
