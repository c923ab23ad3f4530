"""The profile that a stage is read from: a slot per indicator, weights, and the total score.

Score = mean of the dimensions − λ · (mean − weakest). Nothing is dropped for want of evidence: a
slot without an estimate stays, or hiding the weakest dimension would raise the verdict.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from metrics.declaration import Indicator, Result
from metrics.estimate import Estimate
from metrics.scoring import score
from model.definitions import Definitions
from model.stages import DIMENSIONS, Dimension

Floats = NDArray[np.float64]
NEUTRAL = 60.0


@dataclass(frozen=True)
class Slot:
    """A place in the profile. `indicator` is None for a dimension that has none with weight."""

    id: str
    dimension: Dimension
    weight: float
    indicator: Indicator | None
    estimate: Estimate

    @cached_property
    def score(self) -> float | None:
        """The indicator's score, None where not assessed."""
        return score(self.indicator, self.estimate) if self.indicator else None

    @property
    def credit(self) -> float:
        """What the estimate counts as evidence: 1 measured, 0.5 weak or declared, 0 nothing."""
        if not self.indicator or not self.estimate.is_assessed:
            return 0.0
        return 0.5 if self.estimate.status == "weak" or self.estimate.declared else 1.0


class Profile:
    """Slots in the order of their ids, so that nothing depends on the order of the results.

    Arrays of scores have one row per slot, and a second axis for draws where there are any.
    """

    def __init__(self, slots: Sequence[Slot], definitions: Definitions) -> None:
        self.slots = tuple(sorted(slots, key=lambda slot: (slot.dimension.value, slot.id)))
        self.penalty = definitions.stage.penalty
        self.weights = np.array([slot.weight for slot in self.slots])
        given = definitions.stage.weights
        self.dimension_weights = np.array([given.get(d, 0.0) for d in DIMENSIONS])
        self.members = [
            np.flatnonzero([slot.dimension == dimension for slot in self.slots])
            for dimension in DIMENSIONS
        ]

    def filled(self, missing: float = NEUTRAL) -> Floats:
        """Every slot's score, `missing` where not assessed."""
        return np.array([missing if s.score is None else s.score for s in self.slots])

    def dimensions(self, scores: Floats, weights: Floats | None = None) -> Floats:
        """One row per dimension: the weighted mean of its slots."""
        w = self.weights if weights is None else weights
        if scores.ndim > w.ndim:
            w = w[:, None]
        rows = [(scores[m] * w[m]).sum(axis=0) / w[m].sum(axis=0) for m in self.members]
        return np.array(rows)

    def total(
        self,
        dimensions: Floats,
        weights: Floats | None = None,
        penalty: Floats | float | None = None,
    ) -> Floats:
        """The penalised score, from one row per dimension. A dimension of weight 0 is out."""
        w = self.dimension_weights if weights is None else weights
        if dimensions.ndim > w.ndim:
            w = w[:, None]
        mean = (dimensions * w).sum(axis=0) / w.sum(axis=0)
        weakest = dimensions[self.dimension_weights > 0].min(axis=0)
        share = self.penalty if penalty is None else penalty
        return np.asarray(mean - share * (mean - weakest))

    def score(self, scores: Floats) -> float:
        """The penalised score of one score per slot, at nominal parameters."""
        return float(self.total(self.dimensions(scores)))

    def evidence(self, dimension: Dimension | None = None) -> float:
        """Σ weight · credit / Σ weight, over everything or one dimension."""
        outer = dict(zip(DIMENSIONS, self.dimension_weights.tolist(), strict=True))
        if dimension is not None:
            outer = {d: float(d == dimension) for d in DIMENSIONS}
        weights = [slot.weight * outer[slot.dimension] for slot in self.slots]
        credits_ = [slot.credit for slot in self.slots]
        return float(np.dot(weights, credits_) / sum(weights))


def profile(
    results: Sequence[Result], definitions: Definitions, catalogue: Mapping[str, Indicator]
) -> Profile:
    """The profile of one segment's results over the whole catalogue.

    An indicator without a result is not assessed. Raises ValueError where an indicator has two.
    """
    estimates: dict[str, Estimate] = {}
    for result in results:
        if result.indicator.id in estimates:
            raise ValueError(f"two results for {result.indicator.id}: give one segment at a time")
        estimates[result.indicator.id] = result.estimate
    return profile_of(estimates, definitions, catalogue)


def profile_of(
    estimates: Mapping[str, Estimate], definitions: Definitions, catalogue: Mapping[str, Indicator]
) -> Profile:
    """The same of estimates by the id of their indicator."""
    absent = Estimate.not_assessed("not computed")
    slots = [
        Slot(one.id, one.dimension, one.weight, one, estimates.get(one.id, absent))
        for one in (declared.under(definitions) for declared in catalogue.values())
        if one.weight > 0
    ]
    for dimension in DIMENSIONS:
        if not any(slot.dimension == dimension for slot in slots):
            reason = "no indicator measures this dimension"
            nothing = Estimate.not_assessed(reason)
            slots.append(Slot(f"no {dimension.value} indicator", dimension, 1.0, None, nothing))
    return Profile(slots, definitions)
