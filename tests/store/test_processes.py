"""Other processes read, write and are killed with SIGKILL; nothing half-done is ever seen."""

import random
import sqlite3
import time
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerProcess
from pathlib import Path

import pytest

from store.lake import Lake
from store.records import Records
from tests.store import workers
from tests.store.workers import ROWS, spawn

TABLES_BESIDE = {
    "snapshot_verdicts": len(workers.PLACES),
    "indicator_values": len(workers.PLACES) * len(workers.INDICATORS),
}


def kill_after(process: ForkServerProcess, begins: Connection, steps: int, part: float) -> None:
    """Kill when the process has begun its step number `steps` and done about `part` of it."""
    took, since = 0.2, time.monotonic()
    for _ in range(steps):
        assert begins.poll(60)
        begins.recv()
        took, since = time.monotonic() - since, time.monotonic()
    time.sleep(took * part)
    process.kill()
    process.join(20)
    assert process.exitcode == -9


def check_lake(lake: Lake) -> int:
    """Rows and cursor of every version belong together; the newest manifest names one sync."""
    latest = 0
    for name in ("leads", "opportunities"):
        version = lake.version("crm", name)
        if version is None:
            continue
        steps, count = workers.steps_seen(lake, f"crm/{name}", version)
        assert count == ROWS
        assert steps == {f"step-{lake.cursor('crm', name)}"}
        latest = max(latest, int(lake.cursor("crm", name) or 0))
    manifest = lake.manifest()
    if manifest is not None:
        seen = [workers.steps_seen(lake, path, v) for path, v in manifest.versions.items()]
        assert len(seen) == 2
        assert seen[0] == seen[1]
        assert len(seen[0][0]) == 1
    return latest


def kill_syncs(tmp_path: Path, times: int) -> None:
    url, chance = str(tmp_path / "lake"), random.Random(7)
    steps = [0]
    for _ in range(times):
        receive, send = workers.pipe()
        process = spawn(workers.sync_for_ever, url, send)
        kill_after(process, receive, chance.randint(2, 4), chance.random())
        steps.append(check_lake(Lake(url)))
    assert steps == sorted(steps)
    assert steps[-1] > 0


def test_a_killed_sync_leaves_the_lake_as_before_or_after(tmp_path: Path) -> None:
    kill_syncs(tmp_path, 5)


@pytest.mark.full
def test_a_sync_killed_fifty_times(tmp_path: Path) -> None:
    kill_syncs(tmp_path, 50)


def read_while_writing(tmp_path: Path, syncs: int) -> None:
    url = str(tmp_path / "lake")
    workers.sync_times(url, 1)
    stop_receive, stop_send = workers.pipe()
    out_receive, out_send = workers.pipe()
    reader = spawn(workers.read_until_told, url, stop_receive, out_send)
    writer = spawn(workers.sync_times, url, syncs)
    writer.join(300)
    assert writer.exitcode == 0
    stop_send.send(None)
    assert out_receive.poll(60)
    readings, wrong = out_receive.recv()
    reader.join(20)
    assert wrong == []
    assert readings > 0


def test_readers_never_wait_nor_see_half_a_sync(tmp_path: Path) -> None:
    read_while_writing(tmp_path, 8)


@pytest.mark.full
def test_readers_never_see_half_of_a_hundred_syncs(tmp_path: Path) -> None:
    read_while_writing(tmp_path, 100)


def kill_keepers(tmp_path: Path, times: int) -> None:
    """Snapshots with 20 segments, kept by processes that are killed, while another one reads."""
    url, chance = f"sqlite:///{tmp_path}/records.db", random.Random(7)
    workers.open_records(url)
    stop_receive, stop_send = workers.pipe()
    out_receive, out_send = workers.pipe()
    reader = spawn(workers.read_snapshots_until_told, url, stop_receive, out_send)
    kept = 0
    for _ in range(times):
        receive, send = workers.pipe()
        process = spawn(workers.keep_snapshots, url, kept, kept + 10_000, send)
        kill_after(process, receive, chance.randint(2, 4), chance.random())
        with Records.open(url) as records:
            heads = records.snapshots.list()
            assert sorted(head.manifest_id for head in heads) == list(range(len(heads)))
            assert len(heads) >= kept
            kept = len(heads)
            if heads:
                last = records.snapshots.get(workers.snapshot(kept - 1).id)
                assert len(last.statistics) == len(last.payload["rows"]) == 50_000
                assert len(last.segments) == len(workers.PLACES) - 1
        with sqlite3.connect(tmp_path / "records.db") as database:
            assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
            for table, rows in TABLES_BESIDE.items():
                query = f"SELECT snapshot_id, count(*) FROM {table} GROUP BY snapshot_id"
                assert dict(database.execute(query)) == {head.id: rows for head in heads}
    assert kept > 0
    stop_send.send(None)
    assert out_receive.poll(60)
    readings, wrong = out_receive.recv()
    reader.join(20)
    assert wrong == []
    assert readings > times


def test_a_killed_snapshot_is_kept_whole_or_not_at_all(tmp_path: Path) -> None:
    kill_keepers(tmp_path, 5)


@pytest.mark.full
def test_snapshots_killed_fifty_times(tmp_path: Path) -> None:
    kill_keepers(tmp_path, 50)


def test_processes_that_keep_the_same_snapshots_keep_each_once(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/records.db"
    _, send = workers.pipe()
    processes = [spawn(workers.keep_snapshots, url, 0, 15, send) for _ in range(3)]
    for process in processes:
        process.join(60)
        assert process.exitcode == 0
    with Records.open(url) as records:
        assert [head.manifest_id for head in records.snapshots.list()] == list(range(15))


def test_processes_may_create_the_database_together(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/new/records.db"
    processes = [spawn(workers.open_records, url) for _ in range(6)]
    for process in processes:
        process.join(60)
        assert process.exitcode == 0
