"""Business hours of very many pairs against an account book of five-minute ticks.

The book asks of each tick alone, by the clock on the wall there, whether somebody works; nothing of
the engine's intervals, midnights or joins is in it.
"""

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from functools import cache, partial
from zoneinfo import ZoneInfo

import holidays
import ibis
import numpy as np
import pyarrow as pa
import pytest
from numpy.typing import NDArray

from metrics.calendar import add_business_hours, working_days
from model.definitions import Calendar, WorkingHours
from tests.metrics.company import run

BEGIN, DAYS = datetime(2025, 12, 20), 380
TICK = 300
UTC = ZoneInfo("UTC")
Book = NDArray[np.int64]


def hours(zone: str, holiday: str | None = None, **more: object) -> WorkingHours:
    return WorkingHours.model_validate({"timezone": zone, "holidays": holiday, **more})


WEEK = ("mon", "tue", "wed", "thu", "fri")
CALENDARS = {
    "EMEA": hours("Europe/Berlin", "DE-BY"),
    "AMER": hours("America/New_York", "US"),
    "CHILE": hours("America/Santiago", "CL"),
    "SYDNEY": hours("Australia/Sydney", "AU-NSW", opens="08:30", closes="18:00"),
    "INDIA": hours("Asia/Kolkata", "IN"),
    "HOWE": hours("Australia/Lord_Howe", days=["sun", "mon", "tue"]),
    "CHATHAM": hours("Pacific/Chatham", opens="06:00", closes="22:00"),
    "PART": hours(
        "Europe/Vienna",
        "AT",
        hours={
            "mon": ["08:00-12:00", "13:00-17:30"],
            "wed": "09:00-13:00",
            "thu": [],
            "fri": ["07:30-09:00", "10:00-11:15", "12:00-14:05"],
        },
        dates={"12-24": "09:00-12:00", "2026-05-01": "10:00-11:00", "2026-06-15": []},
    ),
    "NIGHT": hours("America/Chicago", "US", hours=dict.fromkeys(WEEK, "22:00-06:00")),
    "ROUND": hours(
        "Europe/London", hours={"sat": "18:00-00:00", "sun": "00:00-12:00", "fri": "20:00-08:00"}
    ),
}


Shifts = list[tuple[time, time]]


def shifts_of(calendar: WorkingHours, free: Mapping[date, str], day: date) -> Shifts:
    """What is worked from a day on."""
    for name in (f"{day:%Y-%m-%d}", f"{day:%m-%d}"):
        if name in calendar.dates:
            return [(shift.opens, shift.closes) for shift in calendar.dates[name]]
    if day in free:
        return []
    for weekday, shifts in calendar.hours.items():
        if weekday == f"{day:%a}".lower():
            return [(shift.opens, shift.closes) for shift in shifts]
    return [(calendar.opens, calendar.closes)] if f"{day:%a}".lower() in calendar.days else []


@cache
def book(name: str) -> Book:
    """The seconds worked before each tick."""
    calendar = CALENDARS[name]
    country, _, part = (calendar.holidays or "").partition("-")
    free = holidays.country_holidays(country, subdiv=part or None) if country else {}
    zone, of = ZoneInfo(calendar.timezone), cache(partial(shifts_of, calendar, free))

    def works(at: datetime) -> bool:
        now, today = at.time(), at.date()
        own = any(a <= now and (now < b or b <= a) for a, b in of(today))
        return own or any(b <= a and now < b for a, b in of(today - timedelta(days=1)))

    begin = BEGIN.replace(tzinfo=UTC)
    ticks = (begin + timedelta(seconds=TICK * n) for n in range(DAYS * 86_400 // TICK))
    worked = [TICK * works(tick.astimezone(zone)) for tick in ticks]
    return np.concatenate([[0], np.cumsum(worked)])


def until(written: Book, at: Book) -> Book:
    """The seconds worked before an instant: whole ticks, and of its own the part that is over."""
    tick, rest = at // TICK, at % TICK
    of_tick = written[tick + 1] - written[tick]
    found: Book = written[tick] + np.where(of_tick > 0, rest, 0)
    return found


@pytest.mark.parametrize("count", [50_000, pytest.param(1_000_000, marks=pytest.mark.full)])
def test_pairs_agree_with_the_account_book(count: int) -> None:
    chance = np.random.default_rng(count)
    names = sorted(CALENDARS)
    books = np.stack([book(name) for name in names])
    place = chance.integers(len(names), size=count)
    start = chance.integers((DAYS - 2) * 86_400, size=count)
    longest = chance.choice([3_600, 86_400, 20 * 86_400, 300 * 86_400], count)
    end = np.minimum(start + (chance.random(count) * longest).astype(np.int64), (DAYS - 2) * 86_400)
    expected = np.zeros(count)
    for number in range(len(names)):
        own = place == number
        worked = until(books[number], end[own]) - until(books[number], start[own])
        expected[own] = worked / 3600
    assert (expected > 0).mean() > 0.4
    base = np.datetime64(BEGIN, "s")
    rows = pa.table(
        {
            "n": np.arange(count),
            "calendar": pa.array(names).take(pa.array(place)),
            "start": pa.array(base + start).cast(pa.timestamp("us")),
            "end": pa.array(base + end).cast(pa.timestamp("us")),
        }
    )
    calendar = Calendar(regions=CALENDARS)
    days = working_days(calendar, BEGIN.date(), BEGIN.date() + timedelta(days=DAYS))
    timed = add_business_hours(
        ibis.memtable(rows),
        ibis.memtable(days),
        start="start",
        end="end",
        calendar="calendar",
        name="hours",
    )
    found = run(timed.order_by("n")).column("hours").to_numpy()
    wrong = np.flatnonzero(~np.isclose(found, expected, rtol=0, atol=1e-9))
    told = [(rows.slice(n, 1).to_pylist()[0], found[n], expected[n]) for n in wrong[:3].tolist()]
    assert not len(wrong), (len(wrong), told)


def test_the_calendars_differ_from_each_other() -> None:
    """By what they are there for: holidays, half days, breaks, nights."""
    week = datetime(2026, 5, 4) - BEGIN
    first = int(week.total_seconds())
    seconds = np.array([first, first + 7 * 86_400])
    worked = {
        name: int(np.diff(until(book(name), seconds))[0]) / 3600
        for name in ("EMEA", "PART", "NIGHT", "ROUND")
    }
    assert worked == {"EMEA": 40.0, "PART": pytest.approx(25 + 1 / 3), "NIGHT": 40.0, "ROUND": 62.0}
