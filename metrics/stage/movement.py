"""How far the dimensions have moved between two sets of estimates, and how sure that is.

Both sides are drawn with the same owners' luck, so that what they owe to the same owners cancels;
estimates that rest on no owner are drawn apart.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from metrics.declaration import Indicator
from metrics.estimate import Estimate
from metrics.stage.draws import Luck, draw
from metrics.stage.profile import Profile, profile_of
from model.definitions import Definitions
from model.stages import DIMENSIONS, Dimension


@dataclass(frozen=True)
class Movement:
    """A dimension's score now less its score then, with the 95 % interval of that; all None where
    it was not assessed on both sides by the same indicators.
    """

    dimension: Dimension
    points: float | None
    low: float | None
    high: float | None


def movements(
    then: Mapping[str, Estimate],
    now: Mapping[str, Estimate],
    definitions: Definitions,
    catalogue: Mapping[str, Indicator],
) -> tuple[Movement, ...]:
    """How each dimension has moved from the estimates `then` to those of `now`, by indicator."""
    settings = definitions.stage
    before, after = (profile_of(one, definitions, catalogue) for one in (then, now))
    sampled = [
        whole.dimensions(draw(whole, {}, Luck(settings.seed, settings.draws, alone)).sampling)
        for whole, alone in ((before, "alone then"), (after, "alone"))
    ]
    points = after.dimensions(after.filled()) - before.dimensions(before.filled())
    found = []
    for i, dimension in enumerate(DIMENSIONS):
        if not _assessed(before, dimension) or _assessed(before, dimension) != _assessed(
            after, dimension
        ):
            found.append(Movement(dimension, None, None, None))
            continue
        change, point = sampled[1][i] - sampled[0][i], float(points[i])
        low, high = np.quantile(change, [0.025, 0.975]) + point - np.median(change)
        found.append(Movement(dimension, point, min(float(low), point), max(float(high), point)))
    return tuple(found)


def _assessed(whole: Profile, dimension: Dimension) -> set[str]:
    return {one.id for one in whole.slots if one.dimension == dimension and one.score is not None}
