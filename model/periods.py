"""Days and periods: what "as of", "last 90 days" and "2026-Q3" mean, to the microsecond.

A period covers whole local days of the organisation's time zone, both ends included; an instant
is naive UTC.
"""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from model.errors import ConfigurationError


def local_day(at: datetime, zone: str) -> date:
    """The local day on which the instant `at` falls."""
    return at.replace(tzinfo=UTC).astimezone(ZoneInfo(zone)).date()


def start_of(day: date, zone: str) -> datetime:
    """The instant at which the local `day` begins."""
    return _utc(datetime.combine(day, time(0), ZoneInfo(zone)))


def end_of(day: date, zone: str) -> datetime:
    """The last instant of the local `day`."""
    return start_of(day + timedelta(days=1), zone) - timedelta(microseconds=1)


def _utc(at: datetime) -> datetime:
    return at.astimezone(UTC).replace(tzinfo=None)


@dataclass(frozen=True)
class Period:
    """Local days `from_on` to `to_on`, both included."""

    from_on: date
    to_on: date

    @property
    def days(self) -> int:
        """How many days it covers."""
        return (self.to_on - self.from_on).days + 1

    @classmethod
    def trailing(cls, days: int, to_on: date) -> "Period":
        """The `days` days that end with `to_on`."""
        return cls(to_on - timedelta(days=days - 1), to_on)

    @classmethod
    def parse(cls, text: str) -> "Period":
        """`2026`, `2026-Q3`, `2026-08`, `2026-W33` or `2026-07-01..2026-07-31`.

        Raises ConfigurationError for anything else.
        """
        try:
            return _parse(text.strip().upper())
        except ValueError:
            raise ConfigurationError(
                f"{text!r} is not a period",
                "window",
                "Write 2026, 2026-Q3, 2026-08, 2026-W33 or 2026-07-01..2026-07-31.",
            ) from None


def _parse(text: str) -> Period:
    if ".." in text:
        first, last = (date.fromisoformat(part) for part in text.split("..", 1))
        if last < first:
            raise ValueError(text)
        return Period(first, last)
    found = re.fullmatch(r"(\d{4})(?:-(?:Q([1-4])|W(\d{2})|(\d{2})))?", text)
    if not found:
        raise ValueError(text)
    year = int(found[1])
    if found[3]:
        monday = date.fromisocalendar(year, int(found[3]), 1)
        return Period(monday, monday + timedelta(days=6))
    if found[2]:
        return _months(year, 3 * int(found[2]) - 2, 3)
    return _months(year, int(found[4]), 1) if found[4] else _months(year, 1, 12)


def _months(year: int, month: int, count: int) -> Period:
    after = month + count - 1
    end = date(year + after // 12, after % 12 + 1, 1) - timedelta(days=1)
    return Period(date(year, month, 1), end)
