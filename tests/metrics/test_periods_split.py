"""Splitting by week, month or quarter says what asking for each of them alone would have said."""

from dataclasses import replace
from functools import cached_property

import pytest

from metrics import evaluate
from metrics.declaration import Measure, Result, Shown
from metrics.indicators import CATALOGUE
from metrics.loaded import Loaded
from model.definitions import Definitions
from model.errors import ConfigurationError
from model.periods import Period
from tests.metrics.company import WORDS, Company

HALF = Period.parse("2026-02-10..2026-06-30")
STOCK = "it is taken as of a day, so ask `--as-of` that day"


class Busy(Company):
    """A company whose facts are made once."""

    @cached_property
    def made(self) -> Loaded:
        return self.loaded()


@pytest.fixture(scope="module")
def company() -> Busy:
    """Leads, deals and meetings from February to June."""
    made = Busy()
    for index in range(60):
        day = f"{index % 5 + 2:02}-{index % 27 + 1:02}"
        seller = f"s{index % 3 + 1}"
        lead = made.lead(
            f"m1, {seller} {day} 10:00",
            created="2026-01-15 08:00",
            region=("EMEA", "AMER", None)[index % 3],
            source="Web" if index % 4 else "Fair",
        )
        made.status(lead, f"New, MQL {day} 09:00, Accepted {day} 15:00")
        if index % 4:
            made.touch(lead, seller, f"{day} {11 + index % 6}:00")
        made.deal(
            f"Proposal, {'Won' if index % 2 else 'Lost'} {day} 12:00",
            created="2026-01-20 10:00",
            amount=100.0 + index,
            region="EMEA" if index % 2 else None,
            owner_id=seller,
        )
    for day in ("02-03", "03-17", "05-05"):
        made.meeting(f"{day} 10:00", "s1", "m1")
    return made


def told(found: list[Result] | list[Shown]) -> dict[tuple[str, ...], Result | Shown]:
    return {
        (_declared(one).id, *(one.segment[name] for name in sorted(one.segment))): one
        for one in found
    }


def _declared(one: Result | Shown) -> Measure:
    measure = one.indicator if isinstance(one, Result) else one.measure
    assert isinstance(measure, Measure)
    return measure


@pytest.mark.parametrize("by", [("month",), ("region", "month"), ("quarter", "source"), ("week",)])
def test_a_split_by_periods_is_each_period_asked_alone(by: tuple[str, ...], company: Busy) -> None:
    facts = company.made
    (kind,) = {*by} & {"week", "month", "quarter"}
    dimensions = [name for name in by if name != kind]
    split = told(evaluate.evaluate(facts, by=by, window=HALF))
    split |= told(evaluate.shown(facts, by=by, window=HALF)[0])
    names = list(dict.fromkeys(str(one.segment[kind]) for one in split.values()))
    compared = assessed = 0
    for name in names:
        window = {
            "2026-W07": Period.parse("2026-02-10..2026-02-15"),
            "2026-02": Period.parse("2026-02-10..2026-02-28"),
            "2026-Q1": Period.parse("2026-02-10..2026-03-31"),
            "2026-W27": Period.parse("2026-06-29..2026-06-30"),
        }.get(name) or Period.parse(name)
        alone = told(evaluate.evaluate(facts, by=dimensions, window=window))
        alone |= told(evaluate.shown(facts, by=dimensions, window=window)[0])
        for found in alone.values():
            measure, segment = _declared(found), {**found.segment, kind: name}
            key = (measure.id, *(segment[part] for part in sorted(segment)))
            if key not in split:  # a part in which only stocks are
                assert found.estimate.n == 0 or measure.placed_by is None
            elif measure.placed_by is None:
                assert STOCK in str(split[key].estimate.reason)
            else:
                assert replace(split[key], segment={}) == replace(found, segment={})
                compared += 1
                assessed += found.estimate.is_assessed
    assert len(names) == {"week": 21, "month": 5, "quarter": 2}[kind]
    assert compared > 100
    assert assessed > 20


def test_the_months_of_a_cohort_add_up(company: Busy) -> None:
    months = evaluate.evaluate(
        company.made, by=["month"], window=HALF, only=["lead_followup_rate", "loss_reason_rate"]
    )
    for whole in evaluate.evaluate(
        company.made, window=HALF, only=["lead_followup_rate", "loss_reason_rate"]
    ):
        parts = [one.estimate.n for one in months if one.indicator is whole.indicator]
        assert len(parts) == 5
        assert sum(parts) == whole.estimate.n > 20


def test_without_a_window_the_last_year_is_split(company: Busy) -> None:
    def named(kind: str) -> list[str]:
        found = evaluate.evaluate(company.made, by=[kind], only=["lead_followup_rate"])
        return [str(one.segment[kind]) for one in found]

    months = [*((2025, month) for month in range(7, 13)), *((2026, month) for month in range(1, 7))]
    assert named("month") == [f"{year}-{month:02}" for year, month in months]
    assert named("quarter") == ["2025-Q3", "2025-Q4", "2026-Q1", "2026-Q2"]
    assert (len(named("week")), named("week")[-1]) == (12, "2026-W27")


def test_quarters_are_the_fiscal_years(company: Busy) -> None:
    fiscal = {"calendar": {**WORDS.calendar.model_dump(), "fiscal_year_starts": 2}}
    words = Definitions.model_validate({**WORDS.model_dump(), **fiscal})
    found = evaluate.evaluate(
        replace(company.made, definitions=words), by=["quarter"], only=["lead_followup_rate"]
    )
    assert [one.segment["quarter"] for one in found][-2:] == [
        "2026-02-01..2026-04-30",
        "2026-05-01..2026-07-31",
    ]
    assert (found[-1].from_on.isoformat(), found[-1].to_on.isoformat()) == (
        "2026-05-01",
        "2026-06-30",
    )


def test_a_stock_is_of_the_day_whatever_the_window(company: Busy) -> None:
    for window in (None, HALF, Period.parse("2026-03")):
        for one in evaluate.evaluate(company.made, window=window):
            if one.indicator.placed_by is None:
                assert one.from_on == one.to_on == HALF.to_on
    assert any(one.placed_by is None for one in CATALOGUE.values())


def test_a_period_begun_after_the_day_is_none(company: Busy) -> None:
    year = evaluate.evaluate(
        company.made,
        by=["month"],
        window=Period.parse("2026"),
        only=["lead_followup_rate"],
    )
    assert [one.segment["month"] for one in year][-1] == "2026-06"
    with pytest.raises(ConfigurationError, match="has not begun"):
        evaluate.evaluate(company.made, by=["month"], window=Period.parse("2027"))
