"""The open leads that nobody in Sales has touched yet: whose they are, and until when."""

from datetime import datetime
from typing import TypedDict

from metrics.calendar import after_business_hours
from metrics.waiting import waiting
from monitor.reading import Reading
from monitor.report import instant
from monitor.workspace import Workspace


class OpenLeadForm(TypedDict):
    """A lead that waits. `owner`: the display name of the person or queue that has it now.

    `hours_left` and `sla_hours` are business hours of the owner's calendar; negative once the SLA
    is broken. `due_at`: when it ends, None where the calendar has no such hour within a year.
    """

    lead_id: str
    owner_id: str | None
    owner: str | None
    owner_kind: str | None
    handed_off_at: str
    due_at: str | None
    sla_hours: float
    hours_left: float
    link: str | None


class OpenLeadsForm(TypedDict):
    """The waiting leads as of the sources' cutoff, those with the least time left first."""

    as_of: str
    rows: list[OpenLeadForm]


def open_leads(workspace: Workspace) -> OpenLeadsForm:
    """Every open handoff without a first human sales touch. LakeError where nothing was pulled."""
    with Reading.open(workspace) as reading:
        return of_reading(reading)


def of_reading(reading: Reading) -> OpenLeadsForm:
    """The same of an open reading."""
    found = waiting(reading.facts["handoffs"], reading.tables, reading.definitions)
    rows = reading.engine.run(found).to_pylist()
    rows.sort(key=lambda row: (row["hours_left"], row["handed_off_at"], row["lead_id"]))
    return {"as_of": instant(reading.as_of), "rows": [_form(reading, row) for row in rows]}


def _form(reading: Reading, row: dict[str, object]) -> OpenLeadForm:
    handed_off_at, sla_hours = row["handed_off_at"], row["sla_hours"]
    assert isinstance(handed_off_at, datetime)  # noqa: S101
    assert isinstance(sla_hours, float)  # noqa: S101
    calendar = reading.definitions.calendar
    due_at = after_business_hours(calendar, str(row["calendar"]), handed_off_at, sla_hours)
    return {
        "lead_id": str(row["lead_id"]),
        "owner_id": row["owner_id"],  # type: ignore[typeddict-item]
        "owner": row["owner"],  # type: ignore[typeddict-item]
        "owner_kind": row["owner_kind"],  # type: ignore[typeddict-item]
        "handed_off_at": instant(handed_off_at),
        "due_at": instant(due_at) if due_at else None,
        "sla_hours": sla_hours,
        "hours_left": row["hours_left"],  # type: ignore[typeddict-item]
        "link": reading.record_url(str(row["lead_id"])),
    }
