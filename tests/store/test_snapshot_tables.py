"""What other tools read: the tables beside the snapshots, in step with them."""

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from alembic import command

from model.errors import RecordsError
from store.records import Records
from store.records.migrating import alembic_settings
from store.records.transactions import connect, migrating
from tests.store.raw import sql
from tests.store.workers import INDICATORS, NOON, PLACES, snapshot, value


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'records.db'}"


def test_a_snapshot_and_its_rows_are_kept_together_and_once(url: str) -> None:
    with Records.open(url) as records:
        kept = records.snapshots.keep(snapshot(1))
        records.snapshots.keep(replace(snapshot(1), verdicts=(), values=()))
    shared = "SELECT snapshot_id, as_of_on, kind FROM"
    every = [(kept.id, "2026-03-01", "live")] * len(PLACES)
    assert sql(url, f"{shared} snapshot_verdicts") == every
    assert sql(url, f"{shared} indicator_values") == every * len(INDICATORS)


def test_rows_that_cannot_be_kept_keep_the_snapshot_away(url: str) -> None:
    broken = replace(snapshot(1), values=[value("one", "region", "EMEA") | {"unit": None}])
    with Records.open(url) as records:
        with pytest.raises(RecordsError):
            records.snapshots.keep(broken)
        assert records.snapshots.list() == []
        with pytest.raises(RecordsError, match="not JSON"):
            records.snapshots.keep(replace(snapshot(1), segments=[{"score": float("inf")}]))
    assert sql(url, "SELECT * FROM snapshot_verdicts") == []


def test_histories_are_by_as_of_and_say_what_restates(url: str) -> None:
    later = NOON + timedelta(days=40)
    with Records.open(url) as records:
        second = records.snapshots.keep(replace(snapshot(1), as_of_at=later))
        first = records.snapshots.keep(snapshot(2))
        again = replace(snapshot(3), definitions="new", restates=first.id, kind="backfilled")
        records.snapshots.keep(replace(again, taken_at=later))
        found = records.snapshots.values(INDICATORS[2], "region", "Region 7")
        assert [(row["snapshot_id"], row["kind"]) for row in found] == [
            (first.id, "live"),
            (again.id, "restated"),
            (second.id, "live"),
        ]
        assert [row["restates"] for row in found] == [None, first.id, None]
        assert [r["score"] for r in records.snapshots.verdicts("company", "all")] == [50.0] * 3
        assert len(records.snapshots.verdicts_of(second.id)) == len(PLACES)
        assert len(list(records.snapshots.every_value())) == 3 * len(PLACES) * len(INDICATORS)


def test_what_older_snapshots_said_is_filled_in(url: str) -> None:
    figure = {
        "id": "lead_followup_rate",
        "dimension": "handoff",
        "unit": "share",
        "value": 0.6,
        "bound": None,
        "low": 0.5,
        "high": 0.7,
        "n": 40,
        "status": "ok",
        "score": 55.0,
        "stage": "defined",
    }
    stage = {
        "stage": "defined",
        "headline": None,
        "score": 50.0,
        "low": 45.0,
        "high": 55.0,
        "evidence": 0.8,
        "probabilities": {"undefined": 0.1, "defined": 0.9, "aligned": 0.0, "integrated": 0.0},
        "dimensions": [{"id": "handoff", "score": 55.0}],
    }
    outcome = {**figure, "id": "win_rate"}
    del outcome["dimension"], outcome["score"], outcome["stage"]
    payload = {"stage": stage, "indicators": {"rows": [figure], "outcomes": [outcome]}}
    with Records.open(url) as records:
        kept = records.snapshots.keep(
            replace(snapshot(1), payload=payload, verdicts=(), values=(), segments=())
        )
    engine = connect(url)
    with migrating(engine) as connection:
        command.downgrade(alembic_settings(connection), "0001")
    engine.dispose()
    with Records.open(url) as records:
        (found,) = records.snapshots.values("lead_followup_rate", "company", "all")
        assert (found["snapshot_id"], found["value"], found["score"]) == (kept.id, 0.6, 55.0)
        (verdict,) = records.snapshots.verdicts("company", "all")
        assert (verdict["p_defined"], verdict["handoff_score"]) == (0.9, 55.0)
        assert verdict["language_score"] is None
        (beside,) = records.snapshots.values("win_rate", "company", "all")
        assert beside["dimension"] is None
        again = records.snapshots.get(kept.id)
        assert json.dumps(again.payload) == json.dumps(kept.payload)
        assert again.segments == []
