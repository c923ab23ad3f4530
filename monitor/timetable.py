"""What the timetable wants: what is due now, what comes next, and what came of it so far."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypedDict

from config import Settings
from model.cron import Cron, parse
from monitor.report import instant
from monitor.workspace import Workspace
from store.records import Records
from store.records.leases import WRONG_CLOCK
from store.records.schedule import ScheduledRun

KINDS = ("sync", "snapshot")  # in this order where several are due: figures of what was just pulled
LEASE = "schedule"
UNFINISHED = ("running", "stopped")
NEXT, PAST = 5, 20


@dataclass(frozen=True)
class Due:
    """A run that the timetable wants; `due_at` is naive UTC."""

    kind: str
    due_at: datetime


class NextForm(TypedDict):
    """A run to come."""

    kind: str
    due_at: str


class RunForm(TypedDict):
    """A run so far. `state`: running, done, partial, failed, skipped (another process did it) or
    stopped (it will be begun anew). `error` says why it is not done, or what is missing.
    """

    kind: str
    due_at: str
    started_at: str
    ended_at: str | None
    seconds: float | None
    state: str
    attempts: int
    rows: int | None
    api_calls: int | None
    error: str | None


class ScheduleForm(TypedDict):
    """`detente schedule --list --json`; `holder`: the process that works through it now."""

    timezone: str
    holder: str | None
    next: list[NextForm]
    runs: list[RunForm]


def now_utc() -> datetime:
    """The clock on the wall, naive UTC."""
    return datetime.now(UTC).replace(tzinfo=None)


def due(settings: Settings, records: Records, now: datetime) -> list[Due]:
    """What is to be done at `now`: of each kind the run that was due last, unless it ended.

    What was missed before that is covered by it, however long nobody was awake. Never anything
    older than what was begun already: a changed timetable or a clock set back repeats nothing.
    """
    found = []
    for kind, entry in entries(settings).items():
        at = entry.last(settings.schedule_zone, now)
        newest = records.schedule.newest(kind, until=now + WRONG_CLOCK)
        if at is None or (newest is not None and newest.due_at > at):
            continue
        if newest is None or newest.due_at < at or newest.state in UNFINISHED:
            found.append(Due(kind, at))
    return found


def listing(workspace: Workspace, now: datetime) -> ScheduleForm:
    """The next runs and the newest of the past, both oldest first."""
    settings, records = workspace.settings, workspace.records
    zone = settings.schedule_zone
    coming = [
        Due(kind, at)
        for kind, entry in entries(settings).items()
        for at in entry.following(zone, now, NEXT)
    ]
    coming.sort(key=lambda one: (one.due_at, KINDS.index(one.kind)))
    return {
        "timezone": zone,
        "holder": records.leases.holder(LEASE, now),
        "next": [{"kind": one.kind, "due_at": instant(one.due_at)} for one in coming],
        "runs": [run_form(run) for run in records.schedule.list(PAST)],
    }


def run_form(run: ScheduledRun) -> RunForm:
    """The form of one run."""
    ended = run.ended_at
    return {
        "kind": run.kind,
        "due_at": instant(run.due_at),
        "started_at": instant(run.started_at),
        "ended_at": instant(ended) if ended else None,
        "seconds": round((ended - run.started_at).total_seconds(), 1) if ended else None,
        "state": run.state,
        "attempts": run.attempts,
        "rows": run.rows,
        "api_calls": run.api_calls,
        "error": run.report.get("error"),
    }


def entries(settings: Settings) -> dict[str, Cron]:
    """When each kind of run is due, in `settings.schedule_zone`."""
    texts = {kind: getattr(settings.schedule, kind) for kind in KINDS}
    return {kind: parse(text) for kind, text in texts.items() if text is not None}
