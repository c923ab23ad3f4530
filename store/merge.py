# ruff: noqa: S608 (names come from model.tables, values are quoted)
"""What an upsert, a replacement or a purge changes, found by DuckDB: bounded memory, exact counts.

Staged rows are compared with the rows that the table has, and only months (partitions) that hold a
changed row are rewritten. A row is identified by the table's key; where a key comes more than once
in the incoming rows, the last one counts. An incoming row that was deleted no later than it was
recorded never counted: it takes the row with its key away and is not kept itself.
"""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
from deltalake import DeltaTable

from model.tables import Table
from store.delta import files_on_disk, schema_of
from store.duck import literal, null_column, quoted
from store.staging import ALL_MONTHS, MONTH, NO_MONTH, ORDER, ROWS_AT_ONCE, Staged

Parts = Iterator[tuple[str, Iterable[pa.RecordBatch]]]


@dataclass(frozen=True)
class Changes:
    """Rows of the table that are `new`, `updated`, newly `deleted` (a part of `updated`: with
    `deleted_at`, or taken away), `withdrawn` (a part of `updated`: taken away) or `gone` (in a
    replacement: not among the incoming rows any more).

    `months` are the partitions that hold, or are to hold, one of them.
    """

    new: int
    updated: int
    deleted: int
    withdrawn: int
    gone: int
    months: frozenset[str]

    @property
    def none(self) -> bool:
        """Whether nothing differs."""
        return not (self.new or self.updated or self.gone)


class _Rows:
    """Reads SQL sources in the columns of `table`."""

    def __init__(
        self, con: duckdb.DuckDBPyConnection, table: Table, target: DeltaTable | None
    ) -> None:
        self.con, self.table, self.key = con, table, quoted(table.key)
        self.columns = ", ".join(map(quoted, table.columns))
        self._read_target(target)

    def _read_target(self, target: DeltaTable | None) -> None:
        """Files on disk are read without a detour, which takes far less memory."""
        known = set() if target is None else set(schema_of(target).names)
        self._is_split = MONTH in known
        columns = ", ".join(
            quoted(field.name) if field.name in known else null_column(field)
            for field in self.table.schema
        )
        month = MONTH if self._is_split else f"{self._month()} AS {MONTH}"
        self._target_columns = f"{columns}, {month}"
        self._files = {} if target is None else files_on_disk(target)
        if not self._files:
            empty = self.table.empty()
            self.con.register("stored", empty if target is None else target.to_pyarrow_dataset())
        self.con.execute(f"CREATE TEMP VIEW target AS {self._target()}")

    def _target(self, months: Collection[str] | None = None) -> str:
        """A query of the rows of some months, or all. Only their files are opened."""
        where = "true" if months is None else _in(months)
        stored = "stored"
        if self._files:
            wanted = set(self._files)
            if self._is_split and months is not None:
                wanted &= set(months)
            if not wanted:
                return "(FROM target LIMIT 0)"
            files = ", ".join(literal(f) for month in sorted(wanted) for f in self._files[month])
            hive = "hive_partitioning = false"
            if self._is_split:
                hive = f"hive_partitioning = true, hive_types = {{'{MONTH}': VARCHAR}}"
            stored = f"read_parquet([{files}], union_by_name = true, {hive})"
        return f"(SELECT {self._target_columns} FROM {stored} WHERE {where})"

    def _month(self) -> str:
        if self.table.month_of is None:
            return literal(ALL_MONTHS)
        month = f"strftime({quoted(self.table.month_of)}, '%Y-%m')"
        return f"coalesce({month}, {literal(NO_MONTH)})"

    def _reader(self, source: str) -> pa.RecordBatchReader:
        return self.con.sql(f"SELECT {self.columns} FROM {source}").to_arrow_reader(ROWS_AT_ONCE)

    def _count(self, what: str) -> int:
        row = self.con.execute(f"SELECT count(*) FROM {what}").fetchone()
        return int(row[0]) if row else 0


class Merge(_Rows):
    """The staged rows of one table against what the lake has (`target`, None: nothing)."""

    def __init__(
        self, con: duckdb.DuckDBPyConnection, staged: Staged, target: DeltaTable | None
    ) -> None:
        super().__init__(con, staged.table, target)
        self.is_new, self._staged = target is None, staged
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

    def _months_of(self, query: str) -> frozenset[str]:
        return frozenset(row[0] for row in self.con.execute(query).fetchall() if row[0] is not None)

    def changes(self, *, replaces: bool) -> Changes:
        """Compare; leaves the keys and orders of the changed rows in the table `changed`."""
        if self.is_new:
            new = self._count("incoming WHERE NOT withdrawn")
            return Changes(new, 0, 0, 0, 0, frozenset(self._staged.months))
        touched = self._months_of(
            f"SELECT DISTINCT {MONTH} FROM target SEMI JOIN incoming USING ({self.key})"
        )
        differs = " OR ".join(
            f"s.{quoted(column)} IS DISTINCT FROM t.{quoted(column)}"
            for column in self.table.columns
            if column != self.table.key
        )
        self.con.execute(
            f"CREATE TEMP TABLE changed AS SELECT s.{self.key}, s.{ORDER}, s.withdrawn,"
            f" s.{MONTH} AS new_month, t.{MONTH} AS old_month,"
            f" s.deleted_at IS NOT NULL AND t.deleted_at IS NULL AS is_deletion"
            f" FROM incoming s LEFT JOIN {self._target(touched)} t"
            f" ON s.{self.key} = t.{self.key}"
            f" WHERE CASE WHEN t.{self.key} IS NULL THEN NOT s.withdrawn"
            f" ELSE s.withdrawn OR {differs} END"
        )
        new, updated, deleted, withdrawn = self.con.execute(
            "SELECT count(*) FILTER (old_month IS NULL), count(old_month),"
            " count(*) FILTER (is_deletion AND old_month IS NOT NULL),"
            " count(*) FILTER (withdrawn) FROM changed"
        ).fetchall()[0]
        gone = self._count(f"(FROM target ANTI JOIN incoming USING ({self.key}))") * replaces
        months = self._months_of(
            "SELECT new_month FROM changed WHERE NOT withdrawn UNION SELECT old_month FROM changed"
        )
        return Changes(new, updated, deleted, withdrawn, gone, months)

    def incoming(self) -> pa.RecordBatchReader:
        """All incoming rows that count."""
        return self._reader("incoming WHERE NOT withdrawn")

    def incoming_by_month(self) -> Parts:
        """The same, month by month; as they were staged, where every one of them counts."""
        all_count = self._count("incoming WHERE NOT withdrawn") == self._staged.rows
        for month in self._staged.months:
            if all_count:
                yield month, self._staged.batches(month)
            else:
                yield month, self._reader(f"incoming WHERE NOT withdrawn AND {_in([month])}")

    def fresh(self) -> pa.RecordBatchReader:
        """The incoming rows that are new or differ; after `changes`."""
        return self._reader(self._fresh())

    def fresh_by_month(self, months: Iterable[str]) -> Parts:
        """The same, month by month."""
        for month in sorted(months):
            yield month, self._reader(self._fresh([month]))

    def merged(self) -> pa.RecordBatchReader:
        """All rows with the changes made; after `changes`."""
        return self._reader(self._merged())

    def merged_by_month(self, months: Iterable[str]) -> Parts:
        """Those of `months`, month by month."""
        for month in sorted(months):
            yield month, self._reader(self._merged([month]))

    def _fresh(self, months: Collection[str] | None = None) -> str:
        where = "true" if months is None else _in(months)
        changed = f"SEMI JOIN (FROM changed WHERE NOT withdrawn) USING ({ORDER})"
        return f"(FROM (FROM incoming WHERE {where}) {changed})"

    def _merged(self, months: Collection[str] | None = None) -> str:
        return (
            f"(SELECT {self.columns} FROM {self._target(months)}"
            f" ANTI JOIN changed USING ({self.key})"
            f" UNION ALL SELECT {self.columns} FROM {self._fresh(months)})"
        )


class Purge(_Rows):
    """The ids that are still there (`ids`, a file) against the rows that the lake has."""

    def __init__(
        self, con: duckdb.DuckDBPyConnection, table: Table, ids: Path, target: DeltaTable
    ) -> None:
        super().__init__(con, table, target)
        listed = f"read_parquet({literal(str(ids))}, hive_partitioning = false)"
        self.con.execute(
            f"CREATE TEMP TABLE gone AS SELECT {self.key}, {MONTH} AS month FROM target"
            f" WHERE split_part({self.key}, ':', 1) NOT IN (SELECT id FROM {listed})"
        )

    def gone(self) -> dict[str, int]:
        """How many rows have no record any more, by month."""
        found = self.con.execute("SELECT month, count(*) FROM gone GROUP BY month").fetchall()
        return {str(month): int(count) for month, count in found}

    def kept(self) -> pa.RecordBatchReader:
        """The other rows."""
        return self._reader(self._kept())

    def kept_by_month(self, months: Iterable[str]) -> Parts:
        """The other rows of `months`, month by month."""
        for month in sorted(months):
            yield month, self._reader(self._kept([month]))

    def _kept(self, months: Collection[str] | None = None) -> str:
        return f"(FROM {self._target(months)} ANTI JOIN gone USING ({self.key}))"


def _in(months: Iterable[str]) -> str:
    """A condition on the month; literal, so that only those files are read."""
    return f"{MONTH} IN ({', '.join(literal(month) for month in sorted(months)) or 'NULL'})"
