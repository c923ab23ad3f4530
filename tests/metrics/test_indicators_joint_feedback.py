"""Indicators of joint work and the feedback loop, each on a handful of records, the number
worked out by hand; see `company` for the offices, days and people.
"""

from datetime import date
from typing import Any

import pytest

from metrics.estimate import Estimate
from model.definitions import Key
from tests.metrics.company import SPOKEN, WORDS, Company, at


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
