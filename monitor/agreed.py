"""An agreed action as it is shown: its figures, how far it has come, and that in words."""

import math
from typing import TypedDict, cast

from metrics.indicators import CATALOGUE
from metrics.progress import Progress, progress
from model.periods import local_day
from monitor.outputs.words import amount, figure
from monitor.report import EstimateForm, estimate_of
from monitor.surveys import today
from monitor.workspace import Workspace
from store.records.actions import Action, Event


class FigureForm(EstimateForm):
    """An indicator's figure, as of when and under which definitions."""

    as_of: str
    definitions: str


class EventForm(TypedDict):
    """A state that the action took on, and the figure at that time."""

    state: str
    at: str
    by: str
    note: str
    figure: FigureForm | None


class ActionForm(TypedDict):
    """An agreed action. `state`: open, done, dropped. `share` of the way from the baseline to the
    target, `exceeds`: the change is more than its uncertainty, `direction`: better, worse, same;
    all None where there is nothing to compare. `now` is None before the first sync.
    """

    id: int
    title: str
    indicator: str
    indicator_title: str
    unit: str
    segment: dict[str, str]
    function: str
    due_on: str
    is_overdue: bool
    state: str
    baseline: FigureForm
    target: float
    now: FigureForm | None
    share: float | None
    reached: bool | None
    for_sure: bool | None
    exceeds: bool | None
    direction: str | None
    sentence: str
    note: str | None
    history: list[EventForm]


def action_form(workspace: Workspace, action: Action, now: FigureForm | None) -> ActionForm:
    """The form of an action whose indicator says `now`."""
    baseline = cast(FigureForm, action.baseline)
    declared = CATALOGUE.get(action.indicator)
    one = declared.under(workspace.definitions) if declared else None
    come: Progress | None = None
    if one is not None and now is not None:
        come = progress(one, estimate_of(baseline), action.target, estimate_of(now))
    unit = one.unit if one else "share"
    return {
        "id": action.id,
        "title": action.title,
        "indicator": action.indicator,
        "indicator_title": one.title if one else action.indicator,
        "unit": unit,
        "segment": dict(action.segment),
        "function": action.function,
        "due_on": action.due_on.isoformat(),
        "is_overdue": action.state == "open" and action.due_on < today(workspace),
        "state": action.state,
        "baseline": baseline,
        "target": action.target,
        "now": now,
        "share": come.share if come else None,
        "reached": come.reached if come else None,
        "for_sure": come.for_sure if come else None,
        "exceeds": come.change.exceeds if come else None,
        "direction": come.change.direction if come else None,
        "sentence": _sentence(unit, baseline, action.target, now, come),
        "note": _note(baseline, now),
        "history": [_event_form(event, workspace) for event in action.history],
    }


def _event_form(event: Event, workspace: Workspace) -> EventForm:
    return {
        "state": event.state,
        "at": local_day(event.at, workspace.settings.calendar.default.timezone).isoformat(),
        "by": event.by,
        "note": event.note,
        "figure": cast(FigureForm, event.figure) if event.figure else None,
    }


def _note(baseline: FigureForm, now: FigureForm | None) -> str | None:
    if now is None or baseline["definitions"] == now["definitions"]:
        return None
    return (
        "the definitions have changed since the agreement: the change may come from them and not "
        "from the work"
    )


def _sentence(
    unit: str, baseline: FigureForm, target: float, now: FigureForm | None, come: Progress | None
) -> str:
    """`From 58 % to 66 %; the target is 75 %: 47 % of the way, within its uncertainty.`"""
    goal = f"the target is {amount(target, unit)}"
    if now is None:
        return f"At the agreement {_told(baseline, unit)}; {goal}."
    if come is None:
        return f"This version does not know the indicator any more; {goal}."
    if now["status"] == "not_assessed" or baseline["status"] == "not_assessed":
        return f"At the agreement {_told(baseline, unit)}, now {_told(now, unit)}; {goal}."
    if come.change.direction == "same" and not come.reached:
        return f"{_told(now, unit)}, as at the agreement; {goal}."
    path = f"From {_told(baseline, unit)} to {_told(now, unit)}"
    return f"{path}: {_reached(come, goal)}; {_moved(come)}."


def _reached(come: Progress, goal: str) -> str:
    if come.for_sure:
        return f"reached, {goal}"
    if come.reached:
        return f"reached by the figure, though not by its whole interval; {goal}"
    if come.share is None:
        return goal
    if come.share < 0:
        return f"further away than at the start; {goal}"
    return f"{math.floor(100 * come.share)} % of the way; {goal}"


def _moved(come: Progress) -> str:
    better = {"better": "better", "worse": "worse"}.get(come.change.direction or "", "no change")
    if come.change.exceeds:
        return f"{better} by more than its uncertainty"
    return "the change is within its uncertainty"


def _told(form: FigureForm, unit: str) -> str:
    if form["status"] == "not_assessed":
        return f"not assessed ({form['reason']})"
    return f"{figure(form, unit)}{' (weak evidence)' if form['status'] == 'weak' else ''}"
