"""`detente schedule`: works through the timetable until told to stop.

One process at a time holds the lease and works; others stand by and take over when it expires.
Every run is noted in the records before it begins, once for each instant at which it was due, so
that a killed process, a machine that slept or a second scheduler leave nothing out and do nothing
twice. See docs/decisions/0011-a-timetable-in-the-records.md.
"""

import logging
import os
import socket
import threading
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from model.cron import Cron
from model.errors import BusyError, DetenteError, RecordsError, StoppedError
from monitor import alerts, snapshots, sources
from monitor import sync as syncing
from monitor.progress import Progress, Silent
from monitor.timetable import LEASE, Due, RunForm, due, entries, now_utc, run_form
from monitor.workspace import Workspace
from store.records.leases import Lease
from store.records.schedule import Outcome

LASTS = timedelta(seconds=60)
BEAT_SECONDS = 10.0
Clock = Callable[[], datetime]
Say = Callable[[str], None]
Tell = Callable[[RunForm], None]
Work = Mapping[str, Callable[[Workspace, Progress], Outcome]]


def run_sync(workspace: Workspace, progress: Progress) -> Outcome:
    """A scheduled sync."""
    report = syncing.sync(workspace, progress=progress)
    rows = sum(table.written for source in report.sources for table in source.tables)
    calls = sum(source.api_calls for source in report.sources)
    told: dict[str, Any] = {"manifest": report.manifest}
    if report.failures:
        told["error"] = "; ".join(report.failures)
    return Outcome("partial" if report.failures else "done", rows, calls, told)


def run_snapshot(workspace: Workspace, progress: Progress) -> Outcome:
    """A scheduled snapshot."""
    taken = snapshots.take(workspace)
    return Outcome("done", report={"snapshot": taken.head.id, "is_new": taken.is_new})


WORK: Work = {"sync": run_sync, "snapshot": run_snapshot}


class Worker:
    """One process' part in the timetable; `clock` gives naive UTC.

    `beat` is to be called every few seconds, `look` whenever something may be due; they may run in
    different threads. Without a beat the lease lasts for `lasts`. `tell` hears of each run that
    ended, `say` of what is not as usual.
    """

    def __init__(
        self,
        workspace: Workspace,
        say: Say,
        tell: Tell,
        *,
        clock: Clock = now_utc,
        work: Work = WORK,
        lasts: timedelta = LASTS,
    ) -> None:
        self._workspace, self._say, self._tell = workspace, say, tell
        self._clock, self._work, self._lasts = clock, work, lasts
        self._records = workspace.records
        self._holder = f"{socket.gethostname()}:{os.getpid()}"
        self._lease: Lease | None = None
        self._until = datetime.min
        self._said = ""
        self.stop = threading.Event()

    def beat(self) -> bool:
        """Hold the lease longer, or take it once it is free; True where it is ours anew."""
        try:
            return self._beat()
        except RecordsError as error:
            self._say_once(error.line())
            return False

    def _beat(self) -> bool:
        leases, now, lease = self._records.leases, self._clock(), self._lease
        if lease is not None and leases.renew(lease, now, self._lasts):
            was_awake, self._until = self._is_mine(lease), now + self._lasts
            return not was_awake
        self._lease = leases.take(LEASE, self._holder, now, self._lasts)
        if self._lease is None:
            other = leases.holder(LEASE, now)
            self._say_once(f"{other} works through the schedule; standing by.")
            return False
        self._until, self._said = now + self._lasts, ""
        return True

    def _is_mine(self, lease: Lease) -> bool:
        """Whether the lease is still ours and has been renewed in time: not so after a sleep."""
        return lease == self._lease and self._clock() <= self._until

    def look(self) -> None:
        """Do all that is due, one after the other, until nothing is."""
        lease = self._lease
        while lease is not None and self._is_mine(lease) and not self.stop.is_set():
            try:
                wanted = due(self._workspace.settings, self._records, self._clock())
                if not [one for one in wanted if self._ran(lease, one)]:
                    return
            except RecordsError as error:
                self._say_once(error.line())
                return

    def release(self) -> None:
        """Leave the lease to whoever comes next."""
        if self._lease is not None:
            self._records.leases.release(self._lease)
            self._lease = None

    def _ran(self, lease: Lease, one: Due) -> bool:
        """Whether the run was this process' to do."""
        schedule = self._records.schedule
        if self.stop.is_set():
            return False
        run = schedule.begin(lease, one.kind, one.due_at, self._clock())
        if run is None:
            return False
        outcome = self._outcome(one.kind, lease)
        ended = schedule.end(lease, run, outcome, self._clock())
        if ended is not None:
            self._tell(run_form(ended))
            if outcome.state != "stopped":
                self._alert()
        return True

    def _outcome(self, kind: str, lease: Lease) -> Outcome:
        watch = _Watch(lambda: self.stop.is_set() or not self._is_mine(lease))
        try:
            return self._work[kind](self._workspace, watch)
        except StoppedError as error:
            return Outcome("stopped", report={"error": error.line()})
        except BusyError as error:
            return Outcome("skipped", report={"error": error.line()})
        except DetenteError as error:
            return Outcome("failed", report={"error": error.line()})
        except Exception as error:
            return Outcome("failed", report={"error": _fault(error)})

    def _alert(self) -> None:
        if not self._workspace.settings.alerts.channels:
            return
        try:
            failures = alerts.check(self._workspace, self._clock())["failures"]
        except DetenteError as error:
            failures = [error.line()]
        except Exception as error:
            failures = [_fault(error)]
        for line in failures:
            self._say(f"alerts: {line}")

    def _say_once(self, text: str) -> None:
        if text != self._said:
            self._said = text
            self._say(text)


def _fault(error: Exception) -> str:
    """A fault of ours, which ends no schedule; without its text, which may tell of people."""
    at = error.__traceback__
    while at is not None and at.tb_next is not None:
        at = at.tb_next
    place = f"{Path(at.tb_frame.f_code.co_filename).name}:{at.tb_lineno}" if at else "?"
    return f"a fault in Détente: {type(error).__name__} at {place}; please report it"


class _Watch(Silent):
    """Ends work between two of its steps, once that is asked for."""

    def __init__(self, is_over: Callable[[], bool]) -> None:
        self._is_over = is_over

    def step(self, task: str, done: int, total: int | None) -> None:
        """Go on, or StoppedError."""
        if self._is_over():
            raise StoppedError("stopped before its end", task)


def run(
    workspace: Workspace,
    stop: threading.Event,
    say: Say,
    tell: Tell,
    beat_seconds: float = BEAT_SECONDS,
) -> None:
    """Work through the timetable until `stop` is set. ConfigurationError without sources."""
    from apscheduler.executors.pool import ThreadPoolExecutor
    from apscheduler.schedulers.background import BackgroundScheduler
    from apscheduler.triggers.base import BaseTrigger

    class Entry(BaseTrigger):  # type: ignore[misc]
        """Cron's fields as we read them; see `model.cron`."""

        def __init__(self, entry: Cron) -> None:
            self.entry = entry

        def get_next_fire_time(self, previous: datetime | None, now: datetime) -> datetime | None:
            zone = workspace.settings.schedule_zone
            after = max(previous or now, now).astimezone(UTC).replace(tzinfo=None)
            found = self.entry.following(zone, after, 1)
            return found[0].replace(tzinfo=UTC) if found else None

    sources.chosen(workspace.settings, None)
    logging.getLogger("apscheduler").setLevel(logging.CRITICAL)
    worker = Worker(workspace, say, tell)
    worker.stop = stop
    scheduler = BackgroundScheduler(
        timezone=UTC,
        executors={"default": ThreadPoolExecutor(1)},  # one run at a time
        job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
    )
    for kind, entry in entries(workspace.settings).items():
        scheduler.add_job(worker.look, Entry(entry), id=kind)
    scheduler.start()
    try:
        while not stop.is_set():
            if worker.beat():
                scheduler.add_job(worker.look)
            scheduler.wakeup()  # its own waits do not notice that the machine slept
            stop.wait(beat_seconds)
    finally:
        stop.set()
        scheduler.shutdown(wait=True)
        worker.release()
