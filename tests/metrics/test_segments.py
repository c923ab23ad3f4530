"""Splitting loses no row: the parts add up to the whole, whatever is unknown has a part."""

from dataclasses import replace
from functools import cached_property
from itertools import combinations
from typing import Any

import pytest

from metrics import evaluate
from metrics.declaration import Shown
from metrics.facts import SEGMENTS
from metrics.indicators import CATALOGUE
from metrics.loaded import UNSET, Loaded, Memory
from model.availability import Availability
from model.definitions import Definitions
from model.periods import Period
from tests.metrics.company import EVERYTHING, Company

DIMENSIONS = ("region", "business_unit", "source", "industry", "team", "owner")
QUICK = [("region",), ("owner",), ("source", "industry"), ("region", "source", "owner")]
OTHERS = [*((one,) for one in DIMENSIONS[1:5]), *combinations(DIMENSIONS[:4], 2)]
SPLITS = [*QUICK, *(pytest.param(by, marks=pytest.mark.full) for by in OTHERS if by not in QUICK)]
UNKNOWN = UNSET


class Busy(Company):
    """A company whose facts are made once."""

    @cached_property
    def made(self) -> Loaded:
        return self.loaded()


@pytest.fixture(scope="module")
def company() -> Busy:
    """Leads and deals, of some of which region, source or owner is not known."""
    made = Busy()
    for index in range(36):
        day = f"06-{index % 25 + 1:02}"
        lead = made.lead(
            f"m1, s{index % 3 + 1} {day} 10:00",
            created="05-01 08:00",
            region=("EMEA", "", None, "AMER")[index % 4],
            source="Web" if index % 3 else None,
            industry=("Retail", "Energy", None)[index % 3],
            business_unit=None if index % 6 else "Software",
        )
        made.touch(lead, f"s{index % 3 + 1}", f"{day} 11:00")
        made.status(lead, "New, MQL 06-01 09:00, Accepted 06-02 09:00")
        made.deal(
            f"Proposal, {'Won' if index % 2 else 'Lost'} {day} 12:00",
            created="2026-05-01 10:00",
            amount=100.0 + index,
            region="EMEA" if index % 2 else None,
            owner_id=f"s{index % 3 + 1}" if index % 5 else None,
        )
    return made


def outcomes(company: Busy, **asked: Any) -> list[Shown]:
    found, _ = evaluate.shown(company.made, **asked)
    return found


@pytest.mark.parametrize("by", SPLITS)
def test_the_parts_add_up_to_the_whole(by: tuple[str, ...], company: Busy) -> None:
    rows = [(one.indicator.id, one.estimate.n) for one in evaluate.evaluate(company.made, by=by)]
    assert len(rows) >= 2 * len(CATALOGUE)  # two parts at least
    for one in evaluate.evaluate(company.made):
        if set(by) <= set(SEGMENTS[one.indicator.fact]):
            name = one.indicator.id
            assert sum(n for id_, n in rows if id_ == name) == one.estimate.n, name
    parts_of: dict[str, int] = {}
    for part in outcomes(company, by=by):
        assert set(part.segment) == set(by)
        parts_of[part.measure.id] = parts_of.get(part.measure.id, 0) + part.estimate.n
    for whole in outcomes(company):
        if set(by) <= set(SEGMENTS[getattr(whole.measure, "fact", "")]):
            assert parts_of[whole.measure.id] == whole.estimate.n, whole.measure.id


def test_what_is_unknown_is_a_part_of_its_own(company: Busy) -> None:
    rates = [one for one in outcomes(company, by=["region"]) if one.measure.id == "win_rate"]
    counted = {one.segment["region"]: (one.estimate.n, one.estimate.value) for one in rates}
    assert counted["EMEA"] == (18, 1.0)
    assert counted[UNKNOWN] == (18, 0.0)
    of_it = outcomes(company, where={"region": UNKNOWN}, only=["win_rate"])
    assert [one.estimate.n for one in of_it] == [18]
    touched = evaluate.evaluate(
        company.made,
        by=["region"],
        only=["lead_followup_rate"],
    )
    assert {one.segment["region"]: one.estimate.n for one in touched} == {
        "AMER": 9,
        "EMEA": 9,
        UNKNOWN: 18,  # an empty text is no region
    }


def test_outcomes_keep_to_the_window(company: Busy) -> None:
    window = Period.window("2026-06", 1, company.as_of.date())
    (june,) = outcomes(company, window=window, only=["win_rate"])
    (week,) = outcomes(
        company, window=Period.window("2026-W23", 1, company.as_of.date()), only=["win_rate"]
    )
    assert june.estimate.n == 36
    assert 0 < week.estimate.n < 36
    assert (week.from_on.isoformat(), week.to_on.isoformat()) == ("2026-06-01", "2026-06-07")


def test_an_outcome_that_cannot_be_split_says_so(company: Busy) -> None:
    found = outcomes(company, by=["region"], only=["win_rate", "pipeline_coverage"])
    reasons = {one.estimate.reason for one in found if one.measure.id == "pipeline_coverage"}
    assert all("cannot be split by region: see the whole company" in str(r) for r in reasons)
    assert reasons


@pytest.mark.parametrize("key", ["activities", "activities.performed_by"])
def test_what_is_given_in_part_makes_weak(key: str, company: Busy) -> None:
    said = "EmailMessage is not visible: e-mails without a task are not seen"
    given = Availability(EVERYTHING.columns, partial={key: said})
    facts = replace(company.made, availability=given, memory=Memory())
    found = {one.indicator.id: one for one in evaluate.evaluate(facts)}
    touched = found["lead_followup_rate"].estimate
    assert touched.status == "weak"
    assert said in str(touched.reason)
    assert touched.value is not None
    for name, one in found.items():
        rests = key in CATALOGUE[name].needs or any(
            need.startswith(f"{key}.") for need in CATALOGUE[name].needs
        )
        assert (said in str(one.estimate.reason)) == (rests and one.estimate.is_assessed), name


def test_a_column_that_one_of_two_sources_gives_is_given_in_part() -> None:
    columns = {"leads": frozenset({"lead_id", "score"})}
    one = Availability(columns)
    two = Availability(
        {"leads": frozenset({"lead_id"})}, {"leads.score": "no field is mapped to it"}
    )
    for both in (one.merge(two), two.merge(one)):
        assert both.has("leads.score")
        assert both.weakens(["leads.score"]) == ["of some records only: no field is mapped to it"]
        assert both.weakens(["leads.lead_id"]) == []
    assert Availability().merge(two).weakens(["leads.score"]) == []


def test_definitions_name_the_dimensions() -> None:
    assert set(Definitions().segments) <= set(DIMENSIONS)
