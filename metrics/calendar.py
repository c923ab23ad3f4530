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
_UTC = ZoneInfo("UTC")


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

    Naive UTC, in order, never overlapping: where a night shift runs into the next day's first,
    they are one. Raises ConfigurationError for unknown holidays.
    """
    years = tuple(range(first.year, last.year + 1))
    free = _public_holidays(hours.holidays, years) if hours.holidays else frozenset()
    found: list[tuple[datetime, datetime]] = []
    for offset in range((last - first).days + 1):
        day = first + timedelta(days=offset)
        for shift in hours.shifts(day, day in free):
            until = day if shift.opens < shift.closes else day + timedelta(days=1)
            opens = _to_utc(datetime.combine(day, shift.opens), hours.timezone)
            closes = _to_utc(datetime.combine(until, shift.closes), hours.timezone)
            if found and opens <= found[-1][1]:
                opens, closes = found[-1][0], max(closes, found.pop()[1])
            if opens < closes:
                found.append((opens, closes))
    return tuple(found)


def after_business_hours(
    calendar: Calendar, name: str, start: datetime, hours: float
) -> datetime | None:
    """When `hours` working hours have passed since `start`, in the calendar called `name`; None
    where they do not within a year. Naive UTC.
    """
    own = calendar.regions.get(name, calendar.default)
    left = timedelta(hours=hours)
    for days in (14, 366):
        spans = intervals(own, start.date() - timedelta(days=2), start.date() + timedelta(days))
        until = _after(spans, start, left)
        if until is not None:
            return until
    return None


def _after(
    spans: Iterable[tuple[datetime, datetime]], start: datetime, left: timedelta
) -> datetime | None:
    for opens, closes in spans:
        begin = max(opens, start)
        if closes > begin:
            if closes - begin >= left:
                return begin + left
            left -= closes - begin
    return None


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
    """Each UTC day, the working seconds before it, and the edges of its intervals."""
    margin = timedelta(days=2)
    by_day = _cut_at_midnights(intervals(hours, first - margin, last + margin))
    rows, before = [], 0
    for offset in range((last - first).days + 1):
        day = first + timedelta(days=offset)
        parts = by_day.get(day, [])
        edges = [edge for part in parts for edge in part]
        rows.append((day, before, edges))
        before += sum(end - start for start, end in parts)
    return tuple(rows)


def working_days(calendar: Calendar, first: date, last: date) -> pa.Table:
    """One row per calendar (`""` is the default) and UTC day in `first`..`last`.

    Columns: `before` working seconds since `first`, and the intervals as seconds within the day:
    `start_0`, `end_0`, … as many as the fullest day has; an unused one is empty, at the day's end.
    """
    named = {DEFAULT: calendar.default, **calendar.regions}
    rows = [(name, *row) for name, hours in named.items() for row in _rows(hours, first, last)]
    names, days, before, edges = zip(*rows, strict=True)
    slots = max(len(found) for found in edges) // 2
    filled = [[*found, *[_DAY] * (2 * slots - len(found))] for found in edges]
    columns = {
        "calendar": pa.array(names, pa.string()),
        "utc_day": pa.array(days, pa.date32()),
        "before": pa.array(before, pa.int64()),
    }
    for place in range(2 * slots):
        column = f"{('start', 'end')[place % 2]}_{place // 2}"
        columns[column] = pa.array([found[place] for found in filled], pa.int64())
    return pa.table(columns)


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
    for slot in range(sum(column.startswith("start_") for column in days.columns)):
        start, end = joined[f"_cal_start_{slot}"], joined[f"_cal_end_{slot}"]
        total = total + ibis.greatest(ibis.least(within, end) - start, 0)
    return joined.mutate(total.name(name)).select(*rows.columns, name)
