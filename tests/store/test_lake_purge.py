"""Rows that go: purged records, rows that never counted, replacements at the same cursor."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from deltalake import DeltaTable

import store.lake
from model.tables import TABLES
from store.lake import Lake, Removed

DAY = datetime(2026, 1, 2)


def change(key: str, at: datetime = DAY, **values: object) -> dict[str, object]:
    return {
        "change_id": key,
        "opportunity_id": "006",
        "changed_at": at,
        "recorded_at": at,
        **values,
    }


def changes(*rows: dict[str, object]) -> pa.Table:
    return TABLES["opportunity_changes"].conform(list(rows))


def ids(*some: str) -> list[pa.Array]:
    return [pa.array(some, pa.string())]


def keys(lake: Lake, table: str = "opportunity_changes") -> list[str]:
    version = lake.version("crm", table)
    assert version is not None
    files = lake.uris(f"crm/{table}", version)
    found = [pq.ParquetFile(file).read([TABLES[table].key])[0].to_pylist() for file in files]
    return sorted(key for some in found for key in some)


@pytest.fixture(params=["whole", "by month"])
def lake(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Lake:
    if request.param == "by month":
        monkeypatch.setattr(store.lake, "PARTITION_FROM_ROWS", 3)
    return Lake(str(tmp_path / "lake"))


def filled(lake: Lake, count: int = 6) -> None:
    rows = [change(f"{n}:stage", DAY + timedelta(days=20 * n)) for n in range(count)]
    lake.upsert("crm", "opportunity_changes", [changes(*rows)], cursor=lambda: "here")


def test_rows_without_a_record_go_and_the_cursor_stays(lake: Lake) -> None:
    filled(lake)
    removed = lake.retain("crm", "opportunity_changes", ids("0", "1", "2", "4", "5", "9"))
    assert removed == Removed(gone=1, rows=6, refused=False, version=1)
    assert keys(lake) == ["0:stage", "1:stage", "2:stage", "4:stage", "5:stage"]
    assert lake.cursor("crm", "opportunity_changes") == "here"


def test_nothing_is_committed_where_nothing_is_gone(lake: Lake) -> None:
    filled(lake)
    removed = lake.retain("crm", "opportunity_changes", ids(*"012345"))
    assert removed == Removed(gone=0, rows=6, refused=False, version=0)


def test_a_table_that_is_not_there_loses_nothing(lake: Lake) -> None:
    assert lake.retain("crm", "opportunity_changes", ids("1")) is None


def test_too_many_lost_rows_are_kept(lake: Lake) -> None:
    filled(lake, 101)
    some = [str(n) for n in range(80)]
    removed = lake.retain("crm", "opportunity_changes", ids(*some))
    assert removed == Removed(gone=21, rows=101, refused=True, version=0)
    assert len(keys(lake)) == 101
    removed = lake.retain("crm", "opportunity_changes", ids(*some), whatever_is_lost=True)
    assert removed is not None
    assert not removed.refused
    assert len(keys(lake)) == 80


def test_a_small_table_may_lose_all(lake: Lake) -> None:
    filled(lake)
    removed = lake.retain("crm", "opportunity_changes", ids())
    assert removed is not None
    assert (removed.gone, removed.refused) == (6, False)
    assert keys(lake) == []


def test_months_without_a_lost_row_are_not_rewritten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store.lake, "PARTITION_FROM_ROWS", 3)
    lake = Lake(str(tmp_path / "lake"))
    filled(lake)
    before = set(lake.uris("crm/opportunity_changes", 0))
    lake.retain("crm", "opportunity_changes", ids(*"12345"))
    after = set(lake.uris("crm/opportunity_changes", 1))
    assert len(before - after) == 1
    assert len(after - before) == 1  # what else January held


def test_a_row_that_never_counted_is_not_kept(lake: Lake) -> None:
    never = change("1:stage", deleted_at=DAY)
    lake.upsert("crm", "opportunity_changes", [changes(never, change("2:stage"))])
    assert keys(lake) == ["2:stage"]


def test_a_row_that_turns_out_never_to_have_counted_goes(lake: Lake) -> None:
    filled(lake)
    never = change("3:stage", DAY + timedelta(days=60), deleted_at=DAY + timedelta(days=60))
    written = lake.upsert("crm", "opportunity_changes", [changes(never)], cursor=lambda: "on")
    assert (written.written, written.deleted) == (1, 1)
    assert keys(lake) == ["0:stage", "1:stage", "2:stage", "4:stage", "5:stage"]
    again = lake.upsert("crm", "opportunity_changes", [changes(never)], cursor=lambda: "on")
    assert (again.written, again.version) == (0, written.version)


def test_steps_and_a_replacement_keep_the_same(lake: Lake) -> None:
    late = DAY + timedelta(days=3)
    rows = [change("1:stage"), change("2:stage"), change("2:stage", deleted_at=late)]
    never = change("1:stage", deleted_at=DAY)
    for row in (*rows, never):
        lake.upsert("crm", "opportunity_changes", [changes(row)])
    by_steps = keys(lake)
    lake.replace("crm", "opportunity_changes", [changes(rows[2], never)])
    assert by_steps == keys(lake) == ["2:stage"]


def test_a_replacement_at_the_same_cursor_is_made_on_demand(lake: Lake) -> None:
    filled(lake)
    only = [changes(change("7:stage"))]
    lake.replace("crm", "opportunity_changes", only, cursor=lambda: "here")
    assert len(keys(lake)) == 6
    lake.replace("crm", "opportunity_changes", only, cursor=lambda: "here", rebuild=True)
    assert keys(lake) == ["7:stage"]
    assert lake.cursor("crm", "opportunity_changes") == "here"


def test_tables_may_be_written_from_several_threads(tmp_path: Path) -> None:
    lake = Lake(str(tmp_path / "lake"))
    names = [name for name in TABLES if name != "user_functions"]

    def write(name: str) -> int:
        table = TABLES[name]
        for start in (0, 500):
            rows = [{table.key: f"{n:05}", "recorded_at": DAY} for n in range(start, start + 1000)]
            lake.upsert("crm", name, [table.conform(rows)], cursor=lambda: name)
        return len(keys(lake, name))

    with ThreadPoolExecutor(4) as pool:
        assert set(pool.map(write, names)) == {1500}
    assert all(lake.cursor("crm", name) == name for name in names)


def test_each_month_is_one_file_however_many_batches(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("store.staging.MOST_ROWS_HELD", 50)
    monkeypatch.setattr(store.lake, "PARTITION_FROM_ROWS", 3)
    lake = Lake(str(tmp_path / "lake"))
    batches = [
        changes(*(change(f"{b}-{n}", DAY + timedelta(days=9 * n)) for n in range(20)))
        for b in range(15)
    ]
    written = lake.upsert("crm", "opportunity_changes", batches)
    months = {(DAY + timedelta(days=9 * n)).strftime("%Y-%m") for n in range(20)}
    assert written.written == len(keys(lake)) == 300
    assert len(lake.uris("crm/opportunity_changes", 0)) == len(months)


@pytest.mark.parametrize("partitioned_from", [3, 1000])
def test_object_storage_holds_the_same(
    partitioned_from: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """There the files are reached through Delta; the folder stands for a bucket."""
    monkeypatch.setattr(store.lake, "PARTITION_FROM_ROWS", partitioned_from)
    name, late = "opportunity_changes", DAY + timedelta(days=99)
    (tmp_path / "far" / "crm" / name).mkdir(parents=True)
    held = []
    for place in ("far", "near"):
        lake = Lake(str(tmp_path / place))
        if place == "far":
            lake._storage.url, lake._storage._folder = f"file://{tmp_path}/far", None
        filled(lake)
        updated = change("3:stage", DAY + timedelta(days=60), new="Won")
        lake.upsert("crm", name, [changes(updated, change("7:stage", late))], cursor=lambda: "b")
        lake.retain("crm", name, ids(*"012357"))
        lake.upsert("crm", name, [changes(change("8:stage"))], cursor=lambda: "c")
        assert lake.cursor("crm", name) == "c"
        table = DeltaTable(str(tmp_path / place / "crm" / name)).to_pyarrow_table()
        held.append(sorted(table.to_pylist(), key=lambda row: str(row["change_id"])))
    assert held[0] == held[1]
    assert [row["change_id"][0] for row in held[0]] == list("0123578")
    assert held[0][3]["new"] == "Won"
