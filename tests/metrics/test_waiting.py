"""Who waits for a first touch: by hand, and the deadline against a scan of every minute."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings

from metrics.calendar import after_business_hours
from metrics.waiting import waiting
from model.definitions import Calendar, Sla, WorkingHours
from tests.metrics.company import WORDS, Company, at, run

NOW = "06-30 12:00"  # a Tuesday
BERLIN = WorkingHours.model_validate(
    {"timezone": "Europe/Berlin", "holidays": "DE-BY", "hours": {"fri": "09:00-13:00"}}
)
NIGHTS = WorkingHours.model_validate(
    {"timezone": "America/New_York", "hours": {"mon": "22:00-06:00", "tue": []}}
)
CALENDAR = Calendar(regions={"EMEA": BERLIN, "AMER": NIGHTS, "APAC": WorkingHours(days=())})


def found(company: Company) -> dict[str, dict[str, object]]:
    handoffs = company.facts(["handoffs"])["handoffs"]
    rows = run(waiting(handoffs, company.tables(), company.definitions)).to_pylist()
    assert len({row["lead_id"] for row in rows}) == len(rows)
    return {row["lead_id"]: row for row in rows}


def test_who_waits_and_who_does_not() -> None:
    words = WORDS.model_copy(update={"sla": Sla(hours=8)})
    company = Company(words)
    for user in ("s1", "s2"):
        next(row for row in company.rows["users"] if row["user_id"] == user)["display_name"] = (
            f"Person {user}"
        )
    fresh = company.lead("m1, s1 06-30 10:00")
    moved = company.lead("m1, s1 06-30 09:00, s2 06-30 11:00")
    queued = company.lead("m1, q 06-29 15:00")
    late = company.lead("m1, s1 06-25 09:00")
    accepted = company.lead("m1, s1 06-30 10:30")
    company.status(accepted, "MQL, Accepted 06-30 11:00")
    again = company.lead("m1, s1 06-20 09:00, m1 06-22 09:00, s2 06-30 11:30")
    company.touch(again, "s1", "06-20 12:00")

    company.touch(company.lead("m1, s1 06-30 10:00"), "s1", "06-30 11:00")
    company.status(company.lead("m1, s1 06-30 10:00"), "MQL, Rejected 06-30 11:00")
    company.lead("m1, s1 06-30 10:00, m2 06-30 11:00")  # back with Marketing
    company.lead("m1, s1 06-30 10:00", converted_at=at("06-30 11:00"))
    company.lead("m1, s1 06-30 10:00", deleted_at=at("06-30 11:00"))
    company.lead("m1")  # never handed over
    company.lead("m1, s1 06-30 13:00")  # after the as-of

    rows = found(company)
    assert set(rows) == {fresh, moved, queued, late, accepted, again}
    assert {lead: rows[lead]["hours_left"] for lead in rows} == {
        fresh: 6.0,
        moved: 5.0,  # the hours run from the handoff, whoever has it now
        queued: 3.0,  # two hours on Monday, three on Tuesday
        late: 8.0 - 8 - 8 - 8 - 3,
        accepted: 6.5,
        again: 7.5,
    }
    assert (rows[moved]["owner_id"], rows[moved]["owner"]) == ("s2", "Person s2")
    assert (rows[queued]["owner"], rows[queued]["owner_kind"]) == ("Sales queue", "queue")


@settings(max_examples=40, deadline=None)
@given(
    st.sampled_from(["", "EMEA", "AMER", "elsewhere"]),
    st.datetimes(datetime(2026, 3, 20), datetime(2026, 4, 7)) | st.just(datetime(2026, 10, 23, 9)),
    st.integers(1, 100).map(lambda quarters: quarters / 4),
)
def test_the_deadline_is_where_the_minutes_run_out(
    name: str, start: datetime, hours: float
) -> None:
    start = start.replace(second=0, microsecond=0)
    hours_of = CALENDAR.regions.get(name, CALENDAR.default)
    minutes, at_, left = 0, start, int(hours * 60)
    while minutes < left:
        minutes += works(hours_of, at_)
        at_ += timedelta(minutes=1)
    assert after_business_hours(CALENDAR, name, start, hours) == at_


def works(hours: WorkingHours, at_: datetime) -> bool:
    """Whether a minute (naive UTC) is worked, by the local clock."""
    local = at_.replace(tzinfo=ZoneInfo("UTC")).astimezone(ZoneInfo(hours.timezone))
    clock, day = f"{local:%H:%M}", local.date()
    if hours is NIGHTS:  # mon 22:00–06:00, not on Tuesdays, else 9 to 5
        if (day.weekday() == 0 and clock >= "22:00") or (day.weekday() == 1 and clock < "06:00"):
            return True
        return day.weekday() in (2, 3, 4) and "09:00" <= clock < "17:00"
    if hours is BERLIN and f"{day:%m-%d}" in ("04-03", "04-06"):  # Good Friday, Easter Monday
        return False
    closes = "13:00" if hours is BERLIN and day.weekday() == 4 else "17:00"
    return day.weekday() < 5 and "09:00" <= clock < closes


@pytest.mark.parametrize("hours", [8.0, 0.5])
def test_where_nobody_ever_works_there_is_no_deadline(hours: float) -> None:
    assert after_business_hours(CALENDAR, "APAC", at(NOW), hours) is None
