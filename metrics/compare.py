"""What changed between two sets of results, and whether by more than their uncertainty.

The two estimates of an indicator often rest on the same owners, so their errors move together:
the correlation is that of the owners' influence on both. The comparisons of one pair of snapshots
are judged together (Holm 1979), so that among forty indicators chance alone is seldom called a
change.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from scipy import special

from metrics.declaration import Indicator
from metrics.estimate import Estimate
from model.words import percent

LEVEL = 0.05
NORMAL = 1.959963984540054
MOST_ALIKE = 0.95
SHORTEST = 1e-3


@dataclass(frozen=True)
class Change:
    """One indicator, before and after.

    `difference` is after − before in the indicator's unit, None where either has no value. `p` is
    Holm-adjusted over all comparisons that have intervals on both sides, else None. `exceeds`
    says whether the difference is more than its uncertainty, None where nothing can be compared.
    """

    indicator: str
    before: Estimate
    after: Estimate
    difference: float | None
    p: float | None
    exceeds: bool | None
    direction: Literal["better", "worse", "same"] | None
    words: str


def compare(
    before: Mapping[str, Estimate],
    after: Mapping[str, Estimate],
    catalogue: Mapping[str, Indicator],
) -> list[Change]:
    """The changes of every indicator of `catalogue` that either side has, in its order."""
    absent = Estimate.not_assessed("not computed")
    raw = [
        _change(one, before.get(one.id, absent), after.get(one.id, absent))
        for one in catalogue.values()
        if one.id in before or one.id in after
    ]
    adjusted = holm({c.indicator: c.p for c in raw if c.p is not None})
    return [_worded(_judged(c, adjusted.get(c.indicator)), catalogue[c.indicator]) for c in raw]


def holm(p: Mapping[str, float]) -> dict[str, float]:
    """Holm's step-down adjustment of p-values, by name."""
    ordered = sorted(p.items(), key=lambda item: (item[1], item[0]))
    found, worst = {}, 0.0
    for i, (name, value) in enumerate(ordered):
        worst = max(worst, min(value * (len(ordered) - i), 1.0))
        found[name] = worst
    return found


def _change(one: Indicator, before: Estimate, after: Estimate) -> Change:
    if before.value is not None and after.value is not None:
        difference = after.value - before.value
        p = _p(one, before, after)
        exceeds: bool | None = difference != 0 if p is None else None
        rises = difference > 0
    elif before.is_assessed and after.is_assessed:
        difference, p = None, None
        exceeds, rises = _beyond(before, after), after.value is None
    else:
        return Change(one.id, before, after, None, None, None, None, "")
    better = rises == (one.better == "higher")
    direction: Literal["better", "worse", "same"] = "better" if better else "worse"
    if difference == 0 or (before.value is None and after.value is None):
        direction = "same"
    return Change(one.id, before, after, difference, p, exceeds, direction, "")


def _judged(change: Change, p: float | None) -> Change:
    return change if p is None else replace(change, p=p, exceeds=p < LEVEL)


def _beyond(before: Estimate, after: Estimate) -> bool:
    """Whether a value and a bound are further apart than their intervals reach."""
    never, reached = (before, after) if before.value is None else (after, before)
    if reached.value is None or never.low is None or reached.high is None:
        return False
    return never.low > reached.high


def _p(one: Indicator, before: Estimate, after: Estimate) -> float | None:
    """Two-sided p of the difference on the logit (shares) or log scale; None where neither side
    has an interval (complete counts differ or they do not).
    """
    first, second = _at(one, before.value), _at(one, after.value)
    rises = second > first
    errors = [_error(one, before, upwards=rises), _error(one, after, upwards=not rises)]
    variance = sum(e * e for e in errors) - 2 * _alike(before, after) * errors[0] * errors[1]
    if before.low is None and before.high is None and after.low is None and after.high is None:
        return None
    if variance <= 0:
        return 1.0 if first == second else 0.0
    return float(2 * special.ndtr(-abs(second - first) / math.sqrt(variance)))


def _error(one: Indicator, estimate: Estimate, *, upwards: bool) -> float:
    """The standard error on the scale, from the half of the interval that faces the other value;
    the other half where that one is open.
    """
    at = _at(one, estimate.value)
    sides = (estimate.high, estimate.low) if upwards else (estimate.low, estimate.high)
    for side in sides:
        if side is not None:
            return abs(_at(one, side) - at) / NORMAL
    return 0.0


def _at(one: Indicator, value: float | None) -> float:
    given = float(value or 0.0)
    if one.unit == "share":
        share = min(max(given, SHORTEST), 1 - SHORTEST)
        return math.log(share / (1 - share))
    return math.log(max(given, SHORTEST))


def _alike(before: Estimate, after: Estimate) -> float:
    """The correlation of two estimates' errors through the owners that both rest on."""
    first, second = dict(before.influence.items()), dict(after.influence.items())
    shared = sorted(first.keys() & second.keys())
    sizes = [math.sqrt(sum(x * x for x in one.values())) for one in (first, second)]
    if not shared or not all(sizes):
        return 0.0
    product = sum(first[c] * second[c] for c in shared)
    return float(np.clip(product / (sizes[0] * sizes[1]), -MOST_ALIKE, MOST_ALIKE))


def _worded(change: Change, one: Indicator) -> Change:
    return replace(change, words=f"{one.title}: {_words(change, one)}")


def _words(change: Change, one: Indicator) -> str:
    before, after = change.before, change.after
    if not before.is_assessed or not after.is_assessed:
        which, reason = ("now", after.reason) if before.is_assessed else ("then", before.reason)
        if not before.is_assessed and not after.is_assessed:
            which = "then or now"
        return f"not assessed {which} ({reason})"
    path = f"{_told(one, before)} → {_told(one, after)}"
    if change.direction == "same":
        return f"{path}, no change"
    if not change.exceeds:
        return f"{path}, within its uncertainty"
    return f"{path}, {change.direction} by more than its uncertainty"


def _told(one: Indicator, estimate: Estimate) -> str:
    if one.unit == "share" and estimate.value is not None:
        return percent(estimate.value)
    if estimate.value is None:
        return f"{estimate.bound} {one.unit}"
    if one.unit == "level":
        return f"level {estimate.value:.0f}"
    return f"{estimate.value:.1f} {one.unit}"
