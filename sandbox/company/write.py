"""Columns of numbers become parquet files of Salesforce fields."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from sandbox.company import ids
from sandbox.company.ids import Ints
from sandbox.company.ledger import MISSING, Column, Versions
from sandbox.schema import OBJECTS, VISIBLE_FROM, VISIBLE_TO, Field

_ROWS = 100_000
_MICRO = 1_000_000


@dataclass(frozen=True)
class Coded:
    """Texts as positions in `words`; a negative code is null."""

    codes: Ints
    words: Sequence[str]

    def __getitem__(self, rows: slice) -> "Coded":
        return Coded(self.codes[rows], self.words)

    def render(self) -> pa.Array:
        """The texts."""
        codes = pa.array(np.maximum(self.codes, 0), mask=self.codes < 0)
        if len(self.words) <= len(codes):
            return pa.DictionaryArray.from_arrays(codes, self._texts()).cast(pa.string())
        return self._texts().take(codes)

    def _texts(self) -> pa.Array:
        return pa.array(self.words, pa.string())


@dataclass(frozen=True)
class Own:
    """A text for each record, made from its number by `template`, e.g. `lead{}@example.com`."""

    record: Ints
    template: str

    def __getitem__(self, rows: slice) -> "Own":
        return Own(self.record[rows], self.template)

    def render(self) -> pa.Array:
        """The texts."""
        before, _, after = self.template.partition("{}")
        return pa.array([f"{before}{number}{after}" for number in self.record.tolist()])


@dataclass(frozen=True)
class Texts:
    """Texts as they are."""

    array: pa.Array

    def __getitem__(self, rows: slice) -> "Texts":
        return Texts(self.array[rows])

    def render(self) -> pa.Array:
        """The texts."""
        return self.array


Values = Column | Coded | Own | Texts


def write(folder: Path, name: str, count: int, columns: Mapping[str, Values]) -> None:
    """Write `count` rows of the object `name`. A field without a column is null, a boolean one
    false. Numbers that are MISSING or not a number are null.
    """
    schema = OBJECTS[name].arrow
    fields = {field.name: field for field in OBJECTS[name].fields}
    unknown = set(columns) - set(schema.names)
    if unknown:
        raise ValueError(f"{name} has no field {sorted(unknown)}")
    with pq.ParquetWriter(folder / f"{name}.parquet", schema, compression="zstd") as out:
        for start in range(0, max(count, 1), _ROWS):
            rows = slice(start, min(start + _ROWS, count))
            size = rows.stop - rows.start
            arrays = [
                _render(fields.get(item.name), item.type, columns.get(item.name), rows, size)
                for item in schema
            ]
            out.write_table(pa.table(arrays, schema=schema))


def write_versions(
    folder: Path, name: str, versions: Versions, columns: Mapping[str, Values]
) -> None:
    """Write the visible versions of an object: their own columns, the system fields, and
    `columns`, which are parallel to `versions` or, where they are `Ints` codes, replace one.
    """
    if not versions.is_seen.all():
        raise ValueError("take the visible versions first")
    system: dict[str, Values] = {
        "Id": ids.key(name, versions.record),
        "CreatedDate": versions.created_at,
        "CreatedById": versions.created_by,
        "LastModifiedDate": versions.modified_at,
        "LastModifiedById": versions.modified_by,
        "SystemModstamp": versions.modified_at,
        VISIBLE_FROM: versions.visible_from,
        VISIBLE_TO: versions.until,
    }
    known = OBJECTS[name].arrow.names
    given = {k: v for k, v in {**versions.columns, **system}.items() if k in known}
    write(folder, name, len(versions.record), {**given, **columns})


def _render(
    field: Field | None, kind: pa.DataType, values: Values | None, rows: slice, size: int
) -> pa.Array:
    if values is None:
        return pa.repeat(False, size) if pa.types.is_boolean(kind) else pa.nulls(size, kind)
    part = values[rows]
    if isinstance(part, Coded | Own | Texts):
        return part.render()
    if field is not None and field.kind in ("id", "reference"):
        return ids.render(np.asarray(part, np.int64))
    return _numbers(part, kind)


def _numbers(part: Column, kind: pa.DataType) -> pa.Array:
    if pa.types.is_boolean(kind):
        return pa.array(part.astype(bool))
    if pa.types.is_floating(kind):
        return pa.array(part.astype(float), from_pandas=True)
    whole = np.asarray(part, np.int64)
    scaled = whole * _MICRO if pa.types.is_timestamp(kind) else whole
    if pa.types.is_date32(kind):
        scaled = scaled.astype(np.int32)
    missing = whole == MISSING
    return pa.array(scaled, mask=missing).cast(kind)
