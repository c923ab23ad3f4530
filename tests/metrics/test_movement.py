"""How dimensions move: by hand, by what independent errors add up to, and through shared owners."""

from collections.abc import Sequence
from math import hypot

import pytest

from metrics.estimate import Estimate
from metrics.stage import Movement, movements
from metrics.statistics import Proportion
from model.definitions import Definitions
from model.stages import Dimension
from tests.metrics import samples

HANDOFF = {"handoff": samples.indicator("handoff", Dimension.HANDOFF, anchors=(0.2, 0.5, 0.8))}
THEN, NOW = [8, 12, 7, 10, 9, 11] * 5, [10, 13, 9, 11, 12, 12] * 5


def share(events: Sequence[int], owners: str = "o") -> Estimate:
    sums = samples.counts([20] * len(events), events)
    sums.names = sums.names + owners
    return Proportion("event").estimate(sums)


def moved(then: Estimate, now: Estimate) -> Movement:
    found = movements({"handoff": then}, {"handoff": now}, Definitions(), HANDOFF)
    (one,) = [one for one in found if one.dimension is Dimension.HANDOFF]
    return one


def wide(one: Movement) -> float:
    low, high = samples.numbers(one.low, one.high)
    return (high - low) / 2


def scored(estimate: Estimate) -> float:
    """Between two anchors, 20 points of score are 0.3 of the share."""
    (value,) = samples.numbers(estimate.value)
    return value / 0.3 * 20


def test_what_has_not_changed_has_moved_by_nothing() -> None:
    one = moved(share(THEN), share(THEN))
    assert (one.points, one.low, one.high) == (0, 0, 0)


def test_the_errors_of_other_owners_add_up() -> None:
    then, now = share(THEN, "before"), share(NOW, "after")
    one = moved(then, now)
    (points,) = samples.numbers(one.points)
    assert points == pytest.approx(scored(now) - scored(then))
    halves = [
        (high - low) / 2 / 0.3 * 20
        for low, high in (samples.numbers(e.low, e.high) for e in (then, now))
    ]
    assert wide(one) == pytest.approx(hypot(*halves), rel=0.08)
    back = moved(now, then)
    assert samples.numbers(back.points) == [-points]
    assert wide(back) == pytest.approx(wide(one), rel=0.02)


def test_what_the_same_owners_bring_about_twice_cancels() -> None:
    shared, apart = moved(share(THEN), share(NOW)), moved(share(THEN, "x"), share(NOW))
    assert wide(shared) < 0.8 * wide(apart)


def test_an_interval_without_owners_is_drawn_apart_on_both_sides() -> None:
    bare = Estimate(0.5, 0.4, 0.6, 100, 20)
    one = moved(bare, bare)
    assert one.points == 0
    assert wide(one) == pytest.approx(hypot(0.1, 0.1) / 0.3 * 20, rel=0.08)


def test_other_figures_are_not_compared() -> None:
    missing = Estimate.not_assessed("table absent")
    for then, now in ((missing, share(NOW)), (share(THEN), missing), (missing, missing)):
        assert moved(then, now) == Movement(Dimension.HANDOFF, None, None, None)
