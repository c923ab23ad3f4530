"""Snapshots: kept once, never changed."""

import hashlib
import json
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Literal

from sqlalchemy import Engine, Select, insert, select
from sqlalchemy.dialects import postgresql, sqlite

from model.errors import RecordsError
from store.records.schema import Base, SnapshotRow, ValueRow, VerdictRow
from store.records.transactions import is_sqlite, reading, writing

SnapshotKind = Literal["live", "backfilled"]


@dataclass(frozen=True, kw_only=True)
class SnapshotDraft:
    """What a snapshot is to hold. Instants are naive UTC.

    `payload` is JSON: verdict, indicator rows, dimensions, survey state, health; `summary` is the
    little of it that a list of snapshots shows, JSON as well. `statistics` are the indicators'
    sufficient statistics (parquet, zstd), from which they can be estimated again.
    `predecessor_id`: the snapshot that the headline's inertia looks back to; `restates`: the one
    that said the same under older definitions. `segments` is what the payload says of each
    segment, JSON. `verdicts` and `values` are rows of the tables that other tools read, without
    the columns that every row of a snapshot shares.
    """

    taken_at: datetime
    as_of_at: datetime
    manifest_id: int
    definitions: str
    software: str
    kind: SnapshotKind
    predecessor_id: str | None
    summary: Mapping[str, Any]
    payload: Mapping[str, Any]
    statistics: bytes
    restates: str | None = None
    segments: Sequence[Mapping[str, Any]] = ()
    as_of_on: date | None = None
    verdicts: Sequence[Mapping[str, Any]] = field(default=(), repr=False)
    values: Sequence[Mapping[str, Any]] = field(default=(), repr=False)

    @property
    def id(self) -> str:
        """12 hex digits of what makes it the same snapshot: manifest, as-of and definitions."""
        same = f"{self.manifest_id}|{self.as_of_at.isoformat()}|{self.definitions}"
        return hashlib.sha256(same.encode()).hexdigest()[:12]


@dataclass(frozen=True, kw_only=True)
class SnapshotHead:
    """A snapshot without its contents; see `SnapshotDraft`."""

    id: str
    taken_at: datetime
    as_of_at: datetime
    manifest_id: int
    definitions: str
    software: str
    kind: SnapshotKind
    predecessor_id: str | None
    restates: str | None
    summary: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Snapshot(SnapshotHead):
    """A snapshot with its contents; see `SnapshotDraft`."""

    payload: Mapping[str, Any]
    statistics: bytes
    segments: Sequence[Mapping[str, Any]]


Heads = list[SnapshotHead]
Rows = list[dict[str, Any]]

_HEAD = (
    SnapshotRow.id,
    SnapshotRow.taken_at,
    SnapshotRow.as_of_at,
    SnapshotRow.manifest_id,
    SnapshotRow.definitions,
    SnapshotRow.software,
    SnapshotRow.kind,
    SnapshotRow.predecessor_id,
    SnapshotRow.restates,
    SnapshotRow.summary,
)
_ALL = (*_HEAD, SnapshotRow.payload, SnapshotRow.statistics, SnapshotRow.segments)
_BATCH = 1000


class Snapshots:
    """The snapshots of one database. There is no way to change or delete one."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def keep(self, draft: SnapshotDraft) -> Snapshot:
        """Keep a snapshot; where the same manifest, as-of and definitions are kept already,
        nothing is written and that one is returned.
        """
        made = sqlite.insert if is_sqlite(self._engine.url) else postgresql.insert
        values = {column.key: getattr(draft, column.key) for column in _ALL}
        values |= {"summary": dict(draft.summary), "payload": dict(draft.payload)}
        values["segments"] = _packed(draft.segments)
        with writing(self._engine) as session:
            new = session.execute(
                made(SnapshotRow)
                .values(**values)
                .on_conflict_do_nothing()
                .returning(SnapshotRow.id)
            ).all()
            if new:
                for table, rows in ((VerdictRow, draft.verdicts), (ValueRow, draft.values)):
                    if rows:
                        session.execute(insert(table), [{**_shared(draft), **row} for row in rows])
            row = session.execute(select(*_ALL).where(SnapshotRow.id == draft.id)).one()
            return _snapshot(row)

    def get(self, id: str) -> Snapshot:  # noqa: A002
        """The snapshot with that id; RecordsError where there is none."""
        with reading(self._engine) as session:
            row = session.execute(select(*_ALL).where(SnapshotRow.id == id)).one_or_none()
        if row is None:
            raise RecordsError(
                f"there is no snapshot {id}", "records", "See the list of snapshots."
            )
        return _snapshot(row)

    def find(self, manifest_id: int, as_of_at: datetime, definitions: str) -> SnapshotHead | None:
        """The one snapshot of that manifest, as-of and definitions, if it is kept."""
        found = self._heads(
            select(*_HEAD).where(
                SnapshotRow.manifest_id == manifest_id,
                SnapshotRow.as_of_at == as_of_at,
                SnapshotRow.definitions == definitions,
            )
        )
        return found[0] if found else None

    def list(self) -> Heads:
        """All snapshots without their contents, by as-of, oldest first."""
        return self._heads(select(*_HEAD).order_by(SnapshotRow.as_of_at, SnapshotRow.taken_at))

    def latest(self, kind: SnapshotKind, before: datetime | None = None) -> SnapshotHead | None:
        """The newest snapshot of a kind by as-of, `before` an instant where one is given."""
        query = select(*_HEAD).where(SnapshotRow.kind == kind)
        if before is not None:
            query = query.where(SnapshotRow.as_of_at < before)
        order = query.order_by(SnapshotRow.as_of_at.desc(), SnapshotRow.taken_at.desc())
        found = self._heads(order.limit(1))
        return found[0] if found else None

    def verdicts(self, segment_by: str, segment: str) -> "Rows":
        """What every snapshot said of the company or a segment, oldest first."""
        return self._history(VerdictRow, segment_by, segment)

    def values(self, indicator: str, segment_by: str, segment: str) -> "Rows":
        """One figure in every snapshot that holds it, oldest first."""
        return self._history(ValueRow, segment_by, segment, ValueRow.indicator == indicator)

    def values_since(self, at: datetime, segment_by: str, segment: str) -> "Rows":
        """Every figure of the company or a segment in the snapshots from `at` on, oldest first."""
        return self._history(ValueRow, segment_by, segment, SnapshotRow.as_of_at >= at)

    def verdicts_of(self, snapshot_id: str) -> "Rows":
        """What one snapshot says of the company and its segments."""
        return list(self._rows(VerdictRow, VerdictRow.snapshot_id == snapshot_id))

    def values_of(self, snapshot_id: str) -> "Rows":
        """Every figure of one snapshot."""
        return list(self._rows(ValueRow, ValueRow.snapshot_id == snapshot_id))

    def every_value(self) -> "Iterator[dict[str, Any]]":
        """All rows of `indicator_values`, by day, snapshot, segment and indicator."""
        return self._rows(ValueRow)

    def _rows(self, table: type[Base], *conditions: Any) -> "Iterator[dict[str, Any]]":
        columns = table.__table__.columns
        order = (columns.as_of_on, columns.snapshot_id, *table.__table__.primary_key)
        query = select(*columns).where(*conditions).order_by(*order)
        with reading(self._engine) as session:
            found = session.execute(query.execution_options(yield_per=_BATCH))
            yield from (dict(row) for row in found.mappings())

    def _history(
        self, table: type[Base], segment_by: str, segment: str, *conditions: Any
    ) -> "Rows":
        columns = table.__table__.columns
        query = (
            select(*columns, SnapshotRow.as_of_at, SnapshotRow.taken_at, SnapshotRow.restates)
            .join(SnapshotRow, SnapshotRow.id == columns.snapshot_id)
            .where(columns.segment_by == segment_by, columns.segment == segment, *conditions)
            .order_by(SnapshotRow.as_of_at, SnapshotRow.taken_at)
        )
        with reading(self._engine) as session:
            return [dict(row) for row in session.execute(query).mappings()]

    def _heads(self, query: Select[Any]) -> Heads:
        with reading(self._engine) as session:
            return [SnapshotHead(**row._mapping) for row in session.execute(query)]


def _shared(draft: SnapshotDraft) -> dict[str, Any]:
    return {
        "snapshot_id": draft.id,
        "as_of_on": draft.as_of_on or draft.as_of_at.date(),
        "kind": "restated" if draft.restates else draft.kind,
        "definitions": draft.definitions,
    }


def _snapshot(row: Any) -> Snapshot:
    return Snapshot(**{**row._mapping, "segments": _unpacked(row.segments)})


def _packed(segments: Sequence[Mapping[str, Any]]) -> bytes:
    try:
        return zlib.compress(json.dumps(list(segments), allow_nan=False).encode())
    except ValueError as error:
        raise RecordsError(f"what is to be kept is not JSON ({error})", "records") from None


def _unpacked(content: bytes | None) -> list[Mapping[str, Any]]:
    """Empty for a snapshot of a version that did not keep segments."""
    found: list[Mapping[str, Any]] = [] if content is None else json.loads(zlib.decompress(content))
    return found
