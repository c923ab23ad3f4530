"""Indicators of handoff and language, each on a handful of records, the number
worked out by hand; see `company` for the offices, days and people.
"""

from typing import Any

import pytest

from model.rules import Rule, When
from tests.metrics.company import SPOKEN, WORDS, Company, at

# Handoff


def test_queue_wait_share() -> None:
    company = Company()
    a = company.lead("m1, q 06-01 10:00, s1 06-01 13:00", created="05-01 08:00")
    company.touch(a, "s1", "06-01 16:00")  # 6 h, 3 of them in the queue
    b = company.lead("m1, s1 06-02 10:00", created="05-01 08:00")
    company.touch(b, "s1", "06-02 12:00")  # 2 h, owned at once
    c = company.lead("m1, q 06-03 10:00", created="05-01 08:00")
    company.touch(c, "s2", "06-03 14:00")  # 4 h, answered before anybody owned it
    company.lead("m1, q 06-30 10:00", created="05-01 08:00")  # 2 h so far, all in the queue
    company.lead("m1, s3 04-10 09:00", created="2026-03-01 08:00")  # untouched: 30 days of it
    # Friday 10 April 9:00 to Sunday 10 May: 21 working days of 8 h (30 days hold 21)
    result = company.result("queue_wait_share")
    assert result.estimate.value == pytest.approx((3 + 4 + 2) / (6 + 2 + 4 + 2 + 168))
    assert result.estimate.n == 5


def test_attempts_before_giving_up() -> None:
    company = Company(SPOKEN)

    def given_up(attempts: int, **row: Any) -> str:
        lead = company.lead("m1, s1 06-01 10:00", created="05-01 08:00", **row)
        for day in range(attempts):
            company.touch(lead, "s1", f"06-{day + 2:02} 10:00")
        company.status(lead, "New, MQL 06-01 09:00, Unreachable 06-15 10:00")
        return lead

    given_up(6)
    given_up(5)
    late = given_up(5)
    company.touch(late, "s1", "06-16 10:00")  # after it was closed
    before = given_up(5)
    company.touch(before, "s1", "05-20 10:00")  # before it was handed over
    machine = given_up(5)
    company.touch(machine, "robot", "06-10 10:00")
    open_ = company.lead("m1, s1 06-01 10:00", created="05-01 08:00")
    for day in range(7):
        company.touch(open_, "s1", f"06-{day + 2:02} 10:00")
    result = company.result("attempts_before_giving_up")
    assert result.estimate.value == pytest.approx(1 / 5)
    assert result.estimate.n == 5


def test_rules_compliance_rate() -> None:
    rules = (
        Rule(
            id="fast",
            title="Fair leads within 4 hours",
            applies_to="handoffs",
            require="first_response",
            when=When(where={"source": "Fair"}),
            within="4 hours",
        ),
        Rule(
            id="large",
            title="Marketing joins large deals",
            applies_to="opportunities",
            require="marketer_on_team",
            when=When(amount=1000),
        ),
    )
    company = Company(WORDS.model_copy(update={"rules": rules}))
    for source, owned, touched in (
        ("Fair", "06-01 10:00", "06-01 13:00"),  # kept
        ("Fair", "06-01 10:00", "06-01 15:00"),  # an hour late
        ("Fair", "06-01 10:00", None),  # broken
        ("Fair", "06-30 10:00", None),  # 2 h so far: its time still runs
        ("Web", "06-01 10:00", None),  # under no rule
    ):
        lead = company.lead(f"m1, s1 {owned}", created="05-01 08:00", source=source)
        if touched:
            company.touch(lead, "s1", touched)
    joined = company.deal("Proposal, Won 06-10 10:00", amount=2000)
    company.add("team_members", opportunity_id=joined, user_id="m1")
    company.deal("Proposal, Lost 06-10 10:00", amount=1000)
    company.deal("Proposal, Won 06-10 10:00", amount=999)
    company.deal("Proposal", amount=5000)
    result = company.result("rules_compliance_rate")
    assert result.estimate.value == pytest.approx(2 / 5)
    assert result.estimate.n == 5


# Language


def test_status_vocabulary_rate() -> None:
    company = Company(SPOKEN)
    kept = (
        "New, MQL 06-02 10:00, Accepted 06-03 10:00, Working 06-04 10:00, Converted 06-05 10:00",
        "MQL, Accepted 06-03 10:00, Unreachable 06-05 10:00",
        "New, MQL 06-02 10:00, Rejected 06-03 10:00, Recycled 06-04 10:00, MQL 06-20 10:00",
        "new, mql 06-02 10:00",
    )
    broken = (
        "New, Accepted 06-03 10:00",  # a skip
        "New, MQL 06-02 10:00, Accepted 06-03 10:00, MQL 06-04 10:00",  # a silent return
        "New, MQL 06-02 10:00, Rejected 06-03 10:00, MQL 06-04 10:00",  # back without recycling
        "New, MQL 06-02 10:00, Hot 06-03 10:00",  # no agreed word
        "Working, Converted 06-03 10:00",  # begun in the middle
        "New, MQL 06-02 10:00, Recycled 06-03 10:00, Working 06-04 10:00",  # back too far
    )
    for steps in (*kept, *broken):
        company.status(company.lead("m1"), steps)
    company.lead("m1", status="Anything")  # its status never changed
    result = company.result("status_vocabulary_rate")
    assert result.estimate.value == pytest.approx(0.4)
    assert result.estimate.n == 10


def test_rejection_reason_rate() -> None:
    company = Company()
    for reason in ("No Budget", " no budget", "Other", "", None):
        lead = company.lead("m1", rejection_reason=reason)
        company.status(lead, "New, MQL 06-02 10:00, Rejected 06-05 10:00")
    accepted = company.lead("m1", rejection_reason="No Budget")
    company.status(accepted, "New, MQL 06-02 10:00, Accepted 06-05 10:00")
    result = company.result("rejection_reason_rate")
    assert result.estimate.value == pytest.approx(0.4)
    assert result.estimate.n == 5


def test_segment_agreement() -> None:
    company = Company()

    def converted(ours: str | None, theirs: str | None, known: str = "2025-01-01 10:00") -> None:
        account = company.add("accounts", segment=theirs, created_at=at(known), owner_id="s1")
        company.lead("m1", account_id=account, segment=ours, converted_at=at("06-10 10:00"))

    for ours, theirs in (("S", "S"), ("S", "S"), ("s ", "S"), ("S", "L")):
        converted(ours, theirs)
    for ours, theirs in (("L", "L"), ("L", "L"), ("L", "S"), ("L", "L")):
        converted(ours, theirs)
    converted("S", "S", known="06-10 10:00")  # a new account copies the lead
    converted("S", "S", known="06-12 10:00")
    converted(None, "S")
    # 6 of 8 agree; by chance half would: (0.75 - 0.5) / 0.5
    result = company.result("segment_agreement")
    assert result.estimate.value == pytest.approx(0.5)
    assert result.estimate.n == 8


def scored(company: Company, score: str, decision: str, later: str | None = None) -> str:
    lead = company.lead("m1", score=float(later or score))
    company.status(lead, f"New, MQL 06-02 10:00, {decision} 06-05 10:00")
    for value, when in ((score, "06-03 10:00"), (later, "06-10 10:00")):
        if value:
            company.add("lead_changes", lead_id=lead, field="score", new=value, changed_at=at(when))
    return lead


def test_score_discrimination() -> None:
    company = Company()
    for score, decision, later in (
        ("80", "Accepted", None),
        ("60", "Accepted", "10"),  # lowered after the decision: 60 counts
        ("40", "Accepted", None),
        ("60", "Rejected", None),
        ("20", "Rejected", "99"),  # raised after the decision: 20 counts
    ):
        scored(company, score, decision, later)
    never = company.lead("m1", score=30.0)  # never changed: today's is that of the decision
    company.status(never, "New, MQL 06-02 10:00, Rejected 06-05 10:00")
    undecided = company.lead("m1", score=90.0)
    company.status(undecided, "New, MQL 06-02 10:00")
    # accepted 80, 60, 40 against rejected 60, 20, 30: 80 beats 3; 60 ties one and beats 2; 40
    # beats 2
    result = company.result("score_discrimination")
    assert result.estimate.value == pytest.approx((3 + 2.5 + 2) / 9)
    assert result.estimate.n == 6


def test_a_rating_stands_in_where_no_score_is_tracked() -> None:
    company = Company()
    for rating, decision in (("Hot", "Accepted"), ("cold", "Rejected"), ("Warm", "Rejected")):
        lead = company.lead("m1", score=50.0)
        company.status(lead, f"New, MQL 06-02 10:00, {decision} 06-05 10:00")
        company.add(
            "lead_changes", lead_id=lead, field="rating", new=rating, changed_at=at("06-03 10:00")
        )
    assert company.result("score_discrimination").estimate.value == 1.0


def test_todays_score_says_nothing() -> None:
    company = Company()
    for index, decision in enumerate(("Accepted", "Rejected")):
        lead = company.lead("m1", score=90.0 - index)
        company.status(lead, f"New, MQL 06-02 10:00, {decision} 06-05 10:00")
    result = company.result("score_discrimination")
    assert "no change of lead score or rating is recorded" in str(result.estimate.reason)


# Joint work
