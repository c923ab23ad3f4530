"""The self-assessment: waves, answers in, and out of them what may be shown."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TypedDict

from metrics.survey import STATEMENTS, Group, Head, Response, SurveyResult, results
from model.errors import SurveyError
from model.periods import local_day
from model.stages import Function
from model.validation import suggest
from monitor.report import GroupForm, HeadForm, StatementForm, SurveyForm
from monitor.survey_file import SurveyFile, read_survey
from monitor.workspace import Workspace
from store.records.surveys import Level, ResponseDraft, Wave


class WaveForm(TypedDict):
    """A wave; `state`: planned, open, closed."""

    name: str
    state: str
    opens_on: str
    closes_on: str


class StatementText(TypedDict):
    """A statement as people read it."""

    number: int
    text: str
    root: str


@dataclass(frozen=True)
class ImportReport:
    """What an import understood: responses kept, rows that a later one of the same person
    replaced, and statements left open or not applicable.
    """

    wave: str
    responses: int
    replaced: int
    unanswered: int

    def lines(self) -> list[str]:
        """Sentences."""
        said = [f"{self.responses} responses in wave {self.wave}, which is closed."]
        if self.replaced:
            said.append(f"{self.replaced} rows were replaced by a later one of the same person.")
        if self.unanswered:
            said.append(f"{self.unanswered} statements were left open or not applicable.")
        return said

    def to_json(self) -> dict[str, object]:
        """The form of `--json`."""
        return {
            "wave": self.wave,
            "responses": self.responses,
            "replaced": self.replaced,
            "unanswered": self.unanswered,
        }


def questionnaire() -> list[StatementText]:
    """The twenty statements."""
    return [{"number": s.number, "text": s.text, "root": s.root} for s in STATEMENTS]


def open_wave(workspace: Workspace, name: str, opens_on: date | None, closes_on: date) -> Wave:
    """Plan a wave and let people answer from `opens_on` (default today) to `closes_on`."""
    surveys = workspace.records.surveys
    if closes_on < _today(workspace):
        raise SurveyError(f"{closes_on} has passed", f"wave {name}", "Choose a later day.")
    wave = surveys.add_wave(name, opens_on or _today(workspace), closes_on)
    return surveys.open_wave(wave.id)


def close_wave(workspace: Workspace, name: str) -> Wave:
    """Close a wave for good; its results can be seen from then on."""
    return workspace.records.surveys.close_wave(_named(workspace, name).id)


def closed(workspace: Workspace) -> list[Wave]:
    """The waves whose results can be seen, oldest first."""
    return [wave for wave in workspace.records.surveys.waves() if wave.state == "closed"]


def current(workspace: Workspace) -> WaveForm | None:
    """The wave that takes answers today, if any."""
    wave = _open_now(workspace)
    return _wave_form(wave) if wave else None


def submit(
    workspace: Workspace,
    person: str,
    function: str,
    level: Level,
    answers: Sequence[int | None],
    segment: Mapping[str, str] | None = None,
    name: str | None = None,
) -> None:
    """Keep a person's answers in the wave that is open; the same person's later ones replace
    them. `name` is for heads who agreed to answer by name. Raises SurveyError.
    """
    wave = _open_now(workspace)
    if wave is None:
        raise SurveyError("no wave is open", "survey", "Open one with `detente survey open`.")
    draft = ResponseDraft(
        person=person,
        function=Function(function),
        level=level,
        answers=list(answers),
        submitted_at=datetime.now(UTC).replace(tzinfo=None),
        segment=dict(segment or {}),
        display_name=name,
    )
    workspace.records.surveys.respond(wave.id, [draft])


def import_file(workspace: Workspace, file: Path, name: str | None = None) -> ImportReport:
    """A closed wave from a CSV file: all of its rows, or nothing at all."""
    found: SurveyFile = read_survey(file, workspace.settings.segments, _today(workspace))
    wave = workspace.records.surveys.import_wave(
        name or file.stem, found.first_on, found.last_on, found.responses
    )
    return ImportReport(wave.name, len(found.responses), found.replaced, found.unanswered)


def form(workspace: Workspace, name: str | None = None) -> SurveyForm | None:
    """What may be shown of the wave `name`; without a name, of the newest closed one, else of the
    newest. None where there is no wave.
    """
    waves = workspace.records.surveys.waves()
    if name is not None:
        wave = _named(workspace, name)
    elif waves:
        wave = max(waves, key=lambda w: (w.state == "closed", w.closes_on, w.id))
    else:
        return None
    responses = [
        Response(r.function.value, r.level, r.display_name, r.answers)
        for r in workspace.records.surveys.responses(wave.id)
    ]
    shown = results(responses, workspace.settings.survey, wave.state)
    return _survey_form(wave, shown)


def _survey_form(wave: Wave, shown: SurveyResult) -> SurveyForm:
    groups = shown.groups
    unscored = groups["all"].unscored if wave.state == "closed" else 0
    words = "1 response" if unscored == 1 else f"{unscored} responses"
    notes = [f"{words} had too few answers to be scored."] if unscored else []
    return {
        "state": wave.state,
        "opens_on": wave.opens_on.isoformat(),
        "closes_on": wave.closes_on.isoformat(),
        "wave": wave.name,
        "sales": _group_form(groups["sales"], wave),
        "marketing": _group_form(groups["marketing"], wave),
        "all": _group_form(groups["all"], wave),
        "gap": shown.gap.value if shown.gap else None,
        "heads": [_head_form(head) for head in shown.heads],
        "statements": [_statement_form(number, groups) for number in range(1, len(STATEMENTS) + 1)],
        "notes": notes,
    }


def _wave_form(wave: Wave) -> WaveForm:
    return {
        "name": wave.name,
        "state": wave.state,
        "opens_on": wave.opens_on.isoformat(),
        "closes_on": wave.closes_on.isoformat(),
    }


def _group_form(group: Group, wave: Wave) -> GroupForm:
    """Counts too stay unseen until the close: watching them would tell who has answered."""
    return {
        "n": group.n if wave.state == "closed" else None,
        "response_rate": group.response_rate if wave.state == "closed" else None,
        "mean": group.mean,
        "low": group.low,
        "high": group.high,
        "stage": group.stage.value if group.stage else None,
        "hidden": group.hidden,
    }


def _head_form(head: Head) -> HeadForm:
    return {
        "name": head.name,
        "function": head.function,
        "score": head.score,
        "stage": head.stage.value if head.stage else None,
    }


def _statement_form(number: int, groups: Mapping[str, Group]) -> StatementForm:
    statement = STATEMENTS[number - 1]
    sales, marketing = (groups[f].statements or {} for f in ("sales", "marketing"))
    return {
        "number": number,
        "text": statement.text,
        "root": statement.root,
        "sales": sales.get(number),
        "marketing": marketing.get(number),
        "bearing": {name: str(how) for name, how in statement.bearing.items()},
    }


def _open_now(workspace: Workspace) -> Wave | None:
    today = _today(workspace)
    waves = workspace.records.surveys.waves()
    inside = [w for w in waves if w.state == "open" and w.opens_on <= today <= w.closes_on]
    return inside[-1] if inside else None


def _named(workspace: Workspace, name: str) -> Wave:
    waves = {wave.name: wave for wave in workspace.records.surveys.waves()}
    if name not in waves:
        raise SurveyError(f"there is no wave {name!r}", "survey", suggest(name, list(waves)))
    return waves[name]


def _today(workspace: Workspace) -> date:
    now = datetime.now(UTC).replace(tzinfo=None)
    return local_day(now, workspace.settings.calendar.default.timezone)
