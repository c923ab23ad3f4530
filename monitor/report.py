"""The forms in which figures leave the product: the command line's JSON, the snapshots' content,
and what the dashboard draws. All values are JSON's; instants are ISO text ending in Z.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import TypedDict

from metrics.declaration import Result, Shown
from metrics.estimate import Estimate, Status
from metrics.indicators import CATALOGUE
from metrics.stage.headline import Headline, Said
from metrics.stage.verdict import DimensionVerdict, NextStep, Verdict
from model.stages import STAGES, Dimension
from monitor.survey_forms import SurveyForm


class EstimateForm(TypedDict):
    """A figure with its interval, its n and how far it can be trusted.

    `value` is None where nothing can be said (see `reason`) or where it lies beyond `bound`.
    `status`: ok, weak, not_assessed.
    """

    value: float | None
    bound: str | None
    low: float | None
    high: float | None
    n: int
    status: str
    reason: str | None


class ShownForm(EstimateForm):
    """A figure that is shown: an outcome, or a measure of evidence quality, never scored.

    `window` has the keys from and to: local days, both included.
    """

    id: str
    title: str
    segment: dict[str, str]
    window: dict[str, str]
    clusters: int
    declared: bool
    unit: str
    variants: dict[str, EstimateForm]


class IndicatorForm(ShownForm):
    """One row of `detente indicators --json`. `score` is on 20–100, `stage` its stage."""

    dimension: str
    clock: str | None
    score: float | None
    stage: str | None


class IndicatorsForm(TypedDict):
    """`detente indicators --json`. `rows` are the scored indicators; `outcomes` and `evidence` are
    for the whole of what was asked, not split.
    """

    as_of: str
    definitions: str
    rows: list[IndicatorForm]
    outcomes: list[ShownForm]
    evidence: list[ShownForm]


class DimensionForm(TypedDict):
    """One of the six dimensions; `status`: ok, weak, not_assessed. The figures are None where
    nothing is assessed, `stage` also where too little is; `missing` are indicator ids.
    """

    id: str
    title: str
    score: float | None
    low: float | None
    high: float | None
    stage: str | None
    stage_range: list[str]
    evidence: float
    status: str
    missing: list[str]


class GateForm(TypedDict):
    """A gate that holds the stage down, and why."""

    gate: str
    reason: str


class PullForm(TypedDict):
    """`gain`: the points that the total would gain if this indicator scored 100; `adds`: what it
    adds to the total over a neutral one, negative where it pulls down.
    """

    id: str
    title: str
    dimension: str
    score: float
    gain: float
    adds: float


class StepForm(TypedDict):
    """A change that reaches `stage`. `kind`: indicator (from `now` to `value`, in `unit`),
    dimension (at `to_score`) or gate (a share or count of at least `value`).
    """

    kind: str
    id: str
    title: str
    unit: str | None
    stage: str
    from_score: float | None
    to_score: float | None
    value: float | None
    now: float | None


class StageForm(TypedDict):
    """`detente stage --json`. `stage` is None where a range is all that can be said; `sentence`
    says it in words, `withheld` why (evidence, people, probability). `headline` is the stage that
    the live snapshots have settled on, `headline_sentence` says it beside what is said now; both
    are None for a segment. `steps` are the cheapest to the next stage, `next_step` the first.
    `company_only`: indicators that are known for the whole company only, and open in a segment.
    `logging`: the share of people in Sales who log anything; None for a segment or a snapshot.
    """

    as_of: str
    segment: dict[str, str]
    stage: str | None
    stage_range: list[str]
    withheld: str | None
    headline: str | None
    headline_since: str | None
    headline_sentence: str | None
    sentence: str
    ungated_stage: str | None
    held_by: list[GateForm]
    score: float | None
    low: float | None
    high: float | None
    probabilities: dict[str, float]
    evidence: float
    logging: EstimateForm | None
    dimensions: list[DimensionForm]
    company_only: list[str]
    binding: str | None
    pulls: list[PullForm]
    next_step: StepForm | None
    steps: list[StepForm]
    survey: SurveyForm | None
    gap: float | None
    definitions: str


def instant(at: datetime) -> str:
    """A naive UTC instant as ISO text."""
    return at.replace(microsecond=0).isoformat() + "Z"


def estimate_form(estimate: Estimate) -> EstimateForm:
    """The form of an estimate."""
    return {
        "value": estimate.value,
        "bound": estimate.bound,
        "low": estimate.low,
        "high": estimate.high,
        "n": estimate.n,
        "status": estimate.status,
        "reason": estimate.reason,
    }


def estimate_of(form: EstimateForm) -> Estimate:
    """The estimate of a form; what only the inference needs (influence) is not in it."""
    status: Status = form["status"]  # type: ignore[assignment]
    return Estimate(
        form["value"],
        form["low"],
        form["high"],
        form["n"],
        status=status,
        reason=form["reason"],
        bound=form["bound"],
    )


def indicator_form(result: Result) -> IndicatorForm:
    """The form of one indicator's result."""
    one = result.indicator
    return {
        **estimate_form(result.estimate),
        "id": one.id,
        "title": one.title,
        "dimension": one.dimension.value,
        "segment": dict(result.segment),
        "window": {"from": result.from_on.isoformat(), "to": result.to_on.isoformat()},
        "clusters": result.estimate.clusters,
        "declared": result.estimate.declared,
        "unit": one.unit,
        "clock": one.clock,
        "score": result.score,
        "stage": result.stage.value if result.stage else None,
        "variants": {name: estimate_form(found) for name, found in result.variants.items()},
    }


def shown_form(found: Shown) -> ShownForm:
    """The form of a figure that is not scored."""
    one = found.measure
    return {
        **estimate_form(found.estimate),
        "id": one.id,
        "title": one.title,
        "segment": dict(found.segment),
        "window": {"from": found.from_on.isoformat(), "to": found.to_on.isoformat()},
        "clusters": found.estimate.clusters,
        "declared": found.estimate.declared,
        "unit": one.unit,
        "variants": {name: estimate_form(each) for name, each in found.variants.items()},
    }


def indicators_form(
    results: Iterable[Result],
    as_of: datetime,
    definitions: str,
    outcomes: Iterable[Shown] = (),
    evidence: Iterable[Shown] = (),
) -> IndicatorsForm:
    """The form of several results, and of what is shown beside them."""
    return {
        "as_of": instant(as_of),
        "definitions": definitions,
        "rows": [indicator_form(result) for result in results],
        "outcomes": [shown_form(one) for one in outcomes],
        "evidence": [shown_form(one) for one in evidence],
    }


def stage_form(
    verdict: Verdict,
    survey: SurveyForm | None,
    as_of: datetime,
    definitions: str,
    segment: Mapping[str, str],
    settled: Headline | None = None,
    logging: Estimate | None = None,
) -> StageForm:
    """The form of a verdict beside the survey's and the headline that snapshots have `settled`."""
    now = said_of(verdict, as_of, definitions)
    steps = [_step_form(step) for step in verdict.steps]
    return {
        "as_of": instant(as_of),
        "segment": dict(segment),
        "stage": verdict.stage and verdict.stage.value,
        "stage_range": [stage.value for stage in verdict.stage_range],
        "withheld": verdict.withheld,
        "headline": settled.stage.value if settled and settled.stage else None,
        "headline_since": settled.since.isoformat() if settled and settled.since else None,
        "headline_sentence": settled.sentence(now) if settled else None,
        "sentence": verdict.sentence,
        "ungated_stage": verdict.ungated_stage and verdict.ungated_stage.value,
        "held_by": [{"gate": held.gate, "reason": held.reason} for held in verdict.held_by],
        "score": verdict.score,
        "low": verdict.low,
        "high": verdict.high,
        "probabilities": {stage.value: verdict.probabilities[stage] for stage in STAGES},
        "evidence": verdict.evidence,
        "logging": estimate_form(logging) if logging else None,
        "dimensions": [dimension_form(one) for one in verdict.dimensions],
        "company_only": [
            id_ for id_, one in CATALOGUE.items() if not segment.keys().isdisjoint(one.cannot_split)
        ],
        "binding": verdict.binding and verdict.binding.value,
        "pulls": [
            {
                "id": pull.indicator,
                "title": CATALOGUE[pull.indicator].title,
                "dimension": pull.dimension.value,
                "score": pull.score,
                "gain": pull.gain,
                "adds": pull.adds,
            }
            for pull in verdict.pulls
        ],
        "next_step": steps[0] if steps else None,
        "steps": steps,
        "survey": survey,
        "gap": survey["gap"] if survey else None,
        "definitions": definitions,
    }


def said_of(verdict: Verdict, as_of: datetime, definitions: str) -> Said:
    """What a verdict says to the headline."""
    stated = verdict.withheld not in ("evidence", "people")
    return Said(as_of, definitions, verdict.probabilities, verdict.stage, stated)


def dimension_form(one: DimensionVerdict) -> DimensionForm:
    """The form of one dimension's verdict."""
    return {
        "id": one.dimension.value,
        "title": one.dimension.label,
        "score": one.score,
        "low": one.low,
        "high": one.high,
        "stage": one.stage and one.stage.value,
        "stage_range": [stage.value for stage in one.stage_range],
        "evidence": one.evidence,
        "status": one.status,
        "missing": list(one.missing),
    }


def _step_form(step: NextStep) -> StepForm:
    titles = {
        "indicator": lambda: CATALOGUE[step.id].title,
        "dimension": lambda: Dimension(step.id).label,
        "gate": lambda: step.id.replace("_", " "),
    }
    return {
        "kind": step.kind,
        "id": step.id,
        "title": titles[step.kind](),
        "unit": CATALOGUE[step.id].unit if step.kind == "indicator" else None,
        "stage": step.stage.value,
        "from_score": step.from_score,
        "to_score": step.to_score,
        "value": step.value,
        "now": step.now,
    }
