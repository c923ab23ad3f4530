import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from metrics.declaration import (
    Anchor,
    Indicator,
    Subject,
    convention,
    declarations,
    indicator,
)
from metrics.estimate import Estimate
from metrics.scoring import knots, score, scores, value_at
from metrics.statistics import Proportion, Statistic
from model.definitions import Anchors, Definitions, IndicatorOverride
from model.stages import Dimension, Stage
from tests.metrics import samples

RATE = samples.indicator("rate")
LOWER = samples.indicator("lower", anchors=(0.23, 0.10, 0.03), better="lower")
HOURS = samples.indicator("hours", anchors=(24, 8, 1), unit="hours", better="lower")
ALL = (RATE, LOWER, HOURS)


def at(one: Indicator, value: float) -> float:
    got = score(one, Estimate(value, None, None, 50))
    assert got is not None
    return got


@pytest.mark.parametrize(
    ("one", "points"),
    [
        (RATE, {0: 20, 0.25: 30, 0.5: 40, 0.625: 50, 0.75: 60, 0.9: 80, 0.95: 90, 1: 100}),
        (LOWER, {1: 20, 0.23: 40, 0.165: 50, 0.1: 60, 0.03: 80, 0.015: 90, 0: 100}),
        (HOURS, {500: 20, 96: 20, 48: 30, 24: 40, 8: 60, 1: 80, 0.5: 90, 0.25: 100, 0: 100}),
    ],
)
def test_straight_lines_through_the_anchors(one: Indicator, points: dict[float, float]) -> None:
    assert {value: at(one, value) for value in points} == pytest.approx(points)


def test_a_duration_between_anchors_is_on_the_log_scale() -> None:
    assert at(HOURS, math.sqrt(24 * 8)) == pytest.approx(50)


@pytest.mark.parametrize("one", ALL)
def test_each_stage_starts_at_its_anchor(one: Indicator) -> None:
    stages = [Stage.of_score(at(one, anchor.value)) for anchor in one.anchors]
    assert stages == [Stage.DEFINED, Stage.ALIGNED, Stage.INTEGRATED]


def test_not_assessed_has_no_score_and_a_median_never_reached_scores_20() -> None:
    assert score(HOURS, Estimate.not_assessed("no table")) is None
    assert score(HOURS, Estimate(None, 300, None, 80, bound=">720")) == 20


@given(st.sampled_from(ALL), st.floats(0, 200), st.floats(0, 200), st.floats(-0.3, 0.3))
def test_scores_are_monotone_and_bounded(
    one: Indicator, first: float, second: float, shift: float
) -> None:
    low, high = scores(one, np.array(sorted([first, second])), shift)
    if one.better == "lower":
        low, high = high, low
    assert 20 <= low <= high <= 100


@given(st.sampled_from(ALL), st.floats(20, 100))
def test_value_at_is_the_inverse(one: Indicator, target: float) -> None:
    assert at(one, value_at(one, target)) == pytest.approx(target, abs=1e-6)


@given(st.sampled_from(ALL), st.floats(0.01, 0.99), st.floats(0.01, 0.3))
def test_stricter_thresholds_never_raise_a_score(
    one: Indicator, value: float, shift: float
) -> None:
    stricter = shift if one.better == "higher" else -shift
    assert scores(one, np.array([value]), stricter)[0] <= at(one, value) + 1e-9


def test_knots_run_from_worst_to_best() -> None:
    assert knots(HOURS).tolist() == [96, 24, 8, 1, 0.25]
    assert knots(LOWER).tolist() == [1, 0.23, 0.1, 0.03, 0]


def test_overrides_replace_anchors_and_are_marked_as_declared() -> None:
    override = IndicatorOverride(
        anchors=Anchors(defined=0.1, aligned=0.2, integrated=0.3), minimum_n=5, weight=0
    )
    got = RATE.under(Definitions(indicators={"rate": override}))
    assert got.anchors[0] == Anchor(0.1, "declared", "Our company")
    assert (got.minimum_n, got.weight, got.window_days) == (5, 0, 90)
    assert RATE.under(Definitions()) is RATE


def declare(name: str, anchors: tuple[float, float, float]) -> None:
    def build(_: Definitions) -> Statistic:
        """A definition."""
        return Proportion("event")

    build.__name__ = name
    indicator(
        Subject("handoffs", None, "nothing"),
        title="T",
        dimension=Dimension.HANDOFF,
        anchors=convention(*anchors),
    )(build)


def test_a_declaration_registers_itself_once(monkeypatch: pytest.MonkeyPatch) -> None:
    catalogue = {"kept": RATE}
    monkeypatch.setattr("metrics.declaration.CATALOGUE", catalogue)
    before = declarations(catalogue)
    declare("a_rate", (0.1, 0.2, 0.3))
    assert catalogue["a_rate"].definition == "A definition."
    assert declarations(catalogue) != before
    with pytest.raises(ValueError, match="twice"):
        declare("a_rate", (0.1, 0.2, 0.3))
    with pytest.raises(ValueError, match="do not get higher"):
        declare("wrong_way", (0.3, 0.2, 0.1))


@given(st.lists(st.floats(0.01, 0.99), min_size=3, max_size=3, unique=True), st.floats(0, 1))
def test_any_anchors_in_order_score_in_order(anchors: list[float], value: float) -> None:
    defined, aligned, integrated = sorted(anchors)
    assume(min(aligned - defined, integrated - aligned) > 1e-6)
    one = samples.indicator("any", anchors=(defined, aligned, integrated))
    got = at(one, value)
    assert (got >= 60) == (value >= aligned) or abs(value - aligned) < 1e-9
