"""The other indicators, each on a handful of records, with the number worked out by hand.

Offices, days and people are those of `company`: Monday to Friday, 9:00 to 17:00 UTC; 1 June 2026 is
a Monday; figures are as of Tuesday 30 June 2026, 12:00.
"""

from datetime import date
from typing import Any

import pytest

from metrics.estimate import Estimate
from model.definitions import Key, Statuses, Structure
from model.rules import Rule, When
from tests.metrics.company import WORDS, Company, at

STATUSES = Statuses(
    order=("New", "MQL", "Accepted", "Working", "Converted"),
    mql=("MQL",),
    accepted=("Accepted",),
    rejected=("Rejected",),
    unreachable=("Unreachable",),
    recycled=("Recycled",),
)
SPOKEN = WORDS.model_copy(update={"statuses": STATUSES})


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


def test_marketing_on_key_accounts() -> None:
    company = Company(WORDS.model_copy(update={"key": Key(amount=1000)}))
    for name in ("a1", "a2", "a3"):
        company.add("accounts", account_id=name, is_key_account=True, owner_id="s1")
    company.add("accounts", account_id="a4", owner_id="s1")
    company.add("team_members", account_id="a1", user_id="m1")
    company.add("team_members", account_id="a1", user_id="m2")
    company.add("team_members", account_id="a2", user_id="s2")
    through = company.deal("Proposal", account_id="a3")
    company.add("team_members", opportunity_id=through, user_id="m1")
    closed = company.deal("Proposal, Won 06-10 10:00", account_id="a2", amount=5000)
    company.add("team_members", opportunity_id=closed, user_id="m1")  # it is over
    company.deal("Proposal", account_id="a4", amount=5000)  # key by amount, nobody on it
    company.deal("Proposal", account_id="a1", amount=9000)  # counted with its account
    # of a1, a2, a3 and the opportunity of a4, a1 and a3 have a marketer
    result = company.result("marketing_on_key_accounts")
    assert result.estimate.value == pytest.approx(0.5)
    assert result.estimate.n == 4


def test_sales_in_campaigns() -> None:
    company = Company()

    def campaign(name: str, owner: str = "m1", **row: Any) -> None:
        row = {"created_at": at("05-01 10:00"), **row}
        company.add("campaigns", campaign_id=name, owner_id=owner, **row)

    campaign("owned", "s1")
    campaign("filled")
    for by in ("s2", "s2", "m1"):
        company.add("campaign_members", campaign_id="filled", added_by=by, added_at=at("06-01"))
    campaign("planned", started_on=date(2026, 6, 20))
    company.meeting("06-01 10:00", "m1", "s1", campaign_id="planned")
    campaign("alone")
    company.add("campaign_members", campaign_id="alone", added_by="robot", added_at=at("06-01"))
    company.meeting("06-01 10:00", "m1", "m2", campaign_id="alone")
    campaign("old", "s1", started_on=date(2025, 1, 1))
    campaign("ahead", "s1", started_on=date(2026, 7, 20))
    result = company.result("sales_in_campaigns")
    assert result.estimate.value == pytest.approx(0.75)
    assert result.estimate.n == 4


def test_joint_training_rate() -> None:
    company = Company()
    company.meeting("2026-02-01 10:00", "m1", "s1", "s2", type="Training")
    company.meeting("2026-03-01 10:00", "s1", "s2", type="training ")  # Sales alone
    company.meeting("2025-03-01 10:00", "m2", "s3", type="Training")  # over a year ago
    company.meeting("2026-04-01 10:00", "m2", "s3", type="Internal")
    company.add("users", user_id="gone", function="sales", deactivated_at=at("06-01 10:00"))
    # m1, s1, s2 of the five people
    assert company.result("joint_training_rate").estimate == Estimate(0.6, None, None, 5)


def test_without_any_training_nothing_is_known_of_trainings() -> None:
    company = Company()
    company.meeting("2026-04-01 10:00", "m2", "s3", type="Internal")
    assert "no training is recorded" in str(company.result("joint_training_rate").estimate.reason)


def test_content_use_rate() -> None:
    company = Company()

    def documents(deal: str, *authors: str, at_: str = "06-10 10:00") -> None:
        for author in authors:
            company.add("content_links", opportunity_id=deal, author_id=author, linked_at=at(at_))

    used = company.deal("Prospecting, Qualification 06-01 10:00")
    documents(used, "m1", "m1", "s1")
    own = company.deal("Prospecting, Qualification 06-01 10:00")
    documents(own, "s1")
    later = company.deal("Prospecting, Qualification 06-01 10:00")
    documents(later, "m1", at_="07-10 10:00")
    company.deal("Prospecting, Won 06-01 10:00")
    documents(company.deal("Prospecting"), "m1")
    result = company.result("content_use_rate")
    assert result.estimate.value == pytest.approx(0.25)
    assert result.estimate.n == 4


# Feedback


def test_decision_hours() -> None:
    company = Company()
    for steps in (
        "MQL, Accepted 06-01 14:00",  # 4 h
        "MQL, Rejected 06-02 10:00, Accepted 06-02 12:00",  # 8 h: the first one counts
        "MQL, Accepted 06-03 10:00",  # 16 h
        "MQL, Working 06-02 10:00",  # none
    ):
        lead = company.lead("m1, s1 06-01 10:00", created="05-20 08:00")
        company.status(lead, steps)
    # 1/4 decided after 4 h, half after 8 h
    result = company.result("decision_hours")
    assert result.estimate.value == 8.0
    assert result.variants["wall_median"].value == 24.0
    assert result.score == pytest.approx(90.0)  # half way, in logarithms, from 16 h to 4 h


def test_recycle_return_rate() -> None:
    company = Company(SPOKEN)

    def back(when: str, *added: str, by: str = "m1", **row: Any) -> str:
        lead = company.lead("m1", created="04-05 08:00", **row)
        company.status(lead, f"New, MQL 04-06 10:00, Rejected {when}")
        for day in added:
            company.add(
                "campaign_members", lead_id=lead, added_at=at(day), added_by=by, campaign_id="k"
            )
        return lead

    back("04-10 10:00", "04-01 10:00", "04-20 10:00", "04-25 10:00")  # after 10 days
    back("04-10 10:00", "06-20 10:00")  # after 71 days: too late
    back("04-10 10:00", "04-12 10:00", by="s1")  # Sales did
    back("06-25 10:00")  # watched for 5 days
    moved = back("04-10 10:00", contact_id="c1")
    company.add("campaign_members", contact_id="c1", added_at=at("04-30 10:00"))  # after 20 days
    twice = back("04-10 10:00", "05-10 10:00")  # after 30 days
    company.add(
        "lead_changes",
        lead_id=twice,
        field="status",
        old="Rejected",
        new="Recycled",
        changed_at=at("04-11 10:00"),
    )  # still the same return
    assert moved != twice
    # at 10 days 1 of 5 (one left after 5 days), at 20 days 1 of 4, at 30 days 1 of 3
    result = company.result("recycle_return_rate")
    assert result.estimate.value == pytest.approx(1 - 4 / 5 * 3 / 4 * 2 / 3)
    assert result.estimate.n == 6


def forecast(company: Company, quarter_path: str, **row: Any) -> str:
    """An opportunity whose forecast category was commit since its creation, or as `row` says."""
    row = {"created": "2026-03-01 08:00", "close_on": date(2026, 5, 20), **row}
    category = row.pop("category", "Commit")
    deal = company.deal(quarter_path, **row)
    company.add(
        "opportunity_changes",
        opportunity_id=deal,
        field="forecast",
        old=category,
        new="Closed",
        changed_at=at("06-20 10:00"),
    )
    return deal


def test_forecast_accuracy() -> None:
    company = Company(as_of=at("07-05 12:00"))
    forecast(company, "Proposal, Won 05-10 10:00", amount=100.0)  # as forecast
    forecast(company, "Proposal, Lost 05-10 10:00", amount=60.0)  # forecast, lost
    grown = forecast(company, "Proposal, Won 06-10 10:00", amount=120.0)  # forecast as 80
    company.add(
        "opportunity_changes",
        opportunity_id=grown,
        field="amount",
        old="80",
        new="120",
        changed_at=at("05-01 10:00"),
    )
    pulled = forecast(company, "Proposal, Won 06-10 10:00", amount=80.0)  # due later at first
    company.add(
        "opportunity_changes",
        opportunity_id=pulled,
        field="close_date",
        old="2026-09-01",
        new="2026-05-20",
        changed_at=at("05-01 10:00"),
    )
    forecast(company, "Proposal, Won 06-10 10:00", amount=50.0, category="Pipeline")
    forecast(company, "Proposal, Won 06-11 10:00", amount=50.0, created="04-10 08:00")
    forecast(company, "Proposal, Won 03-20 10:00", amount=40.0, close_on=date(2026, 3, 20))
    # second quarter: 240 forecast (100 + 60 + 80), 400 won (100 + 120 + 80 + 50 + 50);
    # first quarter: nothing was there as it began, 40 won
    result = company.result("forecast_accuracy")
    assert result.estimate.value == pytest.approx(1 - (160 + 40) / 440)
    rows = {(r["opportunity_id"], r["quarter"]): r for r in company.fact("forecasts")}
    assert rows[grown, "2026-Q2"]["forecast_amount"] == 80.0
    assert rows[pulled, "2026-Q2"]["forecast_amount"] == 0.0
    assert result.estimate.n == 7


# Process


def test_campaign_touch_coverage() -> None:
    company = Company()

    def won(amount: float, **row: Any) -> str:
        return company.deal("Proposal, Won 06-20 10:00", amount=amount, **row)

    def member(when: str, **row: Any) -> None:
        company.add("campaign_members", campaign_id="k", added_at=at(when), **row)

    by_role = won(100)
    company.add("contact_roles", opportunity_id=by_role, contact_id="c1")
    for day in ("06-01 10:00", "06-02 10:00", "06-03 10:00"):  # three touches, one opportunity
        member(day, contact_id="c1")
    by_lead = won(200)
    member("06-01 10:00", lead_id=company.lead("m1", opportunity_id=by_lead))
    credited = won(300)
    for model in ("first", "last"):
        company.add(
            "campaign_influences",
            opportunity_id=credited,
            campaign_id="k",
            model=model,
            added_at=at("06-10 10:00"),
        )
    late = won(400)
    company.add("contact_roles", opportunity_id=late, contact_id="c4")
    member("06-21 10:00", contact_id="c4")
    won(0)
    result = company.result("campaign_touch_coverage")
    assert result.estimate.value == pytest.approx(0.6)
    assert result.estimate.n == 5
    outcome = company.shown("marketing_influenced_share")
    assert outcome.estimate.value == pytest.approx(0.6)
    assert outcome.variants["by_membership"].value == pytest.approx(0.3)
    assert outcome.variants["by_the_crms_credit"].value == pytest.approx(0.3)


def test_source_capture_rate() -> None:
    company = Company()
    for row in ({"source": "Web"}, {"campaign_id": "k"}, {"source": "  "}, {}):
        company.deal("Proposal", created="06-05 10:00", **row)
    company.deal("Proposal", created="2026-01-05 10:00", source="Web")
    result = company.result("source_capture_rate")
    assert result.estimate.value == pytest.approx(0.5)
    assert result.estimate.n == 4


def test_pipeline_hygiene() -> None:
    company = Company()
    ahead, today, past = date(2026, 7, 20), date(2026, 6, 30), date(2026, 6, 29)

    def open_(close_on: date | None, *touched: str, **row: Any) -> str:
        deal = company.deal("Proposal", close_on=close_on, **row)
        for when in touched:
            company.touch(None, "s1", when, opportunity_id=deal)
        return deal

    open_(ahead, "06-10 10:00", "06-12 10:00")
    open_(today, "06-10 10:00")
    open_(past, "06-10 10:00")
    open_(ahead, "05-30 10:00")  # 31 days ago
    open_(None, "06-10 10:00")
    by_contact = open_(ahead)
    company.add("contact_roles", opportunity_id=by_contact, contact_id="c1")
    company.touch(None, "m1", "06-10 10:00", contact_id="c1")
    moved = open_(ahead, "06-10 10:00")
    company.add(
        "opportunity_changes",
        opportunity_id=moved,
        field="close_date",
        old="2026-06-15",
        new="2026-07-20",
        changed_at=at("07-02 10:00"),
    )  # moved after the day: it was overdue then
    company.deal("Proposal, Won 06-20 10:00", close_on=ahead)
    result = company.result("pipeline_hygiene")
    assert result.estimate.value == pytest.approx(3 / 7)
    assert result.estimate.n == 7


def test_shared_record_use() -> None:
    company = Company()

    def deal(**row: Any) -> str:
        return company.deal("Proposal", created="06-05 10:00", **row)

    both = deal()
    company.touch(None, "s1", "06-06 10:00", opportunity_id=both)
    company.touch(None, "m1", "06-06 10:00", opportunity_id=both, kind="task")
    edited = deal()
    for by in ("s1", "m1"):
        company.add(
            "opportunity_changes",
            opportunity_id=edited,
            field="amount",
            changed_by=by,
            changed_at=at("06-07 10:00"),
        )
    joined = deal()
    company.add("contact_roles", opportunity_id=joined, contact_id="c1")
    company.add("campaign_members", contact_id="c1", added_by="m1", added_at=at("06-01 10:00"))
    company.touch(None, "s1", "06-06 10:00", contact_id="c1")
    machine = deal()
    company.touch(None, "s1", "06-06 10:00", opportunity_id=machine)
    company.touch(None, "robot", "06-06 10:00", opportunity_id=machine)
    earlier = deal()
    company.add("contact_roles", opportunity_id=earlier, contact_id="c2")
    company.touch(None, "m1", "06-01 10:00", contact_id="c2")  # before there was anything to share
    company.touch(None, "s1", "06-06 10:00", contact_id="c2")
    result = company.result("shared_record_use")
    assert result.estimate.value == pytest.approx(0.6)
    assert result.estimate.n == 5


# Structure


def target(company: Company, function: str, metric: str, amount: float, **row: Any) -> None:
    row = {"period": "2026-Q2", "provenance": "declared", **row}
    company.add("targets", function=function, metric=metric, amount=amount, **row)


def test_shared_target_share() -> None:
    company = Company()
    for person in range(2):  # two people's quotas add up
        target(company, "sales", "revenue", 500.0, target_id=f"q{person}", provenance="crm")
    target(company, "marketing", "revenue", 400.0)
    target(company, "marketing", "revenue", 90.0, period="2026-05")  # not the present month
    target(company, "sales", "pipeline_created", 3000.0)
    result = company.result("shared_target_share")
    assert result.estimate.value == pytest.approx(0.4)
    assert result.estimate.declared


def test_a_years_target_and_its_quarters_do_not_add_up() -> None:
    company = Company()
    target(company, "sales", "revenue", 3650.0, period="2026")
    target(company, "sales", "revenue", 910.0)
    target(company, "marketing", "revenue", 455.0)  # 5 a day, against 10 a day
    assert company.result("shared_target_share").estimate.value == pytest.approx(0.5)


def test_a_shared_target_holds_both() -> None:
    company = Company()
    target(company, "sales", "revenue", 1000.0, is_shared=True)
    assert company.result("shared_target_share").estimate.value == 1.0


def test_attainment_gap() -> None:
    company = Company(as_of=at("07-05 12:00"))
    target(company, "sales", "revenue", 1000.0)
    target(company, "marketing", "mqls", 4.0)
    target(company, "marketing", "win_rate", 0.3)  # a rate does not add up
    target(company, "sales", "revenue", 300.0, period="2026-Q1")
    for month in ("2026-01", "2026-02", "2026-03"):
        target(company, "marketing", "mqls", 2.0, period=month)
    target(company, "sales", "revenue", 100.0, period="2026-Q3")  # not over
    company.deal("Proposal, Won 06-20 10:00", amount=900.0)
    company.deal("Proposal, Won 03-20 10:00", amount=300.0, created="2026-02-01 10:00")
    for day in ("04-02", "05-02", "06-02", "03-02", "02-02", "01-02"):
        company.lead("m1", created=f"{day} 08:00", mql_at=at(f"{day} 10:00"))
    # second quarter: 0.9 against 3 of 4; first: 1.0 against 3 of 6
    result = company.result("attainment_gap")
    assert result.estimate.value == pytest.approx((0.15 + 0.5) / 2)
    assert result.estimate.n == 2


def test_shared_dashboard_use() -> None:
    company = Company()
    for report, by, when in (
        ("funnel", "s1", "06-01 10:00"),
        ("funnel", "s2", "06-02 10:00"),
        ("funnel", "m1", "06-03 10:00"),
        ("pipeline", "s1", "06-01 10:00"),
        ("old", "s1", "2026-01-01 10:00"),
        ("old", "m1", "06-01 10:00"),
        ("own", "boss", "06-01 10:00"),
    ):
        company.add("report_uses", report_id=report, user_id=by, used_at=at(when))
    # of funnel, pipeline and old, one was used by both in the period
    assert company.result("shared_dashboard_use").estimate == Estimate(1 / 3, None, None, 3)


def chain(company: Company, **managers: str) -> None:
    for user in company.rows["users"]:
        user["manager_id"] = managers.get(user["user_id"])


def test_common_head() -> None:
    company = Company()
    company.add("users", user_id="ceo", function="other", title="CEO")
    company.add("users", user_id="sh", function="sales", title="VP Sales")
    company.add("users", user_id="mh", function="marketing", title="VP Marketing")
    people = {"s1": "sh", "s2": "sh", "s3": "sh", "m1": "mh", "m2": "mh"}
    chain(company, **people, sh="ceo", mh="ceo")
    top = company.result("common_head")
    assert top.estimate == Estimate(40.0, None, None, 1)
    assert top.score == pytest.approx(40.0)
    chain(company, **people, sh="boss", mh="boss", boss="ceo")
    assert company.result("common_head").estimate.value == 70.0
    company.rows["users"][6]["title"] = "Chief Revenue Officer"
    assert company.rows["users"][6]["user_id"] == "boss"
    assert company.result("common_head").estimate.value == 100.0
    (row,) = company.fact("structure")
    assert (row["head_id"], row["kind"]) == ("boss", "joint")


def test_an_unknown_chain_is_not_low() -> None:
    company = Company()
    result = company.result("common_head")
    assert "the chain of managers does not lead" in str(result.estimate.reason)
    words = WORDS.model_copy(update={"structure": Structure(common_head="executive")})
    declared = Company(words).result("common_head")
    assert (declared.estimate.value, declared.estimate.declared) == (70.0, True)


def test_people_interchange() -> None:
    company = Company()

    def was(user: str, *periods: tuple[str, str]) -> None:
        for function, since in periods:
            company.add(
                "user_functions", user_id=user, function=function, from_at=at(since), to_at=None
            )

    for user in ("s1", "s2", "s3"):
        was(user, ("sales", "2024-01-01 10:00"))
    was("m1", ("sales", "2024-01-01 10:00"), ("marketing", "2025-03-01 10:00"))
    was("m2", ("sdr", "2023-01-01 10:00"), ("marketing", "2024-02-01 10:00"))  # too long ago
    was("s3", ("other", "2025-01-01 10:00"), ("sdr", "2025-06-01 10:00"))  # no change of side
    result = company.result("people_interchange")
    assert result.estimate == Estimate(0.2, None, None, 5)
    company.rows["user_functions"] = []
    was("m1", ("sales", "2026-06-01 10:00"), ("marketing", "2026-06-20 10:00"))
    short = company.result("people_interchange")
    assert "recorded for 29 days only" in str(short.estimate.reason)
    company.rows["user_functions"] = []
    was("m1", ("sales", "2025-06-01 10:00"), ("marketing", "2026-06-20 10:00"))
    weak = company.result("people_interchange").estimate
    assert (weak.value, weak.status) == (0.2, "weak")
