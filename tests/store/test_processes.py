"""Other processes read, write and are killed with SIGKILL; nothing half-done is ever seen."""

import random
import sqlite3
import time
from collections import Counter
from contextlib import suppress
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerProcess
from pathlib import Path

import pytest
from sqlalchemy.engine import make_url

from model.errors import BusyError
from store.lake import Lake
from store.records import Records
from store.records.actions import Event
from tests.conftest import new_database
from tests.store import workers
from tests.store.workers import NOON, ROWS, spawn


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


def kill_keepers(url: str, times: int) -> None:
    """Snapshots with 20 segments, kept by processes that are killed, while another one reads."""
    chance, kept = random.Random(7), 0
    workers.open_records(url)
    stop_receive, stop_send = workers.pipe()
    out_receive, out_send = workers.pipe()
    reader = spawn(workers.read_snapshots_until_told, url, stop_receive, out_send)
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
            rows = Counter(row["snapshot_id"] for row in records.snapshots.every_value())
            each = len(workers.PLACES) * len(workers.INDICATORS)
            assert rows == {head.id: each for head in heads}
            for head in heads[-2:]:
                assert len(records.snapshots.verdicts_of(head.id)) == len(workers.PLACES)
        if (file := make_url(url)).get_backend_name() == "sqlite":
            with sqlite3.connect(str(file.database)) as database:
                assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    assert kept > 0
    stop_send.send(None)
    assert out_receive.poll(60)
    readings, wrong = out_receive.recv()
    reader.join(20)
    assert wrong == []
    assert readings > times


def test_a_killed_snapshot_is_kept_whole_or_not_at_all(records_url: str) -> None:
    kill_keepers(records_url, 5)


@pytest.mark.full
def test_snapshots_killed_fifty_times(tmp_path: Path) -> None:
    kill_keepers(f"sqlite:///{tmp_path}/records.db", 50)


def test_processes_that_keep_the_same_snapshots_keep_each_once(records_url: str) -> None:
    url = records_url
    _, send = workers.pipe()
    processes = [spawn(workers.keep_snapshots, url, 0, 15, send) for _ in range(3)]
    for process in processes:
        process.join(60)
        assert process.exitcode == 0
    with Records.open(url) as records:
        assert [head.manifest_id for head in records.snapshots.list()] == list(range(15))


def test_processes_may_create_the_database_together(records_url: str) -> None:
    processes = [spawn(workers.open_records, records_url) for _ in range(6)]
    for process in processes:
        process.join(60)
        assert process.exitcode == 0


def test_of_four_who_close_an_action_one_succeeds(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/records.db"
    with Records.open(url) as records:
        kept = records.actions.agree(workers.action(1), NOON, "Ada")
    pipes = [workers.pipe() for _ in range(4)]
    processes = [
        spawn(workers.end_action, url, kept.id, f"person {i}", send)
        for i, (_, send) in enumerate(pipes)
    ]
    for process in processes:
        process.join(60)
        assert process.exitcode == 0
    said = [receive.recv() for receive, _ in pipes]
    assert said.count("") == 1
    assert all("it is done since" in one for one in said if one)
    with Records.open(url) as records:
        assert len(records.actions.get(kept.id).history) == 2


def kill_agreeing(tmp_path: Path, times: int) -> None:
    url, chance, kept = f"sqlite:///{tmp_path}/records.db", random.Random(7), 0
    for _ in range(times):
        receive, send = workers.pipe()
        process = spawn(workers.agree_for_ever, url, send)
        kill_after(process, receive, chance.randint(2, 4), chance.random())
        with Records.open(url) as records:
            found = records.actions.list()
            assert [one.baseline["number"] for one in found] == list(range(len(found)))
            assert all(len(one.baseline["padding"]) == 50_000 for one in found)
            assert all(one.history[0].state == "open" for one in found)
            assert all(one.state == "done" for one in found[:-1] if one.id > kept)
            assert len(found) >= kept
            kept = len(found)
            for one in found:
                if one.state == "open":
                    records.actions.end(one.id, Event(state="dropped", at=NOON, by="Kim"))
        with sqlite3.connect(tmp_path / "records.db") as database:
            assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    assert kept > 0


def test_a_kill_leaves_actions_whole(tmp_path: Path) -> None:
    kill_agreeing(tmp_path, 2)


@pytest.mark.full
def test_actions_killed_thirty_times(tmp_path: Path) -> None:
    kill_agreeing(tmp_path, 30)


@pytest.mark.full
def test_machines_that_share_records_write_the_lake_one_at_a_time(postgresql_server: Path) -> None:
    url = new_database(postgresql_server)
    receive, send = workers.pipe()
    with Records.open(url) as records, Records.open(url) as others:
        with records.alone():
            with pytest.raises(BusyError, match="another sync is running"), others.alone():
                pass
            assert others.snapshots.list() == []
        with others.alone():
            pass
        process = spawn(workers.write_alone, url, send)
        assert receive.poll(60)
        with pytest.raises(BusyError), records.alone():
            pass
        process.kill()
        process.join(20)
        give_up = time.monotonic() + 20
        while True:
            with suppress(BusyError), records.alone():
                break
            assert time.monotonic() < give_up
