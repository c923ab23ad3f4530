"""Decisions, opportunities, meetings, people: the ways to get a wrong number without an error."""

import json
import re
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import ibis

from metrics import facts
from metrics.facts.shared_metrics import periods_on
from model.definitions import Statuses
from tests.metrics.company import CONNECTION, WORDS, Company, at, by_lead


def test_when_a_lead_became_an_mql() -> None:
    company = Company()
    by_field = company.lead(mql_at=at("06-03 10:00"))
    company.status(by_field, "New, MQL 06-02 10:00")
    by_status = company.lead()
    company.status(by_status, "New, mql  06-02 10:00".replace("  ", " "))
    born = company.lead(created="06-04 08:00")
    company.status(born, "MQL, Accepted 06-05 08:00")
    untouched = company.lead(created="06-04 08:00", status="MQL")
    early = company.lead(created="06-04 08:00", mql_at=at("06-01 08:00"))
    never = company.lead(status="New")
    future = company.lead(mql_at=at("07-03 10:00"))
    found = by_lead(company.fact("decisions"))
    assert {lead: row["mql_at"] for lead, row in found.items()} == {
        by_field: at("06-03 10:00"),
        by_status: at("06-02 10:00"),
        born: at("06-04 08:00"),
        untouched: at("06-04 08:00"),
        early: at("06-04 08:00"),
    }
    assert never not in found
    assert future not in found


def test_without_a_status_history_todays_status_dates_nothing() -> None:
    company = Company()
    company.lead(status="MQL")
    company.lead("m1, s1 06-02 10:00", status="Accepted", mql_at=at("06-01 10:00"))
    (row,) = company.fact("decisions")
    assert not row["is_decided"]


def test_the_first_decision_counts() -> None:
    company = Company()
    fields = company.lead(
        mql_at=at("06-02 10:00"), accepted_at=at("06-04 10:00"), rejected_at=at("06-03 10:00")
    )
    before = company.lead(mql_at=at("06-05 10:00"), accepted_at=at("06-04 10:00"))
    converted = company.lead(mql_at=at("06-02 10:00"), converted_at=at("06-02 00:00"))
    long_ago = company.lead(mql_at=at("06-02 10:00"), converted_at=at("05-02 00:00"))
    deleted = company.lead(
        mql_at=at("06-02 10:00"), accepted_at=at("06-09 10:00"), deleted_at=at("06-05 10:00")
    )
    again = company.lead(
        mql_at=at("06-02 10:00"), accepted_at=at("06-03 10:00"), converted_at=at("06-09 10:00")
    )
    both = company.lead(
        mql_at=at("06-02 10:00"), accepted_at=at("06-03 10:00"), rejected_at=at("06-03 10:00")
    )
    reasons = company.lead(mql_at=at("06-02 10:00"), rejected_at=at("06-04 10:00"))
    company.rows["leads"][-1]["rejection_reason"] = "no budget "
    found = by_lead(company.fact("decisions"))
    decided = {lead: (row["decision"], row["decision_days"]) for lead, row in found.items()}
    assert decided == {
        fields: ("rejected", 1.0),
        before: (None, 25 + 2 / 24),  # a decision before it was an MQL is none on the MQL
        converted: ("accepted", 0.0),  # a conversion dated by its day
        long_ago: (None, 28 + 2 / 24),
        deleted: (None, 3.0),  # watched until the deletion
        again: ("accepted", 1.0),
        both: ("accepted", 1.0),
        reasons: ("rejected", 2.0),
    }
    assert found[reasons]["is_reason_agreed"] is True
    assert found[fields]["is_reason_agreed"] is False
    assert found[converted]["is_reason_agreed"] is None
    assert found[before]["is_accepted"] is None


def test_handed_off_mqls() -> None:
    company = Company()
    handed = company.lead("m1, s1 06-02 10:00, m1 06-03 10:00, s2 06-04 10:00")
    kept = company.lead("m1")
    for lead in (handed, kept):
        company.status(lead, "New, MQL 06-01 10:00")
    found = by_lead(company.fact("decisions"))
    assert (found[handed]["has_handoff"], found[kept]["has_handoff"]) == (True, False)
    assert found[handed]["handed_off_at"] == at("06-04 10:00")
    assert (found[handed]["cluster"], found[kept]["cluster"]) == ("s2", "m1")


def test_statuses_compare_without_case_and_not_at_all_when_unnamed() -> None:
    company = Company(WORDS.model_copy(update={"statuses": Statuses(mql=("marketing QUALIFIED",))}))
    lead = company.lead()
    company.status(lead, "New, Marketing 06-01 10:00")
    company.rows["lead_changes"][-1]["new"] = "Marketing Qualified"
    (row,) = company.fact("decisions")
    assert (row["lead_id"], row["is_decided"]) == (lead, False)


def test_opportunities_as_of() -> None:
    company = Company(as_of=at("06-10 12:00"))
    later = company.deal("Proposal, Won 06-20 10:00")
    won = company.deal("Proposal, Won 06-05 10:00")
    reopened = company.deal("Proposal, Lost 06-02 10:00, Proposal 06-04 10:00")
    twice = company.deal("Proposal, Lost 06-02 10:00, Proposal 06-04 10:00, Won 06-06 10:00")
    by_date = company.deal("Lost", close_on=date(2026, 6, 8))
    today = company.deal("Lost", close_on=date(2026, 6, 10))
    ahead = company.deal("Lost", close_on=date(2026, 7, 8))
    by_field = company.deal("Won", closed_at=at("06-03 10:00"), close_on=date(2026, 6, 9))
    company.deal("Proposal", created="06-15 10:00")
    deleted = company.deal("Won", closed_at=at("06-03 10:00"), deleted_at=at("06-04 10:00"))
    company.add("opportunities", **company.rows["opportunities"][1])  # `won` a second time
    rows = company.fact("opportunities")
    found = {row["opportunity_id"]: row for row in rows}
    assert len(found) == len(rows) == 8
    assert deleted not in found
    closed = {deal: row["closed_at"] for deal, row in found.items() if row["is_closed"]}
    assert closed == {
        won: at("06-05 10:00"),
        twice: at("06-06 10:00"),
        by_date: at("06-08 23:59:59.999999"),
        today: at("06-10 12:00"),
        by_field: at("06-03 10:00"),
    }
    assert {deal for deal, row in found.items() if row["is_won"]} == {won, twice, by_field}
    assert found[later]["won_amount"] is None
    assert found[reopened]["sales_stage"] == "Proposal"
    assert found[ahead]["is_loss_reason_agreed"] is None
    assert found[by_date]["is_loss_reason_agreed"] is False


def test_stages_that_the_crm_does_not_describe() -> None:
    company = Company()
    company.rows["sales_stages"] = []
    won = company.deal("Proposal, Won 06-05 10:00")
    (row,) = company.fact("opportunities")
    assert (row["opportunity_id"], row["is_won"], row["closed_at"]) == (
        won,
        True,
        at("06-05 10:00"),
    )


def test_opportunities_take_missing_segments_from_the_account() -> None:
    company = Company()
    company.add("accounts", account_id="a", region="AMER", industry="Banking", segment="Large")
    company.deal("Proposal", account_id="a", region="EMEA")
    company.deal("Proposal", account_id="a", owner_id=None)
    own, bare = sorted(company.fact("opportunities"), key=lambda row: row["region"], reverse=True)
    assert (own["region"], own["industry"], own["segment"]) == ("EMEA", "Banking", "Large")
    assert (own["team"], own["cluster"]) == ("team s1", "s1")
    assert (bare["region"], bare["cluster"]) == ("AMER", "nobody")


def test_a_negative_amount_is_no_amount() -> None:
    company = Company()
    company.deal("Proposal, Won 06-05 10:00", amount=-5.0)
    company.deal("Proposal, Won 06-05 10:00", amount=None)
    assert [row["won_amount"] for row in company.fact("opportunities")] == [0.0, 0.0]


def test_one_meeting_is_one_row() -> None:
    company = Company()
    meeting = company.meeting("06-05 10:00", "m1", "m2", "s1", "s2", "s2", "m1")
    company.meeting("06-06 10:00", "s1", "m1", deleted_at=at("06-05 10:00"))
    company.meeting("06-07 10:00", "s1", performed_by="m1")  # m1 only wrote it down
    (row,) = company.fact("meetings")
    assert row["activity_id"] == meeting
    assert (row["sales_attendees"], row["marketing_attendees"]) == (2, 2)
    assert row["organiser_id"] == "m1"


def test_people() -> None:
    company = Company()
    company.add("users", user_id="gone", function="sales", deactivated_at=at("06-01 10:00"))
    company.add("users", user_id="next", function="sales", created_at=at("07-01 10:00"))
    company.touch(None, "s1", "06-02 10:00")
    company.touch(None, "s1", "06-01 10:00")
    found = {row["owner_id"]: row for row in company.fact("people")}
    active = {owner for owner, row in found.items() if row["is_active"]}
    assert active == {"s1", "s2", "s3", "m1", "m2", "boss"}
    assert found["s1"]["last_touch_at"] == at("06-02 10:00")
    assert found["q"]["side"] == "sales"


def test_history() -> None:
    company = Company()
    company.lead("m1, s1 06-02 10:00, s2 06-03 10:00")
    company.deal("Proposal, Won 06-04 10:00")
    rows = company.fact("history")
    counted = {(row["entity"], row["field"]): (row["changes"], row["first_at"]) for row in rows}
    assert counted == {
        ("lead", "owner"): (2, at("06-02 10:00")),
        ("opportunity", "stage"): (1, at("06-04 10:00")),
    }


def test_periods() -> None:
    assert periods_on(date(2026, 6, 30)) == ("2026", "2026-Q2", "2026-06", "2026-W27")
    assert periods_on(date(2026, 10, 1)) == ("2026", "2026-Q4", "2026-10", "2026-W40")


def test_targets_hold_in_periods_that_contain_the_day() -> None:
    company = Company()
    for metric, period in (
        ("revenue", "2026-05-01..2026-07-31"),
        ("mqls", "2026-w27"),
        ("win_rate", "2026-03-01..2026-05-31"),
        ("acceptance", "2026-Q3"),
    ):
        company.add("targets", metric=metric, function="sales", period=period)
    held = {row["metric_id"] for row in company.fact("metrics") if row["has_sales_target"]}
    assert held == {"revenue", "mqls"}


def test_no_engine_compares_everything_with_everything() -> None:
    """Joins by time alone take for ever on real data; every join must have an equality."""
    company = Company()
    for index in range(2000):
        day = f"06-{index % 28 + 1:02}"
        lead = company.lead(f"m1, q {day} 10:00, s1 {day} 11:00", created="05-01 08:00")
        deal = company.deal(f"Proposal, Won {day} 12:00", account_id=f"a{index}")
        company.rows["leads"][-1] |= {"opportunity_id": deal, "converted_at": at(f"{day} 10:00")}
        company.rows["leads"][-1] |= {"contact_id": f"c{index}" if index % 5 else None}
        company.add("campaign_members", lead_id=lead, added_at=at("05-01 10:00"))
        company.meeting(f"{day} 10:00", "m1", f"c{index}", internal=False)
        for hour in range(11, 16):
            company.touch(lead, "s1", f"{day} {hour}:30")
    tables = company.tables()
    since = company.as_of - timedelta(days=1096)
    built = facts.build(tables, company.definitions, company.availability, company.as_of, since)
    for name, rows in built.items():
        CONNECTION._register_in_memory_tables(rows)
        (plan,) = CONNECTION.con.execute(f"EXPLAIN (FORMAT JSON) {ibis.to_sql(rows)}").fetchall()
        for join in slow_joins(json.loads(plan[1])):
            assert any(is_literal(side) for side in join["children"]), name


def slow_joins(parts: list[Any]) -> Iterator[Any]:
    for part in parts:
        if re.search("NESTED_LOOP|IE_JOIN|PIECEWISE|BLOCKWISE", part["name"]):
            yield part
        yield from slow_joins(part["children"])


def is_literal(part: Any) -> bool:
    """Whether it is a few values that the query itself names."""
    if part["name"].strip() == "DUMMY_SCAN":
        return True
    simple = part["name"].strip() in ("UNNEST", "PROJECTION")
    return simple and all(map(is_literal, part["children"]))
