"""What many snapshots cost: a list, the trends page, an export.

    python -m bench.snapshots HOME [snapshots] [segments]

HOME is that of a demonstration (`detente --home HOME demo --no-dashboard`), whose newest snapshot
is kept again and again, a day apart, with as many segments. Times are medians of this process's
own time on a core.
"""

import os
import statistics
import sys
import time
from collections.abc import Callable
from contextlib import redirect_stdout
from dataclasses import replace
from datetime import timedelta
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import yaml
from streamlit.testing.v1 import AppTest

from monitor import snapshots
from monitor.content import SegmentForm, value_rows, verdict_rows
from monitor.outputs import export
from monitor.outputs.terminal import snapshots as terminal
from monitor.workspace import Workspace
from store.records import Records
from store.records.snapshots import Snapshot, SnapshotDraft

ROOT = Path(__file__).parent.parent
REPEATS = 7


def fill(records: Records, like: Snapshot, count: int, segments: int) -> None:
    """So many snapshots like one, a day apart."""
    company: SegmentForm = {
        "segment": {},
        "stage": like.payload["stage"],
        "rows": like.payload["indicators"]["rows"],
        "people": like.payload["people"],
    }
    held: list[SegmentForm] = [
        {**company, "segment": {"region": f"Region {number}"}} for number in range(segments)
    ]
    draft = SnapshotDraft(
        taken_at=like.taken_at,
        as_of_at=like.as_of_at,
        manifest_id=like.manifest_id,
        definitions=like.definitions,
        software=like.software,
        kind="live",
        predecessor_id=None,
        summary=like.summary,
        payload=like.payload,
        segments=held,
        statistics=like.statistics,
        verdicts=verdict_rows(like.payload["stage"], held),
        values=value_rows(like.payload["indicators"], held),
    )
    for day in range(count):
        at = like.as_of_at - timedelta(days=day)
        records.snapshots.keep(replace(draft, as_of_at=at, taken_at=at))


def median(work: Callable[[], Any]) -> float:
    """Milliseconds."""
    took = []
    for _ in range(REPEATS):
        began = time.process_time()
        work()
        took.append(1000 * (time.process_time() - began))
    return statistics.median(took)


def main(home: Path, count: int, segments: int) -> None:
    source = home / "demo"
    like = Workspace.open(source / "detente.yaml", source)
    newest = like.records.snapshots.latest("live")
    assert newest is not None
    with TemporaryDirectory() as name:
        config = Path(name) / "detente.yaml"
        settings = yaml.safe_load((source / "detente.yaml").read_text(encoding="utf-8"))
        settings["lake"] = {"url": str(source / "lake")}
        config.write_text(yaml.safe_dump(settings), encoding="utf-8")
        workspace = Workspace.open(config, Path(name))
        began = time.process_time()
        fill(workspace.records, like.records.snapshots.get(newest.id), count, segments)
        each = 1000 * (time.process_time() - began) / count
        size = (Path(name) / "records.db").stat().st_size / 1e6
        print(f"{count} snapshots of {segments} segments: {each:.0f} ms each, {size:,.0f} MB")
        listing = median(lambda: printed(workspace))
        print(f"snapshot list: {listing:.0f} ms beyond start-up")
        print(f"one figure's history: {median(lambda: history(workspace)):.0f} ms")
        tidy = median(lambda: export.export(workspace, "parquet", Path(name) / "all.parquet"))
        print(f"export, parquet: {tidy:,.0f} ms")
        os.environ |= {"DETENTE_CONFIG": str(config), "DETENTE_HOME": name}
        page = AppTest.from_file(str(ROOT / "streamlit_app.py"), default_timeout=120).run()
        page.switch_page("dashboard/pages/trends.py").run()
        assert not page.exception
        print(f"trends page: {median(page.run):.0f} ms on the server")


def printed(workspace: Workspace) -> None:
    """`detente snapshot list`, and what it prints thrown away."""
    with redirect_stdout(StringIO()):
        terminal.snapshots(snapshots.listed(workspace))


def history(workspace: Workspace) -> list[snapshots.PointForm]:
    return snapshots.history(workspace, "lead_followup_rate", ("region", "Region 1"))


if __name__ == "__main__":
    numbers = [int(text) for text in sys.argv[2:]]
    main(Path(sys.argv[1]), *(numbers + [1000, 20][len(numbers) :]))
