"""How far an indicator has come from where it stood towards what was agreed."""

import math
from dataclasses import dataclass

from metrics.compare import Change, compare
from metrics.declaration import Indicator
from metrics.estimate import Estimate


@dataclass(frozen=True)
class Progress:
    """`share` of the way from baseline to target, in the indicator's own unit: 1 at the target,
    negative where it got worse, None where either figure has no value. `reached`: at the target
    or beyond; `for_sure`: with the whole interval. Both None where there is no value now.
    `change` says whether it moved by more than its uncertainty.
    """

    share: float | None
    reached: bool | None
    for_sure: bool | None
    change: Change


def progress(one: Indicator, baseline: Estimate, target: float, now: Estimate) -> Progress:
    """From `baseline` by way of `now` to `target`, which is better than the baseline.

    The two figures are taken for independent; as they may rest on the same owners and records,
    that overstates the uncertainty of the change rather than understates it.
    """
    (change,) = compare({one.id: baseline}, {one.id: now}, {one.id: one})
    reached = for_sure = None
    if now.value is not None:
        ends = [end for end in (now.low, now.high) if end is not None]
        reached = not is_better(one, target, now.value)
        is_closed = not ends or len(ends) == 2
        for_sure = reached and is_closed and all(not is_better(one, target, e) for e in ends)
    elif now.is_assessed:
        reached = for_sure = False
    return Progress(_share(baseline, target, now), reached, for_sure, change)


def is_better(one: Indicator, first: float, second: float) -> bool:
    """Whether the value `first` is better than `second`."""
    if math.isclose(first, second, rel_tol=1e-9):
        return False
    return (first > second) == (one.better == "higher")


def _share(baseline: Estimate, target: float, now: Estimate) -> float | None:
    if baseline.value is None or now.value is None or baseline.value == target:
        return None
    return (now.value - baseline.value) / (target - baseline.value)
