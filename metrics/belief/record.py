"""On which side of a statement the records stand.

A statement is true of the two upper stages (somebody who answers 3, "neither agree nor disagree",
twenty times scores 60, and 60 is where Aligned begins). So an indicator bears a statement out when
its whole interval scores at least 60, and speaks against it when its whole interval scores less;
an interval that reaches over 60 leaves the question open.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from metrics.declaration import Bearing as How
from metrics.declaration import Indicator, Result
from metrics.estimate import Estimate
from metrics.scoring import BEST, WORST, scores
from model.stages import CUTS, Stage

Side = Literal["for", "against", "open"]
Record = Literal["for", "against", "mixed", "open", "not_assessed", "not_observable"]
ALIGNED_FROM = CUTS[Stage.ALIGNED.rank - 1]


@dataclass(frozen=True)
class Bearing:
    """An indicator beside a statement: `how` it bears on it, and its interval in scores (20–100;
    None for complete counts). `side` is None where it is not assessed.
    """

    result: Result
    how: How
    low: float | None
    high: float | None
    side: Side | None

    @property
    def estimate(self) -> Estimate:
        """The indicator's estimate."""
        return self.result.estimate


def bearing(result: Result, how: How) -> Bearing:
    """An indicator's result as it bears on a statement."""
    span = score_span(result.indicator, result.estimate)
    low, high = span or (None, None)
    return Bearing(result, how, low, high, side(result))


def side(result: Result) -> Side | None:
    """Whether an indicator lies at Aligned or above, below it, or too near to say (`open`); None
    where it is not assessed.
    """
    if result.score is None:
        return None
    low, high = score_span(result.indicator, result.estimate) or (result.score, result.score)
    if min(low, result.score) >= ALIGNED_FROM:
        return "for"
    return "against" if max(high, result.score) < ALIGNED_FROM else "open"


def score_span(one: Indicator, estimate: Estimate) -> tuple[float, float] | None:
    """The interval of an estimate in scores, the lower first; an open end is as far as it goes.
    None for complete counts and where nothing is assessed.
    """
    if not estimate.is_assessed or (estimate.low is None and estimate.high is None):
        return None
    ends = [
        float(scores(one, np.array([end]))[0]) if end is not None else open_end
        for end, open_end in zip((estimate.low, estimate.high), _open_ends(one), strict=True)
    ]
    return min(ends), max(ends)


def _open_ends(one: Indicator) -> tuple[float, float]:
    """The scores of the least and of the greatest value."""
    return (WORST, BEST) if one.better == "higher" else (BEST, WORST)


def record_of(names: Mapping[str, How], found: Sequence[Bearing]) -> Record:
    """What all indicators of a statement say together; `names` are those that could bear on it."""
    if not names:
        return "not_observable"
    sides = {one.side for one in found if one.side is not None}
    if not sides:
        return "not_assessed"
    if {"for", "against"} <= sides:
        return "mixed"
    if "for" in sides:
        return "for"
    return "against" if "against" in sides else "open"
