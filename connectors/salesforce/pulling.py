"""Pulling one stream: which rows, by which way, and completed by what."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import pyarrow as pa
import pyarrow.compute as pc

from connectors.salesforce.bulk import bulk_rows
from connectors.salesforce.client import Client, Query, instant
from connectors.salesforce.offers import cursor_field
from connectors.salesforce.shapes import CURSORS, Companion, Fields, Kind, Lookup, Stream, Visible
from connectors.salesforce.values import typed

IDS_PER_QUERY = 200  # an id takes some 27 characters of a URL, which may have 16,000
ROWS_PER_TABLE = 50_000


@dataclass(frozen=True)
class Reader:
    """Typed rows of queries: REST for few, Bulk from `threshold` rows on."""

    client: Client
    threshold: int

    def count(self, query: Query) -> int | None:
        """How many rows; None if Salesforce cannot say in time (then they are many)."""
        return self.client.count(query)

    def read(self, query: Query, kinds: Fields, count: int | None) -> Iterator[pa.Table]:
        """The rows of a query that has `count` of them."""
        if count == 0:
            return
        few = count is not None and count < self.threshold
        for raw in self.client.rows(query) if few else bulk_rows(self.client, query):
            yield typed(raw, kinds, query.object)

    def all(self, query: Query, kinds: Fields) -> Iterator[pa.Table]:
        """The rows of a query, counted first."""
        return self.read(query, kinds, self.count(query))

    def by_ids(
        self, query: Query, kinds: Fields, field: str, ids: Sequence[str]
    ) -> Iterator[pa.Table]:
        """The rows whose `field` is one of `ids`; all those of an id in the same table."""
        for start in range(0, len(ids), IDS_PER_QUERY):
            listed = ", ".join(f"'{i}'" for i in ids[start : start + IDS_PER_QUERY])
            conditions = (*query.conditions, f"{field} IN ({listed})")
            some = Query(query.object, query.fields, conditions)
            pages = [typed(raw, kinds, query.object) for raw in self.client.rows(some)]
            if pages:
                yield pa.concat_tables(pages)

    def lookup(self, lookup: Lookup) -> pa.Table:
        """A small object, whole."""
        query = Query(lookup.object, tuple(lookup.wanted))
        empty = pa.schema([(n, kind.arrow) for n, kind in lookup.wanted.items()]).empty_table()
        return pa.concat_tables([empty, *self.all(query, lookup.wanted)])


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


@dataclass(frozen=True)
class Extract:
    """The rows of one stream that exist at `cutoff_at` and, with `since`, changed from then on.

    Existence is bounded by CreatedDate and not by the date of the last change: a record changed
    a moment ago would otherwise be missing from a first pull.
    """

    reader: Reader
    stream: Stream
    visible: Visible
    others: Mapping[str, pa.Table]
    cutoff_at: datetime
    since: datetime | None

    def count(self) -> int | None:
        """How many rows changed; those that only a companion changed are not among them."""
        return self.reader.count(self._main(self.since))

    def tables(self, count: int | None) -> Iterator[pa.Table]:
        """Canonical tables of at most 50,000 rows (those of one group are never parted)."""
        for rows in self._completed(count):
            given = self.stream.given(self.visible)
            made = self.stream.canonical(rows, given, self.cutoff_at, self.since)
            for start in range(0, made.num_rows, ROWS_PER_TABLE):
                yield made.slice(start, ROWS_PER_TABLE)

    def _completed(self, count: int | None) -> Iterator[pa.Table]:
        stream, kinds = self.stream, self.stream.wanted
        if stream.grouped_by:
            yield from self._groups(stream.grouped_by, count)
        elif stream.companion and stream.companion_visible(self.visible):
            yield from self._with_companion(stream.companion, count)
        elif stream.whole:
            pages = list(self.reader.read(self._main(None), kinds, count))
            if pages:
                yield stream.joined(pa.concat_tables(pages), self.others, None)
        else:
            for rows in self.reader.read(self._main(self.since), kinds, count):
                yield stream.joined(rows, self.others, None)

    def _groups(self, key: str, count: int | None) -> Iterator[pa.Table]:
        kinds = self.stream.wanted
        if self.since is not None and self._few(count):
            changed = self.reader.read(self._main(self.since), kinds, count)
            query = self._main(None)
            yield from self.reader.by_ids(query, kinds, key, distinct(changed, key))
            return
        query = self._main(None, order_by=key)
        if self.since is None:
            yield from whole_groups(self.reader.read(query, kinds, count), key)
        else:
            yield from whole_groups(self.reader.all(query, kinds), key)

    def _with_companion(self, other: Companion, count: int | None) -> Iterator[pa.Table]:
        kinds = self.stream.wanted
        touched: dict[str, None] = {}
        if self.since is not None:
            changed = self.reader.all(self._companion(other, self.since), _kinds(other))
            touched = dict.fromkeys(distinct(changed, other.key))
        if count == 0 and not touched:
            return
        reduced = None
        if self.since is None or not self._few(count) or not self._few(len(touched)):
            reduced = self._reduced_whole(other)
        for rows in self.reader.read(self._main(self.since), kinds, count):
            for record in rows["Id"].to_pylist() if touched else ():
                touched.pop(record, None)
            yield self._joined(rows, other, reduced)
        for rows in self.reader.by_ids(self._main(None), kinds, "Id", list(touched)):
            yield self._joined(rows, other, reduced)

    def _joined(self, rows: pa.Table, other: Companion, reduced: pa.Table | None) -> pa.Table:
        if reduced is None:
            ids = rows["Id"].to_pylist()
            query = self._companion(other, None)
            found = self.reader.by_ids(query, _kinds(other), other.key, ids)
            reduced = _reduce(other, found)
        return self.stream.joined(rows, self.others, reduced)

    def _reduced_whole(self, other: Companion) -> pa.Table:
        query = self._companion(other, None, order_by=other.key)
        return _reduce(other, whole_groups(self.reader.all(query, _kinds(other)), other.key))

    def _few(self, count: int | None) -> bool:
        return count is not None and count < self.reader.threshold

    def _main(self, since: datetime | None, order_by: str | None = None) -> Query:
        stream, fields = self.stream, self.visible[self.stream.object]
        selected = tuple(name for name in stream.wanted if name in fields)
        only = [f"{name} = {_literal(v)}" for name, v in stream.only.items() if name in fields]
        bounds = (
            () if stream.whole else self._bounds(fields, cursor_field(stream, self.visible), since)
        )
        return Query(stream.object, selected, (*only, *bounds), order_by)

    def _companion(
        self, other: Companion, since: datetime | None, order_by: str | None = None
    ) -> Query:
        fields = self.visible[other.object]
        cursor = next((c for c in CURSORS if c in fields), None)
        bounds = self._bounds(fields, cursor, since)
        return Query(other.object, tuple(_kinds(other)), bounds, order_by)

    def _bounds(
        self, fields: frozenset[str], cursor: str | None, since: datetime | None
    ) -> tuple[str, ...]:
        made = "CreatedDate" if "CreatedDate" in fields else cursor
        before = f"{made} < {instant(self.cutoff_at)}"
        return (before,) if since is None else (f"{cursor} >= {instant(since)}", before)


def distinct(tables: Iterable[pa.Table], key: str) -> list[str]:
    """The values of a column, each once, in order of appearance."""
    found: dict[str, None] = {}
    for table in tables:
        found.update(dict.fromkeys(table[key].unique().to_pylist()))
    found.pop(None, None)  # type: ignore[call-overload]
    return list(found)


def _kinds(other: Companion) -> dict[str, Kind]:
    return {"Id": Kind.ID, other.key: Kind.ID, **other.fields}


def _reduce(other: Companion, tables: Iterable[pa.Table]) -> pa.Table:
    kinds = {other.key: Kind.ID, **other.adds}
    schema = pa.schema([(name, kind.arrow) for name, kind in kinds.items()])
    parts = [other.reduce(table).select(schema.names).cast(schema) for table in tables]
    return pa.concat_tables([schema.empty_table(), *parts])


def _literal(value: str | bool) -> str:
    return f"'{value}'" if isinstance(value, str) else str(value).lower()
