"""Handoffs and first responses: the ways to get a wrong number without an error."""

import pytest

from metrics.facts.owner_path import owner_path
from metrics.facts.sides import Known
from model.definitions import Calendar, FunctionRules, Handoff, Sla, SlaRule, WorkingHours
from tests.metrics.company import WORDS, Company, Row, at, by_lead, run


def handoffs(company: Company) -> dict[str, list[Row]]:
    """Handoffs by lead, in order."""
    found: dict[str, list[Row]] = {}
    for row in sorted(company.fact("handoffs"), key=lambda row: row["handoff_id"]):
        found.setdefault(row["lead_id"], []).append(row)
    return found


def test_what_is_a_handoff() -> None:
    company = Company()
    inside = company.lead("m1, s1 06-02 10:00, s2 06-03 10:00, q 06-04 10:00, s3 06-05 10:00")
    again = company.lead("m1, s1 06-02 10:00, mq 06-03 10:00, m2 06-04 10:00, s2 06-05 10:00")
    born = company.lead("s1", created="06-02 10:00")
    born_in_queue = company.lead("q, s1 06-02 12:00", created="06-02 10:00")
    through_nobody = company.lead("m1, boss 06-02 10:00, s1 06-03 10:00, boss 06-04 10:00")
    back_from_nobody = company.lead("s1, boss 06-02 10:00, s1 06-03 10:00", created="06-01 10:00")
    unknown = company.lead("m1, ghost 06-02 10:00")
    marketing = company.lead("m1, mq 06-02 10:00")
    given_at_birth = company.lead("s1", created="06-02 10:00")
    company.owner_change(given_at_birth, None, "s1", "06-02 10:00")  # no old owner
    later = company.lead("m1, s1 07-02 10:00")  # after the as-of: not yet

    found = handoffs(company)
    times = {lead: [row["handed_off_at"] for row in rows] for lead, rows in found.items()}
    assert times == {
        inside: [at("06-02 10:00")],  # changes inside Sales are no handoffs
        again: [at("06-02 10:00"), at("06-05 10:00")],  # the return to Marketing makes two
        born: [at("06-02 10:00")],
        born_in_queue: [at("06-02 10:00")],
        through_nobody: [at("06-03 10:00")],
        back_from_nobody: [at("06-01 10:00")],  # somebody of no side changes nothing
        given_at_birth: [at("06-02 10:00")],
    }
    assert unknown not in found
    assert marketing not in found
    assert later not in found
    assert [row["sequence"] for row in found[again]] == [1, 2]
    assert found[again][0]["next_handed_off_at"] == at("06-05 10:00")
    queued = found[born_in_queue][0]
    assert (queued["owner_id"], queued["first_person_id"]) == ("q", "s1")
    assert queued["first_owned_at"] == at("06-02 12:00")
    assert queued["cluster"] == "q/2026-06-01"
    assert found[born][0]["cluster"] == "s1"
    assert found[born][0]["team"] == "team s1"


def test_paired_rows_and_ties_in_the_history() -> None:
    company = Company()
    paired = company.lead("m1, s1 06-02 10:00")
    for old, new in (("Mia", "Ann"),):  # the CRM writes the names as a second row
        company.add(
            "lead_changes",
            lead_id=paired,
            field="owner",
            old=old,
            new=new,
            changed_at=at("06-02 10:00"),
        )
    tied = company.lead("m1", owner_id="s1")
    for change, old, new in (("z2", "q", "s1"), ("z1", "m1", "q")):  # the same second
        company.add(
            "lead_changes",
            change_id=change,
            lead_id=tied,
            field="owner",
            old=old,
            new=new,
            old_kind="queue" if old == "q" else "user",
            new_kind="queue" if new == "q" else "user",
            changed_at=at("06-03 10:00"),
        )
    doubled = company.lead("m1, s1 06-02 10:00")
    company.add("leads", **company.rows["leads"][-1])  # the same lead twice
    company.add("lead_changes", **company.rows["lead_changes"][-1])
    company.add("users", **company.rows["users"][0])
    found = handoffs(company)
    assert [len(found[lead]) for lead in (paired, tied, doubled)] == [1, 1, 1]
    assert found[tied][0]["owner_id"] == "q"
    assert found[tied][0]["first_person_id"] == "s1"


def test_which_touch_is_the_first_response() -> None:
    company = Company()
    lead = company.lead("m1, s1 06-02 10:00")
    other = company.lead("m1, s1 06-02 10:00")
    for when, by, row in (
        ("06-02 09:59", "s1", {}),  # before the handoff
        ("06-02 10:10", "robot", {}),  # a machine
        ("06-02 10:11", "m1", {}),  # Marketing
        ("06-02 10:12", "boss", {}),  # neither
        ("06-02 10:13", "s1", {"is_automated": True}),
        ("06-02 10:14", "s1", {"direction": "inbound"}),
        ("06-02 10:15", "s1", {"is_completed": False}),
        ("06-02 10:16", "s1", {"kind": "task"}),  # a to-do
        ("06-02 10:17", "s1", {"kind": "meeting", "is_internal": True}),
        ("06-02 10:18", "s1", {"deleted_at": at("06-03 10:00")}),
        ("06-02 10:19", "s1", {"recorded_at": at("07-03 10:00")}),  # not known by then
        ("06-02 12:00", "s3", {"activity_id": "first", "kind": "email"}),
        ("06-02 12:00", "s2", {"activity_id": "second"}),  # the same second
        ("06-02 13:00", "s1", {}),
    ):
        company.touch(lead, by, when, **row)
    company.touch(other, "s1", "07-01 10:00")  # in the future
    company.touch(None, "s1", "06-02 11:00")
    found = handoffs(company)
    first = found[lead][0]
    assert len(found[lead]) == 1
    assert first["first_response_at"] == at("06-02 12:00")
    assert first["first_response_id"] == "first"
    assert first["first_response_by"] == "s3"  # whoever did it, not the owner
    assert (first["response_wall_hours"], first["response_business_hours"]) == (2.0, 2.0)
    waiting = found[other][0]
    assert not waiting["is_responded"]
    assert waiting["response_wall_hours"] == 28 * 24 + 2  # censored at the as-of


def test_a_touch_belongs_to_the_handoff_it_follows() -> None:
    company = Company()
    lead = company.lead("m1, s1 06-02 10:00, m1 06-03 10:00, s2 06-05 10:00")
    company.touch(lead, "s2", "06-05 11:00")
    first, second = handoffs(company)[lead]
    assert not first["is_responded"]
    assert second["response_business_hours"] == 1.0


def test_a_touch_as_the_next_handoff_begins_belongs_to_that_one() -> None:
    company = Company()
    lead = company.lead("m1, s1 06-02 10:00, m1 06-03 10:00, s2 06-05 10:00")
    company.touch(lead, "s2", "06-05 10:00")
    assert [row["is_responded"] for row in handoffs(company)[lead]] == [False, True]


def test_what_nobody_says_of_a_touch_counts_for_it_but_that_it_was_completed() -> None:
    company = Company()
    unsaid = {"direction": None, "is_automated": None, "is_internal": None}
    counted, planned = (company.lead("m1, s1 06-02 10:00") for _ in range(2))
    company.touch(counted, "s1", "06-02 11:00", **unsaid)
    company.touch(planned, "s1", "06-02 11:00", **unsaid, is_completed=None)
    found = handoffs(company)
    assert found[counted][0]["is_responded"]
    assert not found[planned][0]["is_responded"]


def test_rejected_stays_at_risk_deleted_and_merged_are_censored() -> None:
    company = Company()
    rejected = company.lead("m1, s1 06-02 10:00", rejected_at=at("06-03 10:00"))
    deleted = company.lead("m1, s1 06-02 10:00", deleted_at=at("06-04 10:00"))
    deleted_later = company.lead("m1, s1 06-02 10:00", deleted_at=at("07-04 10:00"))
    survivor = company.lead("m1, s1 06-02 10:00")
    middle = company.lead("m1, s1 06-02 10:00", merged_into=survivor, deleted_at=at("06-09 10:00"))
    merged = company.lead("m1, s1 06-02 10:00", merged_into=middle, deleted_at=at("06-08 10:00"))
    too_late = company.lead(
        "m1, s1 06-02 10:00", merged_into=survivor, deleted_at=at("06-04 10:00")
    )
    company.touch(survivor, "s1", "06-05 10:00")  # merging moved it there
    company.touch(deleted, "s1", "06-05 10:00")  # after its deletion
    found = by_lead(company.fact("handoffs"))
    hours = {lead: row["response_wall_hours"] for lead, row in found.items()}
    responded = {lead for lead, row in found.items() if row["is_responded"]}
    assert responded == {survivor, middle, merged}
    assert hours[rejected] == hours[deleted_later] == 28 * 24 + 2
    assert hours[deleted] == hours[too_late] == 48.0
    assert hours[merged] == 72.0


def test_conversion_moved_the_touches_to_the_contact() -> None:
    company = Company()
    lead = company.lead("m1, s1 06-02 10:00", contact_id="c1", converted_at=at("06-09 10:00"))
    for when in ("06-02 15:00", "06-03 15:00", "06-04 15:00"):
        company.touch(None, "s2", when, contact_id="c1")
    (row,) = handoffs(company)[lead]
    assert row["response_wall_hours"] == 5.0
    assert row["first_response_by"] == "s2"


def test_the_past_knows_nothing_of_the_future() -> None:
    company = Company(as_of=at("06-03 12:00"))
    lead = company.lead("m1, s1 06-02 10:00, m1 06-10 10:00, s2 06-12 10:00")
    later = company.lead("m1, s1 06-05 10:00")  # today Sales owns it; then Marketing did
    unborn = company.lead("s1", created="06-04 10:00")
    company.touch(lead, "s1", "06-04 10:00")
    found = handoffs(company)
    assert later not in found
    assert unborn not in found
    (row,) = found[lead]
    assert (row["is_responded"], row["response_wall_hours"]) == (False, 26.0)


def test_dirty_dates() -> None:
    company = Company()
    early = company.lead("m1, s1 05-31 10:00", created="06-01 08:00")
    undated = company.lead("s1", created_at=None)
    undated_change = company.lead("m1, s1 06-02 10:00", created_at=None)
    found = handoffs(company)
    assert found[early][0]["handed_off_at"] == at("06-01 08:00")
    assert undated not in found
    assert found[undated_change][0]["handed_off_at"] == at("06-02 10:00")


def test_the_field_rule() -> None:
    rule = WORDS.model_copy(update={"handoff": Handoff(rule="field")})
    company = Company(rule)
    lead = company.lead("m1, q 06-02 10:00, s1 06-03 10:00", handed_off_at=at("06-02 12:00"))
    company.lead("m1, s1 06-02 10:00")  # has no such date
    company.lead("m1", handed_off_at=at("07-02 12:00"))  # has not come
    company.touch(lead, "s1", "06-02 14:00")
    (row,) = company.fact("handoffs")
    assert (row["lead_id"], row["owner_id"], row["first_person_id"]) == (lead, "q", "s1")
    assert row["response_wall_hours"] == 2.0


def test_sla_by_segment_calendar_by_region_and_sdr_on_either_side() -> None:
    words = WORDS.model_copy(
        update={
            "sla": Sla(
                hours=8, rules=(SlaRule(where={"region": "EMEA", "source": "Web"}, hours=2),)
            ),
            "calendar": Calendar(
                regions={
                    "EMEA": WorkingHours(timezone="Europe/Berlin"),
                    "APAC": WorkingHours(days=()),
                }
            ),
            "functions": FunctionRules(sdr_counts_as="marketing"),
        }
    )
    company = Company(words)
    company.add("users", user_id="sdr", function="sdr")
    web = company.lead("m1, s1 06-02 06:00", region="EMEA", source="Web")
    fair = company.lead("m1, q 06-02 06:00", region="EMEA", source="Fair")
    sdr = company.lead("m1, sdr 06-02 06:00, s1 06-03 10:00", region="AMER")
    for lead in (web, fair, sdr):
        company.touch(lead, "s1", "06-03 11:00")
    found = by_lead(company.fact("handoffs"))
    # Berlin opens at 7:00 UTC in summer: 8 h on 2 June, 4 h on 3 June, by the owner's region, or
    # the lead's where a queue has none
    assert [found[lead]["calendar"] for lead in (web, fair, sdr)] == ["EMEA"] * 3
    assert found[web]["response_business_hours"] == found[fair]["response_business_hours"] == 12.0
    assert (found[web]["response_over_sla"], found[fair]["response_over_sla"]) == (6.0, 1.5)
    assert found[sdr]["handed_off_at"] == at("06-03 10:00")  # the SDR is Marketing here


@pytest.mark.parametrize(
    ("path", "bounced"),
    [
        ("m1, s1 06-02 10:00, s2 06-03 10:00, s2 06-04 10:00", None),  # the same again
        ("m1, q 06-02 10:00, s1 06-03 10:00, s2 06-04 10:00", None),
        ("m1, q 06-02 10:00, s1 06-03 10:00, s2 06-04 10:00, s1 06-05 10:00", "06-05 10:00"),
        ("m1, q 06-02 10:00, mq 06-03 10:00", None),  # no person ever had it
        ("m1, s1 06-02 10:00, mq 06-03 10:00", "06-03 10:00"),
        ("m1, s1 06-02 10:00, m1 06-03 10:00, s2 06-04 10:00", "06-04 10:00"),  # there and back
        ("m1, s1 06-02 10:00, robot 06-03 10:00, s1 06-04 10:00, s2 06-05 10:00", None),
        ("m1, s1 05-30 10:00, s2 05-30 11:00, s3 05-30 12:00", "06-01 08:00"),  # before it was made
    ],
)
def test_bounces(path: str, bounced: str | None) -> None:
    company = Company()
    lead = company.lead(path)
    first = handoffs(company)[lead][0]
    assert first["bounced_at"] == (bounced and at(bounced))
    assert first["is_bounced"] == bool(bounced)


def test_the_owner_path_is_what_the_history_says() -> None:
    company = Company()
    lead = company.lead("m1, q 06-02 10:00, s1 06-03 10:00, ghost 06-04 10:00")
    path = owner_path(Known(company.tables(), company.definitions, company.as_of))
    rows = run(path.filter(path.lead_id == lead).order_by("position")).to_pylist()
    assert [row["owner_id"] for row in rows] == ["m1", "q", "s1", "ghost"]
    assert [row["side"] for row in rows] == ["marketing", "sales", "sales", None]
    assert [row["is_human"] for row in rows] == [True, False, True, True]
