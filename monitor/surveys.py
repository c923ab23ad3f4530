"""The self-assessment: waves, answers in, and out of them what may be shown."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TypedDict

from metrics.survey import STATEMENTS, Response, results
from model.errors import SurveyError
from model.periods import local_day
from model.stages import Function
from model.validation import suggest
from monitor.progress import SILENT, Progress
from monitor.survey_columns import ColumnForm
from monitor.survey_file import ProblemForm, SurveyFile, read_survey
from monitor.survey_forms import SurveyForm
from monitor.survey_results import survey_form
from monitor.workspace import Workspace
from store.records.surveys import Level, ResponseDraft, Wave


class WaveForm(TypedDict):
    """A wave; `state`: planned, open, closed. `invited`: how many were asked by link."""

    name: str
    state: str
    opens_on: str
    closes_on: str
    invited: int


class StatementText(TypedDict):
    """A statement as people read it."""

    number: int
    text: str
    root: str


class ImportForm(TypedDict):
    """What an import understood, and what it kept.

    `wave` is None for a preview. `responses` by distinct persons; `replaced` rows that a later one
    of the same person replaced; `unanswered` statements left open, `not_applicable` those that
    are said not to apply; `unscored` responses with too few answers; `straight` ones that give one
    answer to all statements.
    """

    file: str
    read_as: str
    columns: list[ColumnForm]
    wave: str | None
    responses: int
    replaced: int
    unanswered: int
    not_applicable: int
    unscored: int
    straight: int
    problems: list[ProblemForm]


def questionnaire() -> list[StatementText]:
    """The twenty statements."""
    return [{"number": s.number, "text": s.text, "root": s.root} for s in STATEMENTS]


def open_wave(workspace: Workspace, name: str, opens_on: date | None, closes_on: date) -> WaveForm:
    """Plan a wave and let people answer from `opens_on` (default today) to `closes_on`."""
    surveys = workspace.records.surveys
    if not name.strip():
        raise SurveyError("a wave needs a name", "survey", "Such as 2026-H2.")
    if closes_on < today(workspace):
        raise SurveyError(f"{closes_on} has passed", f"wave {name}", "Choose a later day.")
    wave = surveys.add_wave(name.strip(), opens_on or today(workspace), closes_on)
    return _wave_form(workspace, surveys.open_wave(wave.id))


def close_wave(workspace: Workspace, name: str) -> WaveForm:
    """Close a wave for good; its results can be seen from then on."""
    wave = workspace.records.surveys.close_wave(named(workspace, name).id)
    return _wave_form(workspace, wave)


def waves(workspace: Workspace) -> list[WaveForm]:
    """All waves in the order in which they open."""
    return [_wave_form(workspace, wave) for wave in _waves(workspace)]


def closed(workspace: Workspace) -> list[Wave]:
    """The waves whose results can be seen, oldest first."""
    return [wave for wave in _waves(workspace) if wave.state == "closed"]


def current(workspace: Workspace) -> WaveForm | None:
    """The wave that takes answers today, if any."""
    wave = _open_now(workspace)
    return _wave_form(workspace, wave) if wave else None


def submit(
    workspace: Workspace,
    person: str,
    function: str,
    level: Level,
    answers: Sequence[int | None],
    segment: Mapping[str, str] | None = None,
    name: str | None = None,
) -> None:
    """Keep the answers of a `person` who signed in, in the wave that is open; the same person's
    later ones replace them. `name` is for heads who agreed to answer by name. Raises SurveyError,
    also where the wave is answered by personal link: a link and a login may be the same person.
    """
    wave = _open_now(workspace)
    if wave is None:
        raise SurveyError("no wave is open", "survey", "Open one with `detente survey open`.")
    if workspace.records.invitations.counts(wave.id):
        raise SurveyError(
            "it is answered by personal links", f"wave {wave.name}", "Open yours, or ask for one."
        )
    draft = ResponseDraft(
        person=person,
        function=Function(function),
        level=level,
        answers=list(answers),
        submitted_at=now(),
        segment=dict(segment or {}),
        display_name=name,
    )
    workspace.records.surveys.respond(wave.id, [draft])


def preview_file(workspace: Workspace, file: Path, progress: Progress = SILENT) -> ImportForm:
    """How a file would be understood, with all that is wrong with it; nothing is kept."""
    return _import_form(workspace, _read(workspace, file, progress), None)


def nobody(understood: ImportForm) -> None:
    """Tell nobody."""


def import_file(
    workspace: Workspace,
    file: Path,
    name: str | None = None,
    progress: Progress = SILENT,
    tell: Callable[[ImportForm], None] = nobody,
) -> ImportForm:
    """A closed wave from a CSV or XLSX file: all of its rows, or nothing at all. How the file was
    understood is told before anything is kept, or refused.
    """
    found = _read(workspace, file, progress)
    tell(_import_form(workspace, found, None))
    found.check()
    days = [one.submitted_at.date() for one in found.responses]
    wave = workspace.records.surveys.import_wave(
        name or file.stem, min(days), max(days), found.responses
    )
    return _import_form(workspace, found, wave)


def _read(workspace: Workspace, file: Path, progress: Progress) -> SurveyFile:
    return read_survey(file, workspace.settings.segments, today(workspace), progress)


def _import_form(workspace: Workspace, found: SurveyFile, wave: Wave | None) -> ImportForm:
    least = workspace.settings.survey.minimum_answers
    unscored = sum(len(STATEMENTS) - one.answers.count(None) < least for one in found.responses)
    return {
        "file": found.name,
        "read_as": found.said,
        "columns": found.columns,
        "wave": wave.name if wave else None,
        "responses": len(found.responses),
        "replaced": found.replaced,
        "unanswered": found.unanswered,
        "not_applicable": found.not_applicable,
        "unscored": unscored,
        "straight": found.straight,
        "problems": found.problems,
    }


def form(workspace: Workspace, name: str | None = None) -> SurveyForm | None:
    """What may be shown of the wave `name`; without a name, of the newest closed one, else of the
    newest. None where there is no wave.
    """
    known = _waves(workspace)
    if name is not None:
        wave = named(workspace, name)
    elif known:
        wave = max(known, key=lambda w: (w.state == "closed", w.closes_on, w.id))
    else:
        return None
    settings = workspace.settings
    responses = [
        Response(
            settings.functions.side(r.function) or Function.OTHER.value,
            r.level,
            r.display_name,
            r.answers,
            r.segment,
            r.is_repeated,
        )
        for r in workspace.records.surveys.responses(wave.id)
    ]
    invited = _invited(workspace, wave, responses)
    shown = results(responses, settings.survey, wave.state, invited, settings.segments)
    return survey_form(wave, shown)


def _invited(workspace: Workspace, wave: Wave, responses: Sequence[Response]) -> dict[str, int]:
    """How many were asked by link, by function, without those who then answered by name."""
    asked: Counter[str] = Counter()
    for function, count in workspace.records.invitations.counts(wave.id).items():
        asked[workspace.settings.functions.side(function) or Function.OTHER.value] += count
    if wave.state == "closed":
        asked.subtract(r.function for r in responses if r.is_by_name)
    return {function: count for function, count in asked.items() if count > 0}


def named(workspace: Workspace, name: str) -> Wave:
    """The wave of that name; SurveyError where there is none."""
    known = {wave.name: wave for wave in _waves(workspace)}
    if name not in known:
        raise SurveyError(f"there is no wave {name!r}", "survey", suggest(name, list(known)))
    return known[name]


def _waves(workspace: Workspace) -> list[Wave]:
    """All waves; one whose last day has passed is closed by now."""
    surveys = workspace.records.surveys
    found, day = surveys.waves(), today(workspace)
    over = [wave.id for wave in found if wave.state == "open" and wave.closes_on < day]
    for wave_id in over:
        surveys.close_wave(wave_id)
    return surveys.waves() if over else found


def _open_now(workspace: Workspace) -> Wave | None:
    day = today(workspace)
    inside = [w for w in _waves(workspace) if w.state == "open" and w.opens_on <= day]
    return inside[-1] if inside else None


def _wave_form(workspace: Workspace, wave: Wave) -> WaveForm:
    return {
        "name": wave.name,
        "state": wave.state,
        "opens_on": wave.opens_on.isoformat(),
        "closes_on": wave.closes_on.isoformat(),
        "invited": workspace.records.invitations.counts(wave.id).total(),
    }


def now() -> datetime:
    """The instant, naive UTC."""
    return datetime.now(UTC).replace(tzinfo=None)


def today(workspace: Workspace) -> date:
    """The organisation's day."""
    return local_day(now(), workspace.settings.calendar.default.timezone)
