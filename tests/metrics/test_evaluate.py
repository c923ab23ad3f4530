"""What is assessed, over which window and segment, and the reason where nothing can be said."""

from datetime import date
from typing import Any

import pytest

from metrics import behind, evaluate
from metrics.estimate import Estimate
from metrics.facts import SEGMENTS
from metrics.indicators import CATALOGUE
from metrics.statistics import Sums
from model.availability import Availability
from model.definitions import Definitions, Key, Statuses
from model.periods import Period
from tests.metrics.company import EVERYTHING, WORDS, Company, at, run, small, without


def reason(company: Company, indicator: str) -> str:
    estimate = company.result(indicator).estimate
    assert estimate.status == "not_assessed"
    assert estimate.value is None
    assert estimate.reason is not None
    return estimate.reason


def asked_of(company: Company) -> dict[str, Any]:
    return {"as_of": company.as_of, "run": run}


def busy(**asked: Any) -> Company:
    """Thirty leads handed over in turn to three people and touched an hour later."""
    company = Company(**asked)
    for index in range(30):
        day = f"06-{index % 25 + 1:02}"
        lead = company.lead(
            f"m1, s{index % 3 + 1} {day} 10:00",
            created="05-01 08:00",
            region="EMEA" if index % 2 else None,
            source="Web" if index % 3 else "Fair",
        )
        company.touch(lead, f"s{index % 3 + 1}", f"{day} 11:00")
        company.status(lead, "New, MQL 06-01 09:00, Accepted 06-02 09:00")
    return company


def test_missing_tables_say_so_in_the_sources_words() -> None:
    said = "LeadHistory.csv is not among the files"
    sources = without("lead_changes", lead_changes=said)
    leads = sources.columns["leads"] - {"accepted_at", "rejected_at"}
    company = Company(
        availability=Availability({**sources.columns, "leads": leads}, sources.reasons)
    )
    company.lead("m1, s1 06-02 10:00")
    assert reason(company, "lead_followup_rate") == said
    results = company.results()
    for one in ("ownership_bounce_rate", "mql_acceptance_rate", "decision_rate"):
        assert results[one].estimate.reason == said
    assert results["joint_meeting_cadence"].estimate.value == 365.0


def test_every_reason_is_given_once() -> None:
    company = Company(availability=without("activities", "users"))
    company.rows["users"], company.rows["queues"] = [], []
    company.lead("m1, s1 06-02 10:00")
    said = reason(company, "lead_followup_rate")
    assert said == (
        "no source gives users.user_id; no source gives activities.occurred_at; "
        "no source gives activities.performed_by; no source gives activities.kind; "
        "no source gives activities.is_completed; "
        "no user or queue is known to be in Sales: fill `functions` in the configuration"
    )


def test_nobody_in_sales_is_not_zero_handoffs() -> None:
    company = Company()
    for user in company.rows["users"] + company.rows["queues"]:
        user["function"] = "marketing" if user.get("user_id") == "m1" else None
    company.lead("m1, s1 06-02 10:00")
    company.status("lea00001", "New, MQL 06-01 09:00")
    results = company.results()
    needs = "no user or queue is known to be in Sales: fill `functions` in the configuration"
    for one in ("lead_followup_rate", "never_touched_rate", "first_response_hours"):
        assert results[one].estimate.reason == needs
    assert results["joint_meeting_cadence"].estimate.reason == needs
    gates = evaluate.gates(company.loaded())
    assert gates["handoffs_recorded"].reason == needs


def test_an_owner_whose_history_is_not_tracked() -> None:
    company = Company()
    company.status(company.lead("s1"), "New, MQL 06-01 09:00")
    assert reason(company, "lead_followup_rate") == (
        "no change of lead owner is recorded: is the owner's history tracked in the CRM?"
    )


def test_absent_empty_and_too_few_are_told_apart() -> None:
    empty = Company()
    empty.lead("m1")
    company = Company()
    company.owner_change("elsewhere", "m1", "s1", "06-01 10:00")
    assert reason(company, "lead_followup_rate") == "no lead was handed to Sales in this period"
    company.lead("m1, s1 06-02 10:00")
    few = company.results()
    assert company.definitions.indicators["lead_followup_rate"].minimum_n == 1
    assert few["never_touched_rate"].estimate == Estimate.not_assessed(
        "only 1 record; at least 20 are needed", 1
    )


def test_words_that_are_missing() -> None:
    company = Company(Definitions(), without("opportunities"))
    columns = {
        **EVERYTHING.columns,
        "leads": EVERYTHING.columns["leads"] - {"accepted_at", "mql_at"},
    }
    columns["opportunities"] = EVERYTHING.columns["opportunities"] - {"is_key"}
    company.availability = Availability(columns)
    company.lead("m1, s1 06-02 10:00")
    assert "no lead status is named as MQL" in reason(company, "decision_rate")
    assert "no lead status is named as accepted or rejected" in reason(company, "decision_rate")
    assert reason(company, "loss_reason_rate") == (
        "no loss reason is agreed: name them in `reasons.loss`"
    )
    assert reason(company, "marketing_in_key_meetings") == (
        "no opportunity is key: no source gives opportunities.is_key, and `key.amount` is not set"
    )


def test_rejections_that_nobody_can_see_do_not_make_all_accepted() -> None:
    columns = {**EVERYTHING.columns, "leads": EVERYTHING.columns["leads"] - {"rejected_at"}}
    words = WORDS.model_copy(update={"statuses": Statuses(mql=("MQL",), accepted=("Accepted",))})
    company = Company(words, Availability(columns))
    company.status(company.lead(), "New, MQL 06-01 09:00, Accepted 06-02 09:00")
    assert reason(company, "mql_acceptance_rate") == (
        "no lead status is named as rejected in `statuses`"
    )


def test_empty_denominators_have_their_own_words() -> None:
    company = Company(WORDS.model_copy(update={"key": Key(amount=100)}))
    company.deal("Prospecting")
    results = company.results()
    said = {name: results[name].estimate.reason for name in CATALOGUE}
    assert said["marketing_in_key_meetings"] == "no key opportunity was closed in this period"
    assert said["loss_reason_rate"] == "no opportunity was lost in this period"
    assert said["funnel_continuity"] == "nothing was won in this period"
    assert said["contact_role_coverage"] == "no opportunity passed qualification in this period"
    assert all(results[name].score is None for name in said if said[name])


def test_sales_quotas_alone_are_no_evidence_of_unshared_metrics() -> None:
    company = Company()
    company.add("targets", metric="revenue", function="sales", period="2026", provenance="crm")
    assert "no target of Marketing is recorded" in reason(company, "shared_metric_coverage")
    company.add("targets", metric="mqls", function="marketing", period="2026", provenance="crm")
    assert company.result("shared_metric_coverage").estimate == Estimate(0.0, None, None, 8)


def test_low_capture_makes_follow_up_weak() -> None:
    company = busy()
    company.rows["activities"] = [
        row for row in company.rows["activities"] if row["performed_by"] == "s1"
    ]
    result = company.result("lead_followup_rate")
    assert result.estimate.status == "weak"
    assert "only 1 of 3 active salespeople logged any touch" in str(result.estimate.reason)


def test_windows() -> None:
    company = Company()
    for when in ("04-01 23:30", "04-02 00:30", "05-10 10:00"):
        company.lead(f"m1, s1 {when}", created="2026-03-01 08:00")
    default = company.result("lead_followup_rate")
    assert (default.from_on, default.to_on) == (date(2026, 4, 2), date(2026, 6, 30))
    assert (default.to_on - default.from_on).days == 89  # 90 days, both ends included
    assert default.estimate.n == 2
    quarter = Period.parse("2026-Q2")
    assert company.result("lead_followup_rate", window=quarter).estimate.n == 3
    may = company.result("lead_followup_rate", window=Period.parse("2026-05"))
    assert may.estimate.n == 1
    assert may.to_on == date(2026, 5, 31)
    company.meeting("2025-08-01 10:00", "s1", "m1")
    gaps = company.result("joint_meeting_cadence", window=Period.parse("2026-05"))
    assert (gaps.from_on, gaps.to_on) == (date(2025, 6, 1), date(2026, 5, 31))
    assert gaps.estimate.n == 1


def test_local_days_make_the_window() -> None:
    zone = {"calendar": {"default": {"timezone": "America/New_York"}}}
    words = Definitions.model_validate({**WORDS.model_dump(), **zone})
    company = Company(words, as_of=at("06-30 02:00"))  # still the 29th in New York
    company.lead("m1, s1 04-01 03:59", created="2026-03-01 08:00")
    company.lead("m1, s1 04-01 04:00", created="2026-03-01 08:00")
    result = company.result("lead_followup_rate")
    assert (result.from_on, result.to_on) == (date(2026, 4, 1), date(2026, 6, 29))
    assert result.estimate.n == 1


def test_segments() -> None:
    company = busy()
    company.definitions = small(company.definitions, "lead_followup_rate")
    facts = company.loaded()
    by_region = evaluate.evaluate(facts, by=["region"])
    assert len(by_region) == 2 * len(CATALOGUE)
    counted = {
        row.segment["region"]: row.estimate.n
        for row in by_region
        if row.indicator.id == "lead_followup_rate"
    }
    assert counted == {"EMEA": 15, "(none)": 15}
    unsplit = next(row for row in by_region if row.indicator.id == "joint_meeting_cadence")
    assert unsplit.estimate.reason == "cannot be split by region: see the whole company"
    where = evaluate.evaluate(
        facts, where={"region": "(none)"}, by=["source"], only=["lead_followup_rate"]
    )
    assert [(row.segment, row.estimate.n) for row in where] == [
        ({"region": "(none)", "source": "Fair"}, 5),
        ({"region": "(none)", "source": "Web"}, 10),
    ]


def test_statistics_make_the_same_estimate_again() -> None:
    company = busy()
    assert company.results()["lead_followup_rate"].statistics is None
    results = company.results(keep=True)
    for name, one in results.items():
        if one.estimate.is_assessed:
            assert one.statistics is not None, name
            kept = Sums.of(one.statistics.table())
            statistic = CATALOGUE[name].statistic(company.definitions)
            again = statistic.estimate(kept, ends_at=company.as_of)
            assert (again.value, again.low) == (one.estimate.value, one.estimate.low), name
    assert results["lead_followup_rate"].estimate.value == 1.0


def test_records_say_what_counts_and_why() -> None:
    company = Company()
    lost = company.deal("Proposal, Lost 06-10 10:00", loss_reason="Price")
    won = company.deal("Proposal, Won 06-11 10:00")
    company.deal("Proposal")
    facts = company.facts()
    asked = asked_of(company)
    rows = behind.records(facts, "loss_reason_rate", company.definitions, **asked).to_pylist()
    assert [(row["opportunity_id"], row["counted"], row["reason"]) for row in rows] == [
        (lost, True, None),
        (won, False, "was not lost"),
    ]
    assert "cluster" not in rows[0]
    none = behind.records(
        facts, "joint_meeting_cadence", company.definitions, where={"region": "EMEA"}, **asked
    )
    assert none.num_rows == 0
    for one in CATALOGUE:
        behind.records(facts, one, company.definitions, **asked)


def test_records_agree_with_the_estimate() -> None:
    company = busy()
    facts, asked = company.facts(), asked_of(company)
    for result in company.results().values():
        found = behind.records(facts, result.indicator.id, company.definitions, **asked)
        counted = sum(found.column("counted").to_pylist())
        if result.estimate.is_assessed:
            assert counted == result.estimate.n, result.indicator.id


def test_gates() -> None:
    company = busy()
    for _ in range(10):
        company.status(company.lead("m1"), "New, MQL 06-03 09:00")
    for function in ("sales", "marketing"):
        company.add(
            "targets", metric="revenue", function=function, period="2026", provenance="declared"
        )
    gates = evaluate.gates(company.loaded())
    assert gates["handoffs_recorded"].value == pytest.approx(30 / 40)
    assert gates["decisions_recorded"].value == pytest.approx(30 / 40)
    assert gates["shared_metrics"].value == 1.0
    assert gates["shared_metrics"].declared
    unseen = without("targets", targets="ForecastingQuota is not visible")
    company.availability = unseen
    hidden = evaluate.gates(company.loaded())
    company.availability = EVERYTHING
    assert hidden["shared_metrics"].reason is not None
    assert "ForecastingQuota is not visible" in hidden["shared_metrics"].reason
    west = evaluate.gates(company.loaded(), where={"region": "EMEA"})
    assert west["handoffs_recorded"].reason == "only 15 records; at least 20 are needed"


def test_people() -> None:
    company = Company()
    company.add("users", user_id="gone", function="sales", deactivated_at=at("06-01 10:00"))
    tables = company.tables()
    counted = behind.people(tables, company.definitions, company.as_of, run)
    assert counted.of() == {"sales": 3, "marketing": 2}
    before = behind.people(tables, company.definitions, at("05-01 10:00"), run)
    assert before.of()["sales"] == 4


def test_people_of_a_segment_are_those_recorded_there_and_those_of_no_place() -> None:
    company = Company()
    for name, region, unit in (
        ("e1", "EMEA", "Software"),
        ("e2", "EMEA", None),
        ("a1", "AMER", "Services"),
    ):
        company.add("users", user_id=name, function="sales", region=region, business_unit=unit)
    company.add("users", user_id="m3", function="marketing", region="EMEA")
    company.add("users", user_id="m4", function="marketing", region="")
    people = behind.people(company.tables(), company.definitions, company.as_of, run)
    assert people.of() == {"sales": 6, "marketing": 4}
    # s1, s2, s3 are in EMEA; m1, m2, m4 have no region on record and may work in any
    assert people.of({"region": "EMEA"}) == {"sales": 3 + 2, "marketing": 3 + 1}
    assert people.of({"region": "AMER"}) == {"sales": 1, "marketing": 3}
    of_unit = people.of({"region": "EMEA", "business_unit": "Software"})
    assert of_unit == {"sales": 3 + 2, "marketing": 3 + 1}
    assert people.of({"business_unit": "Services"})["sales"] == 3 + 1 + 1  # without e1
    assert people.of({"region": "APAC"}) == people.of()  # no user of it: not known
    assert people.of({"source": "Web"}) == people.of()


def test_segments_are_columns_of_their_fact() -> None:
    tables = Company().fact_tables()
    for name, segments in SEGMENTS.items():
        assert set(segments) <= set(tables[name].column_names)
        assert {"cluster", "as_of"} <= set(tables[name].column_names)
        for one in CATALOGUE.values():
            if one.fact == name:
                every = {column for names in SEGMENTS.values() for column in names}
                assert set(one.cannot_split) == every - set(segments)
