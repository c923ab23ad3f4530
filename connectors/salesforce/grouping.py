"""Rows of any number in groups, in bounded memory: parted on disk by a digest of their key."""

import tempfile
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path
from zlib import crc32

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.ipc

ROWS_PER_PART = 25_000
MOST_PARTS = 64  # each is an open file


def grouped(
    tables: Iterable[pa.Table], key: str, folder: Path, count: int | None
) -> Iterator[pa.Table]:
    """The rows of `tables`, about `count` (None: many), each group whole in one table.

    What does not fit into one table is parted in a scratch folder in `folder`. A group's rows keep
    their order; `key` is a text without nulls.
    """
    number = MOST_PARTS if count is None else min(MOST_PARTS, 1 + count // ROWS_PER_PART)
    if number == 1:
        found = list(tables)
        if found:
            yield pa.concat_tables(found)
        return
    with tempfile.TemporaryDirectory(prefix="groups-", dir=folder) as scratch:
        for file in _parted(tables, key, [Path(scratch, str(part)) for part in range(number)]):
            with pa.ipc.open_stream(file) as rows:
                yield rows.read_all()
            file.unlink()


def _parted(tables: Iterable[pa.Table], key: str, files: list[Path]) -> list[Path]:
    """Write each row into the file that its key belongs to; the files that have rows."""
    lz4 = pa.ipc.IpcWriteOptions(compression="lz4")
    with ExitStack() as stack:
        writers: dict[int, pa.ipc.RecordBatchStreamWriter] = {}
        for table in tables:
            for part, rows in _by_part(table, key, len(files)):
                if part not in writers:
                    opened = pa.ipc.new_stream(files[part], table.schema, options=lz4)
                    writers[part] = stack.enter_context(opened)
                writers[part].write_table(rows)
    return [files[part] for part in sorted(writers)]


def _by_part(table: pa.Table, key: str, number: int) -> Iterator[tuple[int, pa.Table]]:
    coded = table[key].combine_chunks().dictionary_encode()
    parts = [crc32(value.encode()) % number for value in coded.dictionary.to_pylist()]
    mine = pa.array(parts, pa.int8()).take(coded.indices)
    order = pc.sort_indices(mine)
    ordered, start = table.take(order), 0
    for found in pc.value_counts(mine.take(order)).to_pylist():
        yield found["values"], ordered.slice(start, found["counts"])
        start += found["counts"]
