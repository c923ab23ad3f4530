"""`detente doctor`: what the sources show, who belongs where, and what would be missing."""

from collections.abc import Iterator
from typing import TypedDict

from connectors.base import Connector
from connectors.inspection import FieldCheck, Inspection, LiveCheck, Seen, Suggestion, Tracked
from model.errors import SourceError
from monitor import sources
from monitor.missing import MissingForm, missing
from monitor.reading import Reading
from monitor.workspace import Workspace


class RecordsForm(TypedDict):
    """Records of an object: seen, with deleted and archived ones, held by the CRM itself."""

    object: str
    seen: int | None
    with_deleted: int | None
    held: int | None
    is_short: bool


class TrackedForm(TypedDict):
    """A tracked field and since when; null: no change of it is recorded."""

    history: str
    field: str
    since: str | None


class FieldForm(TypedDict):
    """A mapped field; `problem` keeps it from being read, `remark` is to be known."""

    target: str
    field: str
    problem: str | None
    remark: str | None


class SuggestionForm(TypedDict):
    """A field that a column without a mapping may want, and the line to copy."""

    target: str
    field: str
    label: str
    type: str
    fit: float
    yaml: str


class BudgetForm(TypedDict):
    """Requests of the day: used by all, allowed, and where this one stops."""

    used: int
    allowed: int
    stops_at: int


class InspectionForm(TypedDict):
    """What the connection's user may do and sees. `sentences` say what to do about it."""

    may_write: dict[str, list[str]]
    records: list[RecordsForm]
    budget: BudgetForm | None
    tracked: list[TrackedForm]
    fields: list[FieldForm]
    suggestions: list[SuggestionForm]
    sentences: list[str]


class SourceCheck(TypedDict):
    """A source: `error` where it cannot be opened; else its tables and what it cannot give."""

    name: str
    error: str | None
    complete_until: str | None
    tables: list[str]
    missing: list[MissingForm]
    notes: list[str]
    inspection: InspectionForm | None


class DoctorForm(TypedDict):
    """Every check. `not_assessed` is filled once something was pulled."""

    sources: list[SourceCheck]
    unmatched_users: list[str]
    not_assessed: dict[str, str]


class LiveForm(TypedDict):
    """An assumption tried on a source; `result`: pass, fail, not_applicable."""

    source: str
    id: str
    title: str
    result: str
    found: str
    meaning: str


def examine(workspace: Workspace) -> DoctorForm:
    """Open every source and read the newest figures; contacts the CRM, writes nothing."""
    checks = [_check(workspace, name) for name in sources.names(workspace.settings)]
    form: DoctorForm = {"sources": checks, "unmatched_users": [], "not_assessed": {}}
    if workspace.lake.manifest() is not None:
        with Reading.open(workspace) as reading:
            users = reading.engine.run(reading.tables["users"]).to_pylist()
            form["unmatched_users"] = sorted(
                f"{u['user_id']} (role {u['role']}, profile {u['profile']}, title {u['title']})"
                for u in users
                if not u["function"] and not u["is_automation"] and u["deactivated_at"] is None
            )
            form["not_assessed"] = {
                r.indicator.id: r.estimate.reason or ""
                for r in reading.indicators()
                if not r.estimate.is_assessed
            }
    return form


def live(workspace: Workspace, only: str | None = None) -> Iterator[LiveForm]:
    """Try our assumptions on each source (or `only` one), one after the other; reads only.

    Raises SourceError where a source cannot be opened at all.
    """
    for name in sources.chosen(workspace.settings, only):
        with sources.connector(workspace.settings, name) as source:
            for one in source.live_checks():
                yield _live_form(name, one)


def _live_form(source: str, one: LiveCheck) -> LiveForm:
    return {
        "source": source,
        "id": one.id,
        "title": one.title,
        "result": one.result,
        "found": one.found,
        "meaning": one.meaning,
    }


def _check(workspace: Workspace, name: str) -> SourceCheck:
    check: SourceCheck = {
        "name": name,
        "error": None,
        "complete_until": None,
        "tables": [],
        "missing": [],
        "notes": [],
        "inspection": None,
    }
    try:
        with sources.connector(workspace.settings, name) as source:
            _fill(check, source)
    except SourceError as error:
        check["error"] = error.line()
    return check


def _fill(check: SourceCheck, source: Connector) -> None:
    offer = source.offer()
    check["complete_until"] = f"{offer.cutoff_at:%Y-%m-%d %H:%M} UTC"
    check["tables"] = list(offer.tables)
    check["missing"] = missing(offer.availability)
    check["notes"] = list(offer.notes)
    found = source.inspect()
    check["inspection"] = inspection_form(found) if found else None


def inspection_form(found: Inspection) -> InspectionForm:
    """An inspection as JSON has it."""
    budget = found.budget
    return {
        "may_write": {one.object: list(one.may) for one in found.rights},
        "records": [_records_form(one) for one in found.records],
        "budget": {"used": budget.used, "allowed": budget.allowed, "stops_at": budget.stops_at}
        if budget
        else None,
        "tracked": [_tracked_form(one) for one in found.tracked],
        "fields": [_field_form(one) for one in found.fields],
        "suggestions": [_suggestion_form(one) for one in found.suggestions],
        "sentences": list(sentences(found)),
    }


def sentences(found: Inspection) -> Iterator[str]:
    """What an inspection means, one sentence each, with what to do."""
    if found.rights:
        objects = ", ".join(f"{one.object} ({', '.join(one.may)})" for one in found.rights)
        yield (
            f"The connection's user could write: {objects}. Détente never does: take these rights "
            "away from the user's permission set, so that nobody else can by its credentials."
        )
    else:
        yield "The connection's user cannot write to anything that is read, as it should be."
    for one in found.records:
        if one.is_short:
            yield (
                f"Of {one.held:,} records of {one.object} the user sees {one.seen:,}: sharing "
                "hides the rest, and the figures are of what it sees. Give it View All for the "
                "object."
            )
    if any(one.held is not None for one in found.records):
        yield (
            "What the CRM says it holds is its own estimate, without deleted and archived records; "
            "archived tasks and events are pulled all the same."
        )
    if budget := found.budget:
        yield (
            f"{budget.used:,} of {budget.allowed:,} API calls of the last 24 hours are used by all "
            f"clients; a sync stops at {budget.stops_at:,} (api_budget)."
        )
    for tracked in found.tracked:
        if tracked.since is None:
            yield (
                f"No change of {tracked.field} is recorded in {tracked.history}: if nothing "
                "should have changed it, switch on its field history tracking. It begins that day."
            )
    for field in found.fields:
        if field.problem:
            yield f"{field.field}, mapped to {field.target}, {field.problem}."
        elif field.remark:
            yield f"{field.field}, mapped to {field.target}, {field.remark}."
    yield from (f"Could not be found out: {one}." for one in found.asked_in_vain)


def _records_form(one: Seen) -> RecordsForm:
    return {
        "object": one.object,
        "seen": one.seen,
        "with_deleted": one.with_deleted,
        "held": one.held,
        "is_short": one.is_short,
    }


def _tracked_form(one: Tracked) -> TrackedForm:
    since = f"{one.since:%Y-%m-%d}" if one.since else None
    return {"history": one.history, "field": one.field, "since": since}


def _field_form(one: FieldCheck) -> FieldForm:
    return {
        "target": one.target,
        "field": one.field,
        "problem": one.problem,
        "remark": one.remark,
    }


def _suggestion_form(one: Suggestion) -> SuggestionForm:
    line = f"{one.target}: {one.field}  # {one.label} ({one.type})"
    return {
        "target": one.target,
        "field": one.field,
        "label": one.label,
        "type": one.type,
        "fit": one.fit,
        "yaml": line,
    }
