"""`python -m sandbox generate`."""

import json
from pathlib import Path

from typer.testing import CliRunner

from sandbox.__main__ import app

ARGUMENTS = ["generate", "--leads", "70", "--months", "3", "--ends-at", "2026-11-20T12:00"]


def test_writes_an_organisation(tmp_path: Path) -> None:
    chosen = ["--scenario", "aligned", "--level", "handoff=integrated", "--several-currencies"]
    result = CliRunner().invoke(app, [*ARGUMENTS, "--folder", str(tmp_path), *chosen])
    assert result.exit_code == 0
    assert "leads" in result.stderr
    assert (tmp_path / "DatedConversionRate.parquet").is_file()
    made = json.loads((tmp_path / "scenario.json").read_text())
    assert made["ends_at"] == "2026-11-20T12:00:00"
    assert made["scenario"]["currencies"] == "multi"
    assert made["scenario"]["handoff"]["touched_within_8_hours"] == 0.95


def test_says_what_it_does_not_know(tmp_path: Path) -> None:
    for wrong in (["--level", "handoff=best"], ["--ends-at", "soon"], ["--leads", "0"]):
        result = CliRunner().invoke(app, [*ARGUMENTS, "--folder", str(tmp_path), *wrong])
        assert result.exit_code in {1, 2}
        assert result.stderr.count("\n") == 1
