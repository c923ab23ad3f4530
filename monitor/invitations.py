"""Personal links to the survey: made from a list of people, and opened by them."""

from collections.abc import Sequence
from pathlib import Path
from typing import TypedDict
from urllib.parse import urlencode, urlsplit

from model.errors import SurveyError
from model.periods import end_of
from monitor import survey_values as values
from monitor import surveys
from monitor.outputs.writing import csv_text
from monitor.sheets import Sheet, read_sheet, sheet_of
from monitor.survey_columns import RESPONDENT, plain
from monitor.workspace import Workspace
from store.records.invitations import Invitation, Invitee
from store.records.surveys import Level, ResponseDraft, Wave

PARAMETER = "invitation"
PAGE = "survey"
PEOPLE = "list of people"


class LinkForm(TypedDict):
    """A person and the link to send them."""

    person: str
    function: str
    level: str
    link: str


class InvitationForm(TypedDict):
    """What a link says of the one who opened it."""

    wave: str
    closes_on: str
    function: str
    level: str
    segment: dict[str, str]


def people_in(file: Path) -> Sheet:
    """A list of people from a CSV or XLSX file."""
    return read_sheet(file, is_ragged=True)


def people_of(text: str) -> Sheet:
    """A list of people from lines of text, with commas, semicolons or tabs between the parts."""
    return sheet_of(text, PEOPLE, is_ragged=True)


def invite(
    workspace: Workspace, people: Sheet, address: str, wave: str | None = None
) -> list[LinkForm]:
    """A link for each person, to the dashboard at `address`, for the wave that is open.

    The first row may name the columns: person (or id, email), function, level, and the configured
    segments; without such a row they stand in this order. Nobody's address is in the link or kept.
    Raises SurveyError, naming row and column, and makes no link at all then; also where people
    have begun to answer the wave by signing in, as a link and a login may be the same person.
    """
    if urlsplit(address).scheme not in ("http", "https"):
        raise SurveyError(
            f"{address!r} is no web address", "invitation", "Write https://detente.example.com."
        )
    chosen, records = _wave(workspace, wave), workspace.records
    if not records.invitations.counts(chosen.id) and records.surveys.responses(chosen.id):
        raise SurveyError(
            "it has answers that came without a link",
            f"wave {chosen.name}",
            "Open another wave for links, so that nobody counts twice.",
        )
    invitees = _invitees(people, workspace.settings.segments)
    zone = workspace.settings.calendar.default.timezone
    tokens = records.invitations.invite(chosen.id, invitees, end_of(chosen.closes_on, zone))
    return [
        {
            "person": one.person,
            "function": one.function.value,
            "level": one.level,
            "link": f"{address.rstrip('/')}/{PAGE}?{urlencode({PARAMETER: token})}",
        }
        for one, token in zip(invitees, tokens, strict=True)
    ]


def invitation(workspace: Workspace, token: str) -> InvitationForm:
    """What a link says, where it is genuine and the wave takes answers; SurveyError else."""
    found = _opened(workspace, token)
    return {
        "wave": found.wave.name,
        "closes_on": found.wave.closes_on.isoformat(),
        "function": found.function.value,
        "level": found.level,
        "segment": dict(found.segment),
    }


def answer(
    workspace: Workspace, token: str, answers: Sequence[int | None], name: str | None = None
) -> None:
    """Keep the answers of whoever holds the link; later ones replace them. Function, level and
    segment are the link's. `name` is for heads who agreed to answer by name. Raises SurveyError.
    """
    found = _opened(workspace, token)
    draft = ResponseDraft(
        person=found.respondent,
        function=found.function,
        level=found.level,
        answers=list(answers),
        submitted_at=surveys.now(),
        segment=found.segment,
        display_name=name,
        is_invited=True,
    )
    workspace.records.surveys.respond(found.wave.id, [draft])


def csv_of(links: Sequence[LinkForm]) -> str:
    """The links as CSV."""
    return csv_text(list(LinkForm.__annotations__), links)


def _opened(workspace: Workspace, token: str) -> Invitation:
    found = workspace.records.invitations.read(token, surveys.now())
    if surveys.today(workspace) < found.wave.opens_on:
        raise SurveyError(f"it opens on {found.wave.opens_on}", f"wave {found.wave.name}")
    return found


def _wave(workspace: Workspace, name: str | None) -> Wave:
    if name is not None:
        return surveys.named(workspace, name)
    open_ones = [one["name"] for one in surveys.waves(workspace) if one["state"] == "open"]
    if len(open_ones) != 1:
        what = f"{len(open_ones)} waves are open" if open_ones else "no wave is open"
        todo = "Name one with --wave." if open_ones else "Open one with `detente survey open`."
        raise SurveyError(what, "survey", todo)
    return surveys.named(workspace, open_ones[0])


def _invitees(people: Sheet, segments: Sequence[str]) -> list[Invitee]:
    order = ["person", "function", "level", *segments]
    titles = [_title(cell, segments) for cell in people.rows[0]]
    has_titles = "function" in titles or titles[0] == "person"
    columns = titles if has_titles else order[: len(people.rows[0])]
    if len(columns) < len(people.rows[0]) or not {"person", "function"} <= set(columns):
        raise SurveyError(
            "needs a person and a function in each row", PEOPLE, f"Columns: {', '.join(order)}."
        )
    found: dict[str, Invitee] = {}
    rows = list(zip(people.numbers, people.rows, strict=True))
    for number, cells in rows[has_titles:]:
        one = _invitee(dict(zip(columns, cells, strict=True)), segments, number)
        if one.person.casefold() in found:
            raise SurveyError("is listed twice", f"{PEOPLE}, row {number}", "Keep one of the rows.")
        found[one.person.casefold()] = one
    if not found:
        raise SurveyError("names nobody", PEOPLE)
    return list(found.values())


def _title(text: str, segments: Sequence[str]) -> str:
    words = plain(text)
    if words in RESPONDENT or words == "mail":
        return "person"
    names = {plain(name): name for name in (*segments, "function", "level")}
    return names.get(words, "")


def _invitee(row: dict[str, str], segments: Sequence[str], number: int) -> Invitee:
    where = f"{PEOPLE}, row {number}"
    if not row["person"]:
        raise SurveyError("is empty", f"{where}, column person", "An address or a number will do.")
    column = "function"
    try:
        function = values.function(row["function"])
        column = "level"
        level: Level = values.level(row["level"]) if row.get("level") else "staff"
    except values.BadCellError as error:
        raise SurveyError(str(error), f"{where}, column {column}") from None
    segment = {name: row[name] for name in segments if row.get(name)}
    return Invitee(row["person"], function, level, segment)
