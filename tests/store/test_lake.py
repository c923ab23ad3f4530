import multiprocessing as mp
import os
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from deltalake import write_deltalake

import store.delta
import store.lake
from model.availability import Availability
from model.errors import LakeError
from model.tables import TABLES
from store.lake import Lake, Written
from store.lock import writer_lock
from store.manifest import Manifest, SourceState
from tests.store.workers import NOON, ROWS, draft, stamped, sync

LEADS = TABLES["leads"]


def lead(number: int, month: int = 1, **values: Any) -> dict[str, Any]:
    clocks = {"created_at": datetime(2026, month, 2), "recorded_at": datetime(2026, month, 2)}
    return {"lead_id": f"L{number}", **clocks, **values}


def leads(*rows: dict[str, Any]) -> pa.Table:
    return LEADS.conform(list(rows))


def stored(lake: Lake, path: str = "crm/leads", version: int | None = None) -> list[dict[str, Any]]:
    source, name = path.split("/")
    newest = lake.version(source, name) if version is None else version
    assert newest is not None
    tables = [pq.ParquetFile(uri).read() for uri in lake.uris(path, newest)]
    rows = pa.concat_tables(tables, promote_options="default").to_pylist() if tables else []
    return sorted(rows, key=lambda row: str(row["lead_id"]))


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(str(tmp_path / "a lake, ümlaut"))


@pytest.fixture
def split(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tables are partitioned from their sixth row on."""
    monkeypatch.setattr(store.lake, "PARTITION_FROM_ROWS", 6)


def test_upsert_inserts_and_updates_in_one_commit(lake: Lake) -> None:
    first = lake.upsert("crm", "leads", [leads(lead(1), lead(2))], cursor=lambda: "a")
    assert first == Written("leads", read=2, written=2, deleted=0, version=0)
    batches = [leads(lead(2, status="New")), leads(lead(3))]
    second = lake.upsert("crm", "leads", batches, cursor=lambda: "b")
    assert second == Written("leads", read=2, written=2, deleted=0, version=1)
    assert [(r["lead_id"], r["status"]) for r in stored(lake)] == [
        ("L1", None),
        ("L2", "New"),
        ("L3", None),
    ]
    assert lake.cursor("crm", "leads") == "b"


def test_the_last_of_several_rows_with_one_key_counts(lake: Lake) -> None:
    batches = [
        leads(lead(1, status="a"), lead(1, status="b")),
        leads(lead(2), lead(1, status="c", month=3)),
    ]
    written = lake.upsert("crm", "leads", batches, cursor=lambda: "a")
    assert (written.read, written.written) == (4, 2)
    assert [r["status"] for r in stored(lake)] == ["c", None]


def test_rows_that_are_as_stored_are_not_written(lake: Lake) -> None:
    rows = leads(lead(1, score=float("nan")), lead(2, status="New"))
    lake.upsert("crm", "leads", [rows], cursor=lambda: "a")
    files = lake.uris("crm/leads", 0)
    again = lake.upsert("crm", "leads", [rows], cursor=lambda: "b")
    assert (again.read, again.written, again.version) == (2, 0, 1)
    assert lake.uris("crm/leads", 1) == files
    same = lake.upsert("crm", "leads", [rows], cursor=lambda: "b")
    assert same.version == 1


def test_no_rows_still_store_a_cursor(lake: Lake) -> None:
    assert lake.cursor("crm", "leads") is None
    assert lake.upsert("crm", "leads", [], cursor=lambda: "a").version == 0
    assert lake.cursor("crm", "leads") == "a"
    assert lake.upsert("crm", "leads", [], cursor=lambda: "b").version == 1
    assert lake.cursor("crm", "leads") == "b"
    lake.upsert("crm", "leads", [leads(lead(1))], cursor=None)
    assert lake.cursor("crm", "leads") == "b"


def test_the_cursor_is_asked_for_after_the_batches(lake: Lake) -> None:
    seen: list[str] = []

    def batches() -> Iterator[pa.Table]:
        seen.append("read")
        yield leads(lead(1))
        seen.append("end")

    lake.upsert("crm", "leads", batches(), cursor=lambda: "-".join(seen))
    assert lake.cursor("crm", "leads") == "read-end"


def test_a_source_that_fails_half_way_writes_nothing(lake: Lake) -> None:
    lake.upsert("crm", "leads", [leads(lead(1))], cursor=lambda: "a")

    def batches() -> Iterator[pa.Table]:
        yield leads(lead(2))
        raise RuntimeError("the line broke")

    with pytest.raises(RuntimeError, match="the line broke"):
        lake.upsert("crm", "leads", batches(), cursor=lambda: "b")
    assert (lake.version("crm", "leads"), lake.cursor("crm", "leads")) == (0, "a")
    assert len(stored(lake)) == 1


def test_deletions_are_counted_once(lake: Lake) -> None:
    lake.upsert("crm", "leads", [leads(lead(1), lead(2))], cursor=lambda: "a")
    gone = leads(lead(1, deleted_at=NOON))
    written = lake.upsert("crm", "leads", [gone], cursor=lambda: "b")
    assert (written.written, written.deleted) == (1, 1)
    assert lake.upsert("crm", "leads", [gone], cursor=lambda: "c").deleted == 0


def test_replace_is_the_whole_table(lake: Lake) -> None:
    lake.replace("crm", "leads", [leads(lead(1), lead(2))], cursor=lambda: "a")
    written = lake.replace("crm", "leads", [leads(lead(2), lead(3))], cursor=lambda: "b")
    assert written == Written("leads", read=2, written=1, deleted=1, version=1)
    assert [r["lead_id"] for r in stored(lake)] == ["L2", "L3"]
    assert lake.replace("crm", "leads", [], cursor=lambda: "c").deleted == 2
    assert stored(lake) == []


def test_replace_does_nothing_where_the_cursor_is_as_stored(lake: Lake) -> None:
    lake.replace("crm", "leads", [leads(lead(1))], cursor=lambda: "a")
    written = lake.replace("crm", "leads", [leads(lead(1), lead(2))], cursor=lambda: "a")
    assert (written.written, written.version) == (0, 0)
    assert len(stored(lake)) == 1


@pytest.mark.usefixtures("split")
def test_a_growing_table_is_split_by_month_and_syncs_touch_few_files(lake: Lake) -> None:
    lake.upsert("crm", "leads", [leads(*[lead(n, n) for n in range(1, 5)])], cursor=lambda: "a")
    assert len(lake.uris("crm/leads", 0)) == 1
    grown = [lead(n, 1 + n % 4) for n in range(5, 10)] + [lead(99, created_at=None)]
    lake.upsert("crm", "leads", [leads(*grown)], cursor=lambda: "b")
    before = set(lake.uris("crm/leads", 1))
    assert len(before) == 5
    assert all("_month" not in row for row in stored(lake))
    changed = leads(lead(2, 2, status="New"), lead(3, 1, status="moved"))
    written = lake.upsert("crm", "leads", [changed], cursor=lambda: "c")
    assert written.written == 2
    gone = before - set(lake.uris("crm/leads", 2))
    assert {uri.split("_month=")[1][:7] for uri in gone} == {"2026-02", "2026-03"}
    assert len(stored(lake)) == 10
    assert {r["lead_id"]: r["status"] for r in stored(lake)} | {"L2": "New", "L3": "moved"} == {
        r["lead_id"]: r["status"] for r in stored(lake)
    }


def test_a_changed_row_has_its_file_alone_written_again(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store.delta, "ROWS_PER_FILE", 10)
    lake.upsert("crm", "leads", [leads(*map(lead, range(95)))], cursor=lambda: "a")
    before = set(lake.uris("crm/leads", 0))
    assert len(before) == 10
    lake.upsert("crm", "leads", [leads(lead(42, status="New"))], cursor=lambda: "b")
    after = set(lake.uris("crm/leads", 1))
    assert (len(before - after), len(after - before)) == (1, 1)
    status = {row["lead_id"]: row["status"] for row in stored(lake)}
    assert (len(status), status["L42"], status["L41"]) == (95, "New", None)
    assert stored(lake, version=0) == [row | {"status": None} for row in stored(lake)]


def test_new_rows_are_appended_and_small_files_gathered(lake: Lake) -> None:
    for number in range(20):
        lake.upsert("crm", "leads", [leads(lead(number))], cursor=lambda n=number: str(n))  # type: ignore[misc]
        assert len(lake.uris("crm/leads", number)) <= store.lake.FEW_SMALL_FILES
    assert len(stored(lake)) == 20


def older_table(lake: Lake, *missing: str) -> None:
    rows = leads(lead(1, status="New", region="EMEA")).drop_columns(list(missing))
    write_deltalake(f"{lake.url}/crm/leads", rows)


def test_a_column_that_an_older_version_did_not_have_is_added(lake: Lake) -> None:
    older_table(lake, "region", "deleted_at")
    written = lake.upsert("crm", "leads", [leads(lead(2, region="EMEA"))], cursor=lambda: "a")
    assert written.written == 1
    assert [r["region"] for r in stored(lake)] == [None, "EMEA"]
    same = lake.upsert("crm", "leads", [leads(lead(1, status="New"))], cursor=lambda: "b")
    assert same.written == 0


def test_a_table_of_a_newer_version_is_not_written(lake: Lake) -> None:
    rows = leads(lead(1)).append_column("shoe_size", pa.array([42]))
    write_deltalake(f"{lake.url}/crm/leads", rows)
    with pytest.raises(LakeError, match=r"newer version .*shoe_size.*Update"):
        lake.upsert("crm", "leads", [leads(lead(2))], cursor=lambda: "a")


def test_a_column_of_another_type_is_refused(lake: Lake) -> None:
    rows = leads(lead(1)).drop_columns(["score"]).append_column("score", pa.array(["high"]))
    write_deltalake(f"{lake.url}/crm/leads", rows)
    with pytest.raises(LakeError, match="score is string"):
        lake.upsert("crm", "leads", [leads(lead(2))], cursor=lambda: "a")


def test_two_writers_on_one_table_never_mix(lake: Lake) -> None:
    lake.upsert("crm", "leads", [leads(lead(1))], cursor=lambda: "a")

    def meanwhile() -> Iterator[pa.Table]:
        yield leads(lead(2))
        lake.upsert("crm", "leads", [leads(lead(3))], cursor=lambda: "b")

    with pytest.raises(LakeError, match="another process has written it"):
        lake.upsert("crm", "leads", meanwhile(), cursor=lambda: "c")
    assert [r["lead_id"] for r in stored(lake)] == ["L1", "L3"]
    assert lake.cursor("crm", "leads") == "b"


def test_names_and_folders_that_cannot_be_used_are_refused(lake: Lake, tmp_path: Path) -> None:
    with pytest.raises(LakeError, match="cannot be called facts"):
        lake.upsert("facts", "leads", [])
    with pytest.raises(LakeError, match="cannot name"):
        lake.upsert("../crm", "leads", [])
    with pytest.raises(LakeError, match="no canonical table"):
        lake.upsert("crm", "shoes", [])
    with pytest.raises(LakeError, match="Choose another folder"):
        Lake(str(tmp_path / "a[b]"))


def test_a_manifest_names_only_what_is_there(lake: Lake) -> None:
    assert lake.manifest() is None
    assert lake.manifests() == []
    lake.upsert("crm", "leads", [leads(lead(1))], cursor=lambda: "a")
    for versions in ({"crm/leads": 1}, {"crm/leads": 0, "crm/users": 0}):
        with pytest.raises(LakeError, match="not there"):
            lake.publish(draft(versions))
    assert lake.manifest() is None


def test_manifests_come_back_as_published(lake: Lake) -> None:
    lake.upsert("crm", "leads", [leads(lead(1))], cursor=lambda: "a")
    given = Availability({"leads": frozenset({"lead_id"})}, {"users": "the user list is hidden"})
    cutoff = datetime(2026, 3, 1, 12, 0, 0, 123456)
    crm = SourceState(given, cutoff, "https://crm.example/{id}", ("3 rows are duplicates",))
    sources = {"crm": crm, "declared": SourceState(Availability(), None)}
    drafted = Manifest.draft({"crm/leads": 0}, sources, "abc")
    first, second = lake.publish(drafted), lake.publish(drafted)
    assert (first.cutoff_at, first.availability, first.definitions) == (cutoff, given, "abc")
    assert first.id < second.id
    assert lake.manifest() == second
    assert lake.manifest(first.id) == first
    third = Lake(lake.url).publish(drafted)
    assert lake.manifest() == third
    assert lake.manifest(99) is None
    assert lake.manifests() == [first, second, third]


def test_vacuum_keeps_what_is_named_and_forgets_the_rest(lake: Lake) -> None:
    ids = [sync(lake, step) for step in range(1, 8)]
    fact = lake.write_fact("handoffs", pa.table({"n": [1]}))
    half_done = lake.upsert("crm", "leads", [stamped("leads", 9)], cursor=lambda: "9")
    oldest, named = lake.manifest(ids[0]), lake.manifest(ids[1])
    assert oldest is not None
    assert named is not None
    assert lake.vacuum(keep=[ids[1]]) > 0
    assert [m.id for m in lake.manifests()] == [ids[1], *ids[-3:]]
    for manifest in lake.manifests():
        for path, version in manifest.versions.items():
            files = lake.uris(path, version)
            assert sum(pq.ParquetFile(uri).metadata.num_rows for uri in files) == ROWS
    gone = lake.uris("crm/leads", oldest.versions["crm/leads"])
    assert not any(Path(uri).exists() for uri in gone)
    assert lake.cursor("crm", "leads") == "9"
    assert all(Path(uri).exists() for uri in lake.uris("crm/leads", half_done.version))
    assert lake.version("facts", "handoffs") == fact
    newest = sync(lake, 10)
    assert newest > max(ids)
    assert [m.id for m in lake.manifests()][-1] == newest


def test_an_old_manifest_is_readable_after_two_more_syncs_and_a_vacuum(lake: Lake) -> None:
    ids = [sync(lake, step) for step in (1, 2, 3)]
    lake.vacuum()
    manifest = lake.manifest(ids[0])
    assert manifest is not None
    for path, version in manifest.versions.items():
        rows = pa.concat_tables([pq.ParquetFile(u).read() for u in lake.uris(path, version)])
        assert set(rows.column("owner_id").to_pylist()) == {"step-1"}


def test_facts_are_replaced_with_their_columns(lake: Lake) -> None:
    assert lake.write_fact("handoffs", pa.table({"n": [1]})) == 0
    assert lake.write_fact("handoffs", pa.table({"m": ["x"], "n": [1.5]})) == 1
    assert lake.files("facts/handoffs", 1).columns.names == ["m", "n"]
    assert lake.files("facts/handoffs", 0).columns.names == ["n"]


def test_rows_staged_by_a_killed_process_are_removed_a_day_later(tmp_path: Path) -> None:
    temp = tmp_path / "tmp"
    old, fresh = temp / "stage-old", temp / "stage-fresh"
    for folder in (old, fresh):
        folder.mkdir(parents=True)
        (folder / "rows.parquet").write_text("left")
    os.utime(old, (1, 1))
    lake = Lake(str(tmp_path / "lake"), temp_folder=temp)
    lake.upsert("crm", "leads", [leads(lead(1))], cursor=lambda: "a")
    assert [path.name for path in temp.glob("stage-*")] == ["stage-fresh"]


def _hold(home: Path, held: Any, release: Any) -> None:
    with writer_lock(home):
        held.set()
        release.wait(20)


def test_only_one_process_may_write(tmp_path: Path) -> None:
    context = mp.get_context("fork")
    held, release = context.Event(), context.Event()
    process = context.Process(target=_hold, args=(tmp_path, held, release), daemon=True)
    process.start()
    assert held.wait(20)
    with pytest.raises(LakeError, match="another sync is running"), writer_lock(tmp_path):
        pass
    process.kill()
    process.join()
    with writer_lock(tmp_path):
        pass
