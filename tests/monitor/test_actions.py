"""Progress follows the indicator: an action agreed at an earlier figure, on a company's records."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from monitor import actions
from monitor.demo import Company
from monitor.surveys import today
from monitor.workspace import Workspace
from store.records.actions import ActionDraft

INDICATOR = "lead_followup_rate"


@pytest.fixture
def workspace(demonstration: Company, tmp_path: Path) -> Workspace:
    """The company's lake, with records of its own."""
    settings = yaml.safe_load(demonstration.config.read_text())
    settings["lake"] = {"url": str(demonstration.workspace.home / "lake")}
    config = tmp_path / "detente.yaml"
    config.write_text(yaml.safe_dump(settings))
    return Workspace.open(config, tmp_path)


def agreed(workspace: Workspace, value: float | None, target: float, **figure: Any) -> None:
    """An action agreed a quarter ago, when the indicator stood at `value`."""
    assessed = {"value": value, "low": None, "high": None, "n": 300, "status": "ok"}
    if value is not None:
        assessed |= {"low": value - 0.01, "high": value + 0.01}
    baseline = {
        "bound": None,
        "reason": None,
        "as_of": "2026-08-01T12:00:00Z",
        "definitions": workspace.definitions_version,
        **assessed,
        **figure,
    }
    draft = ActionDraft(
        title="Call within the day",
        indicator=INDICATOR,
        segment={},
        function="sales",
        due_on=today(workspace) - timedelta(days=1),
        target=target,
        baseline=baseline,
    )
    at = datetime.now(UTC).replace(tzinfo=None, microsecond=0) - timedelta(days=90)
    workspace.records.actions.agree(draft, at, "Ada")


def test_what_the_indicator_has_done_since(workspace: Workspace) -> None:
    agreed(workspace, 0.1, 0.99)
    agreed(workspace, 0.1, 0.15)
    agreed(workspace, 0.95, 0.99)
    agreed(workspace, None, 0.99, status="not_assessed", reason="nothing was recorded")
    agreed(workspace, 0.1, 0.99, definitions="another")
    part, reached, worse, unknown, other = actions.listed(workspace)
    assert part["now"] is not None
    now = part["now"]["value"]
    assert now is not None
    assert part["share"] == pytest.approx((now - 0.1) / 0.89)
    assert (part["reached"], part["exceeds"], part["direction"]) == (False, True, "better")
    assert "better by more than its uncertainty" in part["sentence"]
    assert part["is_overdue"]
    assert (reached["reached"], reached["for_sure"]) == (True, True)
    assert "reached, the target is 15 %" in reached["sentence"]
    assert worse["share"] is not None
    assert worse["share"] < 0
    assert (worse["exceeds"], worse["direction"]) == (True, "worse")
    assert "further away than at the start" in worse["sentence"]
    assert (unknown["share"], unknown["exceeds"]) == (None, None)
    assert "not assessed (nothing was recorded)" in unknown["sentence"]
    assert part["note"] is None
    assert other["note"] is not None


def test_an_ended_action_keeps_the_figure_of_its_end(workspace: Workspace) -> None:
    agreed(workspace, 0.1, 0.99)
    closed = actions.close(workspace, 1, "dropped", "Kim", "another way was found")
    assert closed["history"][-1]["figure"] == closed["now"]
    assert not closed["is_overdue"]
    (listed,) = actions.listed(workspace)
    assert listed == closed


def test_an_indicator_that_is_gone_leaves_its_action_readable(workspace: Workspace) -> None:
    kept = ActionDraft(
        title="Old",
        indicator="retired_rate",
        segment={},
        function="sales",
        due_on=today(workspace),
        target=0.5,
        baseline={
            "value": 0.4, "bound": None, "low": None, "high": None, "n": 1, "status": "ok",
            "reason": None, "as_of": "2026-08-01T12:00:00Z", "definitions": "x",
        },
    )  # fmt: skip
    workspace.records.actions.agree(kept, datetime(2026, 8, 1), "Ada")
    (form,) = actions.listed(workspace)
    assert form["now"] is None
    assert form["sentence"] == "At the agreement 40 %; the target is 50 %."
