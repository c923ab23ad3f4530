"""What a stream is: one Salesforce object, the fields wanted from it, the canonical rows it makes.

A stream is a declaration and knows no transport: REST, Bulk and exported CSV files all bring
their rows into the types of `Kind` (see `values`) and hand them to `Stream.canonical`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from enum import StrEnum
from functools import reduce

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from connectors.salesforce.directory import Directory
from model.tables import DAY, FLAG, INSTANT, NUMBER, TABLES, TEXT, WHOLE


class Kind(StrEnum):
    """The type of a Salesforce field, as far as we tell them apart."""

    ID = "id"
    TEXT = "text"
    NUMBER = "number"
    FLAG = "flag"
    INSTANT = "instant"
    DAY = "day"

    @property
    def arrow(self) -> pa.DataType:
        """The Arrow type in which rows of every transport carry it."""
        return _ARROW[self]

    @classmethod
    def of_arrow(cls, kind: pa.DataType) -> "Kind":
        """The kind of field that fills a canonical column of this type."""
        return next(k for k, arrow in _ARROW.items() if arrow == kind and k is not Kind.ID)


_ARROW = {
    Kind.ID: TEXT,
    Kind.TEXT: TEXT,
    Kind.NUMBER: NUMBER,
    Kind.FLAG: FLAG,
    Kind.INSTANT: INSTANT,
    Kind.DAY: DAY,
}

Fields = Mapping[str, Kind]
Visible = Mapping[str, frozenset[str]]  # object -> the fields that can be read
Make = Callable[[pa.Table], pa.ChunkedArray]


@dataclass(frozen=True)
class Column:
    """How a canonical column is made. It is offered only where all of `needs` can be read, and
    those of `besides` for each of its fields that the object shows.
    """

    needs: tuple[str, ...]
    make: Make
    besides: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def lacks(self, given: frozenset[str]) -> tuple[str, ...]:
        """The names that it needs and `given` has not."""
        more = (name for shown, names in self.besides.items() if shown in given for name in names)
        return tuple(name for name in (*self.needs, *more) if name not in given)


@dataclass(frozen=True)
class Lookup:
    """A small object read whole; `fields` (theirs -> name among the stream's) join by `on`.

    `on_day`: a day of the stream; the row then also spans that day, from its `StartDate` to before
    its `NextStartDate`, and `key` is unique within a span only.
    """

    object: str
    on: str
    fields: Mapping[str, tuple[str, Kind]]
    key: str = "Id"
    on_day: str | None = None

    @property
    def wanted(self) -> Fields:
        """The fields to read, with their kinds."""
        span = dict.fromkeys(SPAN, Kind.DAY) if self.on_day else {}
        own = {name: kind for name, (_, kind) in self.fields.items()}
        return {self.key: Kind.TEXT, **span, **own}

    @property
    def joins_by(self) -> frozenset[str]:
        """The stream's fields without which it cannot be joined."""
        return frozenset({self.on, self.on_day or self.on})


@dataclass(frozen=True)
class Companion:
    """A second object whose rows say something about a row of the stream.

    `reduce` takes typed rows with every row of each `key` it contains, and gives one row for each
    key: the column `key`, and those of `adds`. A changed companion row makes the stream's row new.
    `on` is the stream's field that `key` equals; `key_may_be_empty`: some rows belong to none.
    `concerns` keeps those rows of the stream of which the companion can say anything.
    """

    object: str
    key: str
    fields: Fields
    adds: Fields
    reduce: Callable[[pa.Table], pa.Table]
    on: str = "Id"
    key_may_be_empty: bool = False
    concerns: Callable[[pa.Table], pa.Table] = lambda rows: rows


@dataclass(frozen=True)
class Stream:
    """One Salesforce object as rows of one canonical table.

    `whole`: small, and pulled completely each time. `only`: rows wanted, by field value.
    `grouped_by`: `shape` needs all rows of a group together. `shape` turns typed rows into the
    rows that `columns` read; its second argument asks for rows from that instant on.
    `within` (field, object): Salesforce answers only for named ids, so it is asked for those of
    that object. `optional`: what its table lacks without it; the rows of others are right alone.
    `is_history`: it says what records held before, so rows later than the cutoff are read too: a
    record that changed since is read as it is now, and only they tell what it was at the cutoff.
    """

    object: str
    table: str
    fields: Fields
    columns: Mapping[str, Column]
    whole: bool = False
    only: Mapping[str, str | bool] = field(default_factory=dict)
    lookups: tuple[Lookup, ...] = ()
    companion: Companion | None = None
    grouped_by: str | None = None
    shape: Callable[[pa.Table, datetime | None], pa.Table] | None = None
    clocks: Fields = field(default_factory=lambda: CLOCKS)
    within: tuple[str, str] | None = None
    optional: str | None = None
    is_history: bool = False

    @property
    def wanted(self) -> Fields:
        """Every field to ask for, the clocks that the object may have included."""
        return {"Id": Kind.ID, **self.clocks, **self.fields}

    def mapped(self, column: str, api_name: str) -> "Stream":
        """A copy with a canonical column taken from an organisation's own field, or from its
        record type (`RecordType.DeveloperName`).
        """
        columns = {**self.columns, column: copy(api_name)}
        if api_name.startswith(f"{RECORD_TYPE.object}."):
            fields = {RECORD_TYPE.on: Kind.ID, **self.fields}
            others = tuple(one for one in self.lookups if one is not RECORD_TYPE)
            return replace(self, fields=fields, columns=columns, lookups=(*others, RECORD_TYPE))
        if column == "owner_id" and "owner_kind" in columns:
            columns["owner_kind"] = kind_of_owner(api_name)
        kind = Kind.of_arrow(_source_type(TABLES[self.table].schema.field(column).type))
        kind = Kind.ID if column in PERSON_COLUMNS else kind
        return replace(self, fields={api_name: kind, **self.fields}, columns=columns)

    def given(self, visible: Visible) -> frozenset[str]:
        """The names that rows can carry: own visible fields, and what others add to them."""
        names = set(self.wanted) & visible.get(self.object, frozenset())
        for lookup in self.lookups:
            seen = visible.get(lookup.object, frozenset())
            if lookup.joins_by <= names and set(lookup.wanted) <= seen:
                names |= {name for name, _ in lookup.fields.values()}
        if self.companion and self.companion_visible(visible):
            names |= set(self.companion.adds)
        return frozenset(names)

    def companion_visible(self, visible: Visible) -> bool:
        """Whether the companion object can be read with all that it takes."""
        other = self.companion
        return other is not None and (
            {"Id", other.key, *other.fields} <= visible.get(other.object, frozenset())
            and (other.on == "Id" or other.on in visible.get(self.object, frozenset()))
        )

    def origin(self, name: str) -> str:
        """The Salesforce field behind a name, for messages: `UserRole.Name`."""
        for lookup in self.lookups:
            for theirs, (ours, _) in lookup.fields.items():
                if ours == name:
                    return f"{lookup.object}.{theirs}"
        if self.companion and name in self.companion.adds:
            return self.companion.object
        return f"{self.object}.{name}"

    def missing(self, visible: Visible) -> dict[str, tuple[str, ...]]:
        """For each column: the Salesforce fields that it lacks; empty where it can be filled."""
        given = self.given(visible)
        return {
            column: tuple(self.origin(name) for name in made.lacks(given))
            for column, made in self.all_columns.items()
        }

    @property
    def all_columns(self) -> dict[str, Column]:
        """The declared columns, and `deleted_at` as Salesforce marks it."""
        return {"deleted_at": DELETED, **self.columns}

    def joined(
        self, rows: pa.Table, others: Mapping[str, pa.Table], reduced: Directory | None
    ) -> pa.Table:
        """`rows` with what the lookups (`others`, by object) and the reduced companion say."""
        for lookup in self.lookups:
            if lookup.object in others and lookup.on in rows.column_names:
                names = {theirs: ours for theirs, (ours, _) in lookup.fields.items()}
                other = others[lookup.object]
                if lookup.on_day is None:
                    rows = attach(rows, lookup.on, lookup.key, other, names)
                elif lookup.on_day in rows.column_names:
                    rows = attach_dated(rows, lookup.on, lookup.on_day, lookup.key, other, names)
        if self.companion and reduced is not None:
            adds = {name: name for name in self.companion.adds}
            rows = reduced.attach(rows, self.companion.on, adds)
        return rows

    def canonical(
        self,
        rows: pa.Table,
        given: frozenset[str],
        cutoff_at: datetime,
        since: datetime | None = None,
    ) -> pa.Table:
        """Canonical rows out of typed rows; columns whose needs are not in `given` stay null.

        `rows` has any of the stream's fields (those absent count as null), lookups and companion
        joined. Rows that an object does not date are recorded at `cutoff_at`.
        """
        rows = self._filtered(_completed(rows, self._names()))
        if self.shape:
            rows = self.shape(rows, since)
        made = {
            name: column.make(rows)
            for name, column in self.all_columns.items()
            if not column.lacks(given)
        }
        made["recorded_at"] = pc.coalesce(rows["CreatedDate"], pa.scalar(cutoff_at, INSTANT))
        if not made or not rows.num_rows:
            return TABLES[self.table].empty()
        return TABLES[self.table].conform(pa.table(made))

    def _names(self) -> dict[str, Kind]:
        names = {**CLOCKS, **self.wanted}
        for lookup in self.lookups:
            names.update(dict(lookup.fields.values()))
        return {**names, **(self.companion.adds if self.companion else {})}

    def _filtered(self, rows: pa.Table) -> pa.Table:
        for name, value in self.only.items():
            if rows[name].null_count < rows.num_rows:
                rows = rows.filter(pc.equal(rows[name], pa.scalar(value)))
        return rows


def _source_type(kind: pa.DataType) -> pa.DataType:
    return NUMBER if kind == WHOLE else kind


def _completed(rows: pa.Table, names: Fields) -> pa.Table:
    for name, kind in names.items():
        if name not in rows.column_names:
            rows = rows.append_column(name, pa.chunked_array([pa.nulls(rows.num_rows, kind.arrow)]))
    return rows


def attach(
    rows: pa.Table, on: str, key: str, others: pa.Table, names: Mapping[str, str]
) -> pa.Table:
    """`rows` with the columns `names` (theirs -> ours) of that row of `others` whose `key` is `on`.

    A row of `rows` that finds none gets nulls; `key` is unique in `others`, which are few.
    """
    at = pc.index_in(rows[on], value_set=others[key].combine_chunks())
    for theirs, ours in names.items():
        rows = rows.append_column(ours, others[theirs].take(at))
    return rows


def attach_dated(
    rows: pa.Table, on: str, day: str, key: str, others: pa.Table, names: Mapping[str, str]
) -> pa.Table:
    """As `attach`, from the row of `others` whose span holds the `day` too. Spans of a key do not
    overlap; a row without a day, or with one that no span holds, gets nulls.
    """
    starts, ends = SPAN
    ordered = others.sort_by([(key, "ascending"), (starts, "ascending")])
    keys, first = ordered[key].to_numpy(), ordered[starts].to_numpy()
    last = pc.coalesce(ordered[ends], pa.scalar(date.max, DAY)).to_numpy()
    codes, days = rows[on].to_numpy(), rows[day].to_numpy()
    at = np.full(rows.num_rows, -1)
    for code in pc.unique(ordered[key]).to_pylist():
        of, mine = np.flatnonzero(keys == code), np.flatnonzero((codes == code) & ~np.isnat(days))
        found = np.searchsorted(first[of], days[mine], side="right") - 1
        held = (found >= 0) & (days[mine] < last[of[found]])
        at[mine[held]] = of[found[held]]
    indices = pa.array(at, mask=at < 0)
    for theirs, ours in names.items():
        rows = rows.append_column(ours, ordered[theirs].take(indices))
    return rows


# The makers of columns.


def copy(name: str) -> Column:
    """The field as it is."""
    return Column((name,), lambda rows: rows[name])


def constant(value: str | bool) -> Column:
    """The same value in every row."""
    return Column((), lambda rows: pa.chunked_array([pa.repeat(pa.scalar(value), rows.num_rows)]))


def earliest_known(*names: str) -> Column:
    """The first of several instants or days that is not empty; only the first is needed."""
    return Column(
        names[:1], lambda rows: pc.coalesce(*(rows[name].cast(INSTANT) for name in names))
    )


def has_prefix(values: pa.ChunkedArray, *prefixes: str) -> pa.ChunkedArray:
    """Whether an id is of one of the kinds that its first three characters say; null is not."""
    found = reduce(pc.or_, (pc.starts_with(values, prefix) for prefix in prefixes))
    return pc.fill_null(found, False)


def where(mask: pa.ChunkedArray, values: pa.ChunkedArray) -> pa.ChunkedArray:
    """`values` where `mask` is true, else null."""
    return pc.if_else(mask, values, pa.scalar(None, values.type))


def id_of(name: str, *prefixes: str) -> Column:
    """The id in a field that may point at several kinds of record, where it is of this kind."""
    return Column((name,), lambda rows: where(has_prefix(rows[name], *prefixes), rows[name]))


def kinds_of_owner(values: pa.ChunkedArray) -> pa.ChunkedArray:
    """`user` for 005…, `queue` for 00G…, else null."""
    user = where(has_prefix(values, "005"), pa.scalar("user"))
    return pc.if_else(has_prefix(values, "00G"), pa.scalar("queue"), user)


def kind_of_owner(name: str) -> Column:
    """Whether the owner in a field is a user or a queue."""
    return Column((name,), lambda rows: kinds_of_owner(rows[name]))


def changed_last(rows: pa.Table) -> pa.ChunkedArray:
    """The latest instant that the record itself tells."""
    return pc.coalesce(rows["SystemModstamp"], rows["LastModifiedDate"], rows["CreatedDate"])


def _deleted(rows: pa.Table) -> pa.ChunkedArray:
    changed = changed_last(rows)
    return where(pc.fill_null(rows["IsDeleted"], False), changed)


CLOCKS: Fields = {
    "IsDeleted": Kind.FLAG,
    "CreatedDate": Kind.INSTANT,
    "LastModifiedDate": Kind.INSTANT,
    "SystemModstamp": Kind.INSTANT,
}
SPAN = ("StartDate", "NextStartDate")
RECORD_TYPE = Lookup(
    "RecordType",
    on="RecordTypeId",
    fields={n: (f"RecordType.{n}", Kind.TEXT) for n in ("DeveloperName", "Name")},
)
PERSON_COLUMNS = frozenset({"owner_id", "manager_id", "performed_by", "added_by"})
CURSORS = ("SystemModstamp", "LastModifiedDate", "CreatedDate")
DELETED = Column(("IsDeleted",), _deleted)
