"""What the other processes of these tests do: they write, read and are killed."""

import multiprocessing as mp
import threading
from collections.abc import Callable, Mapping
from datetime import datetime
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerProcess
from typing import Any

import pyarrow as pa

from model.availability import Availability
from model.errors import RecordsError
from model.tables import TABLES
from store.duck_engine import DuckEngine
from store.lake import Lake
from store.manifest import Manifest, SourceState
from store.records import Records
from store.records.actions import ActionDraft, Event
from store.records.checklists import Answered
from store.records.snapshots import SnapshotDraft

NOON = datetime(2026, 3, 1, 12)
ROWS = 400
PLACES = [("company", "all"), *(("region", f"Region {n}") for n in range(20))]
INDICATORS = [f"indicator_{n}" for n in range(5)]


def spawn(work: Callable[..., None], *args: Any) -> ForkServerProcess:
    """A real process of its own, started at once."""
    context = mp.get_context("forkserver")
    context.set_forkserver_preload([__name__, work.__module__])
    process = context.Process(target=work, args=args, daemon=True)
    process.start()
    return process


def pipe() -> tuple[Connection, Connection]:
    """(to read from, to hand over)."""
    return mp.get_context("forkserver").Pipe(duplex=False)


def stamped(table: str, step: int) -> pa.Table:
    """Rows that all say in which step they were written; spread over four months."""
    key = TABLES[table].key
    rows = [
        {
            key: f"id-{number}",
            "created_at": datetime(2026, 1 + number % 4, 1),
            "recorded_at": datetime(2026, 1, 1),
            "owner_id": f"step-{step}",
        }
        for number in range(ROWS)
    ]
    return TABLES[table].conform(rows)


def draft(versions: Mapping[str, int]) -> Manifest:
    """Those versions, from a source that is complete up to noon."""
    return Manifest.draft(versions, {"crm": SourceState(Availability(), NOON)}, "abc")


def sync(lake: Lake, step: int) -> int:
    """One sync of two tables and its manifest; the manifest's id."""
    versions = {}
    for name in ("leads", "opportunities"):
        half = ROWS // 2
        rows = stamped(name, step)
        batches = [rows.slice(0, half), rows.slice(half)]
        written = lake.upsert("crm", name, batches, cursor=lambda: str(step))
        versions[f"crm/{name}"] = written.version
    return lake.publish(draft(versions)).id


def steps_seen(lake: Lake, path: str, version: int) -> tuple[set[str], int]:
    """The steps that the rows of a version tell of, and how many rows there are."""
    table = pa.concat_tables([_parquet(uri) for uri in lake.uris(path, version)])
    return set(table.column("owner_id").to_pylist()), table.num_rows


def _parquet(uri: str) -> pa.Table:
    import pyarrow.parquet as pq

    return pq.ParquetFile(uri).read()


def sync_for_ever(url: str, started: Connection) -> None:
    """Go on where the cursor stands, one sync after another, until killed."""
    lake = Lake(url)
    step = int(lake.cursor("crm", "opportunities") or 0)
    while True:
        started.send(step)
        step += 1
        sync(lake, step)


def sync_times(url: str, times: int) -> None:
    """So many syncs."""
    lake = Lake(url)
    for step in range(1, times + 1):
        sync(lake, step)


def read_until_told(url: str, stop: Connection, out: Connection) -> None:
    """Read the newest manifest again and again; report (readings, what was wrong)."""
    lake, readings, wrong = Lake(url), 0, []
    while not stop.poll():
        try:
            manifest = lake.manifest()
            if manifest is None:
                continue
            with DuckEngine(lake, manifest) as engine:
                seen = set()
                for name in ("leads", "opportunities"):
                    table = engine.canonical[name]
                    rows = engine.run(table.select("owner_id"))
                    seen.add((frozenset(rows.column("owner_id").to_pylist()), rows.num_rows))
            if len(seen) != 1 or any(len(steps) != 1 or n != ROWS for steps, n in seen):
                wrong.append(f"mixed: {seen}")
            readings += 1
        except Exception as error:
            wrong.append(repr(error))
    out.send((readings, wrong))


def snapshot(number: int, size: int = 10) -> SnapshotDraft:
    """A snapshot that differs by `number` alone."""
    return SnapshotDraft(
        taken_at=NOON,
        as_of_at=NOON,
        manifest_id=number,
        definitions="abc",
        software="0.1",
        kind="live",
        predecessor_id=None,
        summary={"stage": "defined"},
        payload={"stage": "defined", "rows": list(range(size))},
        statistics=b"s" * size,
        segments=[{"segment": {"region": place}} for _, place in PLACES[1:]],
        verdicts=[verdict(*place) for place in PLACES],
        values=[value(name, *place) for place in PLACES for name in INDICATORS],
    )


def verdict(segment_by: str, segment: str) -> dict[str, Any]:
    """What it says of the company or a segment."""
    chances = dict.fromkeys(("p_undefined", "p_defined", "p_aligned", "p_integrated"), 0.25)
    named = {"segment_by": segment_by, "segment": segment}
    return {**named, "stage": "defined", "score": 50.0, "evidence": 0.8, **chances}


def value(indicator: str, segment_by: str, segment: str) -> dict[str, Any]:
    """One figure of it."""
    named = {"indicator": indicator, "segment_by": segment_by, "segment": segment}
    return {**named, "unit": "share", "value": 0.5, "n": 40, "status": "ok"}


def read_snapshots_until_told(url: str, stop: Connection, out: Connection) -> None:
    """List the snapshots and one figure's history, again and again; report (readings, wrong)."""
    readings, wrong = 0, []
    with Records.open(url) as records:
        while not stop.poll():
            try:
                heads = records.snapshots.list()
                rows = records.snapshots.values(INDICATORS[0], *PLACES[-1])
                if len(rows) < len(heads):  # one may be kept between the two
                    wrong.append(f"{len(heads)} snapshots, {len(rows)} figures")
                readings += 1
            except Exception as error:
                wrong.append(repr(error))
    out.send((readings, wrong))


def keep_snapshots(url: str, first: int, last: int, started: Connection) -> None:
    """Keep snapshots `first` to `last`, big ones, so that a kill can fall into a write."""
    with Records.open(url) as records:
        for number in range(first, last):
            started.send(number)
            records.snapshots.keep(snapshot(number, 50_000))


def open_records(url: str) -> None:
    """Open and close."""
    Records.open(url).close()


def write_alone(url: str, begun: Connection) -> None:
    """Hold the right to write the lake until killed."""
    with Records.open(url) as records, records.alone():
        begun.send(None)
        threading.Event().wait()


def action(number: int) -> ActionDraft:
    """An action that differs by `number` alone."""
    return ActionDraft(
        title=f"action {number}",
        indicator="lead_followup_rate",
        segment={"region": "EMEA"},
        function="sales",
        due_on=NOON.date(),
        target=0.75,
        baseline={"value": 0.5, "number": number, "padding": "x" * 50_000},
    )


def agree_for_ever(url: str, started: Connection) -> None:
    """Agree one action after another and close each, until killed."""
    with Records.open(url) as records:
        number = len(records.actions.list())
        while True:
            started.send(number)
            kept = records.actions.agree(action(number), NOON, "Ada")
            records.actions.end(kept.id, Event(state="done", at=NOON, by="Ada"))
            records.checklists.answer(Answered("conflicts", "yes", f"Ada {number}", NOON))
            number += 1


def end_action(url: str, action_id: int, by: str, out: Connection) -> None:
    """Close an action; send whether this process did."""
    with Records.open(url) as records:
        try:
            records.actions.end(action_id, Event(state="done", at=NOON, by=by))
        except RecordsError as error:
            out.send(str(error))
        else:
            out.send("")
