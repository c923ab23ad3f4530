"""Declared targets: all rows or none, each mistake with its row."""

from pathlib import Path

import pytest

from model.errors import DataError
from monitor.targets import import_targets
from monitor.workspace import Workspace

HEAD = "metric,function,period,amount"


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    monkeypatch.chdir(tmp_path)
    return Workspace.open(None, tmp_path / "home")


def written(tmp_path: Path, *lines: str) -> Path:
    file = tmp_path / "targets.csv"
    file.write_text("\n".join(lines) + "\n")
    return file


def test_good_rows_are_kept(workspace: Workspace, tmp_path: Path) -> None:
    file = written(
        tmp_path,
        f"{HEAD},unit,is_shared",
        "revenue,sales,2026,1200000,EUR,yes",
        "revenue,marketing,2026,1200000,EUR,yes",
        "win_rate,sales,2026-Q3,0.3,share,",
    )
    report = import_targets(workspace, file)
    assert (report.targets, report.manifest) == (3, None)
    assert workspace.lake.version("declared", "targets") is not None


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (
            [HEAD, "revenues,sales,2026,1"],
            "row 2: unknown metric 'revenues'. Did you mean revenue?",
        ),
        ([HEAD, "revenue,finance,2026,1"], "row 2: unknown function"),
        ([HEAD, "revenue,sales,next year,1"], "row 2, column period"),
        ([HEAD, "revenue,sales,2026,lots"], "row 2: amount is not a number"),
        ([HEAD, "revenue,sales,2026"], "row 2: has another number of fields"),
        ([HEAD, "revenue,sales,2026,1", "revenue,sales,2026,2"], "stands twice"),
        (["metric,function,amount", "revenue,sales,1"], "no column 'period'"),
        ([HEAD + ",sum", "revenue,sales,2026,1,1"], "unknown column 'sum'"),
        ([HEAD, "revenue,sales,2026,nan"], "amount is not a number"),
    ],
)
def test_a_mistake_keeps_everything_out(
    lines: list[str], said: str, workspace: Workspace, tmp_path: Path
) -> None:
    with pytest.raises(DataError) as error:
        import_targets(workspace, written(tmp_path, *lines))
    assert said in str(error.value)
    assert workspace.lake.version("declared", "targets") is None
