from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.errors import ConfigurationError
from model.periods import Period, end_of, local_day, start_of

ZONES = st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata"])
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
