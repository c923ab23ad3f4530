"""Snapshots: kept once, never changed."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Engine, Select, select
from sqlalchemy.dialects import postgresql, sqlite

from model.errors import RecordsError
from store.records.schema import SnapshotRow
from store.records.transactions import is_sqlite, reading, writing

SnapshotKind = Literal["live", "backfilled"]


@dataclass(frozen=True, kw_only=True)
class SnapshotDraft:
    """What a snapshot is to hold. Instants are naive UTC.

    `payload` is JSON: verdict, indicator rows, dimensions, survey state, health; `summary` is the
    little of it that a list of snapshots shows, JSON as well. `statistics` are the indicators'
    sufficient statistics (parquet, zstd), from which they can be estimated again.
    `predecessor_id`: the snapshot that the headline's inertia looks back to.
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
    summary: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Snapshot(SnapshotHead):
    """A snapshot with its contents; see `SnapshotDraft`."""

    payload: Mapping[str, Any]
    statistics: bytes


Heads = list[SnapshotHead]

_HEAD = (
    SnapshotRow.id,
    SnapshotRow.taken_at,
    SnapshotRow.as_of_at,
    SnapshotRow.manifest_id,
    SnapshotRow.definitions,
    SnapshotRow.software,
    SnapshotRow.kind,
    SnapshotRow.predecessor_id,
    SnapshotRow.summary,
)
_ALL = (*_HEAD, SnapshotRow.payload, SnapshotRow.statistics)


class Snapshots:
    """The snapshots of one database. There is no way to change or delete one."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def keep(self, draft: SnapshotDraft) -> Snapshot:
        """Keep a snapshot; where the same manifest, as-of and definitions are kept already,
        nothing is written and that one is returned.
        """
        insert = sqlite.insert if is_sqlite(self._engine.url) else postgresql.insert
        values = {column.key: getattr(draft, column.key) for column in _ALL}
        values |= {"summary": dict(draft.summary), "payload": dict(draft.payload)}
        with writing(self._engine) as session:
            session.execute(insert(SnapshotRow).values(**values).on_conflict_do_nothing())
            row = session.execute(select(*_ALL).where(SnapshotRow.id == draft.id)).one()
            return Snapshot(**row._mapping)

    def get(self, id: str) -> Snapshot:  # noqa: A002
        """The snapshot with that id; RecordsError where there is none."""
        with reading(self._engine) as session:
            row = session.execute(select(*_ALL).where(SnapshotRow.id == id)).one_or_none()
        if row is None:
            raise RecordsError(
                f"there is no snapshot {id}", "records", "See the list of snapshots."
            )
        return Snapshot(**row._mapping)

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

    def _heads(self, query: Select[Any]) -> Heads:
        with reading(self._engine) as session:
            return [SnapshotHead(**row._mapping) for row in session.execute(query)]
