import os
import signal
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path
from threading import Timer
from typing import Any

import ibis
import ibis.expr.types as ir
import pyarrow as pa
import pytest
from deltalake import write_deltalake

import store.delta
import store.lake
from model.errors import LakeError
from model.tables import TABLES
from store.duck_engine import DuckEngine
from store.engines import Engine, Promise, open_engine
from store.lake import Lake
from store.spark_engine import address
from tests.store.workers import ROWS, draft, stamped

LEADS = TABLES["leads"]


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(str(tmp_path / "lake"))


def put(lake: Lake, source: str, table: str, *rows: dict[str, object]) -> dict[str, int]:
    written = lake.upsert(source, table, [TABLES[table].conform(list(rows))], cursor=lambda: "1")
    return {f"{source}/{table}": written.version}


@pytest.fixture
def engine(lake: Lake, engine_url: str | None) -> Iterator[Engine]:
    lake.upsert("crm", "leads", [stamped("leads", 1)], cursor=lambda: "1")
    fact = lake.write_fact("handoffs", pa.table({"lead_id": ["id-1", "id-2"], "hours": [1.5, 3.0]}))
    none = lake.write_fact("meetings", pa.table({"at": pa.array([], pa.timestamp("us"))}))
    versions = {"crm/leads": 0, "facts/handoffs": fact, "facts/meetings": none}
    with open_engine(lake, lake.publish(draft(versions)), url=engine_url) as opened:
        yield opened


def test_every_canonical_table_is_there_with_its_types(engine: Engine) -> None:
    assert list(engine.canonical) == list(TABLES)
    for name, table in TABLES.items():
        rows = engine.run(engine.canonical[name])
        assert rows.schema.equals(table.schema), name
        assert rows.num_rows == (ROWS if name == "leads" else 0)


def test_microseconds_survive(lake: Lake, engine_url: str | None) -> None:
    at = datetime(2026, 3, 29, 2, 30, 0, 123456)
    versions = put(lake, "crm", "leads", {"lead_id": "a", "created_at": at, "recorded_at": at})
    with open_engine(lake, lake.publish(draft(versions)), url=engine_url) as engine:
        row = engine.run(engine.canonical["leads"]).to_pylist()[0]
    assert (row["created_at"], row["mql_at"]) == (at, None)


def test_sources_are_united_and_common_keys_counted(lake: Lake, engine_url: str | None) -> None:
    versions = put(lake, "crm", "leads", {"lead_id": "a"}, {"lead_id": "b"})
    versions |= put(lake, "second", "leads", {"lead_id": "b"}, {"lead_id": "c"})
    versions |= put(lake, "crm", "users", {"user_id": "a"})
    versions |= put(lake, "second", "users", {"user_id": "b"})
    with open_engine(lake, lake.publish(draft(versions)), url=engine_url) as engine:
        assert sorted(engine.run(engine.canonical["leads"]).column("lead_id").to_pylist()) == [
            "a",
            "b",
            "b",
            "c",
        ]
        assert engine.duplicated_keys() == {"leads": 1}


def test_a_column_that_a_table_lacks_reads_as_null(lake: Lake, engine_url: str | None) -> None:
    rows = LEADS.conform([{"lead_id": "a", "region": "EMEA"}]).drop_columns(["region", "mql_at"])
    write_deltalake(f"{lake.url}/crm/leads", rows.append_column("newer", pa.array(["x"])))
    with open_engine(lake, lake.publish(draft({"crm/leads": 0})), url=engine_url) as engine:
        rows = engine.run(engine.canonical["leads"])
    assert rows.schema.equals(LEADS.schema)
    assert rows.column("region").to_pylist() == [None]


def test_a_table_split_by_month_reads_as_one(
    lake: Lake, engine_url: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store.lake, "PARTITION_FROM_ROWS", 1)
    versions = {"crm/leads": lake.upsert("crm", "leads", [stamped("leads", 1)]).version}
    assert len(lake.uris("crm/leads", 0)) == 4
    with open_engine(lake, lake.publish(draft(versions)), url=engine_url) as engine:
        assert (
            engine.run(engine.canonical["leads"])
            .sort_by("lead_id")
            .equals(stamped("leads", 1).sort_by("lead_id"))
        )


def test_facts_come_by_name(engine: Engine) -> None:
    facts = engine.facts()
    assert sorted(facts) == ["handoffs", "meetings"]
    assert engine.run(facts["handoffs"].agg(hours=facts["handoffs"].hours.sum())).to_pylist() == [
        {"hours": 4.5}
    ]
    empty = engine.run(facts["meetings"])
    assert (empty.num_rows, empty.schema.field("at").type) == (0, pa.timestamp("us"))
    with pytest.raises(LakeError, match="no fact decisions"):
        engine.facts(["decisions"])


def test_tables_in_memory_may_be_joined(engine: Engine) -> None:
    leads = engine.canonical["leads"]
    days = ibis.memtable(pa.table({"lead_id": ["id-3", "nobody"], "day": [7, 8]}))
    joined = leads.join(days, "lead_id").select("lead_id", "day")
    assert engine.run(joined).to_pylist() == [{"lead_id": "id-3", "day": 7}]


def test_floats_are_no_decimals(engine: Engine) -> None:
    """Spark reads 0.25 as a decimal, and a quotient of decimals overflows on some servers."""
    days = ibis.memtable(
        pa.table({"held": [True, False], "amount": [1e8, 3e8], "days": [91.0] * 2})
    )
    held = (days.amount / days.days).sum(where=days.held).fill_null(0.0)
    most = ibis.greatest(held, (days.amount / days.days).sum().fill_null(0.0))
    found = engine.run(days.aggregate(share=held / most, quarter=held * 0.25))
    assert found.to_pylist() == [
        {"share": pytest.approx(0.25), "quarter": pytest.approx(25e6 / 91)}
    ]


@pytest.mark.parametrize("memory_limit", ["100MB", "1.5 GiB", "9000GB"])
def test_a_limit_may_be_less_or_more_than_the_machine_has(lake: Lake, memory_limit: str) -> None:
    versions = put(lake, "crm", "leads", {"lead_id": "00Q"})
    with DuckEngine(lake, draft(versions), memory_limit=memory_limit) as engine:
        assert engine.run(engine.canonical["leads"])["lead_id"].to_pylist() == ["00Q"]


def test_threads_share_an_engine(engine: Engine) -> None:
    leads = engine.canonical["leads"]

    def ask(number: int) -> tuple[int, int]:
        wanted = ibis.memtable(pa.table({"lead_id": [f"id-{n}" for n in range(number)]}))
        rows = engine.run(leads.semi_join(wanted, "lead_id"))
        with engine.materialise({"part": leads.semi_join(wanted, "lead_id")}) as tables:
            part = tables["part"]
            kept = engine.run(part.agg(n=part.count())).to_pylist()[0]["n"]
        engine.facts()
        return rows.num_rows, kept

    numbers = list(range(1, 60))
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(ask, numbers)) == [(n, n) for n in numbers]


def test_computed_tables_are_gone_after_use(engine: Engine) -> None:
    leads = engine.canonical["leads"]
    with engine.materialise({"some": leads.limit(5), "more": leads.limit(7)}) as tables:
        some = tables["some"]
        assert engine.run(some).num_rows == 5
        assert engine.run(tables["more"].semi_join(some, "lead_id")).num_rows <= 7
    with pytest.raises(LakeError, match="the engine failed"):
        engine.run(some)
    with pytest.raises(ZeroDivisionError), engine.materialise({"some": leads}):
        raise ZeroDivisionError


def by_hand(engine: Engine, leads: ir.Table, wait: bool = True) -> Any:
    """What `together` makes of how many leads there are of each owner, and of one column of all."""
    counted = leads.group_by("owner_id").aggregate(n=leads.count())
    wanted = {"counted": lambda: counted, "ids": lambda: leads.select("lead_id")}

    def use(promised: Mapping[str, Promise]) -> tuple[int, list[str]]:
        if not wait:
            raise ZeroDivisionError
        some, ids = engine.run(promised["counted"]()), promised["ids"]()
        return some.to_pylist()[0]["n"], list(ids.columns)

    return engine.together(wanted, {}, {}, use)


def test_what_is_computed_together_is_used_as_it_comes(engine: Engine) -> None:
    assert by_hand(engine, engine.canonical["leads"]) == (ROWS, ["lead_id"])


def test_an_error_where_it_is_computed_or_used_ends_both(engine: Engine) -> None:
    leads = engine.canonical["leads"]
    with pytest.raises(ZeroDivisionError):
        by_hand(engine, leads, wait=False)
    nowhere = ibis.table(leads.schema(), name="nowhere")
    with pytest.raises(LakeError, match="the engine failed"):
        by_hand(engine, nowhere)
    assert by_hand(engine, leads) == (ROWS, ["lead_id"])


def test_what_no_row_has_need_not_be_read(lake: Lake, engine_url: str | None) -> None:
    early, late = datetime(2026, 1, 1), datetime(2026, 2, 1)
    versions = put(lake, "a", "leads", {"lead_id": "a", "recorded_at": early})
    gone = late + timedelta(days=1)
    last = {"lead_id": "b", "recorded_at": late, "deleted_at": gone}
    versions |= put(lake, "b", "leads", last)
    both = {f"{name}/leads": lake.files(f"{name}/leads", 0) for name in "ab"}
    assert [files.has("deleted_at") for files in both.values()] == [False, True]
    with open_engine(lake, lake.publish(draft(versions)), url=engine_url) as engine:
        found = engine.run(engine.canonical["leads"].select("lead_id", "deleted_at"))
        until = engine.recorded_until
    assert dict(zip(*found.to_pydict().values(), strict=True)) == {"a": None, "b": gone}
    assert late <= until["leads"] < late + timedelta(seconds=1)
    assert until["contacts"] == datetime.min  # no row at all


def test_a_query_can_be_interrupted(lake: Lake) -> None:
    many = ibis.memtable(pa.table({"n": range(100_000)}))
    pairs = many.cross_join(many.select(m="n")).cross_join(many.select(k="n"))
    with DuckEngine(lake, draft({})) as engine:
        impatient = Timer(0.5, os.kill, (os.getpid(), signal.SIGINT))
        impatient.start()
        with pytest.raises(KeyboardInterrupt):
            engine.run(pairs.aggregate(n=(pairs.n * pairs.m + pairs.k).max()))
        impatient.join()


def test_a_row_may_be_recorded_at_the_end_of_time(lake: Lake) -> None:
    versions = put(lake, "crm", "leads", {"lead_id": "a", "recorded_at": datetime.max})
    with DuckEngine(lake, draft(versions)) as engine:
        assert engine.run(engine.canonical["leads"])["recorded_at"].to_pylist() == [datetime.max]
        assert engine.recorded_until["leads"] == datetime.max


def test_of_a_lake_that_kept_no_clocks_nothing_is_taken_to_be_known(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept_nothing = {"delta.dataSkippingNumIndexedCols": "0"}
    monkeypatch.setattr(store.delta, "_configuration", lambda _: kept_nothing)
    versions = put(lake, "crm", "leads", {"lead_id": "a", "recorded_at": datetime(2026, 1, 1)})
    monkeypatch.undo()
    versions |= put(lake, "crm", "leads", {"lead_id": "b", "recorded_at": datetime(2026, 2, 1)})
    assert lake.files("crm/leads", versions["crm/leads"]).has("deleted_at")
    with DuckEngine(lake, draft(versions)) as engine:
        assert "leads" not in engine.recorded_until


def test_streamed_rows_are_those_that_run_gives(engine: Engine) -> None:
    leads = engine.canonical["leads"]
    for found in (leads, leads.limit(0), leads.select("lead_id", "created_at", "score")):
        with engine.stream(found) as rows:
            streamed = rows.read_all()
        assert streamed.sort_by("lead_id").equals(engine.run(found).sort_by("lead_id"))


def test_more_rows_than_a_batch_are_streamed_whole(engine: Engine, lake: Lake) -> None:
    count = 250_001
    many = ibis.memtable(pa.table({"lead_id": range(count)}))
    with engine.stream(many) as rows:
        version = lake.write_fact("many", rows)
    found = engine.written_fact("many", version)
    told = engine.run(found.agg(n=found.count(), k=found.lead_id.nunique())).to_pylist()
    assert told == [{"n": count, "k": count}]


def test_rows_that_fail_midway_leave_the_fact_as_it_was(lake: Lake, engine: Engine) -> None:
    before = engine.facts()["handoffs"]
    late = ibis.memtable(pa.table({"text": ["1"] * 250_000 + ["no number"]}))
    failing = late.select(hours=late.text.cast("int64"))
    if isinstance(engine, DuckEngine):  # Spark makes such a cast null
        with pytest.raises(LakeError), engine.stream(failing) as rows:
            lake.write_fact("handoffs", rows)
    assert engine.run(before).num_rows == 2


def test_a_folder_may_have_spaces(tmp_path: Path, engine_url: str | None) -> None:
    lake = Lake(str(tmp_path / "our lake +é"))
    versions = put(lake, "crm", "leads", {"lead_id": "a"}) | put(
        lake, "two", "leads", {"lead_id": "b"}
    )
    with open_engine(lake, lake.publish(draft(versions)), url=engine_url) as engine:
        assert engine.run(engine.canonical["leads"]).num_rows == 2


@pytest.mark.parametrize("uri", ["s3://bucket/a b/part.parquet", "abfss://c@account/lake"])
def test_addresses_on_object_storage_are_taken_as_they_are(uri: str) -> None:
    assert address(uri) == uri
    assert address("/lake/leads") == "file:///lake/leads"


def test_a_version_that_is_not_there_is_an_error(lake: Lake, engine_url: str | None) -> None:
    with pytest.raises(LakeError, match="version 4 is not there"):
        open_engine(lake, draft({"crm/leads": 4}), url=engine_url)


def test_an_engine_outlives_the_syncs_and_vacuum_that_follow(
    lake: Lake, engine_url: str | None
) -> None:
    versions = {"crm/leads": lake.upsert("crm", "leads", [stamped("leads", 1)]).version}
    with open_engine(lake, lake.publish(draft(versions)), url=engine_url) as engine:
        for step in (2, 3):
            version = lake.upsert("crm", "leads", [stamped("leads", step)]).version
            lake.publish(draft({"crm/leads": version}))
            lake.vacuum()
        rows = engine.run(engine.canonical["leads"])
    assert set(rows.column("owner_id").to_pylist()) == {"step-1"}
