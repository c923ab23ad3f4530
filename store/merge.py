# ruff: noqa: S608 (names come from model.tables, values are quoted)
"""What an upsert, a replacement or a purge changes, found by DuckDB: bounded memory, exact counts.

Staged rows are compared with the rows that the table has, and only files that hold a changed row
are written again. A row is identified by the table's key; where a key comes more than once in the
incoming rows, the last one counts. An incoming row that was deleted no later than it was recorded
never counted: it takes the row with its key away and is not kept itself.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from model.tables import Table
from store.delta import FILE, Parts, Stored
from store.duck import literal, null_column, quoted
from store.staging import MONTH, ORDER, Staged

WHOLE = ""
"""The one part of a table that is not partitioned."""


@dataclass(frozen=True)
class Changes:
    """Rows of the table that are `new`, `updated`, newly `deleted` (a part of `updated`: with
    `deleted_at`, or taken away), `withdrawn` (a part of `updated`: taken away) or `gone` (in a
    replacement: not among the incoming rows any more).

    `files` hold one that is updated; `months` are to hold one that is not withdrawn.
    """

    new: int
    updated: int
    deleted: int
    withdrawn: int
    gone: int
    files: frozenset[str]
    months: frozenset[str]

    @property
    def none(self) -> bool:
        """Whether nothing differs."""
        return not (self.new or self.updated or self.gone)


class _Rows:
    """Reads SQL sources in the columns of `table`, and what the lake has (`stored`)."""

    def __init__(self, con: duckdb.DuckDBPyConnection, table: Table, stored: Stored) -> None:
        self.con, self.table, self.stored = con, table, stored
        self.key = quoted(table.key)
        schema = stored.schema.append(pa.field(FILE, pa.string()))
        elsewhere = stored.files and not stored.on_disk
        rows = stored.dataset(schema, stored.files) if elsewhere else schema.empty_table()
        con.register("stored", rows)

    def _target(self, places: Collection[str]) -> str:
        """A query of what stands in some of the files, and in which. Only they are opened; those
        on disk without a detour, which takes far less memory.
        """
        known = set(self.stored.schema.names)
        columns = ", ".join(
            quoted(field.name) if field.name in known else null_column(field)
            for field in self.table.schema
        )
        files = _listed(places)
        rows = f"stored WHERE {FILE} IN ({files or 'NULL'})"
        if self.stored.on_disk and places:
            options = f"union_by_name = true, hive_partitioning = false, filename = '{FILE}'"
            rows = f"read_parquet([{files}], {options})"
        return f"(SELECT {columns}, {FILE} FROM {rows})"

    def _kept(self, places: Iterable[str], without: str) -> Iterator[pa.RecordBatch]:
        """The rows of some files, but for those whose key stands in the table `without`."""
        keys = self._column(f"{self.key} FROM {without} WHERE {FILE} IN ({_listed(places)})")

        def rows() -> Iterator[pa.RecordBatch]:
            for place in sorted(places):
                for some in self.stored.tables(place):
                    stay = pc.invert(pc.is_in(some[self.table.key], value_set=keys))
                    yield from self.table.conform(some.filter(stay)).to_batches()

        return rows()

    def _column(self, what: str) -> pa.Array:
        return self.con.execute(f"SELECT {what}").to_arrow_table()[0].combine_chunks()

    def _count(self, what: str) -> int:
        row = self.con.execute(f"SELECT count(*) FROM {what}").fetchone()
        return int(row[0]) if row else 0

    def _texts(self, query: str) -> frozenset[str]:
        return frozenset(row[0] for row in self.con.execute(query).fetchall() if row[0] is not None)


class Merge(_Rows):
    """The staged rows of one table against what the lake has."""

    def __init__(self, con: duckdb.DuckDBPyConnection, staged: Staged, stored: Stored) -> None:
        super().__init__(con, staged.table, stored)
        self._staged = staged
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

    def changes(self, *, replaces: bool) -> Changes:
        """Compare; leaves the keys and orders of the changed rows in the table `changed`."""
        if not self.stored.files:
            new = self._count("incoming WHERE NOT withdrawn")
            return Changes(new, 0, 0, 0, 0, frozenset(), frozenset(self._staged.months))
        every = self._target(self.stored.files)
        # How many keys come is known of a table: they, the fewer, are then held, and looked up.
        self.con.execute(f"CREATE TEMP TABLE came AS SELECT {self.key} FROM incoming")
        held = f"SEMI JOIN came USING ({self.key})"
        touched = self._texts(f"SELECT DISTINCT {FILE} FROM {every} {held}")
        differs = " OR ".join(
            f"s.{quoted(column)} IS DISTINCT FROM t.{quoted(column)}"
            for column in self.table.columns
            if column != self.table.key
        )
        self.con.execute(
            f"CREATE TEMP TABLE changed AS"
            f" SELECT s.{self.key}, s.{ORDER}, s.{MONTH}, s.withdrawn, t.{FILE},"
            f" s.deleted_at IS NOT NULL AND t.deleted_at IS NULL AS is_deletion"
            f" FROM incoming s LEFT JOIN (FROM {self._target(touched)} {held}) t"
            f" ON s.{self.key} = t.{self.key}"
            f" WHERE CASE WHEN t.{self.key} IS NULL THEN NOT s.withdrawn"
            f" ELSE s.withdrawn OR {differs} END"
        )
        new, updated, deleted, withdrawn = self.con.execute(
            f"SELECT count(*) FILTER ({FILE} IS NULL), count({FILE}),"
            f" count(*) FILTER (is_deletion AND {FILE} IS NOT NULL),"
            f" count(*) FILTER (withdrawn) FROM changed"
        ).fetchall()[0]
        gone = self._count(f"({every} ANTI JOIN came USING ({self.key}))") if replaces else 0
        files = self._texts(f"SELECT DISTINCT {FILE} FROM changed")
        months = self._texts(f"SELECT DISTINCT {MONTH} FROM changed WHERE NOT withdrawn")
        return Changes(new, updated, deleted, withdrawn, gone, files, months)

    def incoming(self, *, split: bool) -> Parts:
        """All incoming rows that count, by month if the table is `split`."""
        every_one = self._count("incoming WHERE NOT withdrawn") == self._staged.rows
        for part in self._staged.months if split else [WHOLE]:
            yield part, self._rows_of(part, None if every_one else "incoming")

    def merged(self, places: Iterable[str], parts: Collection[str]) -> Parts:
        """The rows of some files with the changes made, and in `parts` all new ones, by part;
        after `changes`.
        """
        old = defaultdict(list)
        for place in places:
            old[self.stored.files[place].part].append(place)
        for part in sorted({*old, *parts}):
            kept = self._kept(old[part], "changed") if part in old else ()
            yield part, chain(kept, self._rows_of(part, "changed") if part in parts else ())

    def _rows_of(self, part: str, counting: str | None) -> Iterator[pa.RecordBatch]:
        """The staged rows of a part; only those that count by that table or view."""
        orders, months = None, self._staged.months
        if part != WHOLE:
            months = [part]
        if counting:
            condition = "true" if part == WHOLE else f"{MONTH} = {literal(part)}"
            orders = self._column(f"{ORDER} FROM {counting} WHERE NOT withdrawn AND {condition}")
        return chain.from_iterable(self._staged.batches(month, orders) for month in months)


class Purge(_Rows):
    """The ids that are still there (`ids`, a file) against the rows that the lake has."""

    def __init__(
        self, con: duckdb.DuckDBPyConnection, table: Table, ids: Path, stored: Stored
    ) -> None:
        super().__init__(con, table, stored)
        listed = f"read_parquet({literal(str(ids))}, hive_partitioning = false)"
        self.con.execute(
            f"CREATE TEMP TABLE gone AS SELECT {self.key}, {FILE} FROM {self._target(stored.files)}"
            f" WHERE split_part({self.key}, ':', 1) NOT IN (SELECT id FROM {listed})"
        )

    def gone(self) -> dict[str, int]:
        """How many rows have no record any more, by file."""
        found = self.con.execute(f"SELECT {FILE}, count(*) FROM gone GROUP BY {FILE}").fetchall()
        return {str(place): int(count) for place, count in found}

    def kept(self, places: Iterable[str]) -> Parts:
        """The other rows of some files."""
        for place in places:
            yield self.stored.files[place].part, self._kept([place], "gone")


def _listed(texts: Iterable[str]) -> str:
    return ", ".join(map(literal, sorted(texts)))
