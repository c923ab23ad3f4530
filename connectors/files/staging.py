"""Files of any kind as text columns: only the columns that are wanted, staged as Parquet.

A staged file holds the wanted columns as strings (null where the field was empty) and `_row`:
the line on which the row begins in a CSV, its row number in a sheet or a Parquet file. Names,
addresses and the like are therefore never copied anywhere.
"""

import io
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time
from itertools import islice
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import openpyxl
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from connectors.files.delimited import encoding_of, rows
from connectors.files.inputs import InputFile
from model.errors import DataError, SourceError

ROW = "_row"
_BATCH = 50_000
Choose = Callable[[list[str]], Collection[str]]


@dataclass(frozen=True)
class Staged:
    """A file whose wanted columns lie in `path` as text; `columns` is the whole header."""

    file: InputFile
    path: Path
    columns: tuple[str, ...]
    digest: str
    encoding: str | None = None
    typed: bool = False  # a sheet or Parquet: its dates are dates, written here in ISO form

    def batches(self, columns: Collection[str]) -> Iterator[pa.Table]:
        """The named columns and `_row`, in the file's order, a bounded number of rows at once."""
        names = [ROW, *dict.fromkeys(columns)]
        with pq.ParquetFile(self.path) as parquet:
            for batch in parquet.iter_batches(_BATCH, columns=names):
                yield pa.Table.from_batches([batch])

    def row_word(self) -> str:
        """What `_row` counts."""
        return "row" if self.typed else "line"


def stage(file: InputFile, choose: Choose, path: Path, encoding: str | None) -> Staged:
    """Reads `file` once, whole, and writes the columns that `choose(header)` names to `path`.

    Raises SourceError or DataError if any row of it cannot be read.
    """
    if file.suffix == ".parquet":
        header, batches, found = *_parquet(file, choose), None
    elif file.suffix == ".xlsx":
        header, batches, found = *_sheet(file, choose), None
    else:
        found = encoding_of(file, encoding)
        header, batches = _csv(file, choose, found)
    wanted = list(choose(header))
    schema = pa.schema([(ROW, pa.int64()), *((name, pa.string()) for name in wanted)])
    with pq.ParquetWriter(path, schema) as writer:
        for batch in batches:
            writer.write_table(batch.cast(schema))
    return Staged(file, path, tuple(header), file.digest(), found, file.suffix != ".csv")


def _only_once(file: InputFile, header: list[str], wanted: Collection[str]) -> None:
    twice = [name for name in wanted if header.count(name) > 1]
    if twice:
        raise DataError(f"two columns are named {twice[0]}", file.label, "Rename one of them.")


def _csv(file: InputFile, choose: Choose, encoding: str) -> tuple[list[str], Iterator[pa.Table]]:
    reader = rows(file, encoding)
    _, names = next(reader)
    header = [name.strip() for name in names]
    return header, _gathered(file, header, choose(header), reader)


def _gathered(
    file: InputFile,
    header: list[str],
    wanted: Collection[str],
    reader: Iterator[tuple[int, list[str]]],
) -> Iterator[pa.Table]:
    _only_once(file, header, wanted)
    places = {name: header.index(name) for name in wanted}
    while block := list(islice(reader, _BATCH)):
        columns: dict[str, Any] = {ROW: pa.array([line for line, _ in block], pa.int64())}
        for name, place in places.items():
            columns[name] = pa.array([row[place] or None for _, row in block], pa.string())
        yield pa.table(columns)


def _sheet(file: InputFile, choose: Choose) -> tuple[list[str], Iterator[pa.Table]]:
    with file.open() as stream:
        content = io.BytesIO(stream.read())
    try:
        book = openpyxl.load_workbook(content, read_only=True, data_only=True)
    except (BadZipFile, KeyError, ValueError, OSError) as error:
        raise SourceError(
            f"is not a workbook that can be read ({type(error).__name__})", file.label
        ) from None
    cells = book.worksheets[0].iter_rows(values_only=True) if book.worksheets else iter(())
    header = [str(name).strip() if name is not None else "" for name in next(cells, ())]
    if not any(header):
        raise SourceError("has no header in the first row of its first sheet", file.label)
    return header, _gathered(file, header, choose(header), _texts(cells, len(header)))


def _texts(cells: Iterable[tuple[Any, ...]], width: int) -> Iterator[tuple[int, list[str]]]:
    for number, row in enumerate(cells, start=2):
        texts = [_cell(value) for value in row[:width]]
        if any(texts):
            yield number, texts + [""] * (width - len(texts))


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def _parquet(file: InputFile, choose: Choose) -> tuple[list[str], Iterator[pa.Table]]:
    with file.open() as stream:
        source = pa.BufferReader(stream.read()) if file.entry else pa.OSFile(str(file.path))
    try:
        parquet = pq.ParquetFile(source)
    except (pa.ArrowException, OSError) as error:
        raise SourceError(
            f"is not Parquet that can be read ({type(error).__name__})", file.label
        ) from None
    header: list[str] = parquet.schema_arrow.names
    return header, _as_text(file, parquet, header, list(choose(header)))


def _as_text(
    file: InputFile, parquet: Any, header: list[str], wanted: list[str]
) -> Iterator[pa.Table]:
    _only_once(file, header, wanted)
    first = 1
    for batch in parquet.iter_batches(_BATCH, columns=wanted):
        columns = {ROW: pa.array(range(first, first + batch.num_rows), pa.int64())}
        for name in wanted:
            columns[name] = _column_text(file, name, batch.column(name))
        first += batch.num_rows
        yield pa.table(columns)


def _column_text(file: InputFile, name: str, values: pa.Array) -> pa.Array:
    try:
        if pa.types.is_timestamp(values.type):
            zone = "UTC" if values.type.tz else None
            values = values.cast(pa.timestamp("us", zone), safe=False)
        text = values.cast(pa.string())
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        raise DataError(
            f"column {name} holds {values.type}, which is not a plain value", file.label
        ) from None
    return pc.if_else(pc.equal(text, ""), None, text)
