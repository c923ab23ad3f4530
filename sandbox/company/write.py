"""Columns of numbers become parquet files of Salesforce fields.

A large company is written cohort by cohort. Within a cohort the records of an object are numbered
from the same number on; `Out` moves the numbers behind those of the cohorts before.
"""

from collections import deque
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from model.closing import Closing
from sandbox.company import ids
from sandbox.company.ids import Ints
from sandbox.company.ledger import MISSING, Column, Versions
from sandbox.schema import OBJECTS, VISIBLE_FROM, VISIBLE_TO, Field, Object

_ROWS = 100_000
_PENDING = 6  # tables that wait to be written
_MICRO = 1_000_000
_BY_COHORT = (
    "Lead",
    "LeadHistory",
    "Account",
    "Contact",
    "CampaignMember",
    "CampaignInfluence",
    "Task",
    "Event",
    "EventRelation",
    "EmailMessage",
    "EmailMessageRelation",
    "Opportunity",
    "OpportunityHistory",
    "OpportunityFieldHistory",
    "OpportunityContactRole",
    "OpportunityTeamMember",
    "ContentDocument",
    "ContentVersion",
    "ContentDocumentLink",
)


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
        number = pa.array(self.record).cast(pa.string())
        return pc.binary_join_element_wise(before, number, after, "")


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


class Out(Closing):
    """The files of an organisation that has `objects`. `shared` says for an object how many of its
    records all cohorts know: the numbers of a cohort's own begin there.

    A context manager: the files are complete once it is left.
    """

    def __init__(
        self, folder: Path, objects: Mapping[str, Object], shared: Mapping[str, int]
    ) -> None:
        self._folder, self._objects = folder, objects
        self._writers: dict[str, pq.ParquetWriter] = {}
        self._own_from = np.zeros(len(OBJECTS), np.int64)
        for name, count in shared.items():
            self._own_from[ids.object_number(name)] = count
        self._next = self._own_from.copy()
        self._moved_by = np.zeros(len(OBJECTS), np.int64)
        self._background = ThreadPoolExecutor(1)
        self._pending: deque[Future[None]] = deque()

    def close(self) -> None:
        """Finish the files. Raises what the writing of one of them raised."""
        try:
            self._wait(0)
        finally:
            self._background.shutdown()
            for writer in self._writers.values():
                writer.close()

    def next_cohort(self) -> None:
        """From here on the numbers of a cohort's own records are another cohort's."""
        for name in _BY_COHORT:
            number = ids.object_number(name)
            self._moved_by[number] += self._next[number] - self._own_from[number]
            self._next[number] = self._own_from[number]

    def text_of(self, record: Ints) -> pa.Array:
        """The ids of records of this cohort."""
        if not self._moved_by.any():
            return ids.render(record)
        kind = record >> ids.SHIFT
        is_own = (record >= 0) & (ids.number_of(record) >= self._own_from[kind])
        return ids.render(np.where(is_own, record + self._moved_by[kind], record))

    def write(self, name: str, count: int, columns: Mapping[str, Values]) -> None:
        """Write `count` rows of the object `name`. A field without a column is null, a boolean
        one false. Numbers that are MISSING or not a number are null. What the organisation has
        no field for is left out.
        """
        unknown = set(columns) - set(OBJECTS[name].arrow.names)
        if unknown:
            raise ValueError(f"{name} has no field {sorted(unknown)}")
        item = self._objects[name]
        schema = item.arrow
        fields = {field.name: field for field in item.fields}
        self._count(name, columns["Id"])
        for start in range(0, max(count, 1), _ROWS):
            rows = slice(start, min(start + _ROWS, count))
            size = rows.stop - rows.start
            if not size and name in self._writers:
                return
            arrays = [
                self._render(fields.get(f.name), f.type, columns.get(f.name), rows, size)
                for f in schema
            ]
            self._put(name, pa.table(arrays, schema=schema))

    def write_versions(self, name: str, versions: Versions, columns: Mapping[str, Values]) -> None:
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
        self.write(name, len(versions.record), {**given, **columns})

    def _count(self, name: str, keys: Values) -> None:
        held = np.asarray(keys)
        if len(held):
            number = ids.object_number(name)
            self._next[number] = max(self._next[number], int(ids.number_of(held).max()) + 1)

    def _put(self, name: str, table: pa.Table) -> None:
        if name not in self._writers:
            path = self._folder / f"{name}.parquet"
            self._writers[name] = pq.ParquetWriter(path, table.schema, compression="lz4")
        self._wait(_PENDING - 1)
        self._pending.append(self._background.submit(self._writers[name].write_table, table))

    def _wait(self, most: int) -> None:
        while len(self._pending) > most:
            self._pending.popleft().result()

    def _render(
        self,
        field: Field | None,
        kind: pa.DataType,
        values: Values | None,
        rows: slice,
        size: int,
    ) -> pa.Array:
        if values is None:
            return pa.repeat(False, size) if pa.types.is_boolean(kind) else pa.nulls(size, kind)
        part = values[rows]
        if isinstance(part, Coded | Own | Texts):
            return part.render()
        if field is not None and field.kind in ("id", "reference"):
            return self.text_of(np.asarray(part, np.int64))
        return _numbers(part, kind)


def system(name: str, at: Ints, by: int | Ints, start: int = 0) -> dict[str, Values]:
    """The ids, from number `start` on, and system fields of records that never change: created
    `at` by the user with the key `by`.
    """
    who = np.broadcast_to(np.asarray(by, np.int64), at.shape)
    given: dict[str, Values] = {
        "Id": ids.keys(name, len(at), start),
        "CreatedDate": at,
        "CreatedById": who,
        "LastModifiedDate": at,
        "LastModifiedById": who,
        "SystemModstamp": at,
        VISIBLE_FROM: at,
        VISIBLE_TO: np.full(len(at), MISSING),
    }
    known = OBJECTS[name].arrow.names
    return {field: values for field, values in given.items() if field in known}


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
