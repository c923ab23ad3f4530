"""Scheduled runs: each instant of the timetable once, whoever asks and however often."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from store.records.leases import Lease, is_held
from store.records.schema import ScheduledRow
from store.records.transactions import reading, writing

ScheduledState = Literal["running", "done", "partial", "failed", "skipped", "stopped"]


@dataclass(frozen=True)
class ScheduledRun:
    """A run that was due at `due_at`; instants are naive UTC.

    `rows` were written, `api_calls` made; None where the kind of run has none. `report` has the
    key "error" where it failed. `attempts`: how often it was begun.
    """

    id: int
    kind: str
    due_at: datetime
    started_at: datetime
    ended_at: datetime | None
    state: ScheduledState
    attempts: int
    rows: int | None
    api_calls: int | None
    report: Mapping[str, Any]


@dataclass(frozen=True)
class Outcome:
    """How a run ended."""

    state: ScheduledState
    rows: int | None = None
    api_calls: int | None = None
    report: Mapping[str, Any] | None = None


class Schedule:
    """The scheduled runs of one database."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def begin(
        self, lease: Lease, kind: str, due_at: datetime, now: datetime
    ) -> ScheduledRun | None:
        """Note that the run of `due_at` begins, under a lease that is still held.

        None where it is not this process' to begin: the lease was taken over, or the run has
        ended. A run that stopped, or whose process lost the lease, begins anew; what else of that
        kind was left so is given up: this run takes its place.
        """
        with writing(self._engine) as session:
            if not is_held(session, lease):
                return None
            row = _find(session, kind, due_at)
            if row is None:
                row = ScheduledRow(kind=kind, due_at=due_at, attempts=0)
                session.add(row)
            elif not _is_left_over(row, lease):
                return None
            row.started_at, row.ended_at, row.state = now, None, "running"
            row.token, row.attempts = lease.token, row.attempts + 1
            row.rows, row.api_calls, row.report = None, None, {}
            _supersede(session, lease, row, now)
            session.flush()
            return _run(row)

    def end(
        self, lease: Lease, run: ScheduledRun, outcome: Outcome, now: datetime
    ) -> ScheduledRun | None:
        """Note how it ended; None where another process has taken the run over."""
        with writing(self._engine) as session:
            row = session.get_one(ScheduledRow, run.id)
            if row.token != lease.token or row.state != "running":
                return None
            row.ended_at, row.state = now, outcome.state
            row.rows, row.api_calls = outcome.rows, outcome.api_calls
            row.report = dict(outcome.report or {})
            session.flush()
            return _run(row)

    def newest(self, kind: str, until: datetime) -> ScheduledRun | None:
        """The run of that kind that was due last, at `until` or before."""
        query = select(ScheduledRow).where(ScheduledRow.kind == kind, ScheduledRow.due_at <= until)
        with reading(self._engine) as session:
            row = session.scalar(query.order_by(ScheduledRow.due_at.desc()).limit(1))
            return None if row is None else _run(row)

    def list(self, limit: int) -> list[ScheduledRun]:
        """The newest `limit` runs, oldest first."""
        query = select(ScheduledRow).order_by(ScheduledRow.due_at.desc(), ScheduledRow.id.desc())
        with reading(self._engine) as session:
            return [_run(row) for row in session.scalars(query.limit(limit))][::-1]


def _find(session: Session, kind: str, due_at: datetime) -> ScheduledRow | None:
    same = (ScheduledRow.kind == kind, ScheduledRow.due_at == due_at)
    return session.scalar(select(ScheduledRow).where(*same))


def _supersede(session: Session, lease: Lease, by: ScheduledRow, now: datetime) -> None:
    unfinished = ScheduledRow.state.in_(["running", "stopped"])
    same_kind = select(ScheduledRow).where(ScheduledRow.kind == by.kind, unfinished)
    for row in session.scalars(same_kind):
        if row is not by and _is_left_over(row, lease):
            row.state, row.ended_at = "failed", row.ended_at or now
            row.report = {"error": "stopped before its end; a later run took its place"}


def _is_left_over(row: ScheduledRow, lease: Lease) -> bool:
    """Whether it did not end and no living process is at it."""
    return row.state == "stopped" or (row.state == "running" and row.token != lease.token)


def _run(row: ScheduledRow) -> ScheduledRun:
    return ScheduledRun(
        id=row.id,
        kind=row.kind,
        due_at=row.due_at,
        started_at=row.started_at,
        ended_at=row.ended_at,
        state=row.state,  # type: ignore[arg-type]
        attempts=row.attempts,
        rows=row.rows,
        api_calls=row.api_calls,
        report=row.report,
    )
