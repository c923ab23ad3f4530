"""Whatever is done to a table in whatever order, it holds what a dictionary would hold."""

import shutil
import tempfile
from datetime import datetime, timedelta
from typing import Any

import hypothesis.strategies as st
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

import store.delta
import store.lake
from model.tables import TABLES
from store.lake import Lake
from tests.store.workers import draft

PATH = "crm/leads"
Row = tuple[int | None, str | None, float | None, bool]
ROW = st.tuples(
    st.none() | st.integers(1, 4),
    st.sampled_from([None, "", "New", "it's"]),
    st.sampled_from([None, 0.0, 1.5, float("nan")]),
    st.booleans(),
)
KEYED = st.tuples(st.sampled_from("abcdefgh"), ROW)
BATCHES = st.lists(st.lists(KEYED, max_size=5), max_size=3)


def table_of(batch: list[tuple[str, Row]]) -> pa.Table:
    rows = [
        {
            "lead_id": key,
            "created_at": month and datetime(2026, month, 3),
            "recorded_at": datetime(2026, month or 5, 3, 1, 2, 3, 456789) if status else None,
            "status": status,
            "score": score,
            "deleted_at": datetime(2026, 9, 1) if deleted else None,
        }
        for key, (month, status, score, deleted) in batch
    ]
    return TABLES["leads"].conform(rows)


def comparable(row: dict[str, Any]) -> tuple[str, ...]:
    return tuple(repr(row[name]) for name in ("created_at", "status", "score", "deleted_at"))


class TableHistory(RuleBasedStateMachine):
    @initialize()
    def begin(self) -> None:
        self.folder = tempfile.mkdtemp()
        self.lake = Lake(self.folder)
        self.model: dict[str, tuple[str, ...]] = {}
        self.deleted: set[str] = set()
        self.cursor: str | None = None
        self.step = 0
        self.published: list[tuple[int, dict[str, tuple[str, ...]]]] = []

    def expected(self, batches: list[list[tuple[str, Row]]]) -> dict[str, tuple[str, ...]]:
        rows = [row for batch in batches for row in table_of(batch).to_pylist()]
        return {row["lead_id"]: comparable(row) for row in rows}

    @rule(batches=BATCHES, with_cursor=st.booleans())
    def upsert(self, batches: list[list[tuple[str, Row]]], with_cursor: bool) -> None:
        incoming = self.expected(batches)
        changed = {k for k, row in incoming.items() if self.model.get(k) != row}
        self.step += 1
        cursor = (lambda: str(self.step)) if with_cursor else None
        written = self.lake.upsert("crm", "leads", map(table_of, batches), cursor=cursor)
        assert written.read == sum(map(len, batches))
        assert written.written == len(changed)
        self.model |= incoming
        self.cursor = str(self.step) if with_cursor else self.cursor

    @rule(batches=BATCHES)
    def replace(self, batches: list[list[tuple[str, Row]]]) -> None:
        incoming = self.expected(batches)
        self.step += 1
        cursor = lambda: str(self.step)  # noqa: E731
        written = self.lake.replace("crm", "leads", map(table_of, batches), cursor=cursor)
        assert written.written == sum(self.model.get(k) != row for k, row in incoming.items())
        assert written.deleted >= len(self.model.keys() - incoming.keys())
        self.model, self.cursor = incoming, str(self.step)

    @rule()
    def publish(self) -> None:
        version = self.lake.version("crm", "leads")
        if version is not None:
            manifest = self.lake.publish(draft({PATH: version}))
            self.published.append((manifest.id, dict(self.model)))

    @rule()
    def vacuum(self) -> None:
        self.lake.vacuum()
        self.published = self.published[-store.lake.KEPT_MANIFESTS :]

    def read(self, version: int) -> dict[str, tuple[str, ...]]:
        tables = [pq.ParquetFile(uri).read() for uri in self.lake.uris(PATH, version)]
        rows = [row for table in tables for row in table.to_pylist()]
        assert len({row["lead_id"] for row in rows}) == len(rows)
        return {row["lead_id"]: comparable(row) for row in rows}

    @invariant()
    def holds_what_the_model_holds(self) -> None:
        version = self.lake.version("crm", "leads")
        assert (self.read(version) if version is not None else {}) == self.model
        assert self.lake.cursor("crm", "leads") == self.cursor

    @invariant()
    def the_log_knows_by_when_rows_were_recorded_and_whether_any_is_deleted(self) -> None:
        version = self.lake.version("crm", "leads")
        if version is None:
            return
        files = self.lake.files(PATH, version)
        rows = [pq.ParquetFile(uri).read(["recorded_at", "deleted_at"]) for uri in files.uris]
        every = [row for table in rows for row in table.to_pylist()]
        last = max((row["recorded_at"] or datetime.min for row in every), default=datetime.min)
        assert files.recorded_until is not None
        assert last <= files.recorded_until <= last + timedelta(milliseconds=1)
        assert files.may_have_deleted == any(row["deleted_at"] for row in every)

    @invariant()
    def manifests_keep_their_versions(self) -> None:
        assert [m.id for m in self.lake.manifests()] == [number for number, _ in self.published]
        for number, then in self.published[-3:]:
            manifest = self.lake.manifest(number)
            assert manifest is not None
            assert self.read(manifest.versions[PATH]) == then

    def teardown(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)


QUICK = settings(
    max_examples=8,
    stateful_step_count=10,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture(autouse=True)
def _small_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Eight keys are enough to split a table by month and into files, and to gather these; a merge
    of a few rows is of few, one of more is not.
    """
    monkeypatch.setattr(store.delta, "ROWS_PER_FILE", 2)
    monkeypatch.setattr(store.lake, "PARTITION_FROM_ROWS", 5)
    monkeypatch.setattr(store.lake, "FEW_SMALL_FILES", 2)
    monkeypatch.setattr(store.lake, "FEW_ROWS", 6)


def test_any_history_quick() -> None:
    from hypothesis.stateful import run_state_machine_as_test

    run_state_machine_as_test(TableHistory, settings=QUICK)


@pytest.mark.full
def test_any_history_full() -> None:
    from hypothesis.stateful import run_state_machine_as_test

    long = settings(QUICK, max_examples=60, stateful_step_count=20)
    run_state_machine_as_test(TableHistory, settings=long)
