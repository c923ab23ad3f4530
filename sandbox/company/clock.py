"""Working time. Instants are whole seconds since 1970 in UTC, so that arrays of them are cheap."""

from datetime import UTC, date, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

import holidays
import numpy as np
from numpy.typing import NDArray

from sandbox.company.ids import Ints

Floats = NDArray[np.float64]

HOUR, DAY = 3600, 86_400
NEVER = np.int64(2**60)
WORKDAY = 8 * HOUR
ZONES = {
    "EMEA": ("Europe/Berlin", "DE"),
    "AMER": ("America/New_York", "US"),
    "APAC": ("Asia/Singapore", "SG"),
}
REGIONS = tuple(ZONES)


def seconds(at: datetime) -> int:
    """A naive UTC instant as seconds."""
    return int(at.replace(tzinfo=UTC).timestamp())


class WorkingTime:
    """Working hours of one region, 09:00 to 17:00 on its working days, from `start` to `end`."""

    def __init__(self, region: str, start: int, end: int) -> None:
        zone_name, country = ZONES[region]
        zone = ZoneInfo(zone_name)
        first = datetime.fromtimestamp(start, UTC).date()
        days = (end - start) // DAY + 2
        closed = _holidays(country, first.year, first.year + days // 365 + 2)
        opens, offsets = [], []
        for day in (first + timedelta(n) for n in range(days)):
            morning = datetime(day.year, day.month, day.day, 9, tzinfo=zone)
            offsets.append(int(morning.utcoffset().total_seconds()))  # type: ignore[union-attr]
            if day.weekday() < 5 and day not in closed:
                opens.append(int(morning.timestamp()))
        self._opens = np.array(opens, np.int64)
        self._offsets = np.array(offsets, np.int64)
        self._first = seconds(datetime(first.year, first.month, first.day))

    def worked(self, at: Ints) -> Ints:
        """Working seconds from the beginning until each instant."""
        day = np.searchsorted(self._opens, at, side="right") - 1
        within = np.clip(at - self._opens[np.maximum(day, 0)], 0, WORKDAY)
        return np.where(day < 0, 0, day * WORKDAY + within).astype(np.int64)

    def at(self, worked: Ints) -> Ints:
        """The instant at which so many working seconds have passed: the inverse of `worked`.
        What lies beyond the end is NEVER.
        """
        day, within = np.divmod(worked, WORKDAY)
        beyond = day >= len(self._opens)
        found = self._opens[np.where(beyond, 0, day)] + within
        return np.where(beyond, NEVER, found).astype(np.int64)

    def local_day(self, at: Ints) -> Ints:
        """The local date of each instant, in days since 1970 (by the offset of that morning)."""
        index = np.clip((at - self._first) // DAY, 0, len(self._offsets) - 1)
        return (at + self._offsets[index]) // DAY

    def local(self, day: Ints, hour: float) -> Ints:
        """The instant of a local clock time on local dates (days since 1970)."""
        index = np.clip(day - self._first // DAY, 0, len(self._offsets) - 1)
        return day * DAY + int(hour * HOUR) - self._offsets[index]


class Clock:
    """The working hours of all regions; `region` arrays hold the number of each in REGIONS."""

    def __init__(self, start: int, end: int) -> None:
        self._regions = [WorkingTime(region, start, end) for region in REGIONS]

    def __getitem__(self, region: int) -> WorkingTime:
        """One region's working hours."""
        return self._regions[region]

    def after(self, at: Ints, hours: Floats, region: Ints) -> Ints:
        """`at` plus working `hours` in each record's own region; NEVER stays NEVER."""
        result = np.full(len(at), NEVER)
        span = np.maximum(np.round(hours * HOUR), 0).astype(np.int64)
        for number, working in enumerate(self._regions):
            own = (region == number) & (at < NEVER)
            result[own] = working.at(working.worked(at[own]) + span[own])
        return result

    def between(self, first: Ints, last: Ints, share: Floats, region: Ints) -> Ints:
        """A working instant after `share` of the working time from `first` to `last`; never
        outside the two.
        """
        result = first.copy()
        for number, working in enumerate(self._regions):
            own = (region == number) & (last < NEVER)
            start, end = working.worked(first[own]), working.worked(last[own])
            inside = working.at(start + np.round((end - start) * share[own]).astype(np.int64))
            result[own] = np.clip(inside, first[own], np.maximum(first[own], last[own]))
        return result

    def local_day(self, at: Ints, region: Ints) -> Ints:
        """The local date, in days since 1970, in each record's own region."""
        result = np.zeros(len(at), np.int64)
        for number, working in enumerate(self._regions):
            own = region == number
            result[own] = working.local_day(at[own])
        return result


@cache
def _holidays(country: str, first: int, last: int) -> frozenset[date]:
    return frozenset(holidays.country_holidays(country, years=range(first, last + 1)))
