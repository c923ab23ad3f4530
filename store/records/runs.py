"""Sync runs: when, how they ended, what they reported and cost."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

from sqlalchemy import Engine, select, update

from model.errors import DetenteError, StoppedError
from store.records.schema import RunRow
from store.records.transactions import reading, writing

STOPPED = "stopped before its end"
RunState = Literal["running", "done", "partial", "failed"]


@dataclass(frozen=True)
class Run:
    """One sync; instants are naive UTC. `report` is what the sync's --json prints, or has the
    key "error" where it failed.
    """

    id: int
    started_at: datetime
    ended_at: datetime | None
    state: RunState
    report: Mapping[str, Any]
    api_calls: int


@dataclass
class Running:
    """What a sync fills in while it runs; `partial`: it ended well, but not all of it."""

    api_calls: int = 0
    report: dict[str, Any] = field(default_factory=dict)
    partial: bool = False


class Runs:
    """The sync runs of one database."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    @contextmanager
    def running(self) -> Iterator[Running]:
        """Note that a sync begins and, at the end or at an error, how it ended.

        The caller holds the lake's lock, so any run still `running` has died: it becomes `failed`.
        """
        run_id, run = self._start(), Running()
        try:
            yield run
        except BaseException as error:
            said = error.line() if isinstance(error, DetenteError) else type(error).__name__
            if isinstance(error, StoppedError | KeyboardInterrupt):
                said = STOPPED
            run.report.setdefault("error", said)
            self._finish(run_id, "failed", run)
            raise
        self._finish(run_id, "partial" if run.partial else "done", run)

    def _start(self) -> int:
        with writing(self._engine) as session:
            session.execute(
                update(RunRow)
                .where(RunRow.state == "running")
                .values(state="failed", ended_at=_now(), report={"error": STOPPED})
            )
            row = RunRow(started_at=_now(), state="running", report={}, api_calls=0)
            session.add(row)
            session.flush()
            return row.id

    def _finish(self, run_id: int, state: RunState, run: Running) -> None:
        with writing(self._engine) as session:
            session.execute(
                update(RunRow)
                .where(RunRow.id == run_id)
                .values(
                    ended_at=_now(), state=state, report=dict(run.report), api_calls=run.api_calls
                )
            )

    def list(self, most: int) -> list[Run]:
        """The newest runs, the newest first."""
        with reading(self._engine) as session:
            rows = session.scalars(select(RunRow).order_by(RunRow.id.desc()).limit(most))
            return [_run(row) for row in rows]

    def newest(self) -> Run | None:
        """The run that began last."""
        with reading(self._engine) as session:
            row = session.scalar(select(RunRow).order_by(RunRow.id.desc()).limit(1))
            return None if row is None else _run(row)

    def newest_ended(self) -> Run | None:
        """The run that began last of those that have ended."""
        query = select(RunRow).where(RunRow.ended_at.is_not(None))
        with reading(self._engine) as session:
            row = session.scalar(query.order_by(RunRow.id.desc()).limit(1))
            return None if row is None else _run(row)


def _now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)


def _run(row: RunRow) -> Run:
    return Run(
        id=row.id,
        started_at=row.started_at,
        ended_at=row.ended_at,
        state=row.state,  # type: ignore[arg-type]
        report=row.report,
        api_calls=row.api_calls,
    )
