"""What is worth telling: decisions over what is seen now and what was last known. Pure.

A thing is told when its state changes, once, and not again within the quiet period, however often
it goes back and forth; a state that lasts through it is told when it ends. Figures change state
only beyond their uncertainty, so that chance seldom raises an alarm (docs/schedule.md has how
seldom, by simulation).
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median

import numpy as np

from metrics.compare import NORMAL
from metrics.declaration import Indicator, Unit
from metrics.estimate import Estimate
from metrics.scoring import WORST, score, scores
from model.alerts import Known, Rule
from model.stages import Stage

APART = timedelta(days=28)  # between two values of an indicator's own past
LEAST_PAST, MOST_PAST = 8, 24
BEYOND = 3.5  # spreads from the middle of its past
LEAST_SPREAD = 0.01
ARMS = 1.5  # of the 95 % interval, which alone daily looks leave too often
WITHIN = "within"


@dataclass(frozen=True)
class Sight:
    """What is seen of one thing. `key` names the thing, `state` how it stands.

    `is_bad`: worth telling when it has become so. `is_news`: the state is told only where another
    was known before, not when the thing is seen for the first time.
    """

    key: str
    rule: Rule
    state: str
    is_bad: bool = True
    is_news: bool = False
    title: str = ""
    why: str = ""


@dataclass(frozen=True)
class Decision:
    """What is to be told now, and what is known from then on (of the things that changed)."""

    tell: tuple[Sight, ...]
    known: Mapping[str, Known]


def decide(
    seen: Iterable[Sight], known: Mapping[str, Known], now: datetime, quiet: timedelta
) -> Decision:
    """Which of the things seen are to be told at `now` (naive UTC)."""
    tell: list[Sight] = []
    after: dict[str, Known] = {}
    for one in seen:
        before = known.get(one.key)
        if before is not None and before.state == one.state:
            continue
        told_at = before.alerted_at if before else None
        if not one.is_bad or (before is None and one.is_news):
            after[one.key] = Known(one.state, told_at)
        elif told_at is None or now - told_at >= quiet:
            tell.append(one)
            after[one.key] = Known(one.state, now)
    return Decision(tuple(tell), after)


def stage_beyond_doubt(
    indicator: Indicator, estimate: Estimate, before: Stage | None
) -> Stage | None:
    """The stage of an indicator: another than `before` only where the value has passed the anchor
    by one and a half times its 95 % interval's arm. None where it is not assessed.
    """
    value = score(indicator, estimate)
    if value is None:
        return None
    now = Stage.of_score(value)
    if before is None or now == before:
        return now
    low, high = _score_range(indicator, estimate, value)
    sure = Stage.of_score(low if now.rank > before.rank else high)
    is_past = (sure.rank - before.rank) * (now.rank - before.rank) > 0
    return sure if is_past else before


def _score_range(indicator: Indicator, estimate: Estimate, value: float) -> tuple[float, float]:
    if estimate.low is None and estimate.high is None:
        return value, value
    ends = [
        WORST if end is None else float(scores(indicator, np.array([end]))[0])
        for end in (estimate.low, estimate.high)
    ]
    return value - ARMS * (value - min(ends)), value + ARMS * (max(ends) - value)


def own_past(points: Iterable[tuple[datetime, float]], as_of: datetime) -> list[float]:
    """The values of an indicator's past (as-of, value) that lie 28 days apart or more, newest
    first, at most two years of them.
    """
    found: list[float] = []
    until = as_of - APART
    for at, value in sorted(points, reverse=True):
        if at <= until and len(found) < MOST_PAST:
            found.append(value)
            until = at - APART
    return found


def against_own_past(unit: Unit, estimate: Estimate, past: Sequence[float]) -> str | None:
    """Whether an estimate lies `above`, `below` or `within` the band of its own past.

    The band is the median of at least eight past values ± 3.5 spreads; a spread combines the
    median absolute deviation of the past (times 1.4826, with Croux and Rousseeuw's correction for
    few values, 1992) with the estimate's own standard error, on a scale on which errors are even
    (arcsine of the root for shares, logarithm for amounts and durations). None where there is too
    little past, no value, or no interval.
    """
    ends = (estimate.low, estimate.high)
    if estimate.value is None or len(past) < LEAST_PAST or (ends.count(None) == 1):
        return None
    values = [_even(value, unit) for value in past]
    middle, count = median(values), len(values)
    deviation = median(abs(value - middle) for value in values)
    spread = 1.4826 * deviation * count / (count - 0.8)
    low, high = (_even(estimate.value if end is None else end, unit) for end in ends)
    error = (high - low) / (2 * NORMAL)
    away = _even(estimate.value, unit) - middle
    if abs(away) <= BEYOND * max(math.hypot(spread, error), LEAST_SPREAD):
        return WITHIN
    return "above" if away > 0 else "below"


def _even(value: float, unit: Unit) -> float:
    if unit == "share":
        return math.asin(math.sqrt(min(max(value, 0.0), 1.0)))
    return value if unit == "level" else math.log1p(max(value, 0.0))
