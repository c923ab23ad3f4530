"""The whole way, from a planted company through server and connector to the verdict."""

from datetime import datetime
from pathlib import Path

import pytest

from monitor import demo, surveys, targets, views
from monitor.sync import sync
from monitor.workspace import Workspace
from sandbox.company import generate
from sandbox.process import start
from sandbox.scenario import Scenario

ENDS_AT = datetime(2026, 9, 30, 16)
# Enough for every indicator: where little is agreed, few leads come to an account that exists.
LEADS = {"undefined": 18_000, "defined": 11_000, "aligned": 11_000, "integrated": 11_000}


@pytest.mark.full
@pytest.mark.parametrize("level", LEADS)
def test_a_planted_stage_is_inferred(
    level: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "organisation"
    generate(folder, Scenario.preset(level), seed=3, leads=LEADS[level], ends_at=ENDS_AT)
    with start(folder, tmp_path / "state.json", clock=ENDS_AT) as running:
        monkeypatch.setenv(demo.TOKEN_VARIABLE, running.access_token)
        workspace = Workspace.open(demo.configure(tmp_path, running), tmp_path)
        sync(workspace)
    targets.import_targets(workspace, folder / "targets.csv")
    surveys.import_file(workspace, folder / "survey.csv", "Autumn")
    form = views.stage(workspace)
    assert form["stage"] == level, form["sentence"]
    assert form["survey"] is not None
    assert form["survey"]["all"]["stage"] == level
    assert form["evidence"] > 0.85
