"""Each indicator on a handful of records, with the number worked out by hand.

All offices work Monday to Friday, 9:00 to 17:00 UTC. 1 June 2026 is a Monday; figures are as of
Tuesday 30 June 2026, 12:00.
"""

from typing import Any

import pytest

from metrics.estimate import Estimate
from metrics.indicators import CATALOGUE
from metrics.scoring import score
from model.definitions import Key
from tests.metrics.company import EVERYTHING, WORDS, Company, at


def followed_up() -> Company:
    """Six handoffs; business hours and wall hours to the first touch:

    a 2 and 2, b 8 and 24, c 8.5 and 24.5, d 2 and 66 (over a weekend), e never (since 20 May),
    f not yet (handed over two hours ago).
    """
    company = Company()
    for owner, to, touched in (
        ("s1", "06-01 10:00", "06-01 12:00"),
        ("q", "06-01 10:00", "06-02 10:00"),
        ("s1", "06-01 10:00", "06-02 10:30"),
        ("s2", "06-05 16:00", "06-08 10:00"),
        ("s3", "05-20 10:00", None),
        ("s3", "06-30 10:00", None),
    ):
        lead = company.lead(f"m1, {owner} {to}", created="05-01 08:00")
        if touched:
            company.touch(lead, "s1" if owner == "q" else owner, touched)
    return company


def test_lead_followup_rate() -> None:
    # Kaplan-Meier at 8 business hours: after 2 h (a, d; f censored just then) 4/6 wait; after
    # 8 h (b of b, c, e) 4/6 · 2/3 = 4/9 wait; the rest was followed up: 5/9, not 3 of 6.
    result = followed_up().result("lead_followup_rate")
    assert result.estimate.value == pytest.approx(5 / 9)
    assert result.estimate.n == 6
    # wall clock at 24 h: a (1 of 6), then b (1 of 4: f is censored): 1 - 5/6 · 3/4
    assert result.variants["within_24_wall_hours"].value == pytest.approx(3 / 8)
    # 0.5556 lies between Defined (0.50: 40) and Aligned (0.75: 60)
    assert result.score == pytest.approx(40 + 20 * (5 / 9 - 0.5) / 0.25)


def test_never_touched_rate() -> None:
    # wall days: a 5/6, f leaves, then b, c, d one by one of 4, 3, 2: 5/6 · 1/4; e after 41 days
    result = followed_up().result("never_touched_rate")
    assert result.estimate.value == pytest.approx(5 / 24)


def test_first_response_hours() -> None:
    # business hours: 4/6 wait after 2 h, 4/9 after 8 h: half are answered at 8 h
    result = followed_up().result("first_response_hours")
    assert result.estimate.value == 8.0
    assert result.score == pytest.approx(60.0)
    # nine in ten are never reached. e waited longest: 7 h on 20 May, 28 days of 8 h, 3 h on 30 June
    assert result.variants["p90"].value is None
    assert result.variants["p90"].bound == ">234"
    # wall clock: 5/6 after 2 h, 15/24 after 24 h, 10/24 after 24.5 h
    assert result.variants["wall_median"].value == 24.5


def test_ownership_bounce_rate() -> None:
    company = Company()
    for path in (
        "m1, s1 06-01 10:00, s2 06-03 10:00, s3 06-05 10:00",  # twice: after 4 days
        "m1, q 05-20 10:00, s1 05-21 10:00, q 05-23 10:00",  # back to the queue: after 3 days
        "m1, q 05-20 10:00, s1 05-22 10:00",  # the queue's first person: no bounce
        "m1, s1 05-20 10:00, s2 05-22 10:00",  # once: no bounce
        "m1, s1 06-29 10:00",  # watched for a day
        "m1, s1 05-20 10:00, s2 05-25 10:00, s3 06-25 10:00",  # the second one after 36 days
    ):
        company.lead(path, created="05-01 08:00")
    # 3 days: 1 of 5; 4 days: 1 of 4; 1 - 4/5 · 3/4
    result = company.result("ownership_bounce_rate")
    assert result.estimate.value == pytest.approx(0.4)


def decided() -> Company:
    """Days from MQL to decision: 2 accepted, 20 accepted, 4 rejected (then accepted), none yet
    (10 days old), 3 converted; one older than the window; one that never was an MQL.
    """
    company = Company()
    for steps in (
        "New, MQL 06-01 10:00, Accepted 06-03 10:00",
        "New, MQL 06-01 10:00, Accepted 06-21 10:00",
        "New, MQL 06-01 10:00, Rejected 06-05 10:00, Accepted 06-06 10:00",
        "New, MQL 06-20 10:00",
        "New, MQL 2026-03-01 10:00, Rejected 2026-03-02 10:00",
        "New, Accepted 06-05 10:00",
    ):
        company.status(company.lead("m1", created="2026-02-01 08:00"), steps)
    converted = company.lead("m1", converted_at=at("06-13 10:00"))
    company.status(converted, "New, MQL 06-10 10:00")
    return company


def test_mql_acceptance_rate() -> None:
    # two accepted and one converted, one rejected first
    result = decided().result("mql_acceptance_rate")
    assert result.estimate.value == pytest.approx(3 / 4)
    assert result.estimate.n == 4


def test_decision_rate() -> None:
    # 2 days: 1 of 5; 3 days: 1 of 4; 4 days: 1 of 3; one leaves at 10 days: 1 - 4/5 · 3/4 · 2/3
    result = decided().result("decision_rate")
    assert result.estimate.value == pytest.approx(0.6)
    assert result.estimate.n == 5


def test_joint_meeting_cadence() -> None:
    company = Company()
    company.meeting("2025-09-30 12:00", "m1", "s1", "s2")  # 92 days into the 365
    company.meeting("2025-12-31 12:00", "s1", "m1", "m2")  # after another 92
    company.meeting("2026-04-10 12:00", "boss", "s1", "m1")  # 100; and 81 days open since
    company.meeting("2026-05-10 12:00", "s1", "s2")  # no marketer
    company.meeting("2026-05-11 12:00", "s1", "m1", "c1", internal=False)  # with a customer
    company.meeting("2026-05-12 12:00", "robot", "m1")  # a machine attends nothing
    company.meeting("2026-07-05 12:00", "s1", "m1")  # not yet
    # gaps 81, 92, 92, 100: the third quartile is 92 + (100 - 92) / 4
    result = company.result("joint_meeting_cadence")
    assert result.estimate.value == pytest.approx(94.0)
    assert result.estimate.n == 3


def test_no_joint_meeting_in_a_year_is_known_to_be_bad() -> None:
    company = Company()
    company.meeting("2025-05-01 12:00", "s1", "m1")
    result = company.result("joint_meeting_cadence")
    assert result.estimate.value == 365.0
    assert result.score == pytest.approx(20.1, abs=0.1)


def test_marketing_in_key_meetings() -> None:
    company = Company(WORDS.model_copy(update={"key": Key(amount=1000)}))
    on_it = company.deal("Proposal, Won 06-20 10:00", amount=2000)
    company.meeting("06-10 10:00", "s1", "m1", "c1", internal=False, opportunity_id=on_it)
    company.meeting("06-11 10:00", "m1", "s1", "c1", internal=False, opportunity_id=on_it)
    company.deal("Proposal, Lost 06-20 10:00", amount=10, is_key=True, account_id="a2")
    company.meeting("06-11 10:00", "m2", "c2", internal=False, account_id="a2")
    by_contact = company.deal("Proposal, Won 06-20 10:00", amount=1000)
    company.add("contact_roles", opportunity_id=by_contact, contact_id="c3")
    company.meeting("06-12 10:00", "s1", "m1", "c3", internal=False)
    late = company.deal("Proposal, Won 06-20 10:00", amount=5000)
    company.meeting("06-21 10:00", "s1", "m1", internal=False, opportunity_id=late)
    among_us = company.deal("Proposal, Won 06-20 10:00", amount=5000, account_id="a5")
    company.meeting("06-12 10:00", "s1", "m1", opportunity_id=among_us)
    company.meeting("04-12 10:00", "m1", "c5", internal=False, account_id="a5")  # before it began
    company.deal("Proposal", amount=9000)  # still open
    small = company.deal("Proposal, Won 06-20 10:00", amount=999)
    company.meeting("06-12 10:00", "s1", "m1", internal=False, opportunity_id=small)
    # of five key opportunities closed, three had a marketer in a customer meeting
    result = company.result("marketing_in_key_meetings")
    assert result.estimate.value == pytest.approx(0.6)
    assert result.estimate.n == 5


def test_loss_reason_rate() -> None:
    company = Company()
    for reason in ("Price", " timing", "Other", None):
        company.deal("Proposal, Lost 06-10 10:00", loss_reason=reason)
    company.deal("Proposal, Won 06-10 10:00", loss_reason="Price")
    company.deal("Proposal, Lost 2026-03-01 10:00", created="2026-02-01", loss_reason="Price")
    company.deal("Proposal", loss_reason="Price")
    result = company.result("loss_reason_rate")
    assert result.estimate.value == pytest.approx(0.5)
    assert result.estimate.n == 4


def test_funnel_continuity() -> None:
    company = Company()

    def won(amount: float, **row: Any) -> str:
        row = {"created": "06-05 10:00", **row}
        return company.deal("Proposal, Won 06-20 10:00", amount=amount, **row)

    def converted(deal: str, when: str = "06-05 10:00", **row: Any) -> str:
        return company.lead("m1", opportunity_id=deal, converted_at=at(when), **row)

    def member(when: str, **row: str) -> None:
        company.add("campaign_members", campaign_id="k", added_at=at(when), **row)

    traced = won(100)
    for _ in range(2):  # two leads with two memberships each still make one opportunity
        lead = converted(traced)
        member("06-02 10:00", lead_id=lead)
        member("06-03 10:00", lead_id=lead)
    moved = won(400)
    converted(moved, contact_id="c1")
    member("06-02 10:00", contact_id="c1")  # the conversion moved the membership to the contact
    member("06-06 10:00", lead_id=converted(won(150)))  # in the campaign only afterwards
    late = converted(won(100, created="05-01 10:00"))  # the opportunity was there before
    member("06-02 10:00", lead_id=late)
    won(250)  # from no lead
    lost = company.deal("Proposal, Lost 06-20 10:00", amount=9000, created="06-05 10:00")
    member("06-02 10:00", lead_id=converted(lost))
    # 500 of 1,000 won
    result = company.result("funnel_continuity")
    assert result.estimate.value == pytest.approx(0.5)
    assert result.estimate.n == 5


def test_contact_role_coverage() -> None:
    company = Company()
    with_two = company.deal("Prospecting, Qualification 06-01 10:00, Proposal 06-05 10:00")
    for contact in ("c1", "c2"):
        company.add("contact_roles", opportunity_id=with_two, contact_id=contact)
    company.deal("Prospecting, Won 06-01 10:00")
    later = company.deal("Qualification", created="06-01 10:00")
    company.add("contact_roles", opportunity_id=later, added_at=at("07-15 10:00"))
    for path in ("Prospecting", "Prospecting, Lost 06-05 10:00"):  # never past qualification
        company.add("contact_roles", opportunity_id=company.deal(path), contact_id="c9")
    company.deal("Prospecting, Qualification 2026-02-01 10:00", created="2026-01-01 10:00")
    result = company.result("contact_role_coverage")
    assert result.estimate.value == pytest.approx(1 / 3)
    assert result.estimate.n == 3


def test_shared_metric_coverage() -> None:
    company = Company()

    def target(metric: str, function: str, period: str, **row: Any) -> None:
        row = {"provenance": "declared", **row}
        company.add("targets", metric=metric, function=function, period=period, **row)

    target("mqls", "marketing", "2026")
    target("mqls", "sales", "2026-06")
    target("win_rate", "sales", "2026-Q2", is_shared=True)
    target("revenue", "sales", "2026", provenance="crm")  # Marketing has none
    for function in ("sales", "marketing"):
        target("acceptance", function, "2025")  # last year's
    # two of the eight usual metrics
    result = company.result("shared_metric_coverage")
    assert result.estimate.value == pytest.approx(0.25)
    assert result.estimate == Estimate(0.25, None, None, 8, declared=True)
    assert result.score == pytest.approx(40.0)


def test_a_metric_that_cannot_be_computed_is_not_shared() -> None:
    columns = {**EVERYTHING.columns, "campaigns": frozenset({"campaign_id"})}
    company = Company(availability=type(EVERYTHING)(columns))
    for function in ("sales", "marketing"):
        for metric in ("cost_of_acquisition", "revenue"):
            company.add(
                "targets", metric=metric, function=function, period="2026", provenance="declared"
            )
    result = company.result("shared_metric_coverage")
    assert result.estimate.value == pytest.approx(1 / 8)
    rows = {row["metric_id"]: row for row in company.fact("metrics")}
    assert rows["cost_of_acquisition"]["missing"] == "no source gives campaigns.actual_cost"


def test_every_indicator_says_what_it_is() -> None:
    assert len(CATALOGUE) == 35
    for one in CATALOGUE.values():
        assert one.definition[0].isupper() or one.definition.startswith("The")
        assert "_" not in one.definition.replace("decision_rate", "")
        anchors = [anchor.value for anchor in one.anchors]
        at_anchors = [score(one, Estimate(value, None, None, 1)) for value in anchors]
        assert at_anchors == pytest.approx([40.0, 60.0, 80.0])
        for anchor in one.anchors:
            assert bool(anchor.source) == (anchor.kind != "convention")
