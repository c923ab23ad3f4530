"""Five indicators written down anew in pandas, for bench/indicators.py, have our results."""

from datetime import timedelta
from pathlib import Path

import pytest

from bench import five_pandas, lake
from bench.five import Given, five
from monitor.workspace import Workspace


@pytest.mark.full
@pytest.mark.parametrize("days_ago", [0, 200])
def test_pandas_finds_the_same(tmp_path: Path, days_ago: int) -> None:
    lake.write(tmp_path / "company", 2000, report=False)
    workspace = Workspace.open(tmp_path / "company" / "detente.yaml", tmp_path / "company")
    manifest = workspace.lake.manifest()
    assert manifest is not None
    as_of = manifest.cutoff_at - timedelta(days=days_ago)
    ours = five(workspace, as_of)
    assert five_pandas.five(Given.of(workspace, as_of)) == ours
    assert None not in [told for one in ours.values() for told in one.values()]
