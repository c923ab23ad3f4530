"""`detente advice …`: whether to change anything, and what would help."""

from datetime import timedelta
from typing import TypedDict, cast

from metrics.advice import (
    CONDITIONS,
    Advice,
    Answer,
    Given,
    Known,
    Recommended,
    advise,
    recommended,
)
from metrics.advice.conditions import Way
from metrics.declaration import Result
from metrics.estimate import Estimate
from metrics.indicators import CATALOGUE
from metrics.stage import Verdict
from model.errors import ConfigurationError
from model.periods import Period, local_day
from model.stages import STAGES, Stage
from model.validation import suggest
from model.words import percent
from monitor.outputs.words import amount, figure
from monitor.reading import Reading
from monitor.report import EstimateForm, estimate_form, instant
from monitor.surveys import now
from monitor.workspace import Workspace
from store.records.checklists import Answered, YesNoUnknown

YEAR = timedelta(days=365)
LONGEST_NAME = 200
ANSWERS = ("yes", "no", "unknown")


class GivenForm(TypedDict):
    """An answer of the checklist, by whom and on which day."""

    answer: str
    by: str
    on: str


class AnswerForm(TypedDict):
    """A condition of the present stage. `way`: leave it if, or move on if, it holds. `answer`:
    yes, no, or None; `source`: records, checklist, or None. `said` is what the records say.
    """

    id: str
    way: str
    question: str
    text: str
    answer: str | None
    source: str | None
    said: str | None
    given: GivenForm | None
    is_contested: bool


class CallForm(EstimateForm):
    """An indicator that calls for a move: its figure, its stage, and the value to reach."""

    id: str
    title: str
    unit: str
    stage: str
    target: float
    gain: float
    closes_the_gap: bool
    sentence: str


class MoveForm(TypedDict):
    """A move to the next stage; `unknown` are the titles of indicators that are not assessed."""

    id: str
    title: str
    text: str
    reaches: str
    calls: list[CallForm]
    unknown: list[str]


class AdviceForm(TypedDict):
    """`detente advice --json`. `stage` is the one that the advice speaks of; `is_firm` says
    whether the records settle on it. `course`: stay, move, weigh, open.
    """

    as_of: str
    definitions: str
    stage: str
    is_firm: bool
    is_small: bool
    course: str
    sentence: str
    staying: list[str]
    moving: list[str]
    used: list[str]
    answers: list[AnswerForm]
    moves: list[MoveForm]


class QuestionForm(TypedDict):
    """A question of the checklist with the answer that counts."""

    id: str
    question: str
    given: GivenForm | None


def form(workspace: Workspace) -> AdviceForm:
    """The advice for the whole company, as of the newest records."""
    with Reading.open(workspace) as reading:
        results = {one.indicator.id: one for one in reading.indicators()}
        verdict = reading.verdict_of(list(results.values()))
        known = _known(reading, results)
    advice = advise(verdict.stage, verdict.probabilities, known)
    gains = {pull.indicator: pull.gain for pull in verdict.pulls}
    moves = recommended(advice.stage, results, gains, _alone(verdict, advice.stage))
    return {
        "as_of": instant(reading.as_of),
        "definitions": workspace.definitions_version,
        "stage": advice.stage.value,
        "is_firm": advice.is_firm,
        "is_small": advice.is_small,
        "course": advice.course,
        "sentence": _sentence(advice, verdict),
        "staying": list(advice.staying),
        "moving": list(advice.moving),
        "used": _used(advice, workspace),
        "answers": [_answer_form(way, one, workspace) for way, one in advice.answers],
        "moves": [_move_form(one) for one in moves],
    }


def answer(workspace: Workspace, question: str, said: str, by: str) -> None:
    """Keep an answer to a question of the checklist. ConfigurationError for an unknown question
    or another answer than yes, no, unknown.
    """
    if question not in CONDITIONS:
        raise ConfigurationError(
            f"no question {question!r}", "checklist", suggest(question, list(CONDITIONS))
        )
    if said not in ANSWERS:
        raise ConfigurationError(f"{said!r} is no answer", question, "Say yes, no or unknown.")
    if not by.strip() or len(by) > LONGEST_NAME:
        raise ConfigurationError("nobody is named", question, "Say who answers, in a few words.")
    kept = Answered(question, cast(YesNoUnknown, said), by.strip(), now())
    workspace.records.checklists.answer(kept)


def questions(workspace: Workspace) -> list[QuestionForm]:
    """The whole checklist; needs no records."""
    latest = _checklist(workspace)
    return [
        {
            "id": one.id,
            "question": one.question,
            "given": _given_form(latest.get(one.id), workspace),
        }
        for one in CONDITIONS.values()
    ]


def _checklist(workspace: Workspace) -> dict[str, Given]:
    found = workspace.records.checklists.latest()
    return {name: Given(one.answer, one.by, one.at) for name, one in found.items()}


def _alone(verdict: Verdict, at: Stage) -> dict[str, float]:
    """The value of each indicator that would by itself take the whole to the stage after `at`."""
    step = verdict.next_step
    if step is None or step.kind != "indicator" or step.stage.rank != at.rank + 1:
        return {}
    return {step.id: step.value} if step.value is not None else {}


def _known(reading: Reading, results: dict[str, Result]) -> Known:
    last = Period.trailing(YEAR.days, reading.as_of_on)
    before = Period.trailing(YEAR.days, reading.as_of_on - YEAR)
    return Known(
        people=reading.headcount(),
        results=results,
        cycle=_cycle(reading, last),
        cycle_before=_cycle(reading, before),
        checklist=_checklist(reading.workspace),
    )


def _cycle(reading: Reading, period: Period) -> Estimate:
    (found,) = reading.outcomes(("sales_cycle_days",), period)
    return found.estimate


def _sentence(advice: Advice, verdict: Verdict) -> str:
    at = advice.stage.value.title()
    staying, moving = "; ".join(advice.staying), "; ".join(advice.moving)
    so_far = ", as it looks so far" if advice.unanswered and not advice.is_small else ""
    if advice.course == "stay":
        where = f"Stay at {at}" if advice.is_firm else "Stay as you are"
        return f"{where}{so_far}: {staying}."
    if advice.course == "move":
        return f"Move on from {at}{so_far}: {moving}."
    if advice.course == "weigh":
        return f"Weigh it. For moving on from {at}: {moving}. For staying: {staying}."
    if not advice.is_firm:
        odds = percent(verdict.probabilities[advice.stage])
        return (
            f"The records do not settle on a stage, so there is no advice yet. The questions are "
            f"those of {at}, the likeliest ({odds})."
        )
    count = len(advice.unanswered)
    questions = "1 question is" if count == 1 else f"{count} questions are"
    return f"Whether to move on from {at} is open: {questions} unanswered."


def _used(advice: Advice, workspace: Workspace) -> list[str]:
    """What the advice rests on: the records' own words, and whose answers."""
    said = [one.said for _, one in advice.answers if one.source == "records" and one.said]
    used = [f"From the records: {'; '.join(said)}."] if said else []
    people: dict[str, int] = {}
    for _, one in advice.answers:
        if one.source == "checklist" and one.given is not None:
            day = local_day(one.given.at, workspace.settings.calendar.default.timezone)
            name = f"{one.given.by} ({day})"
            people[name] = people.get(name, 0) + 1
    if people:
        counted = ", ".join(f"{count} by {name}" for name, count in people.items())
        used.append(f"From the checklist: {counted}.")
    count = len(advice.unanswered)
    return [*used, f"Not answered: {count}."] if count else used


def _answer_form(way: Way, one: Answer, workspace: Workspace) -> AnswerForm:
    return {
        "id": one.condition.id,
        "way": way,
        "question": one.condition.question,
        "text": one.condition.text,
        "answer": one.answer,
        "source": one.source,
        "said": one.said,
        "given": _given_form(one.given, workspace),
        "is_contested": one.is_contested,
    }


def _given_form(given: Given | None, workspace: Workspace) -> GivenForm | None:
    if given is None:
        return None
    day = local_day(given.at, workspace.settings.calendar.default.timezone)
    return {"answer": given.answer, "by": given.by, "on": day.isoformat()}


def _move_form(found: Recommended) -> MoveForm:
    reaches = STAGES[found.move.at.rank + 1].value
    return {
        "id": found.move.id,
        "title": found.move.title,
        "text": found.move.text,
        "reaches": reaches,
        "calls": [
            {
                **estimate_form(call.result.estimate),
                "id": call.result.indicator.id,
                "title": call.result.indicator.title,
                "unit": call.result.indicator.unit,
                "stage": call.result.stage.value if call.result.stage else "undefined",
                "target": call.target,
                "gain": call.gain,
                "closes_the_gap": call.closes_the_gap,
                "sentence": _call_sentence(call.result, call.target, reaches, call.closes_the_gap),
            }
            for call in found.calls
        ],
        "unknown": [CATALOGUE[name].title for name in found.unknown],
    }


def _call_sentence(result: Result, target: float, reaches: str, alone: bool) -> str:
    """`Leads followed up in time: 58 % now; Aligned begins at 75 %.`"""
    unit = result.indicator.unit
    now = figure(estimate_form(result.estimate), unit)
    doubt = " (weak evidence)" if result.estimate.status == "weak" else ""
    goal, stage = amount(target, unit), reaches.title()
    why = f"{goal} alone would take you to {stage}" if alone else f"{stage} begins at {goal}"
    return f"{result.indicator.title}: {now} now{doubt}; {why}."
