"""Export files from elsewhere: right where they have evidence, silent where they have none."""

from pathlib import Path

import pytest

from monitor import health, snapshots, views
from monitor.report import IndicatorForm
from monitor.sync import sync
from monitor.workspace import Workspace

DATA = Path(__file__).parents[3] / "shared" / "data"


def opened(name: str, tmp_path: Path) -> Workspace:
    folder = DATA / name
    if not folder.is_dir():
        pytest.skip(f"the sample files {name} are not beside this checkout")
    config = tmp_path / "detente.yaml"
    config.write_text(f"sources: [{{name: export, kind: files, path: {folder}}}]\n")
    workspace = Workspace.open(config, tmp_path / "home")
    sync(workspace)
    return workspace


def counts(workspace: Workspace) -> dict[str, int]:
    return {one["id"]: one["count"] for one in health.findings(workspace)}


def statuses(rows: dict[str, IndicatorForm]) -> set[str]:
    """Of all indicators but the one that these exports can show: the opportunities' own source."""
    assert rows["source_capture_rate"]["status"] == "weak"
    assert rows["source_capture_rate"]["clusters"] == 1
    return {row["status"] for name, row in rows.items() if name != "source_capture_rate"}


def test_the_api_dialect(tmp_path: Path) -> None:
    workspace = opened("salesforce_api_csv", tmp_path)
    rows = {row["id"]: row for row in views.indicators(workspace)["rows"]}
    assert statuses(rows) == {"not_assessed"}
    assert "LeadHistory.csv is not among the files" in str(rows["lead_followup_rate"]["reason"])
    assert "fill `functions`" in str(rows["lead_followup_rate"]["reason"])
    assert "loss_reason" in str(rows["loss_reason_rate"]["reason"])
    found = counts(workspace)
    assert found["recorded_late"] == 61  # ActivityDate up to years before CreatedDate
    assert found["one_owner"] == 1
    assert found["close_before_creation"] == 15
    form = views.stage(workspace)
    assert form["stage"] is None
    assert form["stage_range"] == ["undefined", "integrated"]
    assert form["evidence"] == pytest.approx(0.5 / 35, abs=0.005)  # half a credit, for one weak one
    assert snapshots.take(workspace).is_new


def test_the_sample_org(tmp_path: Path) -> None:
    workspace = opened("salesforce_sample_csv", tmp_path)
    rows = {row["id"]: row for row in views.indicators(workspace)["rows"]}
    assert statuses(rows) == {"not_assessed"}
    assert "Lead.csv has no column CreatedDate" in str(rows["lead_followup_rate"]["reason"])
    found = counts(workspace)
    assert found["without_creation"] == 22
    assert found["one_owner"] == 1
    assert views.stage(workspace)["stage"] is None


def test_an_unchanged_folder_writes_nothing(tmp_path: Path) -> None:
    workspace = opened("salesforce_api_csv", tmp_path)
    again = sync(workspace)
    assert [table.written for table in again.sources[0].tables] == [0] * 7
