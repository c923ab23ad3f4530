"""`detente belief`: what both functions believe beside what the CRM shows."""

from collections.abc import Mapping, Sequence
from typing import TypedDict

from metrics.belief import (
    Bearing,
    Compared,
    Difference,
    Opinion,
    compared,
    contradictions,
    splits,
)
from metrics.declaration import Result
from monitor import surveys
from monitor.outputs import belief as words
from monitor.reading import Reading
from monitor.report import EstimateForm, StageForm, estimate_form, instant, stage_form
from monitor.survey_forms import GapForm, HeadForm, StatementForm, SurveyForm
from monitor.workspace import Workspace

MOST_NAMED = 5
Key = tuple[tuple[str, str], ...]


class EvidenceForm(EstimateForm):
    """An indicator beside a statement. `how`: measured or proxy. `score_low` and `score_high` are
    its interval in scores. `side`: for, against, open; None where it is not assessed.
    """

    id: str
    title: str
    unit: str
    how: str
    declared: bool
    score: float | None
    score_low: float | None
    score_high: float | None
    stage: str | None
    side: str | None


class OpinionForm(TypedDict):
    """A function's mean (1 to 5). `view`: true, untrue, of two minds; `agreement` with the
    records: borne out, contradicted, undecided, unknown; `hidden` says why nothing is shown.
    """

    mean: float | None
    view: str | None
    agreement: str
    hidden: str | None


class ComparedForm(TypedDict):
    """One statement. `record`: for, against, mixed, open, not_assessed, not_observable. `split`
    says in words how far the functions differ.
    """

    number: int
    topic: str
    text: str
    root: str
    sales: OpinionForm
    marketing: OpinionForm
    difference: GapForm | None
    evidence: list[EvidenceForm]
    record: str
    is_weak: bool
    sentence: str
    split: str | None


class HeadBeliefForm(TypedDict):
    """A head's rating of their own segment beside the verdict there."""

    name: str
    function: str
    segment: dict[str, str]
    score: float | None
    stage: str | None
    verdict: StageForm
    sentence: str


class WaveGapForm(TypedDict):
    """Sales minus Marketing in one closed wave; None where either is hidden."""

    wave: str
    closes_on: str
    sales: float | None
    marketing: float | None
    gap: GapForm | None


class BeliefForm(TypedDict):
    """`detente belief --json`. `survey` is None where nobody has been asked. `contradictions` and
    `splits` are numbers of statements, the weightiest first.
    """

    as_of: str
    definitions: str
    caveat: str
    survey: SurveyForm | None
    verdict: StageForm
    difference: str
    statements: list[ComparedForm]
    contradictions: list[int]
    splits: list[int]
    heads: list[HeadBeliefForm]
    gaps: list[WaveGapForm]


def form(workspace: Workspace) -> BeliefForm:
    """What is believed in the newest closed wave beside the newest figures of the company."""
    survey = surveys.form(workspace)
    with Reading.open(workspace) as reading:
        found = reading.indicators()
        verdict = _stage_form(reading, found, survey, {})
        heads = _heads(reading, survey)
    return {
        "as_of": instant(reading.as_of),
        "definitions": workspace.definitions_version,
        "caveat": words.CAVEAT,
        "survey": survey,
        "verdict": verdict,
        "difference": words.teams(verdict),
        **_statements(found, survey),
        "heads": heads,
        "gaps": gaps(workspace),
    }


def gaps(workspace: Workspace) -> list[WaveGapForm]:
    """The perception gap of every closed wave, oldest first."""
    waves = [surveys.form(workspace, wave.name) for wave in surveys.closed(workspace)]
    return [
        {
            "wave": one["wave"],
            "closes_on": one["closes_on"],
            "sales": one["sales"]["mean"],
            "marketing": one["marketing"]["mean"],
            "gap": _wave_gap(one),
        }
        for one in waves
        if one is not None
    ]


def _wave_gap(survey: SurveyForm) -> GapForm | None:
    if survey["gap"] is None:
        return None
    return {"value": survey["gap"], "low": survey["gap_low"], "high": survey["gap_high"]}


class _Statements(TypedDict):
    statements: list[ComparedForm]
    contradictions: list[int]
    splits: list[int]


def _statements(found: Sequence[Result], survey: SurveyForm | None) -> _Statements:
    asked = survey["statements"] if survey else []
    statements = compared(
        {one["number"]: _opinions(one) for one in asked},
        {one["number"]: gap for one in asked if (gap := _difference(one))},
        {one.indicator.id: one for one in found},
    )
    return {
        "statements": [_compared_form(one, survey) for one in statements],
        "contradictions": [one.statement.number for one in contradictions(statements)],
        "splits": [one.statement.number for one in splits(statements)],
    }


def _opinions(one: StatementForm) -> dict[str, Opinion]:
    return {"sales": Opinion(one["sales"]), "marketing": Opinion(one["marketing"])}


def _difference(one: StatementForm) -> Difference | None:
    gap = one["gap"]
    return Difference(gap["value"], gap["low"], gap["high"]) if gap else None


def _compared_form(one: Compared, survey: SurveyForm | None) -> ComparedForm:
    return {
        "number": one.statement.number,
        "topic": one.statement.topic,
        "text": one.statement.text,
        "root": one.statement.root,
        "sales": _opinion_form(one, "sales", survey),
        "marketing": _opinion_form(one, "marketing", survey),
        "difference": survey["statements"][one.statement.number - 1]["gap"] if survey else None,
        "evidence": [_evidence_form(each) for each in one.evidence],
        "record": one.record,
        "is_weak": one.is_weak,
        "sentence": words.statement(one),
        "split": words.split(one),
    }


def _opinion_form(one: Compared, function: str, survey: SurveyForm | None) -> OpinionForm:
    opinion = one.opinions[function]
    hidden = None
    if opinion.mean is None:
        group = survey["sales" if function == "sales" else "marketing"] if survey else None
        hidden = "nobody has been asked" if group is None else group["hidden"] or "too few answers"
    return {
        "mean": opinion.mean,
        "view": opinion.view,
        "agreement": one.agreement(function),
        "hidden": hidden,
    }


def _evidence_form(one: Bearing) -> EvidenceForm:
    result = one.result
    return {
        **estimate_form(one.estimate),
        "id": result.indicator.id,
        "title": result.indicator.title,
        "unit": result.indicator.unit,
        "how": one.how,
        "declared": one.estimate.declared,
        "score": result.score,
        "score_low": one.low,
        "score_high": one.high,
        "stage": result.stage.value if result.stage else None,
        "side": one.side,
    }


def _stage_form(
    reading: Reading, found: Sequence[Result], survey: SurveyForm | None, where: Mapping[str, str]
) -> StageForm:
    verdict = reading.verdict_of(found, where)
    return stage_form(verdict, survey, reading.as_of, reading.workspace.definitions_version, where)


def _heads(reading: Reading, survey: SurveyForm | None) -> list[HeadBeliefForm]:
    """Every head who rated a segment of their own by name, beside the verdict of that segment."""
    if survey is None or survey["state"] != "closed":
        return []
    values = reading.segment_values()
    heads = []
    for head in survey["heads"]:
        where = {k: v for k, v in head["segment"].items() if v in values.get(k, ())}
        if where:
            heads.append((head, where))
    parts = _by_segment(reading, {tuple(where) for _, where in heads})
    verdicts = {
        key: _stage_form(reading, parts.get(key, []), None, dict(key))
        for key in {tuple(sorted(where.items())) for _, where in heads}
    }
    forms = [_head_form(h, w, verdicts[tuple(sorted(w.items()))]) for h, w in heads]
    return sorted(forms, key=lambda one: (*one["segment"].values(), one["function"], one["name"]))


def _by_segment(reading: Reading, ways: set[tuple[str, ...]]) -> dict[Key, list[Result]]:
    """The indicators of every segment, in one pass for each way to split."""
    found: dict[Key, list[Result]] = {}
    for names in ways:
        for result in reading.indicators(by=names):
            found.setdefault(tuple(sorted(result.segment.items())), []).append(result)
    return found


def _head_form(head: HeadForm, where: dict[str, str], verdict: StageForm) -> HeadBeliefForm:
    return {
        "name": head["name"],
        "function": head["function"],
        "segment": where,
        "score": head["score"],
        "stage": head["stage"],
        "verdict": verdict,
        "sentence": words.head(head["name"], where, head["stage"], verdict),
    }


def named(found: BeliefForm, numbers: Sequence[int]) -> list[ComparedForm]:
    """The statements of these numbers, in that order, at most as many as one can take in."""
    by_number = {one["number"]: one for one in found["statements"]}
    return [by_number[number] for number in numbers[:MOST_NAMED]]
