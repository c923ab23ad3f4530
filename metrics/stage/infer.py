"""The inference: results, gates and people in, a verdict out. See docs/stage.md."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from metrics.declaration import Indicator, Result
from metrics.estimate import Estimate, Status
from metrics.scoring import BEST, WORST
from metrics.stage.draws import Draws, Luck, draw
from metrics.stage.explain import binding, next_steps, pulls
from metrics.stage.gates import Gates, capped, gates_of
from metrics.stage.profile import Profile, profile
from metrics.stage.verdict import DimensionVerdict, Verdict, Withheld
from model.definitions import Definitions, StageSettings
from model.stages import CUTS, DIMENSIONS, STAGES, Dimension, Stage
from model.words import chance, percent

Floats = NDArray[np.float64]
SIDES = ("marketing", "sales")


def infer(
    results: Sequence[Result],
    gates: Mapping[str, Estimate],
    people: Mapping[str, int] | None,
    definitions: Definitions,
    catalogue: Mapping[str, Indicator],
) -> Verdict:
    """The stage that one segment's records speak for.

    `results` has at most one entry per indicator of `catalogue`; `gates` may give
    `handoffs_recorded` and `decisions_recorded` (shares) and `shared_metrics` (a count); `people`
    the active people by function, None where unknown. The same inputs in any order give the same
    verdict.
    """
    settings = definitions.stage
    whole = profile(results, definitions, catalogue)
    found = {result.indicator.id: result.estimate for result in results}
    doors = Gates(gates_of(settings, catalogue), {**found, **gates})
    drawn = draw(whole, doors.known, Luck(settings.seed, settings.draws))
    evidence = whole.evidence()
    dimensions = whole.dimensions(whole.filled())
    sampled = whole.dimensions(drawn.sampling)
    totals, point = whole.total(sampled), float(whole.total(dimensions))
    probabilities = _probabilities(doors, drawn, _off(totals, point))
    score = point if evidence > 0 else None
    ungated = Stage.of_score(point) if evidence > 0 else None
    likeliest = max(STAGES, key=lambda s: probabilities[s])
    stage_range = _stage_range(whole, doors)
    withheld = _withheld(settings, evidence, people, probabilities[likeliest])
    why = withheld[0] if withheld else None
    stage = None if why else likeliest
    low, high = _interval(totals, point) if score is not None else (None, None)
    verdict = Verdict(
        stage=stage,
        withheld=why,
        stage_range=stage_range,
        ungated_stage=ungated,
        held_by=doors.held(ungated),
        score=score,
        low=low,
        high=high,
        probabilities=probabilities,
        evidence=evidence,
        dimensions=tuple(
            _dimension(whole, d, float(dimensions[i]), sampled[i], settings.minimum_evidence)
            for i, d in enumerate(DIMENSIONS)
        ),
        sentence="",
        pulls=pulls(whole),
        binding=binding(whole),
        steps=next_steps(whole, doors) if score is not None else (),
    )
    cap = doors.cap(worst=False)
    return replace(verdict, sentence=_sentence(verdict, withheld[1] if withheld else None, cap))


def _off(draws: Floats, score: float) -> float:
    """How far the middle of the draws lies off the score. Scores end at 20 and 100 and the weakest
    dimension counts twice, so what is drawn around an estimate that is itself off is off again, in
    the same direction: near an end towards the middle, and down where dimensions are alike.
    """
    return score - float(np.median(draws))


def _interval(draws: Floats, score: float) -> tuple[float, float]:
    """95 % of the draws, centred on the score."""
    low, high = np.clip(np.quantile(draws, [0.025, 0.975]) + _off(draws, score), WORST, BEST)
    return min(float(low), score), max(float(high), score)


def _probabilities(gates: Gates, drawn: Draws, off: float) -> dict[Stage, float]:
    ranks = np.searchsorted(np.array(CUTS), drawn.total + off, side="right")
    counts = np.bincount(gates.ranks(ranks, drawn.gates), minlength=len(STAGES))
    return {stage: float(counts[stage.rank] / len(ranks)) for stage in STAGES}


def _stage_range(whole: Profile, gates: Gates) -> tuple[Stage, Stage]:
    worst, best = (Stage.of_score(whole.score(whole.filled(x))) for x in (20.0, 100.0))
    return capped(worst, gates.cap(worst=True)), capped(best, gates.cap(worst=False))


def _withheld(
    settings: StageSettings, evidence: float, people: Mapping[str, int] | None, best: float
) -> tuple[Withheld, str] | None:
    """Why no stage is stated, also in words, or None."""
    if evidence < settings.minimum_evidence:
        least = percent(settings.minimum_evidence)
        return "evidence", f"not enough evidence: {percent(evidence)}, at least {least}"
    for side in SIDES if people is not None else ():
        active = people.get(side, 0) if people is not None else 0
        if active < settings.minimum_people:
            least = str(settings.minimum_people)
            return "people", f"{side.title()} has {active} active people, under {least}"
    if best < settings.minimum_probability:
        return "probability", f"no stage reaches {percent(settings.minimum_probability)}"
    return None


def _sentence(verdict: Verdict, withheld: str | None, cap: Stage) -> str:
    chances = verdict.probabilities
    ranked = sorted(STAGES, key=lambda s: (-chances[s], s.rank))
    odds = ", ".join(f"{_name(s)} {chance(chances[s])}" for s in ranked[:2])
    told = f"{odds}, evidence {percent(verdict.evidence)}"
    if withheld is not None:
        low, high = verdict.stage_range
        where = f"between {_name(low)} and {_name(high)}" if low != high else _name(low)
        return f"{where}, {withheld}" + (f" ({told})" if verdict.evidence > 0 else "")
    if verdict.held_by and verdict.ungated_stage is not None:
        why = "; ".join(held.reason for held in verdict.held_by)
        return f"scores {_name(verdict.ungated_stage)}, held at {_name(cap)}: {why} ({told})"
    return told


def _name(stage: Stage) -> str:
    return stage.value.title()


def _dimension(
    whole: Profile, dimension: Dimension, score: float, draws: Floats, minimum: float
) -> DimensionVerdict:
    evidence = whole.evidence(dimension)
    index = DIMENSIONS.index(dimension)
    worst, best = (
        Stage.of_score(float(whole.dimensions(whole.filled(x))[index])) for x in (20.0, 100.0)
    )
    missing = tuple(
        s.id for s in whole.slots if s.dimension == dimension and s.indicator and s.score is None
    )
    if evidence == 0:
        return DimensionVerdict(
            dimension, None, None, None, None, (worst, best), 0.0, "not_assessed", missing
        )
    status: Status = "ok" if evidence >= minimum else "weak"
    stage = Stage.of_score(score) if status == "ok" else None
    low, high = _interval(draws, score)
    return DimensionVerdict(
        dimension, score, low, high, stage, (worst, best), evidence, status, missing
    )
