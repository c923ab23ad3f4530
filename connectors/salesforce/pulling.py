"""Pulling one stream: which rows, by which way, and completed by what."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import chain

import pyarrow as pa
import pyarrow.compute as pc

from connectors.salesforce.bulk import BulkQuery
from connectors.salesforce.client import Client, ManyRowsError
from connectors.salesforce.directory import Directory
from connectors.salesforce.faults import TimedOutError
from connectors.salesforce.grouping import grouped
from connectors.salesforce.kept import Plan
from connectors.salesforce.offers import cursor_field
from connectors.salesforce.queries import Query, Window, instant
from connectors.salesforce.shapes import CURSORS, Companion, Fields, Kind, Lookup, Stream, Visible
from connectors.salesforce.values import typed

IDS_PER_QUERY = 700  # an id takes 18 characters of a URL, which may have 16,000
ID_LETTERS = 15  # the others of an id only check these
ROWS_PER_TABLE = 25_000
COSTLY_IDS = 20 * IDS_PER_QUERY
MOST_HALVINGS = 12
SETTLES_WITHIN = timedelta(minutes=10)  # between a record and what is made along with it
SECOND = timedelta(seconds=1)
WORTH_NAMING = 0.05  # a share of all rows up to which those wanted are asked for by id


@dataclass(frozen=True)
class Reader:
    """Typed rows of queries: REST for few, Bulk from `threshold` rows on, as part of `plan`."""

    client: Client
    threshold: int
    plan: Plan

    def count(self, query: Query) -> int | None:
        """How many rows; None if Salesforce cannot say in time (then they are many)."""
        return self.client.count(query)

    def read(self, query: Query, kinds: Fields, count: int | None) -> Iterator[pa.Table]:
        """The rows of a query that has `count` of them.

        Where Salesforce cannot answer in time, the earlier half is asked for and then the later.
        """
        if count == 0:
            return
        few = count is not None and count < self.threshold
        left = [(query, 0)]
        while left:
            part, halvings = left.pop()
            try:
                yield from self._read(part, kinds, few)
            except TimedOutError:
                halves = part.halves() if halvings < MOST_HALVINGS else None
                if halves is None:
                    raise
                left += [(half, halvings + 1) for half in reversed(halves)]

    def _read(self, query: Query, kinds: Fields, few: bool) -> Iterator[pa.Table]:
        pages = None
        if not few or self.plan.job(query.soql).id:
            pages = BulkQuery(self.client, self.plan, query).tables(kinds)
        if pages is None:
            pages = (typed(raw, kinds, query.object) for raw in self.client.rows(query))
        yield from pages

    def all(self, query: Query, kinds: Fields) -> Iterator[pa.Table]:
        """The rows of a query, counted first."""
        return self.read(query, kinds, self.count(query))

    def probably_few(self, query: Query, kinds: Fields) -> Iterator[pa.Table]:
        """The rows of a query without counting them first, which is a call saved where they are
        few indeed.
        """
        try:
            for raw in self.client.rows(query, fewer_than=self.threshold):
                yield typed(raw, kinds, query.object)
        except (ManyRowsError, TimedOutError):
            yield from self.read(query, kinds, None)

    def groups(
        self, query: Query, kinds: Fields, count: int | None, key: str
    ) -> Iterator[pa.Table]:
        """The rows of a query so that those with the same `key` are in the same table.

        They are brought together here: a query that orders is slower and cannot be parted.
        """
        self.plan.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        return grouped(self.read(query, kinds, count), key, self.plan.folder, count)

    def by_ids(
        self, query: Query, kinds: Fields, field: str, ids: Sequence[str]
    ) -> Iterator[pa.Table]:
        """The rows whose `field` is one of `ids`; all those of an id in the same table."""
        for start in range(0, len(ids), IDS_PER_QUERY):
            some_ids = (i[:ID_LETTERS] for i in ids[start : start + IDS_PER_QUERY])
            listed = ",".join(f"'{i}'" for i in some_ids)
            named = (*query.conditions, f"{field} IN ({listed})")
            some = replace(query, conditions=named)
            pages = [typed(raw, kinds, query.object) for raw in self.client.rows(some)]
            if pages:
                yield pa.concat_tables(pages)

    def lookup(self, lookup: Lookup) -> pa.Table:
        """A small object, whole."""
        query = Query(lookup.object, tuple(lookup.wanted))
        empty = pa.schema([(n, kind.arrow) for n, kind in lookup.wanted.items()]).empty_table()
        return pa.concat_tables([empty, *self.all(query, lookup.wanted)])


@dataclass(frozen=True)
class Extract:
    """The rows of one stream that exist at `cutoff_at` and, with `since`, changed from then on.

    Existence is bounded by CreatedDate and not by the date of the last change: a record changed
    a moment ago would otherwise be missing from a first pull. Histories have no bound.
    """

    reader: Reader
    stream: Stream
    visible: Visible
    others: Mapping[str, pa.Table]
    cutoff_at: datetime
    since: datetime | None

    def count(self) -> int | None:
        """How many rows changed; those that only a companion changed are not among them. None
        where Salesforce answers for named ids alone.
        """
        if self.stream.within:
            return None
        return self.reader.count(self._main(self.since))

    def is_costly(self) -> bool:
        """Whether Salesforce must be asked for so many named ids that it is better done seldom."""
        if self.stream.within is None:
            return False
        parents = self.reader.count(self._parents(self.stream.within[1]))
        return parents is None or parents > COSTLY_IDS

    def tables(self, count: int | None) -> Iterator[pa.Table]:
        """Canonical tables of at most 25,000 rows (those of one group are never parted)."""
        given = self.stream.given(self.visible)
        for rows in self._completed(count):
            for start in range(0, rows.num_rows, self._rows_at_once(rows)):
                some = rows.slice(start, self._rows_at_once(rows))
                made = self.stream.canonical(some, given, self.cutoff_at, self.since)
                for begin in range(0, made.num_rows, ROWS_PER_TABLE):
                    yield made.slice(begin, ROWS_PER_TABLE)

    def _rows_at_once(self, rows: pa.Table) -> int:
        """What has to be seen together is not parted."""
        together = self.stream.whole or self.stream.grouped_by
        return max(1, rows.num_rows) if together else ROWS_PER_TABLE

    def _completed(self, count: int | None) -> Iterator[pa.Table]:
        stream, kinds = self.stream, self.stream.wanted
        if stream.within:
            yield from self._within(*stream.within)
        elif stream.grouped_by:
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
        query = self._main(None)
        if self.since is None:
            found = self.reader.groups(query, kinds, count, key)
        else:
            changed = distinct(self.reader.read(self._main(self.since), kinds, count), key)
            if self._worth_naming(len(changed), query):
                found = self.reader.by_ids(query, kinds, key, changed)
            else:
                found = self.reader.groups(query, kinds, self.reader.count(query), key)
        for rows in found:
            yield self.stream.joined(rows, self.others, None)

    def _parents(self, name: str) -> Query:
        cursor = next((c for c in CURSORS if c in self.visible[name]), None)
        every = Query(name, ("Id",))
        return self._bounded(every, self.visible[name], cursor, None) if cursor else every

    def _within(self, field: str, parent: str) -> Iterator[pa.Table]:
        parents = self.reader.all(self._parents(parent), {"Id": Kind.ID})
        ids, other = distinct(parents, "Id"), self.stream.companion
        for rows in self.reader.by_ids(self._main(None), self.stream.wanted, field, ids):
            if other and self.stream.companion_visible(self.visible):
                yield self._joined(rows, other, None)
            else:
                yield self.stream.joined(rows, self.others, None)

    def _with_companion(self, other: Companion, count: int | None) -> Iterator[pa.Table]:
        kinds = self.stream.wanted
        touched: dict[str, None] = {}
        changed = None
        if self.since is not None:
            changed = self._changed(other, self.since)
            touched = dict.fromkeys(distinct([changed], other.key))
        if count == 0 and not touched:
            return
        reduced, decided = None, False
        if self.since is None or count is None:
            reduced, decided = self._reduced_whole(other), True
        for rows in self.reader.read(self._main(self.since), kinds, count):
            for record in rows["Id"].to_pylist() if touched and other.on == "Id" else ():
                touched.pop(record, None)
            if not decided:
                share = len(self._unknown(rows, other, changed)[0]) / rows.num_rows
                reduced = self._reduced_at_need(other, int(share * (count or 0)) + len(touched))
                decided = True
            yield self._joined(rows, other, reduced, changed)
        if not decided:
            reduced = self._reduced_at_need(other, len(touched))
        for rows in self.reader.by_ids(self._main(None), kinds, other.on, list(touched)):
            yield self._joined(rows, other, reduced)

    def _joined(
        self,
        rows: pa.Table,
        other: Companion,
        reduced: Directory | None,
        changed: pa.Table | None = None,
    ) -> pa.Table:
        """`rows` with what the companion says: `reduced` for all, or else asked for by id."""
        if reduced is None:
            ids, found = self._unknown(rows, other, changed)
            asked = self.reader.by_ids(self._companion(other, None), _kinds(other), other.key, ids)
            reduced = _reduce(other, chain(found, asked))
        return self.stream.joined(rows, self.others, reduced)

    def _unknown(
        self, rows: pa.Table, other: Companion, changed: pa.Table | None
    ) -> tuple[list[str], list[pa.Table]]:
        """The ids in `rows` by which the companion is to be asked, and what it need not be.

        What belongs to a record made since the last pull was made since then itself: it is among
        the `changed` rows of the companion already.
        """
        concerned = other.concerns(rows)
        found = []
        if changed is not None and self.since is not None and other.on == "Id":
            is_new = pc.greater_equal(concerned["CreatedDate"], self.since + SETTLES_WITHIN)
            new = concerned.filter(is_new)["Id"]
            concerned = concerned.filter(pc.invert(pc.fill_null(is_new, False)))
            found = [changed.filter(pc.is_in(changed[other.key], value_set=new))]
        return distinct([concerned], other.on), found

    def _changed(self, other: Companion, since: datetime) -> pa.Table:
        kinds = _kinds(other)
        empty = pa.schema([(name, kind.arrow) for name, kind in kinds.items()]).empty_table()
        found = self.reader.probably_few(self._companion(other, since), kinds)
        return pa.concat_tables([empty, *found])

    def _reduced_whole(self, other: Companion) -> Directory:
        query, kinds = self._companion(other, None), _kinds(other)
        return _reduce(other, self.reader.groups(query, kinds, self.reader.count(query), other.key))

    def _reduced_at_need(self, other: Companion, ids: int) -> Directory | None:
        """The whole companion, unless so many records are better asked for by id."""
        if self._worth_naming(ids, self._companion(other, None)):
            return None
        return self._reduced_whole(other)

    def _worth_naming(self, ids: int, every: Query) -> bool:
        """Whether so many records are better asked for by id than as part of `every` row."""
        if ids < self.reader.threshold:
            return True
        whole = self.reader.count(every)
        return whole is None or ids < whole * WORTH_NAMING

    def present(self) -> Iterator[pa.Array]:
        """The ids of all records that exist, in batches."""
        every = self._main(None)
        ids = Query(every.object, ("Id",), every.conditions, every.window)
        for rows in self.reader.all(ids, {"Id": Kind.ID}):
            yield from rows["Id"].chunks

    def _main(self, since: datetime | None) -> Query:
        stream, fields = self.stream, self.visible[self.stream.object]
        selected = tuple(name for name in stream.wanted if name in fields)
        only = [f"{name} = {_literal(v)}" for name, v in stream.only.items() if name in fields]
        query = Query(stream.object, selected, tuple(only))
        cursor = cursor_field(stream, self.visible)
        return query if stream.whole else self._bounded(query, fields, cursor, since)

    def _companion(self, other: Companion, since: datetime | None) -> Query:
        fields = self.visible[other.object]
        cursor = next((c for c in CURSORS if c in fields), None)
        named = (f"{other.key} != null",) if other.key_may_be_empty else ()
        query = Query(other.object, tuple(_kinds(other)), named)
        return self._bounded(query, fields, cursor, since)

    def _bounded(
        self, query: Query, fields: frozenset[str], cursor: str | None, since: datetime | None
    ) -> Query:
        made = "CreatedDate" if "CreatedDate" in fields else str(cursor)
        before = None if self.stream.is_history else self.cutoff_at + SECOND  # itself included
        if since is None:
            return replace(query, window=Window(made, None, before, self.cutoff_at))
        exists = (f"{made} < {instant(before)}",) if before else ()
        window = Window(str(cursor), since, None, self.cutoff_at)
        return replace(query, conditions=(*query.conditions, *exists), window=window)


def distinct(tables: Iterable[pa.Table], key: str) -> list[str]:
    """The values of a column, each once, in order of appearance."""
    found: dict[str, None] = {}
    for table in tables:
        found.update(dict.fromkeys(table[key].unique().to_pylist()))
    found.pop(None, None)  # type: ignore[call-overload]
    return list(found)


def _kinds(other: Companion) -> dict[str, Kind]:
    return {"Id": Kind.ID, other.key: Kind.ID, **other.fields}


def _reduce(other: Companion, tables: Iterable[pa.Table]) -> Directory:
    kinds = {other.key: Kind.ID, **other.adds}
    schema = pa.schema([(name, kind.arrow) for name, kind in kinds.items()])
    parts = [other.reduce(table).select(schema.names).cast(schema) for table in tables]
    return Directory(pa.concat_tables([schema.empty_table(), *parts]), other.key)


def _literal(value: str | bool) -> str:
    return f"'{value}'" if isinstance(value, str) else str(value).lower()
