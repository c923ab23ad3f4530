"""Cohorts and response curves against what a person would count by hand, and lifelines."""

from datetime import date, datetime
from typing import Any

import numpy as np
import pandas as pd
import pytest
from lifelines import KaplanMeierFitter

from metrics import journey
from metrics.rows import Rows
from model.periods import Period
from tests.metrics.company import AS_OF, Company, run

JUNE = Period(date(2026, 6, 1), date(2026, 6, 30))
MAY = Period(date(2026, 5, 1), date(2026, 5, 31))
MARCH = Period(date(2026, 3, 1), date(2026, 3, 31))


def cohorts(
    company: Company, zone: str = "UTC", where: dict[str, str] | None = None
) -> dict[str, dict[str, int]]:
    months = [MARCH, MAY, JUNE]
    counted = run(journey.steps(company.facts(), months, zone, ["region"]))
    found = journey.cohorts(counted, months, AS_OF, zone, where or {})
    assert [one.period for one in found] == [MARCH, MAY, JUNE]
    assert [one.is_young for one in found] == [False, True, True]
    return {f"{one.period.from_on:%m}": dict(one.counts) for one in found}


def test_each_lead_counts_once_in_each_step_whatever_happened_twice() -> None:
    company = Company()
    twice = company.lead(
        "m1, s1 06-02 10:00, m1 06-03 10:00, s2 06-04 10:00", created="06-01 08:00"
    )
    for owner, when in (("s1", "06-02 11:00"), ("s2", "06-04 11:00"), ("s2", "06-05 11:00")):
        company.touch(twice, owner, when)
    company.status(twice, "New, MQL 06-01 09:00, Accepted 06-04 12:00")
    company.lead("m1", created="06-09 08:00")
    found = cohorts(company)["06"]
    assert found == {
        "created": 2, "mql": 1, "handed_off": 1, "responded": 1, "accepted": 1,
        "opportunity": 0, "won": 0,
    }  # fmt: skip


def test_a_lead_belongs_to_the_local_month_of_its_creation_and_skips_steps() -> None:
    company = Company()
    deal = company.deal("Proposal, Won 06-20 12:00", created="2026-05-20 10:00", amount=5.0)
    lead = company.lead(
        "m1, s1 06-01 10:00", created="05-31 22:30", opportunity_id=deal,
        converted_at=datetime(2026, 6, 10),
    )  # fmt: skip
    assert lead
    utc, berlin = cohorts(company), cohorts(company, "Europe/Berlin")
    assert (utc["05"]["created"], utc["06"]["created"]) == (1, 0)
    assert (berlin["05"]["created"], berlin["06"]["created"]) == (0, 1)
    assert (utc["05"]["mql"], utc["05"]["opportunity"], utc["05"]["won"]) == (0, 1, 1)
    assert sum(utc["03"].values()) == 0


@pytest.mark.parametrize("clock", ["business", "wall"])
def test_the_curve_is_kaplan_meier_with_the_waiting_ones_censored(clock: Any) -> None:
    company = Company()
    for index in range(30):
        day = index % 20 + 1
        lead = company.lead(f"m1, s{index % 3 + 1} 06-{day:02} 10:00", created="05-01 08:00")
        if index % 4:
            company.touch(lead, f"s{index % 3 + 1}", f"06-{day + index % 5:02} 1{index % 8}:20")
    handoffs = run(company.facts()["handoffs"])
    found = journey.response(Rows.of(handoffs), clock)
    rows = handoffs.to_pandas()
    fitted = KaplanMeierFitter().fit(rows[f"response_{clock}_hours"], rows["is_responded"])
    for at, share in zip(found.hours, found.share, strict=True):
        assert share == pytest.approx(1 - float(fitted.predict(at)), abs=1e-12)
    drawn = pd.DataFrame({"low": found.low, "share": found.share, "high": found.high})
    assert found.n == len(rows) == 30
    assert (drawn["low"] <= drawn["share"]).all()
    assert (drawn["share"] <= drawn["high"]).all()
    assert (np.diff(found.share) >= 0).all()


def test_without_handoffs_there_is_no_curve() -> None:
    found = journey.response(Rows.of(run(Company().facts()["handoffs"])), "wall")
    assert (found.n, len(found.hours)) == (0, 0)


def test_a_lead_without_a_region_is_in_a_segment_of_its_own() -> None:
    company = Company()
    for region in ("EMEA", "", None):
        company.lead("m1, s1 06-02 10:00", created="06-01 08:00", region=region)
    found = {name: cohorts(company, where={"region": name}) for name in ("EMEA", "(none)", "APAC")}
    assert {name: one["06"]["handed_off"] for name, one in found.items()} == {
        "EMEA": 1, "(none)": 2, "APAC": 0,
    }  # fmt: skip
