"""From an indicator's value to a score of 20–100, by straight lines through five anchors.

Shares run on their own scale and end at 0 and 1 (reversed where lower is better); hours and days
on the log scale, 20 at four times the Defined anchor, 100 at a quarter of the Integrated one;
levels are scores themselves.
"""

import math
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from metrics.declaration import Indicator
from metrics.estimate import Estimate

Floats = NDArray[np.float64]
WORST, STEP, BEST = 20.0, 20.0, 100.0
TINY = 1e-9


def knots(indicator: Indicator) -> Floats:
    """The five anchors, worst first, in the indicator's unit."""
    defined, aligned, integrated = (anchor.value for anchor in indicator.anchors)
    if indicator.unit == "level":
        ends = (WORST, BEST)
    elif indicator.unit == "share":
        ends = (0.0, 1.0) if indicator.better == "higher" else (1.0, 0.0)
    elif indicator.better == "lower":
        ends = (4 * defined, integrated / 4)
    else:
        ends = (defined / 4, 4 * integrated)
    return np.array([ends[0], defined, aligned, integrated, ends[1]])


def scores(indicator: Indicator, values: Floats, shift: Floats | float = 0.0) -> Floats:
    """The scores (20–100) of `values`, all of the indicator's unit.

    `shift` moves the thresholds, one value or one for each of `values`: on the logit scale for
    shares (whose ends stay at 0 and 1), on the log scale for durations (all five); levels stand.
    """
    at = knots(indicator)
    if indicator.unit == "level":
        x, moved = values, [np.asarray(knot) for knot in at]
    elif indicator.unit == "share":
        x, moved = values, [_shifted(p, shift) for p in at]
    else:
        x = np.log(np.maximum(values, TINY))
        moved = [math.log(max(knot, TINY)) + np.asarray(shift) for knot in at]
    sign = 1.0 if at[-1] > at[0] else -1.0
    total = np.full(np.shape(values), WORST)
    for lower, upper in pairwise(moved):
        width = np.maximum(sign * (upper - lower), TINY)
        total = total + STEP * np.clip(sign * (x - lower) / width, 0, 1)
    return total


def score(indicator: Indicator, estimate: Estimate) -> float | None:
    """The score of an estimate: None where not assessed, 20 where its value lies beyond
    everything observed (a median never reached).
    """
    if not estimate.is_assessed:
        return None
    if estimate.value is None:
        return WORST
    return float(scores(indicator, np.array([estimate.value]))[0])


def value_at(indicator: Indicator, target: float) -> float:
    """The value that scores `target` (20–100): the inverse of `scores`."""
    at = knots(indicator)
    place = (target - WORST) / STEP
    index = min(int(place), 3)
    part = place - index
    if indicator.unit in ("share", "level"):
        return float(at[index] + part * (at[index + 1] - at[index]))
    low, high = math.log(max(at[index], TINY)), math.log(max(at[index + 1], TINY))
    return math.exp(low + part * (high - low))


def _shifted(share: float, shift: Floats | float) -> Floats:
    if share in (0.0, 1.0):
        return np.full(np.shape(shift), share)
    odds = math.log(share / (1 - share)) + np.asarray(shift)
    return np.asarray(1 / (1 + np.exp(-odds)))
