"""Outcomes and evidence quality on a handful of records; 1 June 2026 is a Monday."""

from datetime import date

import pytest

from metrics import behind, evaluate
from metrics.declaration import EVIDENCE, OUTCOMES, Gauge, Measure
from metrics.indicators import CATALOGUE
from model.availability import Availability
from model.definitions import Reasons
from tests.metrics.company import WORDS, Company, at, run, without


def value(company: Company, name: str) -> float:
    estimate = company.shown(name).estimate
    assert estimate.value is not None, estimate.reason
    return estimate.value


def sold() -> Company:
    """Three times over: three won (100, 200, 300 after 10, 20, 40 days), two lost (400 in all), one
    open, one won long ago.
    """
    company = Company(WORDS.model_copy(update={"reasons": Reasons(no_decision=("Nobody",))}))
    for _ in range(3):
        for created, amount in (("06-10 10:00", 100), ("05-31 10:00", 200), ("05-11 10:00", 300)):
            company.deal("Proposal, Won 06-20 10:00", created=created, amount=float(amount))
        company.deal("Proposal, Lost 06-20 10:00", amount=150.0, loss_reason="nobody ")
        company.deal("Proposal, Lost 06-20 10:00", amount=250.0, loss_reason="Price")
        company.deal("Proposal", amount=1000.0, close_on=date(2026, 6, 30))
        company.deal("Proposal, Won 2026-01-20 10:00", amount=900.0, created="2026-01-01 10:00")
    return company


def test_win_rate_by_number_and_amount() -> None:
    shown = sold().shown("win_rate")
    assert shown.estimate.value == pytest.approx(0.6)
    assert shown.variants["by_amount"].value == pytest.approx(0.6)
    assert shown.estimate.n == 15


def test_what_was_won() -> None:
    company = sold()
    assert value(company, "average_deal_amount") == pytest.approx(200.0)
    assert value(company, "loss_by_no_decision_rate") == pytest.approx(0.5)
    # three open, 3 of 5 won, 200 each, in 70 / 3 days
    assert value(company, "pipeline_velocity") == pytest.approx(3 * 0.6 * 200 / (70 / 3))


def test_sales_cycle_is_a_median() -> None:
    company = sold()
    for _ in range(4):
        company.deal("Proposal, Won 06-20 10:00", created="06-15 10:00")
    assert value(company, "sales_cycle_days") == 10.0  # of 5 four times, 10, 20, 40 three times


def test_pipeline_coverage() -> None:
    company = sold()
    company.add("targets", metric="revenue", function="sales", amount=3300.0, period="2026-Q2")
    company.deal("Proposal", amount=500.0, close_on=date(2026, 7, 1))  # due later
    # 1,800 of 3,300 won, 3,000 open: twice what is missing
    assert value(company, "pipeline_coverage") == pytest.approx(2.0)
    company.rows["targets"][0]["amount"] = 1800.0
    met = company.shown("pipeline_coverage").estimate
    assert met.reason == "the revenue target of this quarter is met, or there is none"


def test_cohorts_are_watched_as_long_as_they_are_old() -> None:
    company = Company()
    for _ in range(10):
        deal = company.deal("Prospecting, Qualification 03-30 10:00", created="03-20 10:00")
        company.lead(
            "m1",
            created="03-01 10:00",
            opportunity_id=deal,
            converted_at=at("03-21 10:00"),
            mql_at=at("03-10 10:00"),
        )
    for _ in range(10):
        company.lead("m1", created="03-01 10:00", mql_at=at("03-10 10:00"))
        company.lead("m1", created="06-20 10:00")
    leads = company.shown("lead_to_opportunity_rate").estimate
    # after 20 days ten of the twenty that were still watched: ten more were created 10 days ago
    assert leads.value == pytest.approx(0.5)
    assert leads.n == 30
    assert value(company, "mql_to_sales_qualified_rate") == pytest.approx(0.5)


def test_marketing_sourced_by_three_definitions() -> None:
    company = Company()
    company.deal("Proposal, Won 06-20 10:00", amount=100.0, campaign_id="k")
    begun = company.deal("Proposal, Won 06-20 10:00", amount=300.0, created="06-05 10:00")
    company.add("contact_roles", opportunity_id=begun, contact_id="c1")
    company.add("campaign_members", contact_id="c1", added_at=at("06-01 10:00"))
    for _ in range(3):
        company.deal("Proposal, Won 06-20 10:00", amount=200.0)
    shown = company.shown("marketing_sourced_share")
    assert shown.estimate.value == pytest.approx(0.1)
    assert shown.variants["by_touch_before_creation"].value == pytest.approx(0.3)
    assert shown.variants["by_traceable_lead"].value == 0.0


def test_cost_of_acquisition() -> None:
    company = sold()
    free = company.shown("cost_of_acquisition").estimate
    assert free.reason == "no campaign of this period says what it cost"
    for cost in (1000.0, 600.0, None):
        company.add("campaigns", actual_cost=cost, created_at=at("06-01 10:00"), owner_id="m1")
    company.add("campaigns", actual_cost=9e9, created_at=at("2025-01-01 10:00"), owner_id="m1")
    # twelve won in a year
    assert value(company, "cost_of_acquisition") == pytest.approx(1600 / 12)


def test_activity_capture() -> None:
    company = Company()
    company.touch(None, "s1", "06-01 10:00")
    company.touch(None, "s2", "2026-01-01 10:00")
    shown = company.shown("activity_capture")
    assert shown.estimate.value == pytest.approx(1 / 3)
    assert shown.estimate.n == 3


def test_accepted_leads_without_a_touch_make_follow_up_weak() -> None:
    company = Company()
    for index in range(30):
        person = f"s{index % 3 + 1}"
        lead = company.lead(f"m1, {person} 06-02 10:00", created="05-01 08:00")
        company.status(lead, "MQL, Accepted 06-03 10:00")
        if index < 9:
            company.touch(lead, person, "06-02 11:00")
    assert company.shown("accepted_without_touch").estimate.value == pytest.approx(0.7)
    estimate = company.results()["lead_followup_rate"].estimate
    assert estimate.status == "weak"
    assert "21 of 30 leads that Sales accepted show no touch" in str(estimate.reason)


def test_what_cannot_be_seen() -> None:
    whole = Company().shown("field_visibility").estimate
    assert (whole.value, whole.reason) == (1.0, None)
    blind = Company(availability=without("content_links")).shown("field_visibility").estimate
    assert blind.n == whole.n
    assert blind.value == pytest.approx(1 - 2 / whole.n)
    assert blind.reason == "not given: content_links.author_id, content_links.opportunity_id"


def test_history_depth() -> None:
    company = Company()
    lacking = company.shown("history_depth").estimate
    assert lacking.reason == ("no change is recorded of lead owner, lead status, opportunity stage")
    company.status(company.lead("m1, s1 06-02 10:00"), "New, MQL 06-10 10:00")
    company.deal("Proposal, Won 05-20 10:00")
    assert company.shown("history_depth").estimate.value == 20.0


def test_record_visibility() -> None:
    company = Company()
    silent = company.shown("record_visibility").estimate
    assert "no CRM told how many records it holds" in str(silent.reason)
    _, quality = evaluate.shown(
        company.loaded(["handoffs", "metrics", "people", "structure", "history"]),
        only=["record_visibility"],
        counted={"leads": (60, 150), "opportunities": (51, 50)},
    )
    assert quality[0].estimate.value == pytest.approx(110 / 200)
    assert quality[0].estimate.reason == "leads 60 of 150, opportunities 51 of 50"


def test_outcomes_are_never_scored_and_say_why_they_are_missing() -> None:
    company = Company(availability=Availability({}, {}))
    outcomes, quality = evaluate.shown(company.loaded())
    assert [one.measure.id for one in outcomes] == list(OUTCOMES)
    assert [one.measure.id for one in quality] == list(EVIDENCE)
    assert not {*OUTCOMES, *EVIDENCE} & set(CATALOGUE)
    assert all(one.estimate.reason for one in outcomes)
    assert all("no source gives" in str(one.estimate.reason) for one in outcomes)


def test_every_figure_counts_the_records_it_shows() -> None:
    company = sold()
    facts = company.facts()
    outcomes, quality = evaluate.shown(company.loaded())
    for one in [*outcomes, *quality]:
        if isinstance(one.measure, Gauge):
            with pytest.raises(KeyError):
                behind.records(facts, one.measure.id, WORDS, as_of=company.as_of, run=run)
            continue
        assert isinstance(one.measure, Measure)
        rows = behind.records(
            facts, one.measure.id, company.definitions, as_of=company.as_of, run=run
        )
        counted = sum(rows.column("counted").to_pylist())
        if one.estimate.is_assessed and one.measure.id != "pipeline_velocity":
            assert counted == one.estimate.n, one.measure.id
