"""The whole way, from a planted company through server and connector to the verdict."""

import json
from datetime import datetime
from pathlib import Path

import pytest

from model.errors import ConfigurationError
from monitor import demo, surveys, targets, views
from monitor.sync import sync
from monitor.workspace import CONFIG_NAME, Workspace
from sandbox.company import generate
from sandbox.process import start
from sandbox.scenario import Scenario
from tests.cli.run import detente

ENDS_AT = datetime(2026, 9, 30, 16)
# Enough for every indicator: where little is agreed, few leads come to an account that exists.
LEADS = {"undefined": 18_000, "defined": 11_000, "aligned": 11_000, "integrated": 11_000}


def test_a_scenario_is_named_by_its_levels_and_regions() -> None:
    chosen = demo.scenario_named("aligned,handoff=defined,APAC=undefined")
    assert chosen.handoff == Scenario.preset("defined").handoff
    assert chosen.language == chosen.of("EMEA").language == Scenario.preset("aligned").language
    assert chosen.of("APAC") == Scenario.preset("undefined")
    for wrong in ("alined", "APAC=alined", "ABAC=aligned", ""):
        with pytest.raises(ConfigurationError, match="--scenario"):
            demo.scenario_named(wrong)


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


@pytest.mark.full
def test_regions_behind_and_ahead_get_verdicts_of_their_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "organisation"
    planted = demo.scenario_named("aligned,AMER=undefined,APAC=undefined")
    generate(folder, planted, seed=3, leads=18_000, ends_at=ENDS_AT)
    with start(folder, tmp_path / "state.json", clock=ENDS_AT) as running:
        monkeypatch.setenv(demo.TOKEN_VARIABLE, running.access_token)
        sync(Workspace.open(demo.configure(tmp_path, running), tmp_path))
    asked = ("--config", tmp_path / CONFIG_NAME, "--home", tmp_path, "stage", "--by", "region")
    of = {one["segment"]["region"]: one for one in json.loads(detente(*asked, "--json").out)}
    assert (of["EMEA"]["stage"], of["AMER"]["stage"]) == ("aligned", "undefined")
    assert (of["APAC"]["stage"], of["APAC"]["withheld"]) == (None, "evidence")
    told = {line.split()[0]: line for line in detente(*asked).out.splitlines() if line}
    assert "Aligned" in told["EMEA"].split()[1]
    assert "Undefined" in told["AMER"].split()[1]
    assert "not enough evidence" in told["APAC"]
