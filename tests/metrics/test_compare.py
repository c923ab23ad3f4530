import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.multitest import multipletests

from metrics.compare import Change, compare, holm
from metrics.estimate import Estimate
from metrics.statistics import Proportion
from tests.metrics import samples

RATE = samples.indicator("rate")
HOURS = samples.indicator("hours", anchors=(24, 8, 1), unit="hours", better="lower")
BOTH = {"rate": RATE, "hours": HOURS}


def share(*events: int, size: int = 20) -> Estimate:
    return Proportion("event").estimate(samples.counts([size] * len(events), events))


def one(before: Estimate, after: Estimate, name: str = "rate") -> Change:
    (change,) = compare({name: before}, {name: after}, BOTH)
    return change


@settings(max_examples=15)  # statsmodels takes 0.2 s for each
@given(st.lists(st.floats(0, 1), min_size=1, max_size=20))
def test_holm_agrees_with_statsmodels(p: list[float]) -> None:
    got = holm({str(i): value for i, value in enumerate(p)})
    want = multipletests(p, method="holm")[1]
    assert [got[str(i)] for i in range(len(p))] == pytest.approx(want.tolist())


def test_a_large_change_exceeds_its_uncertainty() -> None:
    change = one(share(*[8, 9, 7, 10] * 3), share(*[16, 15, 17, 14] * 3))
    assert change.difference == pytest.approx(7 / 20)
    assert (change.exceeds, change.direction) == (True, "better")
    assert change.words == "Rate: 42 % → 78 %, better by more than its uncertainty"


def test_a_small_change_does_not() -> None:
    change = one(share(*[8, 12, 7, 10] * 3), share(*[10, 11, 7, 12] * 3))
    assert (change.exceeds, change.direction) == (False, "better")
    assert change.words.endswith("within its uncertainty")


def test_the_same_estimate_has_not_changed() -> None:
    change = one(share(*[8, 12] * 6), share(*[8, 12] * 6))
    assert (change.difference, change.p, change.exceeds, change.direction) == (0, 1, False, "same")


def test_complete_counts_differ_or_do_not() -> None:
    change = one(Estimate(0.25, None, None, 8), Estimate(0.5, None, None, 8))
    assert (change.p, change.exceeds, change.direction) == (None, True, "better")
    same = one(Estimate(0.25, None, None, 8), Estimate(0.25, None, None, 8))
    assert (same.exceeds, same.direction) == (False, "same")


def test_what_is_not_assessed_cannot_be_compared() -> None:
    change = one(Estimate.not_assessed("no history before May"), share(*[8] * 12))
    assert (change.difference, change.exceeds) == (None, None)
    assert change.words == "Rate: not assessed then (no history before May)"
    (only,) = compare({}, {"rate": share(*[8] * 12)}, BOTH)
    assert only.exceeds is None


def test_a_median_now_reached_is_better() -> None:
    never = Estimate(None, 400.0, None, 90, 12, bound=">720")
    now = Estimate(20.0, 15.0, 30.0, 90, 12)
    change = one(never, now, "hours")
    assert (change.difference, change.exceeds, change.direction) == (None, True, "better")
    assert change.words == "Hours: >720 hours → 20.0 hours, better by more than its uncertainty"
    assert one(now, never, "hours").direction == "worse"
    assert one(never, never, "hours").direction == "same"


def test_fewer_hours_are_better() -> None:
    change = one(Estimate(20.0, 15, 30, 90, 12), Estimate(4.0, 3, 6, 90, 12), "hours")
    assert (change.exceeds, change.direction) == (True, "better")


def test_owners_that_both_rest_on_sharpen_the_comparison() -> None:
    before, after = share(*[2, 18, 5, 15] * 3), share(*[5, 19, 8, 18] * 3)
    apart = Estimate(after.value, after.low, after.high, after.n, after.clusters)
    together, alone = one(before, after).p, one(before, apart).p
    assert together is not None
    assert alone is not None
    assert together < alone


def test_among_many_indicators_chance_alone_is_seldom_called_a_change() -> None:
    rng = np.random.default_rng(8)
    names = {f"i{k}": samples.indicator(f"i{k}") for k in range(20)}
    false = 0
    for _ in range(40):
        sides = [
            {name: share(*rng.binomial(20, 0.5, 15).tolist()) for name in names} for _ in range(2)
        ]
        false += any(c.exceeds for c in compare(sides[0], sides[1], names))
    assert stats.binom.sf(false - 1, 40, 0.08) > 0.01
