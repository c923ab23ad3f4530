"""`detente doctor`: what the sources show, who belongs where, and what would be missing."""

from typing import TypedDict

from model.errors import SourceError
from monitor import sources
from monitor.reading import Reading
from monitor.workspace import Workspace


class SourceCheck(TypedDict):
    """A source: `error` where it cannot be opened; else its tables and what it cannot give."""

    name: str
    error: str | None
    complete_until: str | None
    tables: list[str]
    missing: list[str]
    notes: list[str]


class DoctorForm(TypedDict):
    """Every check. `not_assessed` is filled once something was pulled."""

    sources: list[SourceCheck]
    unmatched_users: list[str]
    not_assessed: dict[str, str]


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


def _check(workspace: Workspace, name: str) -> SourceCheck:
    check: SourceCheck = {
        "name": name,
        "error": None,
        "complete_until": None,
        "tables": [],
        "missing": [],
        "notes": [],
    }
    try:
        with sources.connector(workspace.settings, name) as source:
            offer = source.offer()
    except SourceError as error:
        check["error"] = error.line()
        return check
    check["complete_until"] = f"{offer.cutoff_at:%Y-%m-%d %H:%M} UTC"
    check["tables"] = list(offer.tables)
    check["missing"] = [f"{k}: {why}" for k, why in sorted(offer.availability.reasons.items())]
    check["notes"] = list(offer.notes)
    return check
