"""How far an indicator has come towards what was agreed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metrics.estimate import Estimate
from metrics.progress import is_better, progress
from tests.metrics import samples

RATE = samples.indicator("rate")
HOURS = samples.indicator("hours", anchors=(24, 8, 1), unit="hours", better="lower")
LEVELS = st.floats(0.01, 0.99)


def rate(value: float, half: float = 0.04) -> Estimate:
    return Estimate(value, max(value - half, 0.0), min(value + half, 1.0), 200)


def test_half_the_way() -> None:
    found = progress(RATE, rate(0.5), 0.7, rate(0.6))
    assert found.share == pytest.approx(0.5)
    assert (found.reached, found.for_sure) == (False, False)
    assert (found.change.exceeds, found.change.direction) == (True, "better")


def test_fewer_hours_are_better() -> None:
    found = progress(HOURS, Estimate(24, 20, 29, 80), 8, Estimate(16, 13, 19, 80))
    assert found.share == pytest.approx(0.5)
    assert found.change.direction == "better"
    worse = progress(HOURS, Estimate(24, 20, 29, 80), 8, Estimate(32, 28, 37, 80))
    assert worse.share == pytest.approx(-0.5)
    assert worse.change.direction == "worse"


def test_a_target_reached_by_the_figure_is_not_reached_for_sure() -> None:
    by_figure = progress(RATE, rate(0.5), 0.7, rate(0.71))
    assert (by_figure.reached, by_figure.for_sure) == (True, False)
    for_sure = progress(RATE, rate(0.5), 0.7, rate(0.76))
    assert (for_sure.reached, for_sure.for_sure) == (True, True)
    complete = progress(RATE, rate(0.5), 0.7, Estimate(0.7, None, None, 8))
    assert (complete.reached, complete.for_sure) == (True, True)
    open_ended = progress(HOURS, Estimate(24, 20, 29, 80), 8, Estimate(5, 3, None, 80))
    assert (open_ended.reached, open_ended.for_sure) == (True, False)


def test_what_is_not_assessed_has_come_no_way() -> None:
    nothing = Estimate.not_assessed("no rows")
    for first, second in ((nothing, rate(0.6)), (rate(0.5), nothing)):
        found = progress(RATE, first, 0.7, second)
        assert (found.share, found.change.exceeds) == (None, None)
    assert progress(RATE, rate(0.5), 0.7, nothing).reached is None
    assert progress(RATE, nothing, 0.7, rate(0.8)).reached is True


def test_a_median_that_was_never_reached_is_not_at_its_target() -> None:
    never = Estimate(None, None, None, 40, bound=">720")
    assert progress(HOURS, never, 8, never).reached is False
    assert progress(HOURS, never, 8, Estimate(40, 30, 50, 40)).share is None


@given(LEVELS, LEVELS, LEVELS)
def test_the_whole_way_is_exactly_the_target(start: float, goal: float, now: float) -> None:
    if not is_better(RATE, goal, start):
        return
    found = progress(RATE, rate(start), goal, rate(now))
    assert found.share is not None
    assert found.reached == (not is_better(RATE, goal, now))
    if abs(now - goal) > 1e-6:
        assert (found.share > 1) == is_better(RATE, now, goal)
    if found.for_sure:
        assert found.reached
