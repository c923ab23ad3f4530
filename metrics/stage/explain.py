"""Why the verdict is what it is, and what one more step would take."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from metrics.scoring import BEST, value_at
from metrics.stage.gates import Gates, capped
from metrics.stage.profile import Profile
from metrics.stage.verdict import NextStep, Pull
from model.stages import CUTS, DIMENSIONS, STAGES, Dimension, Stage

Floats = NDArray[np.float64]
CLOSE = 1e-6


def pulls(profile: Profile) -> tuple[Pull, ...]:
    """What pulls down most, first: the points the total would gain if one indicator scored 100."""
    base = profile.filled()
    now = profile.score(base)
    found = []
    for i, slot in enumerate(profile.slots):
        if slot.score is not None:
            gain = profile.score(_with(base, i, BEST)) - now
            found.append(Pull(slot.id, slot.dimension, slot.score, gain))
    return tuple(sorted(found, key=lambda pull: (-pull.gain, pull.indicator)))


def binding(profile: Profile) -> Dimension | None:
    """The weakest dimension, which the penalty works on; None where it has no evidence."""
    values = profile.dimensions(profile.filled())
    values[profile.dimension_weights == 0] = np.inf
    dimension = DIMENSIONS[int(values.argmin())]
    return dimension if profile.evidence(dimension) > 0 else None


def next_step(profile: Profile, gates: Gates) -> NextStep | None:
    """The smallest change that reaches the next stage: a gate where one holds it, else one
    indicator, else one dimension; None at the top or where no single change is enough.
    """
    ungated = Stage.of_score(profile.score(profile.filled()))
    now = capped(ungated, gates.cap(worst=False))
    if now is Stage.INTEGRATED:
        return None
    target = STAGES[now.rank + 1]
    for gate in gates.binding():
        if gate.cap is now:
            return NextStep("gate", gate.id, target, value=gates.least(gate))
    return _one_indicator(profile, target) or _one_dimension(profile, target)


def _one_indicator(profile: Profile, target: Stage) -> NextStep | None:
    base = profile.filled()
    steps = []
    for i, slot in enumerate(profile.slots):
        if slot.indicator is None or slot.score is None:
            continue
        needed = _least(base, i, profile.score, CUTS[target.rank - 1])
        if needed is not None:
            value = value_at(slot.indicator, needed)
            step = NextStep("indicator", slot.id, target, slot.score, needed, value)
            steps.append((needed - slot.score, slot.id, step))
    return min(steps)[2] if steps else None


def _one_dimension(profile: Profile, target: Stage) -> NextStep | None:
    base = profile.dimensions(profile.filled())
    steps = []
    for i, dimension in enumerate(DIMENSIONS):
        needed = _least(base, i, lambda d: float(profile.total(d)), CUTS[target.rank - 1])
        if needed is not None and profile.evidence(dimension) > 0:
            now = float(base[i])
            step = NextStep("dimension", dimension.value, target, now, needed)
            steps.append((needed - now, dimension.value, step))
    return min(steps)[2] if steps else None


def _least(
    values: Floats, index: int, total: Callable[[Floats], float], cut: float
) -> float | None:
    """The least value of one entry, at or above its present one, at which `total` reaches `cut`
    (by bisection); None where even 100 is not enough.
    """
    if total(_with(values, index, BEST)) < cut:
        return None
    low, high = float(values[index]), BEST
    while high - low > CLOSE:
        middle = (low + high) / 2
        low, high = (low, middle) if total(_with(values, index, middle)) >= cut else (middle, high)
    return high


def _with(values: Floats, index: int, value: float) -> Floats:
    changed = values.copy()
    changed[index] = value
    return changed
