"""What is told: once for each change, never within the quiet period, nothing that chance does."""

from datetime import datetime, timedelta
from itertools import pairwise

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given, settings

from metrics.alerts import (
    LEAST_PAST,
    WITHIN,
    Sight,
    against_own_past,
    decide,
    own_past,
    stage_beyond_doubt,
)
from metrics.estimate import Estimate
from metrics.indicators import CATALOGUE
from model.alerts import Known
from model.stages import Stage

NOW = datetime(2026, 6, 1)
DAY = timedelta(days=1)
FOLLOWED = CATALOGUE["lead_followup_rate"]  # anchors 0.50, 0.75, 0.90
HOURS = CATALOGUE["first_response_hours"]


def sight(state: str, is_bad: bool = True, is_news: bool = False) -> Sight:
    return Sight("sync", "sync", state, is_bad=is_bad, is_news=is_news)


@given(
    st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 30)), max_size=40),
    st.integers(0, 48),
    st.booleans(),
)
def test_each_change_is_told_once_and_never_too_soon(
    steps: list[tuple[str, int]], quiet_hours: int, is_news: bool
) -> None:
    """State "a" is how things should be; the others are told. Checked at any intervals."""
    quiet, now, known = timedelta(hours=quiet_hours), NOW, dict[str, Known]()
    told: list[tuple[datetime, str]] = []
    for state, hours in steps:
        now += timedelta(hours=hours)
        decision = decide([sight(state, state != "a", is_news)], known, now, quiet)
        known |= decision.known
        told += [(now, one.state) for one in decision.tell]
        again = decide([sight(state, state != "a", is_news)], known, now, quiet)
        assert again.tell == ()
    for (first, _), (second, _) in pairwise(told):
        assert second - first >= quiet
    assert all(state != "a" for _, state in told)
    seen = [state for state, _ in steps]
    if seen and seen[0] != "a" and not is_news:
        assert told[0] == (NOW + timedelta(hours=steps[0][1]), seen[0])
    if is_news and seen and set(seen) == {seen[0]}:
        assert told == []


def test_what_lasts_through_the_quiet_period_is_told_at_its_end() -> None:
    known = dict[str, Known]()
    told = []
    for hour, state in enumerate(["failed", "done", *["failed"] * 24]):
        seen = [sight(state, state != "done")]
        decision = decide(seen, known, NOW + timedelta(hours=hour), DAY)
        known |= decision.known
        told += [hour] * len(decision.tell)
    assert told == [0, 24]


def estimate(value: float | None, low: float | None, high: float | None) -> Estimate:
    return Estimate(value, low, high, 100, bound=">720" if value is None else None)


@pytest.mark.parametrize(
    ("found", "before", "after"),
    [
        (estimate(0.80, 0.70, 0.88), None, "aligned"),  # the first sight is as it is
        (estimate(0.80, 0.70, 0.88), "defined", "defined"),  # chance may have done it
        (estimate(0.80, 0.78, 0.82), "defined", "aligned"),
        (estimate(0.80, 0.765, 0.83), "defined", "defined"),  # 1.5 arms reach below 0.75
        (estimate(0.95, 0.94, 0.96), "undefined", "integrated"),
        (estimate(0.95, 0.89, 0.98), "undefined", "aligned"),  # that much is sure
        (estimate(0.70, 0.60, 0.78), "aligned", "aligned"),
        (estimate(0.40, 0.35, 0.45), "aligned", "undefined"),
        (estimate(0.80, None, None), "defined", "aligned"),  # a complete count
        (Estimate.not_assessed("no"), "defined", None),
    ],
)
def test_an_anchor_is_crossed_only_beyond_doubt(
    found: Estimate, before: str | None, after: str | None
) -> None:
    crossed = stage_beyond_doubt(FOLLOWED, found, Stage(before) if before else None)
    assert crossed == (Stage(after) if after else None)


def test_a_median_that_is_never_reached_is_the_worst_and_an_open_end_reaches_it() -> None:
    assert stage_beyond_doubt(HOURS, estimate(None, 800, None), Stage.ALIGNED) == Stage.UNDEFINED
    best = HOURS.anchors[2].value
    assert stage_beyond_doubt(HOURS, estimate(best / 2, best / 4, None), Stage.DEFINED) == "defined"


def test_the_past_is_taken_28_days_apart() -> None:
    daily = [(NOW - n * DAY, float(n)) for n in range(1, 400)]
    assert own_past(daily, NOW) == [28.0 * n for n in range(1, 15)]
    assert own_past(daily[:27], NOW) == []
    years = [(NOW - n * DAY, float(n)) for n in range(1, 1400)]
    assert len(own_past(years, NOW)) == 24


PAST = [0.60, 0.62, 0.58, 0.61, 0.59, 0.63, 0.57, 0.60, 0.61, 0.59]


@pytest.mark.parametrize(
    ("found", "past", "said"),
    [
        (estimate(0.64, 0.60, 0.68), PAST, WITHIN),
        (estimate(0.40, 0.36, 0.44), PAST, "below"),
        (estimate(0.80, 0.77, 0.83), PAST, "above"),
        (estimate(0.40, 0.20, 0.62), PAST, WITHIN),  # too little to be sure
        (estimate(0.40, 0.36, 0.44), PAST[: LEAST_PAST - 1], None),
        (estimate(0.40, 0.36, None), PAST, None),
        (estimate(None, None, None), PAST, None),
        (estimate(0.40, None, None), [0.5] * 9, "below"),
        (estimate(0.505, None, None), [0.5] * 9, WITHIN),
        (estimate(0.40, 0.36, 0.44), [*PAST, 0.1, 0.1, 0.99, 0.99], "below"),  # a few odd months
    ],
)
def test_a_figure_against_its_own_past(
    found: Estimate, past: list[float], said: str | None
) -> None:
    assert against_own_past("share", found, past) == said


@settings(max_examples=20, deadline=None)
@given(st.floats(0.01, 1000), st.sampled_from(["hours", "days", "amount"]))
def test_ten_times_as_long_is_unusual_on_every_scale(middle: float, unit: str) -> None:
    past = [middle * factor for factor in (0.9, 0.95, 1, 1.05, 1.1, 0.92, 1.08, 1, 0.97)]
    usual = Estimate(middle * 1.05, middle * 0.95, middle * 1.15, 50)
    assert against_own_past(unit, usual, past) == WITHIN  # type: ignore[arg-type]
    if middle > 1:
        long = Estimate(middle * 10, middle * 9, middle * 11, 50)
        assert against_own_past(unit, long, past) == "above"  # type: ignore[arg-type]


@pytest.mark.full
def test_chance_alone_seldom_raises_an_alarm() -> None:
    """A steady company's 35 shares, a year of daily looks: about one alarm a year, or fewer."""
    from bench.alarms import INDICATORS, a_year

    chance = np.random.default_rng(7)
    years = 4
    found = np.array([a_year(chance, 150)[:2] for _ in range(INDICATORS * years)])
    band, anchors = found.sum(axis=0) / years
    assert band <= 1.0
    assert anchors <= 2.0
    late = [a_year(chance, 1000, 0.25)[2] for _ in range(10)]
    assert sum(day >= 0 for day in late) >= 9
