"""What `bench.validity` measures: recovery, coverage, calibration, sensitivity, missing tables."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise

import numpy as np
from numpy.typing import NDArray

from bench.companies import DAY, PLAIN, Organisation
from metrics.declaration import Result
from metrics.estimate import Estimate
from metrics.indicators import CATALOGUE
from metrics.scoring import scores
from metrics.stage import Verdict, infer
from metrics.stage.gates import Gates, capped, gates_of
from metrics.stage.profile import Profile, profile
from model.definitions import Definitions, StageSettings
from model.stages import CUTS, DIMENSIONS, STAGES, Stage

Floats = NDArray[np.float64]
DEFINITIONS = Definitions(stage=StageSettings(draws=1000))
DISTANCES = (0, 1, 2, 4, 6, 10, 40)
GATE_NEEDS = {
    "handoffs_recorded": ("leads.mql_at", "lead_changes.new"),
    "decisions_recorded": ("leads.mql_at", "lead_changes.new"),
    "shared_metrics": CATALOGUE["shared_metric_coverage"].needs,
}


@dataclass(frozen=True)
class Row:
    """One organisation: `known` is the score of the population values of what was assessed, `true`
    of all of them; `planted` the stage of `true`, held by the gates' population values.
    """

    regime: str
    handoffs: int
    owners: int
    known: float
    true: float
    planted: int
    score: float
    low: float
    high: float
    chances: tuple[float, ...]
    stated: int | None
    evidence: float
    levels: tuple[tuple[bool, bool], ...]


def judged(regime: str, made: Organisation) -> Row:
    """What the inference says of an organisation, beside the truth."""
    said = infer(made.results, made.gates, None, DEFINITIONS, CATALOGUE)
    known, full = (_true(made, only_assessed=x) for x in (True, False))
    true = full.score(full.filled())
    gates = {k: Estimate(v, None, None, 1) for k, v in made.true_gates.items()}
    cap = Gates(gates_of(DEFINITIONS.stage, CATALOGUE), gates).cap(worst=False)
    return Row(
        regime=regime,
        handoffs=made.handoffs,
        owners=max(r.estimate.clusters for r in made.results),
        known=known.score(known.filled()),
        true=true,
        planted=capped(Stage.of_score(true), cap).rank,
        score=said.score or 0.0,
        low=said.low or 0.0,
        high=said.high or 0.0,
        chances=tuple(said.probabilities[s] for s in STAGES),
        stated=said.stage.rank if said.stage else None,
        evidence=said.evidence,
        levels=_levels(said, known),
    )


def _levels(said: Verdict, known: Profile) -> tuple[tuple[bool, bool], ...]:
    """For each assessed dimension, whether its interval and its stage hold the truth."""
    truth = known.dimensions(known.filled())
    return tuple(
        (
            (one.low or 0) - 1e-9 <= truth[i] <= (one.high or 0) + 1e-9,
            Stage.of_score(one.score) == Stage.of_score(truth[i]),
        )
        for i, one in enumerate(said.dimensions)
        if one.score is not None and one.low != one.high
    )


def _true(made: Organisation, *, only_assessed: bool) -> Profile:
    results = [
        Result(one.indicator, {}, DAY, DAY, _planted(made, one, only_assessed), None, None)
        for one in made.results
    ]
    return profile(results, PLAIN, CATALOGUE)


def _planted(made: Organisation, one: Result, only_assessed: bool) -> Estimate:
    if only_assessed and not one.estimate.is_assessed:
        return one.estimate
    return Estimate(made.truth[one.indicator.id], None, None, 1)


def coverage(rows: Sequence[Row]) -> tuple[float, float, float]:
    """The share of intervals that hold the truth, with the truth below, and above."""
    below = float(np.mean([row.known < row.low for row in rows]))
    above = float(np.mean([row.known > row.high for row in rows]))
    return 1 - below - above, below, above


def recovery(rows: Sequence[Row]) -> list[tuple[str, int, float, float, float]]:
    """By distance of the true score from the nearest cut: how many, the share whose likeliest
    stage is the planted one, the share stated at all, and of those the share that is right.
    """
    found = []
    for low, high in pairwise(DISTANCES):
        near = [r for r in rows if low <= min(abs(r.true - cut) for cut in CUTS) < high]
        stated = [r for r in near if r.stated is not None]
        right = np.mean([int(np.argmax(r.chances)) == r.planted for r in near])
        right_stated = np.mean([r.stated == r.planted for r in stated])
        share = len(stated) / max(len(near), 1)
        found.append((f"{low}–{high}", len(near), float(right), share, float(right_stated)))
    return found


@dataclass(frozen=True)
class Calibration:
    """Stated probabilities against what was planted: mean stated and actual share by bin, their
    counts, Brier score (over the four stages), and the expected calibration error: of all four
    statements, and of the likeliest stage alone.
    """

    stated: Floats
    actual: Floats
    counts: NDArray[np.int64]
    brier: float
    error: float
    error_of_likeliest: float


def calibration(rows: Sequence[Row]) -> Calibration:
    chances = np.array([row.chances for row in rows])
    actual = np.eye(4)[[row.planted for row in rows]]
    stated, hit, counts = _binned(chances.ravel(), actual.ravel())
    top = chances.argmax(axis=1)
    at = np.arange(len(rows))
    likeliest = _binned(chances[at, top], actual[at, top])
    brier = float(np.mean(((chances - actual) ** 2).sum(axis=1)))
    return Calibration(stated, hit, counts, brier, _gap(stated, hit, counts), _gap(*likeliest))


def _binned(said: Floats, hits: Floats) -> tuple[Floats, Floats, NDArray[np.int64]]:
    bins = np.clip((said * 10).astype(int), 0, 9)
    there = [b for b in range(10) if (bins == b).any()]
    means = [(said[bins == b].mean(), hits[bins == b].mean(), (bins == b).sum()) for b in there]
    first, second, counts = (np.array(x) for x in zip(*means, strict=True))
    return first, second, counts


def _gap(stated: Floats, hit: Floats, counts: NDArray[np.int64]) -> float:
    return float((counts / counts.sum()) @ np.abs(stated - hit))


def sensitivity(organisations: Sequence[Organisation]) -> dict[str, dict[str, float]]:
    """How often another choice gives another stage (of the score, before gates)."""
    whole = [profile(made.results, PLAIN, CATALOGUE) for made in organisations]
    now = [Stage.of_score(one.score(one.filled())) for one in whole]

    def moved(changed: Sequence[float]) -> float:
        return float(np.mean([Stage.of_score(c) != n for c, n in zip(changed, now, strict=True)]))

    penalty = {
        f"λ = {x:.1f}": moved([float(w.total(w.dimensions(w.filled()), penalty=x)) for w in whole])
        for x in (0.0, 0.1, 0.2, 0.4, 0.5)
    }
    weights = {}
    for i, dimension in enumerate(DIMENSIONS):
        for factor in (0.5, 0.75, 1.25, 2.0):
            given = np.where(np.arange(6) == i, factor, 1.0)
            changed = [float(w.total(w.dimensions(w.filled()), given)) for w in whole]
            weights[f"{dimension.label} × {factor:g}"] = moved(changed)
    shifts = {f"all thresholds {x:+.0%}": moved([_shifted(w, x) for w in whole]) for x in STEPS}
    flips = {name: _flips(whole, now, name) for name in CATALOGUE}
    return {
        "penalty": penalty,
        "weights": weights,
        "thresholds": shifts,
        "threshold": {name: one[0] for name, one in flips.items()},
        "sampling": {name: one[1] for name, one in flips.items()},
        "missing": {name: one[2] for name, one in flips.items()},
    }


STEPS = (-0.2, -0.1, 0.1, 0.2)


def _shifted(whole: Profile, step: float, only: str | None = None) -> float:
    """The score with thresholds moved: ±10 % of a share of one half, or of a duration."""
    base = whole.filled()
    for i, slot in enumerate(whole.slots):
        value = slot.estimate.value
        if slot.indicator is None or value is None or (only and slot.id != only):
            continue
        shift = step * (2 if slot.indicator.unit == "share" else 1)
        base[i] = scores(slot.indicator, np.array([value]), shift)[0]
    return whole.score(base)


def _flips(whole: Sequence[Profile], now: Sequence[Stage], name: str) -> tuple[float, float, float]:
    """How often an indicator alone changes the stage: its thresholds ±10 %, either end of its
    interval, or its absence.
    """
    counts = np.zeros(3)
    for one, stage in zip(whole, now, strict=True):
        i = next(k for k, slot in enumerate(one.slots) if slot.id == name)
        slot, base = one.slots[i], one.filled()
        if slot.indicator is None or slot.score is None:
            continue
        ends = [x for x in (slot.estimate.low, slot.estimate.high) if x is not None]
        at = scores(slot.indicator, np.array([*ends, slot.estimate.value or 0.0]))[: len(ends)]
        tried = (
            [_shifted(one, x, name) for x in (-0.1, 0.1)],
            [one.score(_with(base, i, float(x))) for x in at],
            [one.score(_with(base, i, 60.0))],
        )
        counts += [any(Stage.of_score(x) != stage for x in some) for some in tried]
    found = counts / len(whole)
    return float(found[0]), float(found[1]), float(found[2])


def _with(base: Floats, i: int, value: float) -> Floats:
    changed = base.copy()
    changed[i] = value
    return changed


def tables() -> list[str]:
    """Every canonical table that an indicator needs."""
    needs = {n for one in CATALOGUE.values() for need in one.needs for n in need.split("|")}
    return sorted({need.partition(".")[0] for need in needs})


def without(made: Organisation, gone: Sequence[str]) -> Verdict:
    """The verdict without some tables."""
    lost = Estimate.not_assessed("no source gives the table")

    def lacks(needs: Sequence[str]) -> bool:
        return any(all(n.partition(".")[0] in gone for n in need.split("|")) for need in needs)

    results = [
        Result(r.indicator, {}, DAY, DAY, lost, None, None) if lacks(r.indicator.needs) else r
        for r in made.results
    ]
    gates = {k: e for k, e in made.gates.items() if not lacks(GATE_NEEDS[k])}
    return infer(results, gates, None, DEFINITIONS, CATALOGUE)


def missing_tables(made: Organisation) -> tuple[int, int, Mapping[str, float]]:
    """Without each table and each pair: how many verdicts, how many broke the rule (evidence
    rose, or the range narrowed), and the evidence without each table.
    """
    whole = without(made, ())
    tried = [*((t,) for t in tables()), *combinations(tables(), 2)]
    said = {gone: without(made, gone) for gone in tried}
    broke = sum(
        one.evidence > whole.evidence + 1e-9
        or one.stage_range[0].rank > whole.stage_range[0].rank
        or one.stage_range[1].rank < whole.stage_range[1].rank
        for one in said.values()
    )
    return len(tried), broke, {t: said[t,].evidence for t in tables()}
