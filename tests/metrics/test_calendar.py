"""Business hours against a slow and obvious oracle: walk over the local days one by one."""

import random
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import holidays
import ibis
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metrics.calendar import (
    add_business_hours,
    calendar_named,
    days_between,
    hours_between,
    working_days,
)
from model.definitions import Calendar, WorkingHours
from model.errors import ConfigurationError
from tests.metrics.company import run

FIRST, LAST = date(2024, 12, 1), date(2026, 12, 31)
CALENDAR = Calendar(
    default=WorkingHours(),
    regions={
        "EMEA": WorkingHours(timezone="Europe/Berlin", holidays="DE-BY"),
        "AMER": WorkingHours(timezone="America/New_York", holidays="US"),
        "WEST": WorkingHours(timezone="America/Los_Angeles", opens=time(8, 30), closes=time(18)),
        "INDIA": WorkingHours(timezone="Asia/Kolkata", days=("mon", "tue", "wed", "thu", "sat")),
        "NEPAL": WorkingHours(timezone="Asia/Kathmandu", opens=time(0), closes=time(23, 59)),
        "ISLES": WorkingHours(timezone="Pacific/Chatham", opens=time(6), closes=time(22)),
        "NIGHT": WorkingHours(
            timezone="Europe/London", opens=time(0), closes=time(5), days=("sun",)
        ),
        "HOWE": WorkingHours(timezone="Australia/Lord_Howe", days=("sun", "mon")),
    },
)
HOURS = {"": CALENDAR.default, **CALENDAR.regions}
DAYS = working_days(CALENDAR, FIRST, LAST)


@lru_cache
def public(place: str) -> holidays.HolidayBase:
    country, _, part = place.partition("-")
    return holidays.country_holidays(country, subdiv=part or None)


def oracle(hours: WorkingHours, start: datetime, end: datetime) -> float:
    """Hours worked from `start` to `end`: for each local day, the overlap with its opening."""
    zone, total = ZoneInfo(hours.timezone), 0.0
    day = start.date() - timedelta(days=2)
    while day <= end.date() + timedelta(days=2):
        free = hours.holidays is not None and day in public(hours.holidays)
        if day.strftime("%a").lower() in hours.days and not free:
            opens = datetime.combine(day, hours.opens, zone).astimezone(UTC).replace(tzinfo=None)
            closes = datetime.combine(day, hours.closes, zone).astimezone(UTC).replace(tzinfo=None)
            overlap = min(end, closes) - max(start, opens)
            total += max(overlap.total_seconds(), 0) / 3600
        day += timedelta(days=1)
    return total


def worked(pairs: list[tuple[str, datetime, datetime]]) -> list[float]:
    names, starts, ends = zip(*pairs, strict=True)
    rows = pa.table({"calendar": names, "start": pa.array(starts), "end": pa.array(ends)})
    numbered = rows.append_column("n", pa.array(range(len(pairs)), pa.int64()))
    timed = add_business_hours(
        ibis.memtable(numbered),
        ibis.memtable(DAYS),
        start="start",
        end="end",
        calendar="calendar",
        name="hours",
    )
    found: list[float] = run(timed.order_by("n")).column("hours").to_pylist()
    return found


def random_pairs(count: int, seed: int) -> list[tuple[str, datetime, datetime]]:
    dice, base = random.Random(seed), datetime(2025, 1, 1)
    names = list(HOURS)
    pairs = []
    for _ in range(count):
        start = base + timedelta(seconds=dice.randrange(600 * 86_400))
        length = dice.choice([3600, 86_400, 20 * 86_400, 120 * 86_400])
        pairs.append((dice.choice(names), start, start + timedelta(seconds=dice.randrange(length))))
    return pairs


@pytest.mark.parametrize(
    ("name", "start", "end", "hours"),
    [
        # a Friday afternoon in Berlin (UTC+1) to Monday morning: 16-17 and 9-10
        ("EMEA", "2026-02-06 15:00", "2026-02-09 09:00", 2.0),
        # over the change to summer time (29 March): Friday 16-17, Monday 9-10 is 07-08 UTC
        ("EMEA", "2026-03-27 15:00", "2026-03-30 08:00", 2.0),
        # and back (25 October): Friday 16-17 is 14-15 UTC, Monday 9-10 is 08-09 UTC
        ("EMEA", "2026-10-23 14:00", "2026-10-26 09:00", 2.0),
        # New York changes on 8 March: Friday 16-17 is 21-22 UTC, Monday 9-10 is 13-14 UTC
        ("AMER", "2026-03-06 21:00", "2026-03-09 14:00", 2.0),
        # Labour Day in Bavaria (Friday) leaves the Thursday and the Monday
        ("EMEA", "2026-04-30 07:00", "2026-05-04 15:00", 16.0),
        # arrives on Saturday, answered Monday 9:30: half an hour
        ("EMEA", "2026-02-07 20:00", "2026-02-09 08:30", 0.5),
        # arrives and is answered at night: nothing
        ("EMEA", "2026-02-09 20:00", "2026-02-09 23:00", 0.0),
        # Los Angeles works into the next UTC day: 17:00-18:00 is 01-02 UTC
        ("WEST", "2026-01-13 01:00", "2026-01-13 17:30", 2.0),
        # Kolkata is five and a half hours ahead: 9:00 is 03:30 UTC
        ("INDIA", "2026-01-06 03:00", "2026-01-06 04:30", 1.0),
        # the London night of 29 March lasts four hours, that of 25 October six
        ("NIGHT", "2026-03-28 12:00", "2026-03-29 12:00", 4.0),
        ("NIGHT", "2026-10-24 12:00", "2026-10-25 12:00", 6.0),
    ],
)
def test_examples(name: str, start: str, end: str, hours: float) -> None:
    pair = (name, datetime.fromisoformat(start), datetime.fromisoformat(end))
    assert worked([pair]) == [hours]
    assert oracle(HOURS[name], *pair[1:]) == hours


def test_random_pairs_agree_with_the_oracle() -> None:
    pairs = random_pairs(1500, seed=1)
    expected = [oracle(HOURS[name], start, end) for name, start, end in pairs]
    assert worked(pairs) == pytest.approx(expected, abs=1e-9)


INSTANTS = st.datetimes(datetime(2025, 1, 1), datetime(2026, 12, 20)).map(
    lambda at: at.replace(microsecond=0)
)


TRIPLES = st.tuples(st.sampled_from(sorted(HOURS)), st.tuples(INSTANTS, INSTANTS, INSTANTS))


@settings(max_examples=15, deadline=None)
@given(st.lists(TRIPLES, min_size=20, max_size=60))
def test_hours_add_up(drawn: list[tuple[str, tuple[datetime, datetime, datetime]]]) -> None:
    pairs: list[tuple[str, datetime, datetime]] = []
    for name, instants in drawn:
        a, b, c = sorted(instants)
        pairs += [(name, a, b), (name, b, c), (name, a, c)]
    found = worked(pairs)
    for index in range(len(drawn)):
        name, a, b = pairs[3 * index]
        ab, bc, ac = found[3 * index : 3 * index + 3]
        assert ab + bc == pytest.approx(ac, abs=1e-9)
        assert 0 <= ab <= (b - a).total_seconds() / 3600
        assert ab == pytest.approx(oracle(HOURS[name], a, b), abs=1e-9)


def test_the_calendar_of_a_region() -> None:
    rows = ibis.memtable(
        {"owner": ["EMEA", "MARS", None, None], "lead": ["AMER", "AMER", "AMER", None]}
    )
    named = run(rows.select(name=calendar_named(CALENDAR, rows.owner, rows.lead)))
    assert named.column("name").to_pylist() == ["EMEA", "AMER", "AMER", ""]


def test_wall_clock() -> None:
    rows = ibis.memtable(
        pa.table({"a": [datetime(2026, 3, 28)], "b": [datetime(2026, 3, 30, 6, 0, 0, 999)]})
    )
    row = run(rows.select(h=hours_between(rows.a, rows.b), d=days_between(rows.a, rows.b)))
    assert row.to_pylist() == [{"h": 54.0, "d": 2.25}]


def test_outside_the_table_nothing_is_said() -> None:
    pair = ("EMEA", datetime(2020, 1, 6, 8), datetime(2026, 1, 6, 9))
    assert worked([pair]) == [None]


def test_unknown_holidays_are_named() -> None:
    with pytest.raises(ConfigurationError, match=r"'ATLANTIS'.*DE-BY"):
        working_days(Calendar(default=WorkingHours(holidays="ATLANTIS")), FIRST, FIRST)
