"""Indicators of process, systems, metrics and structure, each on a handful of records, the number
worked out by hand; see `company` for the offices, days and people.
"""

from datetime import date
from typing import Any

import pytest

from metrics.estimate import Estimate
from model.definitions import Structure
from tests.metrics.company import WORDS, Company, at


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
