"""A sync is seen whole or not at all, whatever happens to it."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pytest
import yaml

from model.errors import LakeError
from model.tables import TABLES
from monitor import demo
from monitor.doctor import examine
from monitor.reading import Reading
from monitor.sync import sync
from monitor.workspace import Workspace
from sandbox.company import generate
from sandbox.process import Running, start
from sandbox.scenario import Scenario
from store.lock import writer_lock
from tests.cli.run import ROOT, detente

CLOCK = datetime(2026, 6, 30, 12)
LATER = datetime(2026, 7, 14, 12)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("organisation") / "made"
    scenario = Scenario.preset("defined")
    generate(folder, scenario, seed=5, leads=300, ends_at=CLOCK, months=6)
    with start(folder, folder.parent / "state.json", clock=CLOCK) as server:
        yield server


@pytest.fixture
def workspace(running: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    running.set_clock(CLOCK)
    monkeypatch.setenv(demo.TOKEN_VARIABLE, running.access_token)
    return Workspace.open(demo.configure(tmp_path, running), tmp_path)


def tables(workspace: Workspace) -> dict[str, pa.Table]:
    manifest = workspace.lake.manifest()
    assert manifest is not None
    with workspace.engine(manifest) as engine:
        rows = {name: engine.run(table) for name, table in engine.canonical.items()}
    return {name: table.sort_by(TABLES[name].key) for name, table in rows.items()}


@pytest.mark.full
def test_increments_end_where_a_full_pull_ends(workspace: Workspace, running: Running) -> None:
    sync(workspace)
    running.set_clock(LATER)
    step = sync(workspace, reconcile=True)
    read = {table.table: table.read for table in step.sources[0].tables}
    assert 0 < read["leads"] < 150
    by_steps = tables(workspace)
    sync(workspace, full=True)
    whole = tables(workspace)
    same(by_steps, {name: rows for name, rows in whole.items() if name != "user_functions"})


def test_a_sync_tells_how_much_of_the_crm_is_seen(
    workspace: Workspace, running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(demo.TOKEN_VARIABLE, running.users["controller"].access_token)
    sync(workspace)
    (checked,) = examine(workspace)["sources"]
    assert checked["inspection"] is not None
    records = {one["object"]: one for one in checked["inspection"]["records"]}
    seen, held = (
        sum(records[name][key] or 0 for name in ("Lead", "Opportunity")) for key in ("seen", "held")
    )
    with Reading.open(workspace) as reading:
        shown = {one.measure.id: one.estimate for one in reading.shown()[1]}
    assert shown["record_visibility"].value == pytest.approx(seen / held)
    assert 0 < seen < held == shown["record_visibility"].n
    with Reading.open(workspace, CLOCK.date() - timedelta(days=20)) as reading:
        shown = {one.measure.id: one.estimate for one in reading.shown()[1]}
    assert "a day in the past" in str(shown["record_visibility"].reason)


def test_a_dead_source_beside_a_live_one_is_partial(workspace: Workspace, tmp_path: Path) -> None:
    config = tmp_path / "detente.yaml"
    dead = (
        "- {name: old, kind: salesforce, instance_url: 'https://127.0.0.1:9', "
        f"auth: session, token_env: {demo.TOKEN_VARIABLE}}}\n"
    )
    config.write_text(config.read_text().replace("sources:\n", f"sources:\n{dead}"))
    ran = detente("--config", config, "--home", tmp_path, "sync", "--json")
    assert ran.code == 3, ran
    assert "missing: old: 127.0.0.1:9" in ran.err
    assert json.loads(ran.out)["manifest"] is not None


def test_a_second_sync_at_a_time_is_refused(workspace: Workspace) -> None:
    with (
        writer_lock(workspace.home),
        pytest.raises(LakeError, match="another sync is running"),
    ):
        sync(workspace)


@pytest.mark.parametrize("kills", [5, pytest.param(50, marks=pytest.mark.full)])
def test_a_killed_sync_is_continued(
    kills: int, workspace: Workspace, running: Running, tmp_path: Path
) -> None:
    """Killed again and again wherever it was, by Bulk too, a sync ends where an undisturbed one
    does. One that got to its end begins anew in another home.
    """
    luck = random.Random(kills)
    config = with_options(tmp_path, bulk_threshold=30)
    undisturbed = Workspace.open(config, tmp_path / "undisturbed")
    began = time.monotonic()
    syncing(config, undisturbed.home).wait()
    longest = time.monotonic() - began
    expected = tables(undisturbed)
    homes = 0
    for _ in range(kills):
        home = tmp_path / f"home{homes}"
        process = syncing(config, home)
        try:
            process.wait(luck.uniform(0.3, longest))
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.wait()
        killed = Workspace.open(config, home)
        if killed.lake.manifest() is not None:
            same(tables(killed), expected)
            homes += 1
    home = tmp_path / f"home{homes}"
    assert syncing(config, home).wait() == 0
    continued = Workspace.open(config, home)
    same(tables(continued), expected)
    assert not list((home / "pulls").rglob("*.csv"))
    run = continued.records.runs.newest()
    assert run is not None
    assert run.state == "done"


def syncing(config: Path, home: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "cli", "--config", str(config), "--home", str(home), "sync"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    none = subprocess.DEVNULL
    return subprocess.Popen(command, env=environment, stdout=none, stderr=none, text=True)


def with_options(folder: Path, **options: object) -> Path:
    """The configuration in `folder` with other options of its source."""
    config = folder / "detente.yaml"
    settings = yaml.safe_load(config.read_text())
    settings["sources"][0] |= options
    config.write_text(yaml.safe_dump(settings))
    return config


def same(found: dict[str, pa.Table], expected: dict[str, pa.Table]) -> None:
    for name, rows in expected.items():
        assert rows.equals(found[name]), name


def test_a_table_that_fails_is_named_and_the_rest_is_kept(
    workspace: Workspace, running: Running, tmp_path: Path
) -> None:
    fault = {"endpoint": "query", "object": "Lead", "kind": "unavailable", "times": None}
    running.set_faults([fault])
    config = tmp_path / "detente.yaml"
    ran = detente("--config", config, "--home", tmp_path, "sync", "--json")
    assert ran.code == 3, ran
    assert "missing: crm.leads: 127.0.0.1:" in ran.err
    assert "it continues there" in ran.err
    report = json.loads(ran.out)
    assert report["manifest"] is None
    done = {table["table"] for table in report["sources"][0]["tables"]}
    assert "activities" in done
    assert "leads" not in done
    assert workspace.lake.manifest() is None
    running.set_faults([])
    again = detente("--config", config, "--home", tmp_path, "sync", "--json")
    assert again.code == 0, again
    written = {t["table"]: t["written"] for t in json.loads(again.out)["sources"][0]["tables"]}
    assert written["leads"] > 0
    assert written["activities"] == 0
