"""More ways to get a wrong number without an error: fan-out, chasms, history, ties, and time."""

from datetime import date, datetime
from typing import Any

import pytest

from metrics.facts.quarters import quarter_of
from model.definitions import Calendar, Definitions, Key, Statuses, WorkingHours
from tests.metrics.company import WORDS, Company, Row, at, by_lead

SPOKEN = WORDS.model_copy(
    update={
        "statuses": Statuses(
            order=("New", "MQL", "Accepted"),
            mql=("MQL",),
            accepted=("Accepted",),
            rejected=("Rejected",),
            unreachable=("Unreachable",),
            recycled=("Recycled",),
        )
    }
)


def deals(company: Company) -> dict[str, Row]:
    """The opportunities by id; each must be there once."""
    rows = company.fact("opportunities")
    found = {row["opportunity_id"]: row for row in rows}
    assert len(found) == len(rows)
    return found


def test_many_of_everything_make_no_more_opportunities() -> None:
    company = Company(WORDS.model_copy(update={"key": Key(amount=1)}), as_of=at("07-05 12:00"))
    deal = company.deal("Proposal, Won 06-20 10:00", amount=100.0, account_id="a")
    for index in range(3):
        contact = f"c{index}"
        company.lead("m1", opportunity_id=deal, contact_id=contact, converted_at=at("05-01 08:00"))
        for _ in range(2):
            company.add("contact_roles", opportunity_id=deal, contact_id=contact)
            company.add("campaign_members", contact_id=contact, added_at=at("04-01 10:00"))
            company.add("team_members", opportunity_id=deal, user_id="m1")
            company.add("content_links", opportunity_id=deal, author_id="m1")
            company.add("campaign_influences", opportunity_id=deal, added_at=at("04-02 10:00"))
            company.touch(None, "s1", "06-10 10:00", contact_id=contact, opportunity_id=deal)
            company.meeting("06-10 10:00", "m1", "m2", contact, internal=False, account_id="a")
    found = deals(company)
    assert list(found) == [deal]
    row = found[deal]
    amounts = ("won_amount", "traceable_amount", "touched_amount", "member_amount")
    assert [row[name] for name in amounts] == [100.0] * 4
    (quarter,) = company.fact("forecasts")
    assert quarter["won_amount"] == 100.0


def test_a_chasm_does_not_multiply_what_both_sides_logged() -> None:
    company = Company()
    deal = company.deal("Proposal", created="06-01 10:00")
    company.add("contact_roles", opportunity_id=deal, contact_id="c1")
    for index in range(4):
        company.touch(None, "s1", f"06-1{index} 10:00", opportunity_id=deal, contact_id="c1")
        company.add("campaign_members", contact_id="c1", added_by="m1", added_at=at("06-02 10:00"))
    assert deals(company)[deal]["is_shared"]


def test_lives_of_leads_are_one_row_each() -> None:
    company = Company(SPOKEN)
    lead = company.lead("m1", created="06-01 08:00", converted_at=at("06-10 10:00"))
    company.add("leads", **company.rows["leads"][0])  # the same id twice
    company.status(lead, "New, MQL 06-02 10:00, Accepted 06-03 10:00")
    rows = company.fact("leads")
    assert [row["lead_id"] for row in rows] == [lead]
    assert rows[0]["is_vocabulary_kept"]
    assert not rows[0]["is_opportunity"]  # converted without an opportunity


def test_changes_in_the_same_second_keep_their_order() -> None:
    company = Company(SPOKEN)
    lead = company.lead("m1")
    for change, (old, new) in (("b", ("MQL", "Accepted")), ("a", ("New", "MQL"))):
        company.add(
            "lead_changes",
            change_id=change,
            lead_id=lead,
            field="status",
            old=old,
            new=new,
            changed_at=at("06-02 10:00"),
        )
    (row,) = company.fact("leads")
    assert row["is_vocabulary_kept"]


def test_what_happened_later_is_not_yet_known() -> None:
    company = Company(SPOKEN, as_of=at("06-10 12:00"))
    lead = company.lead("m1, s1 06-02 10:00", created="06-01 08:00")
    company.status(
        lead, "New, MQL 06-01 10:00, Accepted 06-03 10:00, Odd 06-11 10:00, Unreachable 06-12 10:00"
    )
    (life,) = company.fact("leads")
    assert life["is_vocabulary_kept"]  # the odd one came after the day
    (handoff,) = company.fact("handoffs")
    assert handoff["given_up_at"] is None
    assert handoff["attempts"] is None
    assert handoff["decision"] == "accepted"


def test_a_decision_belongs_to_the_handoff_that_it_followed() -> None:
    company = Company(SPOKEN)
    lead = company.lead("m1, s1 06-02 10:00, m1 06-05 10:00, s2 06-08 10:00", created="06-01 08:00")
    company.status(
        lead,
        "MQL, Rejected 06-04 10:00, Recycled 06-05 10:00, MQL 06-07 10:00, Accepted 06-09 10:00",
    )
    first, second = sorted(company.fact("handoffs"), key=lambda row: row["sequence"])
    assert (first["decision"], first["decision_business_hours"]) == ("rejected", 16.0)
    assert (second["decision"], second["decision_business_hours"]) == ("accepted", 8.0)


def test_a_conversion_dated_by_its_day_decides_the_handoff_of_that_day() -> None:
    company = Company(SPOKEN)
    company.lead("m1, s1 06-02 10:00", created="06-01 08:00", converted_at=at("06-02 00:00"))
    (row,) = company.fact("handoffs")
    assert (row["decision"], row["decision_business_hours"]) == ("accepted", 0.0)


def test_a_reassigned_lead_keeps_its_attempts_and_its_wait() -> None:
    company = Company(SPOKEN)
    lead = company.lead(
        "m1, q 06-01 10:00, s1 06-01 12:00, q 06-01 14:00, s2 06-01 15:00", created="05-01 08:00"
    )
    for day in range(1, 4):
        company.touch(lead, "s1", f"06-0{day} 16:00")
        company.touch(lead, "s2", f"06-0{day} 16:00")
    company.status(lead, "MQL, Unreachable 06-05 10:00")
    (row,) = company.fact("handoffs")
    assert row["attempts"] == 6  # by two people, at the same instants
    assert (row["queue_business_hours"], row["waited_business_hours"]) == (2.0, 6.0)


def test_merged_and_converted_leads_are_found_where_they_went() -> None:
    company = Company(SPOKEN)
    merged = company.lead(
        "m1", created="04-01 08:00", merged_into="survivor", deleted_at=at("05-20 10:00")
    )
    company.status(merged, "New, MQL 04-02 10:00, Rejected 04-10 10:00")
    company.add("leads", lead_id="survivor", contact_id="cs", created_at=at("04-01 08:00"))
    company.add("campaign_members", contact_id="cs", added_at=at("04-20 10:00"))
    (row,) = company.fact("returned")
    assert (row["is_touched_again"], row["again_days"]) == (True, 10.0)


def test_a_return_is_watched_until_the_deletion() -> None:
    company = Company(SPOKEN)
    lead = company.lead("m1", created="04-01 08:00", deleted_at=at("04-15 10:00"))
    company.status(lead, "New, MQL 04-02 10:00, Rejected 04-10 10:00")
    company.add("campaign_members", lead_id=lead, added_at=at("04-20 10:00"))
    (row,) = company.fact("returned")
    assert (row["is_touched_again"], row["again_days"]) == (False, 5.0)


def test_a_rejection_date_stands_in_where_no_history_shows_one() -> None:
    company = Company(SPOKEN)
    lead = company.lead("m1", created="04-01 08:00", rejected_at=at("04-10 10:00"))
    company.status(lead, "New, MQL 04-02 10:00")
    (row,) = company.fact("returned")
    assert row["returned_at"] == at("04-10 10:00")


def test_a_merged_leads_own_segment_makes_no_pair_of_a_new_account() -> None:
    company = Company()
    account = company.add("accounts", segment="S", created_at=at("06-10 10:00"))
    company.lead("m1", account_id=account, segment="S", converted_at=at("06-10 10:00"))
    assert company.fact("segment_pairs") == []


def test_fiscal_quarters() -> None:
    usual, february = quarter_of(date(2026, 6, 30), 1), quarter_of(date(2026, 1, 31), 2)
    assert (usual.name, usual.span) == ("2026-Q2", "2026-04-01..2026-06-30")
    assert (february.name, february.months) == (
        "2025-11-01..2026-01-31",
        ("2025-11", "2025-12", "2026-01"),
    )
    assert quarter_of(date(2026, 3, 31), 4).name == "2026-Q1"


def in_new_york(**calendar: Any) -> Definitions:
    hours = WorkingHours(timezone="America/New_York")
    return WORDS.model_copy(update={"calendar": Calendar(default=hours, **calendar)})


def test_a_quarter_ends_at_local_midnight() -> None:
    company = Company(in_new_york(), as_of=at("07-10 12:00"))
    before = company.deal("Proposal, Won 07-01 03:59", amount=100.0)  # still 30 June in New York
    after = company.deal("Proposal, Won 07-01 04:00", amount=100.0)
    rows = {row["opportunity_id"]: row["quarter"] for row in company.fact("forecasts")}
    assert rows == {before: "2026-Q2"}
    assert after not in rows  # its quarter is not over


def test_an_overdue_close_date_is_judged_by_the_local_day() -> None:
    company = Company(in_new_york(), as_of=at("07-01 03:00"))  # 30 June, 23:00 in New York
    deal = company.deal("Proposal", close_on=date(2026, 6, 30))
    company.touch(None, "s1", "06-20 10:00", opportunity_id=deal)
    assert deals(company)[deal]["is_clean"]


def test_what_was_forecast_is_what_stood_as_the_quarter_began() -> None:
    company = Company(as_of=at("07-05 12:00"))
    deal = company.deal(
        "Proposal, Won 05-10 10:00",
        created="2026-01-10 10:00",
        amount=500.0,
        close_on=date(2026, 5, 1),
    )

    def change(field: str, old: str, new: str, when: str) -> None:
        company.add(
            "opportunity_changes",
            opportunity_id=deal,
            field=field,
            old=old,
            new=new,
            changed_at=at(when),
        )

    change("forecast", "Pipeline", "Commit", "03-31 23:59")
    change("forecast", "Commit", "Closed", "05-10 10:00")
    change("amount", "200", "300", "03-31 10:00")
    change("amount", "300", "500", "04-01 00:01")
    (row,) = company.fact("forecasts")
    assert (row["quarter"], row["forecast_amount"], row["won_amount"]) == ("2026-Q2", 300.0, 500.0)


def test_a_deal_closed_before_the_quarter_is_no_forecast() -> None:
    company = Company(as_of=at("07-05 12:00"))
    company.deal(
        "Proposal, Lost 03-10 10:00",
        created="2026-01-10 10:00",
        amount=500.0,
        close_on=date(2026, 5, 1),
        forecast_category="Commit",
    )
    assert company.fact("forecasts") == []


def test_a_score_that_was_raised_after_the_as_of_is_not_known() -> None:
    company = Company(SPOKEN, as_of=at("06-10 12:00"))
    lead = company.lead("m1", created="06-01 08:00", score=99.0)
    company.status(lead, "New, MQL 06-02 10:00, Accepted 06-05 10:00")
    other = company.lead("m1", created="06-01 08:00", score=50.0)
    for changed, old, new, when in ((other, "30", "50", "06-03"), (lead, "40", "99", "06-12")):
        company.add(
            "lead_changes",
            lead_id=changed,
            field="score",
            old=old,
            new=new,
            changed_at=at(f"{when} 10:00"),
        )
    assert by_lead(company.fact("decisions"))[lead]["score_at_decision"] == 40.0


def test_managers_who_manage_each_other_end_nowhere() -> None:
    company = Company()
    managers = {"s1": "s2", "s2": "s1", "s3": "s1", "m1": "m2", "m2": "m1", "boss": "boss"}
    for user in company.rows["users"]:
        user["manager_id"] = managers.get(user["user_id"])
    (row,) = company.fact("structure")
    assert (row["head_id"], row["level"]) == (None, None)
    assert (row["sales_with_manager"], row["marketing_with_manager"]) == (3, 2)


def test_machines_train_nobody_and_move_nowhere() -> None:
    company = Company()
    company.meeting("06-01 10:00", "robot", "m1", type="Training")
    rows = {row["owner_id"]: row for row in company.fact("people")}
    assert rows["m1"]["is_trained"] is False
    assert rows["robot"]["is_trained"] is None
    assert rows["s1"]["is_moved"] is None
    assert rows["s1"]["trainings"] == 1


def test_a_key_account_counts_once_however_many_deals_it_has() -> None:
    company = Company(WORDS.model_copy(update={"key": Key(amount=10)}))
    company.add("accounts", account_id="a", is_key_account=True)
    for _ in range(3):
        deal = company.deal("Proposal", account_id="a", amount=100.0)
        company.add("team_members", opportunity_id=deal, user_id="m1")
    (row,) = company.fact("keys")
    assert (row["record_id"], row["kind"], row["has_marketer"]) == ("a", "account", True)


def test_targets_in_more_than_one_shape() -> None:
    company = Company(as_of=at("07-05 12:00"))

    def target(period: str, amount: float, function: str = "sales") -> None:
        company.add("targets", metric="revenue", function=function, period=period, amount=amount)

    target("2026", 400.0)
    target("2026-Q2", 150.0)  # closer than a quarter of the year's
    target("2026-01", 30.0)  # one month alone is no quarter's
    rows = {row["quarter"]: row["target_amount"] for row in company.fact("attainment")}
    assert {q: a for q, a in rows.items() if q[:4] == "2026"} == {
        "2026-Q1": 100.0,
        "2026-Q2": 150.0,
    }
    assert all(row["side"] == "sales" for row in company.fact("attainment"))


def test_nothing_attained_is_nothing_and_not_unknown() -> None:
    company = Company(as_of=at("07-05 12:00"))
    for function, metric in (("sales", "revenue"), ("marketing", "mqls")):
        company.add("targets", metric=metric, function=function, period="2026-Q2", amount=10.0)
    assert {row["attained"] for row in company.fact("attainment")} == {0.0}
    assert company.result("attainment_gap").estimate.value == pytest.approx(0.0)


def test_late_records_do_not_change_the_past() -> None:
    company = Company(as_of=at("06-10 12:00"))
    deal = company.deal("Prospecting, Qualification 06-01 10:00", created="05-20 10:00")
    late = datetime(2026, 6, 12)
    company.add("contact_roles", opportunity_id=deal, contact_id="c1", recorded_at=late)
    company.add("content_links", opportunity_id=deal, author_id="m1", recorded_at=late)
    company.add("team_members", opportunity_id=deal, user_id="m1", recorded_at=late)
    company.touch(None, "s1", "06-05 10:00", opportunity_id=deal, recorded_at=late)
    row = deals(company)[deal]
    assert not row["has_contact_role"]
    assert not row["has_content"]
    assert not row["has_marketer"]
    assert row["last_touch_at"] is None
