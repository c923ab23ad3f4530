"""Days and periods: what "as of", "last 90 days" and "2026-Q3" mean, to the microsecond.

A period covers whole local days of the organisation's time zone, both ends included; an instant
is naive UTC.
"""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from model.errors import ConfigurationError

MOST_DAYS = 3 * 366  # as far as facts reach back


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
        """`2026`, `2026-Q3`, `2026-08`, `2026-W33` (from Monday) or `2026-07-01..2026-07-31`.

        Raises ConfigurationError for anything else.
        """
        try:
            return _parse(text.strip().upper())
        except ValueError:
            raise _no_period(text) from None

    @classmethod
    def window(cls, text: str, fiscal_year_starts: int, last: date) -> "Period":
        """As `parse`, and `90d` (the days that end with `last`), `FY2026`, `FY2026-Q2`: the fiscal
        year that ends in 2026, and its second quarter. `fiscal_year_starts`: its first month.
        """
        given = text.strip().upper()
        if found := re.fullmatch(r"(\d{1,4})D", given):
            if not 1 <= int(found[1]) <= MOST_DAYS:
                raise ConfigurationError(
                    f"a window of {found[1]} days", "window", f"Ask for 1 to {MOST_DAYS} days."
                )
            return cls.trailing(int(found[1]), last)
        if found := re.fullmatch(r"FY([1-9]\d{3})(?:-Q([1-4]))?", given):
            quarter = int(found[2] or 1)
            begin = (
                12 * int(found[1]) + fiscal_year_starts - 1 - (12 if fiscal_year_starts > 1 else 0)
            )
            year, month = divmod(begin + 3 * (quarter - 1), 12)
            return _months(year, month + 1, 3 if found[2] else 12)
        try:
            return _parse(given)
        except ValueError:
            raise _no_period(text, "FY2026, FY2026-Q2, 90d, ") from None


def _no_period(text: str, more: str = "") -> ConfigurationError:
    return ConfigurationError(
        f"{text!r} is not a period",
        "window",
        f"Write 2026, 2026-Q3, 2026-08, 2026-W33, {more}or 2026-07-01..2026-07-31.",
    )


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
