"""Seeded draws: what the score could be, given sampling, missing evidence and the parameters.

Sampling follows a Poisson bootstrap of owners (each owner's records weigh 0, 1, 2, … times),
hashed from the owner's id, so that two snapshots share their luck and indicators that rest on the
same owners move together. An indicator's deviate is its owners' extra weight times influence,
put on the normal scale by rank, so that each margin reproduces its own calibrated interval.
Everything random is hashed from the seed and a name: nothing depends on the order of anything.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray
from scipy import special

from metrics.declaration import Indicator
from metrics.estimate import Estimate
from metrics.scoring import knots, scores
from metrics.stage.profile import NEUTRAL, Profile

Floats = NDArray[np.float64]
NORMAL = 1.959963984540054
WEIGHT_SPREAD, MOST_PENALTY = 0.25, 0.5
SHARE_SHIFT, DURATION_SHIFT = 0.2, 0.1  # ±10 %: of a share of one half, of a duration
NO_INFLUENCE = 1e-12
AT_ONCE = 250  # draws, so that the weights of many owners stay few megabytes
KEPT_OWNERS = 20_000  # 2 kB each: luck is the same for every segment
SHORTEST = 1e-3  # of the unit, so that a median of 0 has a logarithm


@dataclass(frozen=True)
class Luck:
    """Where random numbers come from: `draws` of each, by name. Estimates that rest on no owner
    draw theirs under the name `alone`.
    """

    seed: int
    draws: int
    alone: str = "alone"

    def stream(self, name: str) -> np.random.Generator:
        """The generator that belongs to `name`."""
        digest = blake2b(f"{self.seed}|{name}".encode(), digest_size=16).digest()
        return np.random.Generator(np.random.PCG64(int.from_bytes(digest, "big")))

    def uniform(self, kind: str, names: Sequence[str], low: float, high: float) -> Floats:
        """One row per name."""
        rows = [self.stream(f"{kind}|{n}").uniform(low, high, self.draws) for n in names]
        return np.array(rows).reshape(len(names), self.draws)

    def deviates(self, estimates: Mapping[str, Estimate]) -> dict[str, Floats]:
        """A standard normal deviate per estimate and draw, alike where owners are shared."""
        names = sorted(estimates)
        owners = sorted({owner for one in names for owner in estimates[one].influence})
        place = {owner: i for i, owner in enumerate(owners)}
        influence = np.zeros((len(names), len(owners)))
        for i, name in enumerate(names):
            for owner, change in estimates[name].influence.items():
                influence[i, place[owner]] = change
        sizes = np.sqrt((influence * influence).sum(axis=1))
        told = sizes > NO_INFLUENCE
        # rounded, so that the last bit of a sum does not decide between equal draws
        sums = np.round(self._sums(influence[told], owners) / sizes[told, None], 9)
        ranked = iter(sums)
        return {
            name: special.ndtri((_ranks(next(ranked)) - 0.5) / self.draws)
            if is_told
            else self.stream(f"{self.alone}|{name}").standard_normal(self.draws)
            for name, is_told in zip(names, told, strict=True)
        }

    def _sums(self, influence: Floats, owners: Sequence[str]) -> Floats:
        """By row of `influence` and draw, its sum over the owners times their extra weights."""
        extra = np.empty((len(owners), self.draws), dtype=np.int8)
        for i, owner in enumerate(owners):
            extra[i] = _extra_weights(self.seed, self.draws, owner)
        found = np.empty((len(influence), self.draws))
        for first in range(0, self.draws, AT_ONCE):
            part = slice(first, first + AT_ONCE)
            found[:, part] = influence @ extra[:, part].astype(np.float64)
        return found


@lru_cache(KEPT_OWNERS)
def _extra_weights(seed: int, draws: int, owner: str) -> NDArray[np.int8]:
    """How many times more than once an owner's records count, by draw."""
    counts = Luck(seed, draws).stream(f"owner|{owner}").poisson(1.0, draws)
    return (counts - 1).astype(np.int8)


def sampled_share(estimate: Estimate, deviate: Floats) -> Floats:
    """Draws of a share on the logit scale; from a share of 0 or 1, on its own."""
    value = float(estimate.value or 0.0)
    low, high = estimate.low, estimate.high
    if low is None or high is None:
        return np.full(len(deviate), value)
    if not 0 < value < 1:
        half = np.where(deviate < 0, value - low, high - value)
        return np.clip(value + deviate * half / NORMAL, 0, 1)
    at, below, above = (_logit(min(max(x, 1e-9), 1 - 1e-9)) for x in (value, low, high))
    half = np.where(deviate < 0, at - below, above - at)
    return np.asarray(1 / (1 + np.exp(-(at + deviate * half / NORMAL))))


def sampled_duration(indicator: Indicator, estimate: Estimate, deviate: Floats) -> Floats:
    """Draws of a duration on the log scale. Where the records set no upper limit, the worst
    anchor stands for it; a value never reached is drawn between that and `low`.
    """
    worst = float(knots(indicator).max())
    low, value, high = estimate.low, estimate.value, estimate.high
    if value is None:
        value, high = max(worst, low or 0.0), None
        low = value if low is None else low
    elif low is None and high is None:
        return np.full(len(deviate), value)
    at = np.log(max(value, SHORTEST))
    below = at if low is None else np.log(max(low, SHORTEST))
    above = np.log(max(value, worst, SHORTEST)) if high is None else np.log(max(high, SHORTEST))
    half = np.where(deviate < 0, at - below, above - at)
    return np.asarray(np.exp(at + deviate * half / NORMAL))


@dataclass(frozen=True)
class Draws:
    """`sampling`: scores by slot and draw under sampling alone, at nominal parameters. `dimensions`
    and `total` (one row per dimension; one value per draw): under everything that is uncertain.
    `gates`: the gates' shares by draw.
    """

    sampling: Floats
    total: Floats
    gates: Mapping[str, Floats]


def draw(profile: Profile, gates: Mapping[str, Estimate], luck: Luck) -> Draws:
    """All draws for a profile and the gates that have evidence."""
    estimates = {s.id: s.estimate for s in profile.slots if s.score is not None}
    deviates = luck.deviates({**estimates, **{f"gate {name}": e for name, e in gates.items()}})
    ids = [slot.id for slot in profile.slots]
    shifts = luck.uniform("threshold", ids, -1.0, 1.0)
    sampling = np.full((len(ids), luck.draws), NEUTRAL)
    everything = luck.uniform("missing", ids, 20.0, 100.0)
    for i, slot in enumerate(profile.slots):
        if slot.indicator is None or slot.score is None:
            continue
        if slot.indicator.unit == "share":
            values, spread = sampled_share(slot.estimate, deviates[slot.id]), SHARE_SHIFT
        else:
            values = sampled_duration(slot.indicator, slot.estimate, deviates[slot.id])
            spread = DURATION_SHIFT
        sampling[i] = scores(slot.indicator, values)
        everything[i] = scores(slot.indicator, values, spread * shifts[i])
    around = (1 - WEIGHT_SPREAD, 1 + WEIGHT_SPREAD)
    weights = profile.weights[:, None] * luck.uniform("weight", ids, *around)
    dimension_names = [str(i) for i in range(len(profile.dimension_weights))]
    outer = luck.uniform("dimension weight", dimension_names, *around)
    penalty = luck.uniform("penalty", ["λ"], 0.0, MOST_PENALTY)[0]
    total = profile.total(
        profile.dimensions(everything, weights),
        profile.dimension_weights[:, None] * outer,
        penalty,
    )
    shares = {name: sampled_share(e, deviates[f"gate {name}"]) for name, e in gates.items()}
    return Draws(sampling, total, shares)


def _logit(share: float) -> float:
    return float(np.log(share / (1 - share)))


def _ranks(values: Floats) -> Floats:
    """Ranks from 1 on, ties at the mean of theirs."""
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    return np.asarray((last - (counts - 1) / 2)[place])
