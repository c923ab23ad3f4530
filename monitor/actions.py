"""`detente actions …`: what both functions agreed to do, and what the indicator has done since."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Literal, cast

from metrics.declaration import Indicator, Result
from metrics.estimate import Estimate
from metrics.indicators import CATALOGUE
from metrics.progress import is_better
from model.errors import ConfigurationError
from model.stages import STAGES
from model.validation import suggest
from monitor.agreed import ActionForm, FigureForm, action_form
from monitor.outputs.words import amount
from monitor.reading import Reading
from monitor.report import estimate_form, instant
from monitor.surveys import now, today
from monitor.workspace import Workspace
from store.records.actions import Action, ActionDraft, Event, Owner

Ended = Literal["done", "dropped"]
NEXT_MEETING = timedelta(days=92)  # the joint meeting is held at least quarterly
LONGEST_TITLE, LONGEST_NOTE, LONGEST_NAME = 500, 2000, 200
FUNCTIONS = ("sales", "marketing")
UNITS = {"share": (0.0, 1.0), "level": (20.0, 100.0)}


@dataclass(frozen=True, kw_only=True)
class Proposal:
    """What is to be agreed. Without a `target` the value at which the indicator's next stage
    begins, without a `due_on` a quarter from today, without a `title` the target in words.
    """

    indicator: str
    function: str
    by: str
    target: float | None = None
    due_on: date | None = None
    title: str | None = None
    segment: Mapping[str, str] = field(default_factory=dict)


def agree(workspace: Workspace, wanted: Proposal) -> ActionForm:
    """Keep an agreed action with the indicator's figure of now. ConfigurationError for an unknown
    indicator or segment, a day that has passed, a target that is no improvement.
    """
    one = _known(workspace, wanted)
    due_on = wanted.due_on or today(workspace) + NEXT_MEETING
    if due_on < today(workspace):
        raise ConfigurationError(f"{due_on} has passed", "due day", "Choose today or a later day.")
    with Reading.open(workspace) as reading:
        _check_segment(reading, one, wanted.segment)
        result = _results(reading, wanted.segment)[one.id]
        one = result.indicator
        target = _next(result) if wanted.target is None else wanted.target
        _check_target(one, result.estimate, target)
        draft = ActionDraft(
            title=wanted.title or f"{one.title}: reach {amount(target, one.unit)}",
            indicator=one.id,
            segment=dict(wanted.segment),
            function=cast(Owner, wanted.function),
            due_on=due_on,
            target=target,
            baseline=_figure(reading, result.estimate),
        )
        kept = workspace.records.actions.agree(draft, now(), wanted.by)
        return action_form(workspace, kept, _figure(reading, result.estimate))


def close(
    workspace: Workspace, action_id: int, state: Ended, by: str, note: str = ""
) -> ActionForm:
    """End an open action as done or dropped, with the figure of now. RecordsError where there is
    none of that id or it is closed already.
    """
    _check_text("the note", note, LONGEST_NOTE)
    _check_text("the name", by, LONGEST_NAME)
    action = workspace.records.actions.get(action_id)
    (present,) = _figures(workspace, [action])
    event = Event(state=state, at=now(), by=by, note=note, figure=present or {})
    return action_form(workspace, workspace.records.actions.end(action_id, event), present)


def listed(workspace: Workspace) -> list[ActionForm]:
    """All actions: the open ones by their due day, then the others, the latest ended first."""
    kept = workspace.records.actions.list()
    forms = [
        action_form(workspace, action, present)
        for action, present in zip(kept, _figures(workspace, kept), strict=True)
    ]
    is_open = [form for form in forms if form["state"] == "open"]
    ended = [form for form in forms if form["state"] != "open"]
    ended.sort(key=lambda form: form["history"][-1]["at"], reverse=True)
    return [*sorted(is_open, key=lambda form: (form["due_on"], form["id"])), *ended]


def shown(workspace: Workspace, action_id: int) -> ActionForm:
    """One action; RecordsError where there is none."""
    action = workspace.records.actions.get(action_id)
    (present,) = _figures(workspace, [action])
    return action_form(workspace, action, present)


def _known(workspace: Workspace, wanted: Proposal) -> Indicator:
    if wanted.indicator not in CATALOGUE:
        raise ConfigurationError(
            f"no indicator {wanted.indicator!r}",
            "actions",
            suggest(wanted.indicator, list(CATALOGUE)),
        )
    if wanted.function not in FUNCTIONS:
        raise ConfigurationError(
            f"{wanted.function!r} owns no action", "owner", "Write sales or marketing."
        )
    _check_text("the title", wanted.title or "", LONGEST_TITLE)
    _check_text("the name", wanted.by, LONGEST_NAME)
    if not wanted.by.strip():
        raise ConfigurationError("nobody is named", "by", "Say who agreed.")
    return CATALOGUE[wanted.indicator].under(workspace.definitions)


def _check_text(what: str, text: str, longest: int) -> None:
    if len(text) > longest:
        raise ConfigurationError(
            f"{what} has {len(text)} characters", "actions", f"At most {longest} fit."
        )


def _check_segment(reading: Reading, one: Indicator, segment: Mapping[str, str]) -> None:
    values = reading.segment_values() if segment else {}
    for name, value in segment.items():
        if name not in values:
            raise ConfigurationError(f"no dimension {name!r}", "segment", suggest(name, [*values]))
        if value not in values[name]:
            raise ConfigurationError(
                f"no {name} {value!r}", "segment", suggest(value, values[name])
            )
        if name in one.cannot_split:
            raise ConfigurationError(
                f"{one.id} cannot be split by {name}", "segment", "Agree for the whole company."
            )


def _next(result: Result) -> float:
    """Where the indicator's next stage begins; where Defined does, if it is not assessed."""
    rank = result.stage.rank if result.stage else STAGES[0].rank
    if rank >= len(result.indicator.anchors):
        raise ConfigurationError(
            "it is at the highest stage already", result.indicator.id, "Name a target."
        )
    return result.indicator.anchors[rank].value


def _check_target(one: Indicator, baseline: Estimate, target: float) -> None:
    low, high = UNITS.get(one.unit, (0.0, math.inf))
    if not (math.isfinite(target) and low <= target <= high):
        example = "Write 0.75 or 75%." if one.unit == "share" else f"Write it in {one.unit}."
        said = f"from {low:g} to {high:g}" if math.isfinite(high) else f"of at least {low:g}"
        raise ConfigurationError(
            f"{target:g} is not a value {said}", f"target of {one.id}", example
        )
    present = baseline.value
    if present is None and baseline.bound:
        present = float(baseline.bound.lstrip("<>="))
    if present is not None and not is_better(one, target, present):
        raise ConfigurationError(
            f"{amount(target, one.unit)} is no better than the {amount(present, one.unit)} of now",
            f"target of {one.id}",
            f"Choose a {one.better} one.",
        )


def _results(reading: Reading, segment: Mapping[str, str]) -> dict[str, Result]:
    return {found.indicator.id: found for found in reading.indicators(where=segment)}


def _figure(reading: Reading, estimate: Estimate) -> FigureForm:
    return {
        **estimate_form(estimate),
        "as_of": instant(reading.as_of),
        "definitions": reading.workspace.definitions_version,
    }


def _figures(workspace: Workspace, actions: list[Action]) -> list[FigureForm | None]:
    """What the indicator of each action says now; None before the first sync, and for one that
    this version no longer has.
    """
    if not actions or workspace.lake.manifest() is None:
        return [None] * len(actions)
    with Reading.open(workspace) as reading:
        segments = {tuple(sorted(one.segment.items())): one.segment for one in actions}
        found = {key: _results(reading, segment) for key, segment in segments.items()}
        results = [found[tuple(sorted(one.segment.items()))].get(one.indicator) for one in actions]
        return [_figure(reading, one.estimate) if one else None for one in results]
