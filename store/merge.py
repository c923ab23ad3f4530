# ruff: noqa: S608 (names come from model.tables, values are quoted)
"""What an upsert, a replacement or a purge changes: bounded memory, exact counts.

DuckDB finds which rows the table has already, by key, and only files that hold a changed row are
written again. Many rows are compared by DuckDB as well, beforehand; few while their files are read
to be written again, so that these are read once. Where a key comes more than once in the incoming
rows, the last one counts. An incoming row that was deleted no later than it was recorded never
counted: it takes the row with its key away and is not kept itself.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import chain
from pathlib import Path
from threading import Lock

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from model.tables import Table
from store.delta import FILE, File, Parts, Stored
from store.duck import literal, null_column, quoted
from store.staging import MONTH, ORDER, Staged

WHOLE = ""
"""The one part of a table that is not partitioned."""
Ints = np.ndarray[tuple[int], np.dtype[np.int64]]


@dataclass
class Changes:
    """Rows of the table that are `new`, `updated`, newly `deleted` (a part of `updated`: with
    `deleted_at`, or taken away), `withdrawn` (a part of `updated`: taken away) or `gone` (in a
    replacement: not among the incoming rows any more).

    `to_compare` incoming rows have a key that the table has and are not compared yet: what is
    updated and deleted is complete once `Merge.merged` has been read.
    """

    new: int
    withdrawn: int
    updated: int = 0
    deleted: int = 0
    gone: int = 0
    to_compare: int = 0

    @property
    def none(self) -> bool:
        """Whether nothing differs, or will."""
        return not (self.new or self.updated or self.gone or self.to_compare)


class _Rows:
    """Reads SQL sources in the columns of `table`, and what the lake has (`stored`), whose files
    are numbered in the order of `places`.
    """

    def __init__(self, con: duckdb.DuckDBPyConnection, table: Table, stored: Stored) -> None:
        self.con, self.table, self.stored = con, table, stored
        self.key = quoted(table.key)
        self.places = sorted(stored.files)
        self.replaced: list[File] = []  # whose rows were read to be written again
        schema = stored.schema.append(pa.field(FILE, pa.int64()))
        elsewhere = self.places and not stored.on_disk
        rows = stored.dataset(schema, self.places) if elsewhere else schema.empty_table()
        con.register("stored", rows)

    def _target(self, numbers: Iterable[int], columns: Iterable[str]) -> str:
        """A query of what stands in some of the files, and in which. Only they are opened; those
        on disk without a detour, which takes far less memory.
        """
        known, opened = set(self.stored.schema.names), sorted(numbers)
        chosen = ", ".join(
            quoted(name) if name in known else null_column(self.table.schema.field(name))
            for name in columns
        )
        if not (self.stored.on_disk and opened):
            listed = ", ".join(map(str, opened)) or "NULL"
            return f"(SELECT {chosen}, {FILE} FROM stored WHERE {FILE} IN ({listed}))"
        files = ", ".join(literal(self.places[number]) for number in opened)
        options = "union_by_name = true, hive_partitioning = false"
        number = f"list_extract({opened}::BIGINT[], file_index::BIGINT + 1) AS {FILE}"
        return f"(SELECT {chosen}, {number} FROM read_parquet([{files}], {options}))"

    def _hold(self, query: str) -> pa.Table:
        """The rows of a query with a key and a number of a file (null: none), by file."""
        found = self.con.execute(f"{query} ORDER BY {FILE} NULLS LAST").to_arrow_table()
        ends = range(len(self.places) + 1)
        self._bounds = np.searchsorted(pc.fill_null(found[FILE], len(ends)).to_numpy(), ends)
        self._found = found
        return found

    def _of(self, number: int) -> pa.Table:
        """Those of them that are of one file."""
        begin, end = self._bounds[number : number + 2]
        return self._found.slice(begin, end - begin)

    def _kept(self, number: int, *, always: bool = True) -> Iterator[pa.RecordBatch]:
        """The rows of a file but for those that are to go; none where none is, unless `always`."""
        place = self.places[number]
        read = partial(self.stored.tables, place)
        groups = None if self.stored.files[place].is_large else list(read())  # else read twice
        going = [self._going(number, rows) for rows in groups or read()]
        if not (always or any(map(len, going))):
            return
        self.replaced.append(self.stored.files[place])
        for rows, places in zip(groups or read(), going, strict=True):
            stays = np.ones(rows.num_rows, bool)
            stays[places] = False
            yield from self.table.conform(rows.filter(pa.array(stays))).to_batches()

    def _going(self, number: int, rows: pa.Table) -> Ints:
        """Where in `rows`, of a file, the rows are that go."""
        return self._met(number, rows)[0]

    def _met(self, number: int, rows: pa.Table) -> tuple[Ints, Ints]:
        """Where in `rows`, of a file, the keys are that were found in it, and which these are."""
        keys = self._of(number)[self.table.key].combine_chunks()
        at = pc.fill_null(pc.index_in(rows[self.table.key], value_set=keys), -1).to_numpy()
        places = np.flatnonzero(at >= 0)
        return places, at[places]

    def _count(self, what: str) -> int:
        row = self.con.execute(f"SELECT count(*) FROM {what}").fetchone()
        return int(row[0]) if row else 0


class Merge(_Rows):
    """The staged rows of one table against what the lake has."""

    def __init__(self, con: duckdb.DuckDBPyConnection, staged: Staged, stored: Stored) -> None:
        super().__init__(con, staged.table, stored)
        self.staged = staged
        self.is_split = any(file.part != WHOLE for file in stored.files.values())
        self.is_wider = not set(staged.table.columns) <= set(stored.schema.names)
        self._incoming: pa.Table | None = None  # all that came, where they are compared here
        self._differing: dict[str, list[pa.Array]] = defaultdict(list)  # by part, their orders
        self._lock = Lock()
        self._read_staged(staged)

    def _read_staged(self, staged: Staged) -> None:
        self.con.register("staged", staged.dataset())
        rows = "staged"
        view = (
            f"CREATE TEMP VIEW incoming AS SELECT *, coalesce(deleted_at <= recorded_at, false)"
            f" AS withdrawn FROM {rows}"
        )
        if self._may_repeat(rows):
            self.con.execute(
                f"CREATE TEMP TABLE last AS"
                f" SELECT max({ORDER}) AS {ORDER} FROM {rows} GROUP BY {self.key}"
            )
            view += f" WHERE {ORDER} IN (SELECT {ORDER} FROM last)"
        self.con.execute(view)

    def _may_repeat(self, rows: str) -> bool:
        """Whether a key may come twice: whether a hash does, which takes little memory to tell."""
        hashes = self.con.execute(f"SELECT hash({self.key}) AS hash FROM {rows}").fetchnumpy()
        ordered = np.sort(hashes["hash"])
        return bool((ordered[1:] == ordered[:-1]).any())

    def changes(self, *, replaces: bool, few: bool) -> Changes:
        """Compare; leaves the rows that differ in the table `changed`. Of `few` incoming rows it
        has those that the table has too, and they are compared while `merged` is read.
        """
        if not self.places:
            return Changes(self._count("incoming WHERE NOT withdrawn"), 0)
        every = self._target(range(len(self.places)), [self.table.key])
        # How many keys come is known of a table: they, the fewer, are then held, and looked up.
        self.con.execute(f"CREATE TEMP TABLE came AS SELECT {self.key} FROM incoming")
        held = f"SEMI JOIN came USING ({self.key})"
        target, differs, is_deletion = every, "true", "false"
        if not few:
            touched = self.con.execute(f"SELECT DISTINCT {FILE} FROM {every} {held}").fetchall()
            target = self._target((number for (number,) in touched), self.table.columns)
            differs = " OR ".join(
                f"s.{quoted(column)} IS DISTINCT FROM t.{quoted(column)}"
                for column in self.table.columns
                if column != self.table.key
            )
            is_deletion = "s.deleted_at IS NOT NULL AND t.deleted_at IS NULL"
        self.con.execute(
            f"CREATE TEMP TABLE changed AS"
            f" SELECT s.{self.key}, s.{ORDER}, s.{MONTH}, s.withdrawn, t.{FILE},"
            f" {is_deletion} AS is_deletion"
            f" FROM incoming s LEFT JOIN (FROM {target} {held}) t ON s.{self.key} = t.{self.key}"
            f" WHERE CASE WHEN t.{self.key} IS NULL THEN NOT s.withdrawn"
            f" ELSE s.withdrawn OR {differs} END"
        )
        new, met, deleted, withdrawn = self.con.execute(
            f"SELECT count(*) FILTER ({FILE} IS NULL), count({FILE}),"
            f" count(*) FILTER (is_deletion AND {FILE} IS NOT NULL),"
            f" count(*) FILTER (withdrawn) FROM changed"
        ).fetchall()[0]
        if few:
            self._incoming = self.staged.whole()
            self._changes = Changes(new, withdrawn, to_compare=met)
        else:
            gone = self._count(f"({every} ANTI JOIN came USING ({self.key}))") if replaces else 0
            self._changes = Changes(new, withdrawn, met, deleted, gone)
        return self._changes

    def incoming(self, *, split: bool) -> Parts:
        """All incoming rows that count, by month if the table is `split`."""
        every_one = self._count("incoming WHERE NOT withdrawn") == self.staged.rows
        for part in self.staged.months if split else [WHOLE]:
            orders = None
            if not every_one:
                named = "true" if part == WHOLE else f"{MONTH} = {literal(part)}"
                query = f"SELECT {ORDER} FROM incoming WHERE NOT withdrawn AND {named}"
                orders = self.con.execute(query).to_arrow_table()[ORDER].combine_chunks()
            yield part, self._rows_of(part, orders)

    def merged(self, *, whole: bool, crowd: int = 0) -> Parts:
        """By part, the rows of the files that hold a changed row (or of the `whole` table), with
        the changes made, and all new rows; after `changes`. A part that is written has its small
        files written again too, once they are a `crowd`.

        `replaced` and the changes are complete once all of it has been read.
        """
        found = self._hold(f"SELECT {self.key}, {ORDER}, {MONTH}, withdrawn, {FILE} FROM changed")
        parts = pa.array([self.stored.files[place].part for place in self.places], pa.string())
        stood = parts.take(found[FILE])
        belongs = self._parts_of(found)
        counts = pc.invert(found["withdrawn"])
        if self._incoming is not None:  # what stays in its part may turn out to be the same
            counts = pc.and_(counts, pc.invert(pc.fill_null(pc.equal(stood, belongs), False)))
        coming = pa.table({"part": belongs, ORDER: found[ORDER]}).filter(counts)
        old = defaultdict(list)
        for number, place in enumerate(self.places):
            if whole or len(self._of(number)):
                old[self.stored.files[place].part].append(number)
        for part in sorted({*old, *pc.unique(coming["part"]).to_pylist()}):
            orders = coming.filter(pc.equal(coming["part"], part))[ORDER].combine_chunks()
            yield part, self._merged(part, old[part], orders, whole, crowd)

    def _merged(
        self, part: str, numbers: Iterable[int], orders: pa.Array, whole: bool, crowd: int
    ) -> Iterator[pa.RecordBatch]:
        for number in numbers:
            yield from self._kept(number, always=whole)
        orders = pa.chunked_array([orders, *self._differing[part]]).combine_chunks()
        if not len(orders):
            return
        of_part = [self.stored.files[place] for place in self.places]
        small = [n for n, file in enumerate(of_part) if file.part == part and file.is_small]
        if not whole and len(small) >= crowd:
            for number in small:
                if of_part[number] not in self.replaced:
                    yield from self._kept(number)
        yield from self._rows_of(part, orders)

    def _going(self, number: int, rows: pa.Table) -> Ints:
        places, which = self._met(number, rows)
        if self._incoming is None or not len(places):
            return places
        found = self._of(number).take(which)
        stored, incoming = rows.take(places), self._incoming.take(found[ORDER].combine_chunks())
        stored = self.table.conform(stored)
        withdrawn = found["withdrawn"].to_numpy()
        changed = withdrawn | _differ(stored, incoming)
        part = self.stored.files[self.places[number]].part
        in_part = pc.equal(self._parts_of(found), part).to_numpy()
        changed |= ~in_part
        is_new = pc.and_(pc.is_valid(incoming["deleted_at"]), pc.is_null(stored["deleted_at"]))
        comes = changed & in_part & ~withdrawn  # the others are among those that come to their part
        with self._lock:
            self._changes.updated += int(changed.sum())
            self._changes.deleted += int((changed & is_new.to_numpy()).sum())
        self._differing[part].append(found[ORDER].filter(pa.array(comes)).combine_chunks())
        going: Ints = places[changed]
        return going

    def _parts_of(self, found: pa.Table) -> pa.ChunkedArray:
        """The parts that found rows belong to."""
        whole = pa.chunked_array([pa.repeat(WHOLE, found.num_rows)])
        return found[MONTH] if self.is_split else whole

    def _rows_of(self, part: str, orders: pa.Array | None) -> Iterator[pa.RecordBatch]:
        """The staged rows of a part; only those that have these `orders` (None: all)."""
        months = self.staged.months if part == WHOLE else [part]
        return chain.from_iterable(self.staged.batches(month, orders) for month in months)


class Purge(_Rows):
    """The ids that are still there (`ids`, a file) against the rows that the lake has."""

    def __init__(
        self, con: duckdb.DuckDBPyConnection, table: Table, ids: Path, stored: Stored
    ) -> None:
        super().__init__(con, table, stored)
        listed = f"read_parquet({literal(str(ids))}, hive_partitioning = false)"
        every = self._target(range(len(self.places)), [table.key])
        found = self._hold(
            f"SELECT {self.key}, {FILE} FROM {every}"
            f" WHERE split_part({self.key}, ':', 1) NOT IN (SELECT id FROM {listed})"
        )
        self.gone = len(found)
        """How many rows have no record any more."""

    def kept(self) -> Parts:
        """The other rows of the files that hold one."""
        for number in pc.unique(self._found[FILE]).to_pylist():
            yield self.stored.files[self.places[number]].part, self._kept(number)


def _differ(rows: pa.Table, others: pa.Table) -> np.ndarray:
    """Which of the `rows` are not as those of `others`; null is as null, and NaN as NaN."""
    found = np.zeros(rows.num_rows, bool)
    both = pa.concat_tables([rows, others]).combine_chunks()
    for column in both.columns:
        codes = column.chunk(0).dictionary_encode("encode").indices.to_numpy()
        found |= codes[: rows.num_rows] != codes[rows.num_rows :]
    return found
