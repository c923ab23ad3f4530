"""Every kind of dirty record is found, counted once, and shown by its id."""

from datetime import date

from metrics import health
from metrics.health import Found
from tests.metrics.company import EVERYTHING, Company, at, run, without


def find(company: Company) -> dict[str, Found]:
    found = health.find(
        company.tables(), company.availability, company.definitions, company.as_of, run
    )
    return {one.id: one for one in found}


def all_of(company: Company, name: str) -> list[str]:
    (one,) = [one for one in health.FINDINGS if one.id == name]
    tables, availability = company.tables(), company.availability
    rows = health.records(one, tables, availability, company.definitions, company.as_of, run)
    return [str(record) for record in rows["record_id"].to_pylist()]


def test_a_clean_company_has_no_findings() -> None:
    company = Company()
    company.rows["users"] = [row for row in company.rows["users"] if row["user_id"] != "robot"]
    company.touch(company.lead("m1, s1 06-02 10:00"), "s1", "06-03 10:00")
    company.deal("Proposal, Won 06-04 10:00", close_on=date(2026, 6, 4))
    found = find(company)
    assert {one.id for one in found.values()} == {one.id for one in health.FINDINGS}
    assert {name for name, one in found.items() if one.count} == set()


def test_every_finding() -> None:
    company = Company()
    plain = company.lead("m1", created="06-01 08:00")
    early_touch = company.touch(plain, "s1", "05-30 10:00")
    early_handoff = company.lead("m1, s1 05-30 10:00", created="06-01 08:00")
    early_field = company.lead("m1", created="06-01 08:00", handed_off_at=at("05-30 10:00"))
    early_close = company.deal("Lost", created="06-10 08:00", close_on=date(2026, 6, 9))
    late_close = company.deal("Lost", close_on=date(2026, 9, 9))
    undated = company.lead("m1", created_at=None)
    undated_deal = company.deal("Proposal", created_at=None)
    company.add("leads", **company.rows["leads"][0])
    merged = company.lead("m1", merged_into=plain, deleted_at=at("06-05 10:00"))
    merged_when = company.lead("m1", merged_into=plain)
    deleted = company.lead("m1", deleted_at=at("06-05 10:00"))
    queued = company.lead("mq")
    company.add("users", user_id="new")
    company.add("users", user_id="left", deactivated_at=at("06-01 10:00"))
    company.add("queues", queue_id="other", name="Other")
    strange = company.lead("m1", owner_id="ghost")
    converted = company.lead("m1", contact_id="c1", converted_at=at("06-20 10:00"))
    moved = company.touch(None, "s1", "06-10 10:00", contact_id="c1")
    company.touch(None, "s1", "06-21 10:00", contact_id="c1")
    ahead = company.touch(plain, "s1", "07-10 10:00")
    untimed = company.touch(plain, "s1", "06-10 10:00")
    company.rows["activities"][-1]["occurred_at"] = None
    foreign = company.touch(plain, "ghost", "06-10 10:00")
    late = company.touch(plain, "s1", "06-01 10:00", created_at=at("07-01 11:00"))
    company.touch(plain, "s1", "06-01 10:00", created_at=at("06-20 10:00"))
    expected = {
        "recorded_late": {late},
        "touch_before_creation": {early_touch},
        "handoff_before_creation": {early_handoff, early_field},
        "close_before_creation": {early_close},
        "closed_in_the_future": {late_close},
        "without_creation": {undated, undated_deal},
        "one_owner": set(),
        "duplicated": {plain},
        "merged": {merged},
        "merged_without_end": {merged_when},
        "deleted": {deleted},
        "queue_owned": {queued},
        "people_without_function": {"new"},
        "queues_without_function": {"other"},
        "unknown_owners": {"ghost"},
        "unknown_performers": {foreign},
        "moved_by_conversion": {moved},
        "dated_in_the_future": {ahead},
        "without_time": {untimed},
    }
    found = find(company)
    assert {name: set(one.sample) for name, one in found.items()} == expected
    assert {name: one.count for name, one in found.items()} == {
        name: len(ids) for name, ids in expected.items()
    }
    assert {strange, converted}.isdisjoint(found["merged"].sample)


def test_one_owner_for_everything_and_long_lists() -> None:
    company = Company()
    for _ in range(25):
        company.lead("mq")
    found = find(company)
    assert found["one_owner"].sample == ("mq",)
    assert found["queue_owned"].count == 25
    assert len(found["queue_owned"].sample) == health.SAMPLE
    listed = all_of(company, "queue_owned")
    assert len(listed) == len(set(listed)) == 25
    assert listed[: health.SAMPLE] == list(found["queue_owned"].sample)


def test_what_cannot_be_seen_is_not_looked_for() -> None:
    company = Company(availability=without("activities"))
    found = find(company)
    assert "without_time" not in found
    assert all_of(company, "without_time") == []
    assert "merged" in found
    assert EVERYTHING.has("activities")
