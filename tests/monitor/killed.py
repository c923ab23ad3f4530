"""A scheduler in a process of its own, with work that is small and real: commits to a lake and
snapshots to the records. Its clock runs fast, from one instant for all processes.
"""

import threading
import time
from datetime import datetime, timedelta
from multiprocessing.connection import Connection
from pathlib import Path

from config import Settings
from monitor.progress import Progress
from monitor.schedule import Worker
from monitor.workspace import Workspace
from store.lake import Lake
from store.records import Records
from store.records.schedule import Outcome, ScheduledRun
from tests.store import postgresql, workers

FAST = 3000  # a quarter of an hour in 0.3 s
START = datetime(2026, 6, 1, 9)
BRIEF = timedelta(minutes=25)  # a lease of half a second by that clock
LONG = timedelta(days=10)  # five minutes
TIMES = {"sync": "*/15 * * * *", "snapshot": "*/45 * * * *"}


def work_through(
    url: str, home: str, begun: Connection, lasts: timedelta, runs: int | None = None
) -> None:
    """Work until killed, or until `runs` have ended in this process. Says when it begins, and
    whenever a run has ended.
    """
    folder = Path(home)
    origin = folder / "origin"
    if not origin.exists():
        origin.write_text(str(time.time()))
    zero = float(origin.read_text())
    settings = {"schedule": TIMES, "records": postgresql.settings(url)}
    workspace = Workspace(folder, Settings.model_validate(settings))
    ended: list[object] = []

    def tell(run: object) -> None:
        ended.append(run)
        begun.send(None)
        if len(ended) == runs:
            worker.stop.set()  # on a slow machine something is due all the time

    worker = Worker(
        workspace,
        lambda text: None,
        tell,
        clock=lambda: START + timedelta(seconds=(time.time() - zero) * FAST),
        work={"sync": sync, "snapshot": snapshot},
        lasts=lasts,
    )
    until, over = time.monotonic() + 150, threading.Event()

    def keep() -> None:
        while not over.wait(0.05):
            if worker.beat():
                begun.send(None)

    beats = threading.Thread(target=keep, daemon=True)
    beats.start()
    while runs is None or len(ended) < runs:
        worker.look()
        time.sleep(0.02)
        assert time.monotonic() < until
    over.set()
    beats.join()
    worker.release()


def sync(workspace: Workspace, progress: Progress) -> Outcome:
    """A commit to each of two tables, and one manifest."""
    lake = Lake(str(workspace.home / "lake"))
    step = int(lake.cursor("crm", "opportunities") or 0) + 1
    progress.step("sync", 0, 1)
    workers.sync(lake, step)
    return Outcome("done", workers.ROWS, 0, {"step": step})


def snapshot(workspace: Workspace, progress: Progress) -> Outcome:
    """A big snapshot of the newest manifest."""
    manifest = Lake(str(workspace.home / "lake")).manifest()
    assert manifest is not None
    kept = workspace.records.snapshots.keep(workers.snapshot(manifest.id, 50_000))
    return Outcome("done", report={"snapshot": kept.id})


def commits(home: Path) -> int:
    """How often a sync was committed to the lake."""
    return int(Lake(str(home / "lake")).cursor("crm", "opportunities") or 0)


def check(url: str, home: Path) -> list[ScheduledRun]:
    """What must hold at any moment; all runs."""
    with Records.open(url) as records:
        runs = records.schedule.list(10_000)
        assert len({(run.kind, run.due_at) for run in runs}) == len(runs)
        running = [run.kind for run in runs if run.state == "running"]
        assert len(set(running)) == len(running)
        heads = records.snapshots.list()
        assert len({head.manifest_id for head in heads}) == len(heads)
        for head in heads[-2:]:
            assert len(records.snapshots.get(head.id).payload["rows"]) == 50_000
        named = {run.report["snapshot"] for run in runs if "snapshot" in run.report}
        assert named <= {head.id for head in heads}
    lake = Lake(str(home / "lake"))
    manifest = lake.manifest()
    if manifest is not None:
        seen = [workers.steps_seen(lake, path, at) for path, at in manifest.versions.items()]
        assert seen[0] == seen[1]
        assert len(seen[0][0]) == 1
    return runs
