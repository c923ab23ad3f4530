from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.errors import ConfigurationError
from model.periods import Period, end_of, local_day, start_of

ZONES = st.sampled_from(
    [
        "UTC",
        "Europe/Berlin",
        "America/New_York",
        "Asia/Kolkata",
        "Australia/Lord_Howe",
        "America/Santiago",  # summer time begins at midnight, which is then no time of the day
        "America/Havana",  # and ends at one, so that midnight comes twice
    ]
)
DAYS = st.dates(date(2020, 1, 1), date(2030, 12, 31))


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("2026", date(2026, 1, 1), date(2026, 12, 31)),
        ("2026-Q1", date(2026, 1, 1), date(2026, 3, 31)),
        ("2026-q4", date(2026, 10, 1), date(2026, 12, 31)),
        ("2024-02", date(2024, 2, 1), date(2024, 2, 29)),
        ("2026-W01", date(2025, 12, 29), date(2026, 1, 4)),
        ("2026-07-01..2026-07-31", date(2026, 7, 1), date(2026, 7, 31)),
    ],
)
def test_a_period_is_read_as_written(text: str, first: date, last: date) -> None:
    assert Period.parse(text) == Period(first, last)


@pytest.mark.parametrize("text", ["", "2026-Q5", "2026-13", "2026-W54", "last week", "2026-2-1..x"])
def test_anything_else_is_refused_with_what_to_write(text: str) -> None:
    with pytest.raises(ConfigurationError, match="Write 2026"):
        Period.parse(text)


@given(st.integers(1, 1000), DAYS)
def test_a_trailing_window_covers_exactly_the_days_it_says(days: int, to_on: date) -> None:
    period = Period.trailing(days, to_on)
    assert period.days == days
    assert period.to_on == to_on


@given(DAYS, ZONES)
def test_local_days_tile_the_time_line_through_daylight_saving(day: date, zone: str) -> None:
    assert local_day(start_of(day, zone), zone) == day
    assert local_day(end_of(day, zone), zone) == day
    assert end_of(day, zone) + timedelta(microseconds=1) == start_of(day + timedelta(1), zone)


@given(st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1)), ZONES)
def test_the_local_day_is_the_calendars(at: datetime, zone: str) -> None:
    assert local_day(at, zone) == at.replace(tzinfo=UTC).astimezone(ZoneInfo(zone)).date()


LAST = date(2026, 9, 30)


@pytest.mark.parametrize(
    ("text", "starts", "first", "last"),
    [
        ("90d", 1, date(2026, 7, 3), LAST),
        ("1D", 1, LAST, LAST),
        ("FY2026", 1, date(2026, 1, 1), date(2026, 12, 31)),
        ("fy2026", 4, date(2025, 4, 1), date(2026, 3, 31)),
        ("FY2026", 12, date(2025, 12, 1), date(2026, 11, 30)),
        ("FY2026-Q2", 1, date(2026, 4, 1), date(2026, 6, 30)),
        ("FY2026-Q1", 2, date(2025, 2, 1), date(2025, 4, 30)),
        ("FY2026-Q4", 2, date(2025, 11, 1), date(2026, 1, 31)),
        ("2026-Q3", 2, date(2026, 7, 1), LAST),
    ],
)
def test_a_window_is_read_as_written(text: str, starts: int, first: date, last: date) -> None:
    assert Period.window(text, starts, LAST) == Period(first, last)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("FY2026-Q5", "FY2026-Q2, 90d"),
        ("FY26", "FY2026-Q2, 90d"),
        ("d", "FY2026-Q2, 90d"),
        ("2025-W53", "FY2026-Q2, 90d"),
        ("", "FY2026-Q2, 90d"),
        ("0d", "1 to 1098 days"),
        ("2000d", "1 to 1098 days"),
    ],
)
def test_no_window_is_refused_with_what_to_write(text: str, said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        Period.window(text, 1, LAST)


def _week(day: date, _: int) -> str:
    return "{}-W{:02}".format(*day.isocalendar())


def _month(day: date, _: int) -> str:
    return f"{day:%Y-%m}"


def _quarter(day: date, _: int) -> str:
    return f"{day.year}-Q{(day.month - 1) // 3 + 1}"


def _fiscal_year(day: date, starts: int) -> str:
    return f"FY{day.year + (1 < starts <= day.month)}"


def _fiscal_quarter(day: date, starts: int) -> str:
    return f"{_fiscal_year(day, starts)}-Q{(day.month - starts) % 12 // 3 + 1}"


@given(
    DAYS,
    st.sampled_from([_week, _month, _quarter, _fiscal_year, _fiscal_quarter]),
    st.integers(1, 12),
    ZONES,
)
def test_periods_tile_the_calendar(
    day: date, named: Callable[[date, int], str], starts: int, zone: str
) -> None:
    """Each day is in the period of its name; the day after is in the next, at once."""
    period = Period.window(named(day, starts), starts, LAST)
    assert period.from_on <= day <= period.to_on
    after = period.to_on + timedelta(days=1)
    following = Period.window(named(after, starts), starts, LAST)
    assert following.from_on == after
    ends, begins = end_of(period.to_on, zone), start_of(following.from_on, zone)
    assert begins - ends == timedelta(microseconds=1)
    days = [period.from_on + timedelta(days=n) for n in range(period.days)]
    assert {named(one, starts) for one in days} == {named(day, starts)}
    hours = sum((end_of(one, zone) - start_of(one, zone)).total_seconds() for one in days) / 3600
    whole = (ends - start_of(period.from_on, zone)).total_seconds() / 3600
    assert hours == pytest.approx(whole, abs=0.01)
