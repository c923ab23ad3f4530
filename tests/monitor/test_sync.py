"""A sync is seen whole or not at all, whatever happens to it."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from model.errors import LakeError
from model.tables import TABLES
from monitor import demo
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


def standing(rows: pa.Table) -> pa.Table:
    """What is not deleted: an increment also says which changes no longer stand."""
    return rows.filter(pc.is_null(rows["deleted_at"]))


def test_increments_end_where_a_full_pull_ends(workspace: Workspace, running: Running) -> None:
    sync(workspace)
    running.set_clock(LATER)
    step = sync(workspace)
    read = {table.table: table.read for table in step.sources[0].tables}
    assert 0 < read["leads"] < 150
    by_steps = tables(workspace)
    sync(workspace, full=True)
    whole = tables(workspace)
    for name in by_steps.keys() - {"user_functions"}:
        parts = (by_steps[name], whole[name])
        if name == "opportunity_changes":
            parts = (standing(parts[0]), standing(parts[1]))
        assert parts[0].equals(parts[1]), name


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


@pytest.mark.parametrize("kills", [3, pytest.param(20, marks=pytest.mark.full)])
def test_a_killed_sync_leaves_nothing_half_written(
    kills: int, workspace: Workspace, tmp_path: Path
) -> None:
    luck = random.Random(kills)
    command = [sys.executable, "-m", "cli", "--config", str(tmp_path / "detente.yaml")]
    command += ["--home", str(tmp_path), "sync"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    pipe = subprocess.PIPE
    for _ in range(kills):
        process = subprocess.Popen(command, env=environment, stdout=pipe, stderr=pipe)
        time.sleep(luck.uniform(1, 8))
        process.send_signal(signal.SIGKILL)
        process.communicate()
        if workspace.lake.manifest() is not None:
            tables(workspace)
    sync(workspace)
    after_kills = tables(workspace)
    undisturbed = Workspace.open(tmp_path / "detente.yaml", tmp_path / "undisturbed")
    sync(undisturbed)
    for name, rows in tables(undisturbed).items():
        assert rows.equals(after_kills[name]), name
    run = workspace.records.runs.newest()
    assert run is not None
    assert run.state == "done"
