"""Why the verdict is what it is, and what one more step would take."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from metrics.facts.structure import LEVELS
from metrics.scoring import BEST, value_at
from metrics.stage.gates import Gates, capped
from metrics.stage.profile import NEUTRAL, Profile
from metrics.stage.verdict import NextStep, Pull
from model.stages import CUTS, DIMENSIONS, STAGES, Dimension, Stage

Floats = NDArray[np.float64]
CLOSE = 1e-6
MOST_STEPS = 5


def pulls(profile: Profile) -> tuple[Pull, ...]:
    """Every assessed indicator, what pulls down most first: the points the total would gain if it
    alone scored 100, and what it adds over a neutral one.
    """
    base = profile.filled()
    now = profile.score(base)
    found = []
    for i, slot in enumerate(profile.slots):
        if slot.score is not None:
            gain = profile.score(_with(base, i, BEST)) - now
            adds = now - profile.score(_with(base, i, NEUTRAL))
            found.append(Pull(slot.id, slot.dimension, slot.score, gain, adds))
    return tuple(sorted(found, key=lambda pull: (-pull.gain, pull.indicator)))


def binding(profile: Profile) -> Dimension | None:
    """The weakest dimension, which the penalty works on; None where it has no evidence."""
    values = profile.dimensions(profile.filled())
    values[profile.dimension_weights == 0] = np.inf
    dimension = DIMENSIONS[int(values.argmin())]
    return dimension if profile.evidence(dimension) > 0 else None


def next_steps(profile: Profile, gates: Gates) -> tuple[NextStep, ...]:
    """The changes that reach the next stage: the gate that holds it, where one does, and unless
    that is enough, single indicators, the smallest change first, or single dimensions where no
    indicator is enough. None at the top or where no single change is enough.
    """
    ungated = Stage.of_score(profile.score(profile.filled()))
    now = capped(ungated, gates.cap(worst=False))
    if now is Stage.INTEGRATED:
        return ()
    target = STAGES[now.rank + 1]
    opened = tuple(
        NextStep("gate", g.id, target, value=g.least, now=gates.known[g.id].value)
        for g in gates.binding()
        if g.cap is now
    )
    if ungated.rank > now.rank:
        return opened
    found = _of_indicators(profile, target) or _of_dimensions(profile, target)
    return (*opened, *sorted(found, key=_effort)[:MOST_STEPS])


def _effort(step: NextStep) -> tuple[float, str]:
    return (step.to_score or 0) - (step.from_score or 0), step.id


def _of_indicators(profile: Profile, target: Stage) -> list[NextStep]:
    base = profile.filled()
    steps = []
    for i, slot in enumerate(profile.slots):
        if slot.indicator is None or slot.score is None:
            continue
        needed = _least(base, i, profile.score, CUTS[target.rank - 1])
        if needed is not None:
            if slot.indicator.unit == "level":
                needed = min(level for level in LEVELS.values() if level >= needed)
            value, now = value_at(slot.indicator, needed), slot.estimate.value
            step = NextStep("indicator", slot.id, target, slot.score, needed, value, now)
            steps.append(step)
    return steps


def _of_dimensions(profile: Profile, target: Stage) -> list[NextStep]:
    base = profile.dimensions(profile.filled())
    steps = []
    for i, dimension in enumerate(DIMENSIONS):
        needed = _least(base, i, lambda d: float(profile.total(d)), CUTS[target.rank - 1])
        if needed is not None and profile.evidence(dimension) > 0:
            step = NextStep("dimension", dimension.value, target, float(base[i]), needed)
            steps.append(step)
    return steps


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
