"""Rows of any number in groups, in bounded memory: ordered on disk."""

import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

ROWS_PER_TABLE = 50_000
MEMORY = "200MB"


def grouped(tables: Iterable[pa.Table], key: str, folder: Path) -> Iterator[pa.Table]:
    """The rows of `tables` ordered by `key`, each group whole in one table.

    What does not fit into one table is ordered in a scratch folder in `folder`.
    """
    left = iter(tables)
    first = next(left, None)
    if first is None:
        return
    second = next(left, None)
    if second is None:
        yield first.sort_by(key)
        return
    with tempfile.TemporaryDirectory(prefix="order-", dir=folder) as scratch:
        file = Path(scratch) / "rows.parquet"
        with pq.ParquetWriter(file, first.schema, compression="lz4") as writer:
            for table in (first, second):
                writer.write_table(table)
            for table in left:
                writer.write_table(table)
        with duckdb.connect(
            config={"memory_limit": MEMORY, "temp_directory": scratch, "threads": 2}
        ) as con:
            rows = con.read_parquet(str(file)).order(f'"{key}"')
            batches = rows.to_arrow_reader(ROWS_PER_TABLE)
            yield from whole_groups((pa.Table.from_batches([b]) for b in batches), key)


def whole_groups(tables: Iterable[pa.Table], key: str) -> Iterator[pa.Table]:
    """Tables ordered by `key`, cut anew so that each group lies in one table."""
    held: pa.Table | None = None
    for table in tables:
        rows = table if held is None else pa.concat_tables([held, table])
        last = pc.sum(pc.equal(rows[key], rows[key][-1])).as_py()
        cut = rows.num_rows - int(last)
        if cut:
            yield rows.slice(0, cut)
        held = rows.slice(cut)
    if held is not None:
        yield held
