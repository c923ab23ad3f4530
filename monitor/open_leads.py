"""The open leads that nobody in Sales has touched yet: whose they are, and until when."""

from collections.abc import Mapping
from datetime import datetime
from typing import TypedDict

import ibis.expr.types as ir
import pyarrow.compute as pc

from metrics.calendar import after_business_hours
from metrics.cells import within
from metrics.waiting import waiting
from monitor.reading import Reading
from monitor.report import instant
from monitor.workspace import Workspace

ORDER = ("hours_left", "handed_off_at", "lead_id")


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
    """The waiting leads as of the sources' cutoff, those with the least time left first, and how
    many are `in_time` and how many `late`.
    """

    as_of: str
    in_time: int
    late: int
    rows: list[OpenLeadForm]


def open_leads(
    workspace: Workspace, where: Mapping[str, str] | None = None, most: int | None = None
) -> OpenLeadsForm:
    """Every open handoff (of a segment) without a first human sales touch; with `most`, so many of
    those that are still in time. LakeError where nothing was pulled.
    """
    with Reading.open(workspace) as reading:
        return of_reading(reading, where, most)


def of_reading(
    reading: Reading, where: Mapping[str, str] | None = None, most: int | None = None
) -> OpenLeadsForm:
    """The same of an open reading."""
    rows = within(reading.held("open leads", lambda: _all(reading)), where or {})
    in_time = rows.filter(pc.greater_equal(rows["hours_left"], 0.0))
    shown = rows if most is None else in_time.slice(0, most)
    return {
        "as_of": instant(reading.as_of),
        "in_time": in_time.num_rows,
        "late": rows.num_rows - in_time.num_rows,
        "rows": [_form(reading, row) for row in shown.to_pylist()],
    }


def _all(reading: Reading) -> ir.Table:
    handoffs, dimensions = reading.facts["handoffs"], reading.dimensions("handoffs")
    found = waiting(handoffs, reading.tables, reading.definitions, dimensions)
    return found.order_by(ORDER)


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
