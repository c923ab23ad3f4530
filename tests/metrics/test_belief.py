"""What people say against what the records show: who is contradicted, by which rule."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metrics.belief import (
    Difference,
    Opinion,
    bearing,
    compared,
    contradictions,
    record_of,
    side,
    splits,
)
from metrics.belief.record import score_span
from metrics.declaration import Result
from metrics.estimate import Estimate
from metrics.indicators import CATALOGUE
from metrics.scoring import value_at
from metrics.survey import STATEMENTS
from tests.metrics import samples

RATE = samples.indicator("rate")
HOURS = samples.indicator("hours", anchors=(24, 8, 1), unit="hours", better="lower")
SCORES = st.floats(20, 100)
MEANS = st.none() | st.floats(1, 5)


def share(value: float, low: float | None, high: float | None) -> Result:
    return samples.result(RATE, Estimate(value, low, high, 50))


def shown(name: str, low: float, value: float, high: float, **changes: object) -> Result:
    """A result of a real indicator whose interval runs over these scores."""
    one = CATALOGUE[name]
    first, last = sorted(value_at(one, score) for score in (low, high))
    estimate = Estimate(value_at(one, value), first, last, 50)
    return samples.result(one, replace(estimate, **changes))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("result", "wanted"),
    [
        (share(0.80, 0.76, 0.85), "for"),
        (share(0.80, 0.70, 0.85), "open"),
        (share(0.60, 0.50, 0.70), "against"),
        (share(0.60, 0.50, 0.76), "open"),
        (share(0.75, None, None), "for"),  # a complete count, at the Aligned anchor
        (share(0.74, None, None), "against"),
        (samples.result(HOURS, Estimate(4, 3, 6, 50)), "for"),
        (samples.result(HOURS, Estimate(4, 3, None, 50)), "open"),  # no upper limit known
        (samples.result(HOURS, Estimate(30, 20, None, 50)), "against"),
        (samples.result(HOURS, Estimate(None, None, None, 50, bound=">720")), "against"),
        (samples.result(RATE, Estimate.not_assessed("no rows")), None),
    ],
)
def test_an_indicator_takes_a_side_only_with_its_whole_interval(
    result: Result, wanted: str | None
) -> None:
    assert side(result) == wanted


@given(SCORES, SCORES, SCORES)
def test_the_interval_in_scores_contains_the_score(
    first: float, second: float, third: float
) -> None:
    low, value, high = sorted((first, second, third))
    for one in (RATE, HOURS):
        start, end = sorted(value_at(one, score) for score in (low, high))
        result = samples.result(one, Estimate(value_at(one, value), start, end, 50))
        span = score_span(one, result.estimate)
        assert span == pytest.approx((low, high), abs=1e-6)
        wanted = "for" if low >= 60 + 1e-6 else "against" if high < 60 - 1e-6 else side(result)
        assert side(result) == wanted


@pytest.mark.parametrize(
    ("mean", "view"),
    [(None, None), (3.5, "true"), (3.49, "of two minds"), (2.5, "untrue"), (2.51, "of two minds")],
)
def test_a_view_is_held_from_half_a_point_on(mean: float | None, view: str | None) -> None:
    assert Opinion(mean).view == view


@given(MEANS, MEANS, SCORES, SCORES, SCORES)
def test_nobody_is_contradicted_by_what_takes_no_side(
    sales: float | None, marketing: float | None, first: float, second: float, third: float
) -> None:
    low, value, high = sorted((first, second, third))
    opinions = {17: {"sales": Opinion(sales), "marketing": Opinion(marketing)}}
    result = shown("common_head", low, value, high)
    found = compared(opinions, {}, {"common_head": result})[16]
    for name, mean in (("sales", sales), ("marketing", marketing)):
        agreement = found.agreement(name)
        assert (agreement == "unknown") == (mean is None)
        if agreement == "contradicted":
            assert mean is not None
            assert (mean >= 3.5 and high < 60 + 1e-6) or (mean <= 2.5 and low >= 60 - 1e-6)
        if agreement == "borne out":
            assert mean is not None
            assert (mean >= 3.5 and low >= 60 - 1e-6) or (mean <= 2.5 and high < 60 + 1e-6)
    assert (found in contradictions([found])) == bool(found.contradicted)


def test_what_is_not_assessed_or_not_observable_contradicts_nobody() -> None:
    believers = {n: {"sales": Opinion(5.0), "marketing": Opinion(5.0)} for n in range(1, 21)}
    nothing = {name: samples.result(i, Estimate.not_assessed("x")) for name, i in CATALOGUE.items()}
    for results in ({}, nothing):
        found = compared(believers, {}, results)
        assert contradictions(found) == []
        assert {one.record for one in found} == {"not_assessed", "not_observable"}
        assert [one.statement.number for one in found if one.record == "not_observable"] == [11, 20]


def test_two_indicators_on_two_sides_are_mixed() -> None:
    high, low = shown("funnel_continuity", 70, 80, 90), shown("campaign_touch_coverage", 22, 30, 41)
    statement = STATEMENTS[13]
    bearings = [bearing(result, "measured") for result in (high, low)]
    assert record_of(statement.bearing, bearings) == "mixed"
    assert record_of(statement.bearing, bearings[:1]) == "for"
    assert record_of(statement.bearing, [bearing(low, "measured")]) == "against"
    found = compared({14: {"sales": Opinion(5.0)}}, {}, {r.indicator.id: r for r in (high, low)})
    assert found[13].agreement("sales") == "undecided"


def test_weak_evidence_is_marked_and_weighs_less() -> None:
    sound = shown("marketing_in_key_meetings", 25, 30, 35)
    weak = shown("marketing_on_key_accounts", 25, 30, 35, status="weak", reason="little logged")
    opinions = {n: {"sales": Opinion(4.5), "marketing": Opinion(4.5)} for n in (3, 13)}
    results = {r.indicator.id: r for r in (sound, weak)}
    found = contradictions(compared(opinions, {}, results))
    assert [(one.statement.number, one.is_weak) for one in found] == [(3, False), (13, True)]


def test_a_view_of_both_weighs_more_than_of_one() -> None:
    results = {
        r.indicator.id: r
        for r in (
            shown("marketing_in_key_meetings", 25, 30, 35),
            shown("marketing_on_key_accounts", 25, 30, 35),
        )
    }
    opinions = {
        3: {"sales": Opinion(5.0), "marketing": Opinion(2.0)},
        13: {"sales": Opinion(3.6), "marketing": Opinion(3.6)},
    }
    found = contradictions(compared(opinions, {}, results))
    assert [one.statement.number for one in found] == [13, 3]
    assert found[1].contradicted == ("sales",)
    assert found[1].agreement("marketing") == "borne out"


def test_a_difference_within_its_interval_is_none() -> None:
    differences = {
        1: Difference(-1.2, -1.6, -0.8),
        2: Difference(1.5, -0.1, 3.1),  # may be chance
        3: Difference(0.9),  # too few answers for an interval
        4: Difference(0.4, 0.3, 0.5),  # certain, and small
    }
    found = splits(compared({}, differences, {}))
    assert [one.statement.number for one in found] == [1, 3]
