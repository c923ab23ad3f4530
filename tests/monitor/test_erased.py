"""A record deleted in the CRM is gone from all that is kept, after the time that
docs/snapshots.md gives.
"""

import shutil
from datetime import datetime, timedelta
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from monitor import demo, snapshots
from monitor.reading import Reading
from monitor.sync import sync
from monitor.workspace import Workspace
from sandbox.company import generate
from sandbox.process import start
from sandbox.scenario import Scenario

CLOCK = datetime(2026, 6, 30, 12)
PURGED = CLOCK + timedelta(days=30)  # by then the recycle bin has been emptied
KEPT_DAYS = 100


def leads(workspace: Workspace) -> set[str]:
    with Reading.open(workspace) as reading:
        found = reading.engine.run(reading.tables["leads"].select("lead_id"))
    return set(found.column("lead_id").to_pylist())


def naming(folder: Path, ids: set[str]) -> set[str]:
    """What of `folder` holds one of the ids, as bytes or in a column."""
    found = set()
    for file in (one for one in folder.rglob("*") if one.is_file()):
        said = file.read_bytes().decode("latin-1")
        if file.suffix == ".parquet":
            said += str(pq.ParquetFile(file).read().to_pylist())
        if any(one in said for one in ids):
            found.add(file.relative_to(folder).parts[0])
    return found


@pytest.mark.full
def test_a_lead_deleted_in_the_crm_is_gone_after_the_documented_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made, home, other = tmp_path / "made", tmp_path / "home", tmp_path / "other"
    generate(made, Scenario.preset("defined"), seed=5, leads=200, ends_at=CLOCK, months=3)
    with start(made, tmp_path / "state.json", clock=CLOCK) as server:
        monkeypatch.setenv(demo.TOKEN_VARIABLE, server.access_token)
        config = demo.configure(tmp_path, server)
        workspace = Workspace.open(config, home)
        sync(workspace)
        snapshot = snapshots.take(workspace).head.id
        before = leads(workspace)
        server.set_clock(PURGED)
        sync(workspace, reconcile=True)
        gone = before - leads(workspace)
        assert gone
        for _ in range(2):
            sync(workspace)
        assert naming(home, gone) == {"lake"}, "the tables of a quarter's end are kept"

        shutil.copytree(home, other)
        head = "snapshots:\n"
        assert head in config.read_text()
        briefly = tmp_path / "briefly.yaml"
        briefly.write_text(config.read_text().replace(head, f"{head}  keep_days: 0\n"))
        sync(Workspace.open(briefly, other))
        server.set_clock(CLOCK + timedelta(days=KEPT_DAYS, hours=1))
        sync(workspace)
        for folder in (home, other):
            assert naming(folder, gone) == set()
            assert naming(folder, before) == {"lake"}
        assert snapshots.show(workspace, snapshot)["stage"]["score"] is not None
