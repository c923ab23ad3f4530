"""`detente snapshot export`: the figures of all snapshots for other tools."""

import csv
from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any, Literal

import pyarrow as pa
import pyarrow.parquet as pq

from model.errors import ConfigurationError, RecordsError
from monitor.outputs.prometheus import exposition
from monitor.workspace import Workspace
from store.files import written_whole

Format = Literal["csv", "parquet", "prometheus"]
ROWS_AT_ONCE = 20_000
COLUMNS = pa.schema(
    [
        ("snapshot_id", pa.string()),
        ("as_of_on", pa.date32()),
        ("kind", pa.string()),
        ("definitions", pa.string()),
        ("segment_by", pa.string()),
        ("segment", pa.string()),
        ("indicator", pa.string()),
        ("dimension", pa.string()),
        ("unit", pa.string()),
        ("value", pa.float64()),
        ("bound", pa.string()),
        ("low", pa.float64()),
        ("high", pa.float64()),
        ("n", pa.int64()),
        ("score", pa.float64()),
        ("stage", pa.string()),
        ("status", pa.string()),
    ]
)
"""The columns, as docs/snapshots.md describes them."""


def export(workspace: Workspace, form: Format, file: Path) -> int:
    """Write every figure of every snapshot to `file`, or the newest snapshot's for Prometheus;
    how many. The file is there whole or not at all.

    RecordsError where there is no snapshot, or the file cannot be written.
    """
    if not workspace.records.snapshots.list():
        raise RecordsError("there is no snapshot yet", "records", "Run `detente snapshot take`.")
    write: Callable[[Workspace, Path], int] = _WRITERS[form]
    try:
        with written_whole(file) as draft:
            return write(workspace, draft)
    except OSError as error:
        raise RecordsError(
            f"it cannot be written ({error.strerror})", str(file), "Choose another place."
        ) from None


def format_of(file: Path) -> Format:
    """The format that a file's ending names; ConfigurationError for any other."""
    endings: dict[str, Format] = {".csv": "csv", ".parquet": "parquet", ".prom": "prometheus"}
    if file.suffix not in endings:
        raise ConfigurationError(
            "its ending names no format", str(file), "End it in .csv, .parquet or .prom."
        )
    return endings[file.suffix]


def _batches(workspace: Workspace) -> Iterator[list[dict[str, Any]]]:
    rows = workspace.records.snapshots.every_value()
    while some := list(islice(rows, ROWS_AT_ONCE)):
        yield some


def _csv(workspace: Workspace, file: Path) -> int:
    count = 0
    with file.open("w", encoding="utf-8", newline="") as out:
        writer = csv.DictWriter(out, COLUMNS.names, extrasaction="ignore")
        writer.writeheader()
        for rows in _batches(workspace):
            writer.writerows(rows)
            count += len(rows)
    return count


def _parquet(workspace: Workspace, file: Path) -> int:
    count = 0
    with pq.ParquetWriter(file, COLUMNS, compression="zstd") as out:
        for rows in _batches(workspace):
            table = pa.Table.from_pylist(rows, schema=COLUMNS)
            out.write_table(table)
            count += len(rows)
    return count


def _prometheus(workspace: Workspace, file: Path) -> int:
    text = exposition(workspace)
    file.write_text(text, encoding="utf-8")
    return sum(not line.startswith("#") for line in text.splitlines())


_WRITERS: Mapping[Format, Callable[[Workspace, Path], int]] = {
    "csv": _csv,
    "parquet": _parquet,
    "prometheus": _prometheus,
}
