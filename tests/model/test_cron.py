"""Cron's fields against APScheduler's reading of them, against a plain scan of every minute, and
by hand where clocks change.
"""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import hypothesis.strategies as st
import pytest
from apscheduler.triggers.cron import CronTrigger
from hypothesis import given, settings

from model.cron import Cron, parse

BERLIN = "Europe/Berlin"
ZONES = [BERLIN, "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata", "America/Santiago"]


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text)


def spread(least: int, most: int) -> st.SearchStrategy[str]:
    value = st.integers(least, most)
    pair = st.tuples(value, value).map(sorted).map(lambda ends: f"{ends[0]}-{ends[1]}")
    stepped = st.integers(1, min(most - least, 20)).map(lambda step: f"*/{step}")
    one = value.map(str) | pair | stepped
    return st.just("*") | st.lists(one, min_size=1, max_size=3).map(",".join)


TIMES = st.tuples(spread(0, 59), spread(0, 23))
MOMENTS = st.datetimes(datetime(2024, 1, 1), datetime(2028, 1, 1))


@settings(max_examples=60, deadline=None)
@given(TIMES, spread(1, 28), spread(1, 12), MOMENTS)
def test_it_reads_as_apscheduler_reads(
    times: tuple[str, str], days: str, months: str, after: datetime
) -> None:
    """In UTC and without weekdays, where both mean the same."""
    fields = [*times, days, months]
    trigger = CronTrigger(
        **dict(zip(("minute", "hour", "day", "month"), fields, strict=True)), timezone=UTC
    )
    at = (after + timedelta(microseconds=1)).replace(tzinfo=UTC)
    expected = trigger.get_next_fire_time(None, at)
    found = parse(" ".join([*fields, "*"])).following("UTC", after, 1)
    assert found == ([expected.replace(tzinfo=None)] if expected else [])


def scan(cron: Cron, zone: str, first: date, days: int) -> list[datetime]:
    """Every real minute whose local time the fields name."""
    start = datetime.combine(first, datetime.min.time())
    found = []
    for minute in range(days * 1440):
        at = start + timedelta(minutes=minute)
        local = at.replace(tzinfo=UTC).astimezone(ZoneInfo(zone))
        if local.hour in cron.hours and local.minute in cron.minutes and local.second == 0:
            found.append(at)
    return found


@settings(max_examples=12, deadline=None)
@given(
    st.sampled_from(["*/15 * * * *", "7,41 */3 * * *", "0 * * * *"]),
    st.sampled_from(ZONES),
    st.dates(date(2025, 1, 1), date(2027, 12, 20)) | st.just(date(2026, 10, 23)),
)
def test_every_hour_goes_by_the_hours_that_pass(text: str, zone: str, first: date) -> None:
    cron = parse(text)
    expected = scan(cron, zone, first, 6)
    begin = datetime.combine(first, datetime.min.time())
    assert cron.following(zone, begin - timedelta(seconds=1), len(expected)) == expected


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 23), st.integers(0, 59), st.sampled_from(ZONES), MOMENTS)
def test_a_time_of_day_comes_once_every_day(
    hour: int, minute: int, zone: str, after: datetime
) -> None:
    times = parse(f"{minute} {hour} * * *").following(zone, after, 400)
    gaps = {b - a for a, b in pairwise(times)}
    assert gaps <= {timedelta(hours=24, minutes=m) for m in (-60, -30, 0, 30, 60)}
    local = [at.replace(tzinfo=UTC).astimezone(ZoneInfo(zone)) for at in times]
    assert len({at.date() for at in local}) == 400
    off = [at for at in local if (at.hour, at.minute) != (hour, minute)]
    assert len(off) <= 2  # where clocks jump over that time, twice in 400 days at most


@settings(max_examples=30, deadline=None)
@given(TIMES, spread(1, 31), spread(0, 7), st.sampled_from(ZONES), MOMENTS)
def test_the_last_and_the_next_meet(
    times: tuple[str, str], days: str, weekdays: str, zone: str, at: datetime
) -> None:
    cron = parse(" ".join([*times, days, "*", weekdays]))
    (after,) = cron.following(zone, at, 1)
    assert after > at
    assert cron.last(zone, after) == after
    before = cron.last(zone, at)
    assert before is not None
    assert before <= at
    assert cron.following(zone, before, 1) == [after]
    assert cron.last(zone, after - timedelta(microseconds=1)) == before


def test_clocks_go_forward() -> None:
    nightly = parse("30 2 * * *").following(BERLIN, utc("2026-03-27T12:00"), 4)
    assert nightly == [
        utc("2026-03-28T01:30"),
        utc("2026-03-29T01:30"),  # 02:30 does not occur: 03:30, an hour later on the clock
        utc("2026-03-30T00:30"),
        utc("2026-03-31T00:30"),
    ]
    often = parse("*/15 * * * *").following(BERLIN, utc("2026-03-29T00:40"), 3)
    assert often == [utc(f"2026-03-29T{at}") for at in ("00:45", "01:00", "01:15")]


def test_clocks_go_back() -> None:
    nightly = parse("30 2 * * *").following(BERLIN, utc("2026-10-24T12:00"), 2)
    assert nightly == [utc("2026-10-25T00:30"), utc("2026-10-26T01:30")]
    often = parse("*/30 * * * *").following(BERLIN, utc("2026-10-24T23:40"), 6)
    assert often == [utc("2026-10-25T00:00") + timedelta(minutes=30 * n) for n in range(6)]


def test_days_are_cron_s() -> None:
    monday = parse("0 6 * * 1").following("UTC", utc("2026-11-25T00:00"), 1)
    assert monday == [utc("2026-11-30T06:00")]
    assert parse("0 6 * * 7") == parse("0 6 * * 0") == parse("0 6 * * sun")
    either = parse("0 6 13 * fri").following("UTC", utc("2026-11-01T00:00"), 3)
    assert either == [utc(f"2026-11-{day}T06:00") for day in ("06", "13", "20")]
    leap = parse("0 0 29 feb *")
    assert leap.following("UTC", utc("2096-03-01T00:00"), 1) == [utc("2104-02-29T00:00")]
    assert parse("0 0 31 2 *").following("UTC", utc("2026-01-01T00:00"), 1) == []
    assert parse("0 0 31 2 *").last("UTC", utc("2026-01-01T00:00")) is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("0 6 * *", "has 4 fields"),
        ("", "has 0 fields"),
        ("0 25 * * *", r"field 2 \(hour, character 3\): 25 is not within 0 to 23"),
        ("0 0 * foo *", r"field 4 \(month, character 7\): 'foo' is not a number or dec"),
        ("*/0 * * * *", r"field 1 \(minute, character 1\): '0' is not a step"),
        ("5-1 * * * *", "5-1 runs backwards"),
        ("0 0 0 * *", r"field 3 .*0 is not within 1 to 31"),
        ("0 0 * * 8", r"field 5 .*8 is not within 0 to 7"),
        ("1,,2 * * * *", "'' is not a number"),
        ("² * * * *", "is not a number"),
    ],
)
def test_what_cannot_be_read_is_said_with_its_place(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        parse(text)
