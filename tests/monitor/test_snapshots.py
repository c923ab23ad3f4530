"""Snapshots of the demonstration company: what they hold, and that it can be computed again."""

import csv
import json
import shutil
import sqlite3
from contextlib import closing, redirect_stdout
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path

import pyarrow.parquet as pq
import pytest
import yaml

from config import Settings
from model.errors import ConfigurationError, RecordsError
from monitor import compare, restate, retention, snapshots, verify, views
from monitor.content import Content
from monitor.demo import Company
from monitor.outputs import export
from monitor.outputs.prometheus import exposition
from monitor.outputs.terminal import snapshots as terminal
from monitor.reading import Reading
from monitor.snapshots import SnapshotForm
from monitor.workspace import Workspace
from tests.store import workers


@pytest.fixture(scope="module")
def here(demonstration: Company, tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """A copy of the demonstration's home. Nobody but the last tests adds to it."""
    home = tmp_path_factory.mktemp("copy") / "home"
    demonstration.workspace.records.close()
    shutil.copytree(demonstration.workspace.home, home, ignore=shutil.ignore_patterns("org*"))
    with closing(sqlite3.connect(home / "records.db")) as file:  # all of it in the one file
        file.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return Workspace.open(demonstration.config, home)


@pytest.fixture(scope="module")
def newest(here: Workspace) -> SnapshotForm:
    found = here.records.snapshots.latest("live")
    assert found is not None
    return snapshots.show(here, found.id)


def test_a_snapshot_holds_what_it_takes_to_be_computed_again(newest: SnapshotForm) -> None:
    regions = [one["segment"]["region"] for one in newest["segments"]]
    assert regions == ["AMER", "APAC", "EMEA"]
    for one in newest["segments"]:
        assert len(one["rows"]) == len(newest["indicators"]["rows"])
        assert len(one["stage"]["dimensions"]) == 6
        assert one["stage"]["segment"] == one["segment"]
        assert 0 < one["people"]["sales"] < newest["people"]["sales"]
        assert "shared_metric_coverage" in one["stage"]["company_only"]
    assert newest["stage"]["company_only"] == []
    assert newest["stage"]["survey"] is not None
    assert newest["people"].keys() == {"sales", "marketing"}
    assert newest["configuration"]["sla"]["hours"] == 8
    assert newest["versions"]["crm/leads"] >= 0
    assert newest["health"]


def test_a_day_is_the_organisations_own(tmp_path: Path) -> None:
    """In California it ends when the next one has long begun by UTC."""
    calendar = {"default": {"timezone": "America/Los_Angeles"}}
    workspace = Workspace(tmp_path, Settings.model_validate({"calendar": calendar}))
    at = datetime(2026, 3, 2, 7, 59, 59)
    workspace.records.snapshots.keep(replace(workers.snapshot(1), as_of_at=at))
    (line,) = snapshots.listed(workspace)
    assert (line["as_of"], line["as_of_on"]) == ("2026-03-02T07:59:59Z", "2026-03-01")
    out = StringIO()
    with redirect_stdout(out):
        terminal.snapshots([{**line, "score": None, "low": None, "high": None}])
    assert " 2026-03-01 " in out.getvalue()
    workspace.records.close()


def test_groups_that_are_too_small_are_in_no_snapshot(here: Workspace, tmp_path: Path) -> None:
    settings = here.settings.model_dump(mode="json")
    settings["lake"] = {"url": str(here.home / "lake")}
    settings["people"]["smallest_team"] = 100
    config = tmp_path / "detente.yaml"
    config.write_text(yaml.safe_dump(settings), encoding="utf-8")
    with Reading.open(Workspace.open(config, tmp_path)) as reading:
        content = Content.of(reading)
    assert content.segments == []
    assert content.left_out == []
    assert content.company.verdict.score is not None


def test_a_segments_verdict_is_that_of_the_stage_command(
    here: Workspace, newest: SnapshotForm
) -> None:
    one = newest["segments"][-1]
    assert views.stage(here, one["segment"]) == {**one["stage"], "survey": None}


def test_what_is_kept_is_computed_again_from_the_tables(
    here: Workspace, newest: SnapshotForm
) -> None:
    form = verify.verify(here, newest["id"])
    assert (form["how"], form["differences"], form["as_kept"]) == ("versions", [], [])
    assert form["figures"] > 1000


def without_versions(here: Workspace, tmp_path: Path) -> Workspace:
    """The same records over a lake that does not keep them any more."""
    config = tmp_path / "detente.yaml"
    settings = here.settings.model_dump(mode="json") | {"lake": {"url": str(tmp_path / "empty")}}
    config.write_text(yaml.safe_dump(settings), encoding="utf-8")
    shutil.copy(here.home / "records.db", tmp_path / "records.db")
    return Workspace.open(config, tmp_path)


def test_without_the_tables_from_its_own_statistics(
    here: Workspace, newest: SnapshotForm, tmp_path: Path
) -> None:
    elsewhere = without_versions(here, tmp_path)
    form = verify.verify(elsewhere, newest["id"])
    assert (form["how"], form["differences"]) == ("statistics", [])
    assert form["figures"] > 1000
    assert "field_visibility" in form["as_kept"]


def test_a_figure_that_was_tampered_with_is_found(
    here: Workspace, newest: SnapshotForm, tmp_path: Path
) -> None:
    elsewhere = without_versions(here, tmp_path)
    row = newest["indicators"]["rows"][0]
    assert row["value"] is not None
    with sqlite3.connect(tmp_path / "records.db") as database:
        (text,) = database.execute(
            "SELECT payload FROM snapshots WHERE id = ?", [newest["id"]]
        ).fetchone()
        payload = json.loads(text)
        payload["indicators"]["rows"][0]["value"] += 1e-6
        database.execute("DROP TRIGGER keep_from_update")
        database.execute(
            "UPDATE snapshots SET payload = ? WHERE id = ?", [json.dumps(payload), newest["id"]]
        )
    (difference,) = verify.verify(elsewhere, newest["id"])["differences"]
    assert difference["figure"] == f"company {row['id']} value"
    assert difference["again"] == pytest.approx(row["value"], abs=1e-9)


def test_other_definitions_of_the_software_are_said(
    here: Workspace, newest: SnapshotForm, tmp_path: Path
) -> None:
    elsewhere = without_versions(here, tmp_path)
    with sqlite3.connect(tmp_path / "records.db") as database:
        database.execute("DROP TRIGGER keep_from_update")
        database.execute("UPDATE snapshots SET definitions = 'older'")
    with pytest.raises(RecordsError, match="under definitions that this version"):
        verify.verify(elsewhere, newest["id"])


def test_figures_leave_as_csv_and_parquet(here: Workspace, tmp_path: Path) -> None:
    lines = snapshots.listed(here)
    count = export.export(here, "csv", tmp_path / "all.csv")
    with (tmp_path / "all.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == count
    assert list(rows[0]) == export.COLUMNS.names
    assert {row["snapshot_id"] for row in rows} == {one["id"] for one in lines}
    keys = [(r["snapshot_id"], r["segment_by"], r["segment"], r["indicator"]) for r in rows]
    assert len(set(keys)) == len(keys)
    assert {row["value"] for row in rows if row["status"] == "not_assessed"} == {""}
    assert export.export(here, "parquet", tmp_path / "all.parquet") == count
    table = pq.read_table(tmp_path / "all.parquet").to_pylist()
    assert [row["value"] for row in table] == [
        float(r["value"]) if r["value"] else None for r in rows
    ]
    assert sorted(one.name for one in tmp_path.iterdir()) == ["all.csv", "all.parquet"]


def test_an_export_says_where_it_cannot_write(here: Workspace, tmp_path: Path) -> None:
    with pytest.raises(RecordsError, match="cannot be written"):
        export.export(here, "csv", tmp_path / "no" / "such.csv")
    with pytest.raises(ConfigurationError, match="names no format"):
        export.format_of(tmp_path / "all.xlsx")


def test_prometheus_gets_the_newest_and_no_zero_for_nothing(
    here: Workspace, newest: SnapshotForm
) -> None:
    lines = exposition(here).splitlines()
    samples = dict(line.rsplit(" ", 1) for line in lines if not line.startswith("#"))
    at = datetime.fromisoformat(newest["stage"]["as_of"])
    assert float(samples["detente_snapshot_as_of_seconds"]) == pytest.approx(at.timestamp(), abs=1)
    for row in newest["indicators"]["rows"]:
        labels = f'segment_by="company",segment="all",indicator="{row["id"]}",unit="{row["unit"]}"'
        name = f"detente_indicator_value{{{labels}}}"
        assert (name in samples) == (row["value"] is not None)
        if row["value"] is not None:
            assert float(samples[name]) == row["value"]
    chance = 'detente_stage_probability{segment_by="region",segment="EMEA",stage="defined"}'
    emea = newest["segments"][-1]["stage"]["probabilities"]["defined"]
    assert float(samples[chance]) == emea


def test_the_manifests_of_quarter_ends_are_kept_for_their_days(here: Workspace) -> None:
    newest = here.lake.manifest()
    assert newest is not None
    live = here.records.snapshots.latest("live")
    assert live is not None
    assert retention.kept_manifests(here, newest.cutoff_at) == [live.manifest_id]
    within, after = (live.as_of_at + timedelta(days=days) for days in (99, 101))
    assert retention.kept_manifests(here, within) == [live.manifest_id]
    assert retention.kept_manifests(here, after) == []


@pytest.mark.full
def test_a_snapshot_and_now_are_compared_with_what_entered_and_left(
    here: Workspace, newest: SnapshotForm
) -> None:
    oldest = snapshots.listed(here)[0]["id"]
    name = "mql_acceptance_rate"
    form = compare.compare(here, oldest, compare.NOW, [name, "joint_training_rate"])
    assert form["to_id"] == "now"
    values = {row["id"]: row["value"] for row in newest["indicators"]["rows"]}
    assert {one["id"]: one["after"] for one in form["changes"]} == values
    if form["records"]:
        moved, people = form["records"]
        assert (moved["has_records"], people["has_records"]) == (True, False)
        assert not set(moved["entered"]) & set(moved["left"])
        rows = views.records(here, name)
        counted = set(rows.loc[rows["counted"], "lead_id"])
        assert set(moved["entered"]) <= counted
        assert not set(moved["left"]) & counted
        assert moved["entered"]
    else:
        assert form["records_note"] is not None
    same = compare.compare(here, newest["id"], newest["id"])
    assert not any(one["exceeds"] for one in same["changes"])


@pytest.mark.full
def test_a_dimension_has_moved_by_the_difference_of_its_scores(here: Workspace) -> None:
    first = snapshots.listed(here)[0]
    held = here.records.snapshots.get(first["id"]).segments
    segments = [next(one["segment"] for one in held if "region" in one["segment"]), {}]
    for where in segments:
        kept = [one["stage"] for one in held if one["segment"] == where]
        then = kept[0] if where else here.records.snapshots.get(first["id"]).payload["stage"]
        scores = {one["id"]: one["score"] for one in then["dimensions"]}
        found = compare.moved(here, first["id"], where)
        compared = 0
        for now in views.stage(here, where)["dimensions"]:
            one = found[now["id"]]
            if one["points"] is None or one["low"] is None or one["high"] is None:
                continue
            compared += 1
            assert one["points"] == pytest.approx(now["score"] - scores[now["id"]])
            assert one["low"] <= one["points"] <= one["high"]
        assert compared


def test_the_past_is_restated_beside_what_was_kept(here: Workspace, tmp_path: Path) -> None:
    settings = here.settings.model_dump(mode="json")
    settings["lake"] = {"url": str(here.home / "lake")}
    settings["sla"]["hours"] = 4
    config = tmp_path / "detente.yaml"
    config.write_text(yaml.safe_dump(settings), encoding="utf-8")
    shutil.copy(here.home / "records.db", tmp_path / "records.db")
    today = Workspace.open(config, tmp_path)
    before = snapshots.listed(today)
    made = restate.restate(today)
    assert len(made) == len(before)
    after = snapshots.listed(today)
    assert [one for one in after if one["id"] in {old["id"] for old in before}] == before
    added = [one for one in after if one["definitions"] == today.definitions_version]
    assert [one["as_of"] for one in added] == [one["as_of"] for one in before]
    assert {one["kind"] for one in added} <= {"restated", "live"}
    restated = {one["restates"] for one in added if one["kind"] == "restated"}
    assert restated <= {one["id"] for one in before}
    assert [one["id"] for one in snapshots.series(after)][:-2] == [one["id"] for one in added][:-1]
    assert restate.restate(today) == []
    for one in made:
        assert verify.verify(today, one.head.id)["differences"] == []
    past = next(one for one in made if one.head.restates)
    again = Workspace.open(config, tmp_path)
    assert snapshots.show(again, past.head.id)["configuration"]["sla"]["hours"] == 4


def test_a_restatement_stands_in_the_chart_for_what_it_restates() -> None:
    def line(day: int, kind: str, definitions: str) -> snapshots.PointForm:
        at = datetime(2026, 1, day, tzinfo=UTC).date().isoformat()
        plain = {"value": 0.5, "low": None, "high": None, "status": "ok"}
        return {"as_of": at, "definitions": definitions, "kind": kind, **plain}  # type: ignore[typeddict-item]

    old = [line(1, "live", "a"), line(2, "live", "a")]
    first, second = line(1, "restated", "b"), line(1, "restated", "c")
    found = snapshots.series([old[0], first, second, old[1]])
    assert found == [second, old[1]]
    assert snapshots.series(old) == old
