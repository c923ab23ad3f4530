"""Incoming rows on disk, by month, in bounded memory: what a merge or a first write reads."""

from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
import pyarrow.ipc
import pyarrow.parquet as pq

from model.tables import Table

MONTH = "_month"
ORDER = "_order"
NO_MONTH = "none"
ALL_MONTHS = "all"
MOST_ROWS_HELD = 50_000
ROWS_AT_ONCE = 25_000


class Staged:
    """The rows of one write: `<folder>/_month=2026-01/rows.arrow`, each with its order among all.

    A table that is not kept by month has them all under `_month=all`.
    """

    def __init__(self, table: Table, folder: Path) -> None:
        self.table, self.folder = table, folder
        self.rows = 0
        self._schema = table.schema.append(pa.field(ORDER, pa.int64()))
        self._held: dict[str, list[pa.Table]] = {}
        self._writers: dict[str, pa.ipc.RecordBatchFileWriter] = {}

    @property
    def months(self) -> list[str]:
        """The months that have rows, in order."""
        return sorted(self._writers)

    def dataset(self) -> ds.Dataset:
        """All of them, with their months."""
        schema = self._schema.append(pa.field(MONTH, pa.string()))
        parts = ds.partitioning(pa.schema([schema.field(MONTH)]), flavor="hive")
        files = [str(self._file(month)) for month in self.months]
        found: ds.Dataset = ds.dataset(
            files,
            schema=schema,
            format="ipc",
            partitioning=parts,
            partition_base_dir=str(self.folder),
        )
        return found

    def whole(self) -> pa.Table:
        """All of them in their order, for few."""
        parts = []
        for month in self.months:
            with pa.ipc.open_file(self._file(month)) as file:
                parts.append(file.read_all())
        rows = pa.concat_tables(parts)
        return rows.sort_by(ORDER).select(list(self.table.columns))

    def batches(self, month: str, orders: pa.Array | None = None) -> Iterator[pa.RecordBatch]:
        """The rows of one month as they came (None: all; else those at these places of the order),
        in batches of `ROWS_AT_ONCE` or a little more.
        """
        held: list[pa.RecordBatch] = []
        with pa.ipc.open_file(self._file(month)) as file:
            for number in range(file.num_record_batches):
                rows = file.get_batch(number)
                if orders is not None:
                    rows = rows.filter(pc.is_in(rows[ORDER], value_set=orders))
                held.append(rows.select(list(self.table.columns)))
                if sum(batch.num_rows for batch in held) >= ROWS_AT_ONCE:
                    yield pa.concat_batches(held)
                    held.clear()
        if held:
            yield pa.concat_batches(held)

    def fill(self, batches: Iterable[pa.Table]) -> None:
        """Write all batches, conformed to the table."""
        try:
            for batch in batches:
                self._add(self.table.conform(batch))
            for month in list(self._held):
                self._flush(month)
        finally:
            for writer in self._writers.values():
                writer.close()

    def _add(self, rows: pa.Table) -> None:
        order = pa.array(np.arange(self.rows, self.rows + rows.num_rows))
        self.rows += rows.num_rows
        for month, part in self._by_month(rows.append_column(self._schema.field(ORDER), order)):
            self._held.setdefault(month, []).append(part)
            if part.num_rows == rows.num_rows:  # a view, which would hold on to all of its batch
                self._flush(month)
        while sum(map(_size, self._held.values())) > MOST_ROWS_HELD:
            self._flush(max(self._held, key=lambda month: _size(self._held[month])))

    def _by_month(self, rows: pa.Table) -> Iterator[tuple[str, pa.Table]]:
        if self.table.month_of is None:
            yield ALL_MONTHS, rows
            return
        numbers = _numbers(rows[self.table.month_of])
        found = numbers.unique().to_pylist()
        for number in found:
            some = rows if len(found) == 1 else rows.filter(pc.equal(numbers, number))
            yield _named(number), some

    def _flush(self, month: str) -> None:
        rows = pa.concat_tables(self._held.pop(month))
        if month not in self._writers:
            file = self._file(month)
            file.parent.mkdir(parents=True)
            lz4 = pa.ipc.IpcWriteOptions(compression="lz4")
            self._writers[month] = pa.ipc.new_file(file, self._schema, options=lz4)
        self._writers[month].write_table(rows.combine_chunks())

    def _file(self, month: str) -> Path:
        return self.folder / f"{MONTH}={month}" / "rows.arrow"


def stage_ids(ids: Iterable[pa.Array], file: Path) -> None:
    """Write ids to `file`."""
    schema = pa.schema([("id", pa.string())])
    with pq.ParquetWriter(file, schema, compression="lz4") as writer:
        for some in ids:
            writer.write_table(pa.table([some], schema=schema))


def with_month(rows: pa.RecordBatchReader, table: Table) -> pa.RecordBatchReader:
    """`rows` of a table that is kept by month, with the month."""
    schema = table.schema.append(pa.field(MONTH, pa.string()))
    made = (
        batch.append_column(schema.field(MONTH), _months(batch[table.month_of])) for batch in rows
    )
    return pa.RecordBatchReader.from_batches(schema, made)


def _months(instants: pa.Array) -> pa.Array:
    coded = _numbers(instants).dictionary_encode()
    return pa.array(map(_named, coded.dictionary.to_pylist()), pa.string()).take(coded.indices)


def _numbers(instants: pa.ChunkedArray | pa.Array) -> pa.ChunkedArray | pa.Array:
    """Months as 202601, which are told far faster than as text; 0 where there is no instant."""
    return pc.fill_null(pc.add(pc.multiply(pc.year(instants), 100), pc.month(instants)), 0)


def _named(number: int) -> str:
    return f"{number // 100:04d}-{number % 100:02d}" if number else NO_MONTH


def _size(tables: list[pa.Table]) -> int:
    return sum(table.num_rows for table in tables)
