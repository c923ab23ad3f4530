"""When a timetable wants something: cron's five fields, read in a time zone.

As crontab(5) has it: minute, hour, day of the month, month, day of the week (0 and 7 are Sunday);
`*`, lists, ranges, steps and names; where both days are given, either will do. Where clocks change,
an hour given by number follows RFC 5545, 3.3.5: a time that does not occur is taken as if the
clocks had not changed yet, one that occurs twice is meant the first time. Every hour (`*`) goes by
the hours that really pass. So nothing is left out and nothing done twice.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from itertools import islice
from zoneinfo import ZoneInfo

_UTC = ZoneInfo("UTC")
_MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
_WEEKDAYS = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"]
_YEARS = 9  # from one 29 February to the next may take eight
_SHORT = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
}


@dataclass(frozen=True)
class _Field:
    name: str
    least: int
    most: int
    names: tuple[str, ...] = ()


_FIELDS = (
    _Field("minute", 0, 59),
    _Field("hour", 0, 23),
    _Field("day of the month", 1, 31),
    _Field("month", 1, 12, ("", *_MONTHS)),
    _Field("day of the week", 0, 7, tuple(_WEEKDAYS)),
)


@dataclass(frozen=True)
class Cron:
    """A timetable's entry. `weekdays`: 0 is Sunday. The flags: that field begins with `*`."""

    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]
    every_hour: bool
    every_day: bool
    every_weekday: bool

    def last(self, zone: str, until: datetime) -> datetime | None:
        """The last time it was due, at `until` or before; naive UTC."""
        day = _local_day(zone, until) + timedelta(days=1)
        for back in range(_YEARS * 366):
            found = [at for at in self._on(day - timedelta(days=back), zone) if at <= until]
            if found:
                return found[-1]
        return None

    def following(self, zone: str, after: datetime, count: int) -> list[datetime]:
        """The next `count` times it is due, all later than `after`; naive UTC."""
        return list(islice(self._after(zone, after), count))

    def _after(self, zone: str, after: datetime) -> Iterator[datetime]:
        day, told = _local_day(zone, after) - timedelta(days=1), after
        for ahead in range(_YEARS * 366):
            for at in self._on(day + timedelta(days=ahead), zone):
                if at > told:
                    told = at
                    yield at

    def _on(self, day: date, zone: str) -> list[datetime]:
        """The instants of a local day, in order."""
        if not self._wants(day):
            return []
        walls = (datetime.combine(day, time(h, m)) for h in self.hours for m in self.minutes)
        return sorted({at for wall in walls for at in self._instants(wall, ZoneInfo(zone))})

    def _wants(self, day: date) -> bool:
        if day.month not in self.months:
            return False
        fits, falls = day.day in self.days, day.isoweekday() % 7 in self.weekdays
        return (fits and falls) if self.every_day or self.every_weekday else (fits or falls)

    def _instants(self, wall: datetime, zone: ZoneInfo) -> set[datetime]:
        first, second = (_to_utc(wall.replace(tzinfo=zone, fold=fold)) for fold in (0, 1))
        if not self.every_hour:
            return {first}
        occurs = first.replace(tzinfo=_UTC).astimezone(zone).replace(tzinfo=None) == wall
        return {first, second} if occurs else set()


@lru_cache(maxsize=32)
def parse(text: str) -> Cron:
    """The entry that `text` writes, such as */15 * * * *. ValueError says where it is wrong."""
    full = _SHORT.get(text.strip().lower(), text)
    parts = full.split()
    if len(parts) != len(_FIELDS):
        raise ValueError(
            f"{text!r} has {len(parts)} fields; cron has five: minute, hour, day of the month, "
            "month, day of the week, as in 0 6 * * 1-5"
        )
    values, at = [], 0
    for number, (field, part) in enumerate(zip(_FIELDS, parts, strict=True), start=1):
        at = full.index(part, at)
        try:
            values.append(_values(field, part.lower()))
        except ValueError as error:
            place = f"field {number} ({field.name}, character {at + 1})"
            raise ValueError(f"{text!r}, {place}: {error}") from None
        at += len(part)
    minutes, hours, days, months, weekdays = values
    starred = [part.startswith("*") for part in parts]
    return Cron(
        tuple(sorted(minutes)),
        tuple(sorted(hours)),
        frozenset(days),
        frozenset(months),
        frozenset(day % 7 for day in weekdays),
        every_hour=starred[1],
        every_day=starred[2],
        every_weekday=starred[4],
    )


def _values(field: _Field, text: str) -> set[int]:
    found: set[int] = set()
    for one in text.split(","):
        span, slash, step = one.partition("/")
        first, last = _span(field, span, has_step=bool(slash))
        if slash and not (step.isdecimal() and int(step)):
            raise ValueError(f"{step!r} is not a step; write */15")
        found |= set(range(first, last + 1, int(step) if slash else 1))
    return found


def _span(field: _Field, text: str, has_step: bool) -> tuple[int, int]:
    if text == "*":
        return field.least, field.most
    start, dash, end = text.partition("-")
    first = _number(field, start)
    last = _number(field, end) if dash else field.most if has_step else first
    if last < first:
        raise ValueError(f"{text} runs backwards")
    return first, last


def _number(field: _Field, text: str) -> int:
    if text in field.names and text:
        return field.names.index(text)
    if not text.isdecimal() or not text.isascii():
        known = f" or {field.names[-1]}" if field.names else ""
        raise ValueError(f"{text!r} is not a number{known}")
    if not field.least <= int(text) <= field.most:
        raise ValueError(f"{text} is not within {field.least} to {field.most}")
    return int(text)


def _local_day(zone: str, at: datetime) -> date:
    return at.replace(tzinfo=_UTC).astimezone(ZoneInfo(zone)).date()


def _to_utc(local: datetime) -> datetime:
    return local.astimezone(_UTC).replace(tzinfo=None)
