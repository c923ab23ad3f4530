# ruff: noqa: S608 (names come from model.tables, values are quoted)
"""What an upsert or a replacement changes, found by DuckDB: bounded memory, exact counts.

Incoming rows are staged in one parquet file, compared with the rows that the table has, and only
months (partitions) that hold a changed row are rewritten. A row is identified by the table's key;
where a key comes more than once in the incoming rows, the last one counts.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
from deltalake import DeltaTable

from model.tables import Table
from store.duck import literal, null_column, quoted

MONTH = "_month"
_ORDER = "_order"


@dataclass(frozen=True)
class Changes:
    """Rows of the table that are `new`, `updated`, newly `deleted` (a part of `updated`, with
    `deleted_at`) or `gone` (in a replacement: not among the incoming rows any more).

    `months` are the partitions that hold, or are to hold, one of them.
    """

    new: int
    updated: int
    deleted: int
    gone: int
    months: frozenset[str]

    @property
    def none(self) -> bool:
        """Whether nothing differs."""
        return not (self.new or self.updated or self.gone)


def stage(table: Table, batches: Iterable[pa.Table], file: Path) -> int:
    """Write the conformed batches to `file`, with their order; the number of rows."""
    count = 0
    schema = table.schema.append(pa.field(_ORDER, pa.int64()))
    with pq.ParquetWriter(file, schema, compression="lz4") as writer:
        for batch in batches:
            rows = table.conform(batch)
            order = pa.array(range(count, count + rows.num_rows), pa.int64())
            writer.write_table(rows.append_column(schema.field(_ORDER), order))
            count += rows.num_rows
    return count


class Merge:
    """The staged rows of one table against what the lake has (`target`, None: nothing)."""

    def __init__(
        self, con: duckdb.DuckDBPyConnection, table: Table, staged: Path, target: DeltaTable | None
    ) -> None:
        self.con, self.table, self.key = con, table, quoted(table.key)
        self.columns = ", ".join(map(quoted, table.columns))
        self._read_staged(staged)
        self._read_target(target)

    def _month(self) -> str:
        if self.table.month_of is None:
            return "'all'"
        return f"coalesce(strftime({quoted(self.table.month_of)}, '%Y-%m'), 'none')"

    def _read_staged(self, staged: Path) -> None:
        rows = f"read_parquet({literal(str(staged))}, hive_partitioning = false)"
        view = f"CREATE TEMP VIEW incoming AS SELECT *, {self._month()} AS {MONTH} FROM {rows}"
        if self._count(rows) != self._count(f"(SELECT DISTINCT {self.key} FROM {rows})"):
            self.con.execute(
                f"CREATE TEMP TABLE last AS"
                f" SELECT max({_ORDER}) AS {_ORDER} FROM {rows} GROUP BY {self.key}"
            )
            view += f" WHERE {_ORDER} IN (SELECT {_ORDER} FROM last)"
        self.con.execute(view)

    def _read_target(self, target: DeltaTable | None) -> None:
        data = self.table.empty() if target is None else target.to_pyarrow_dataset()
        self.con.register("stored", data)
        known = set(data.schema.names)
        columns = ", ".join(
            quoted(field.name) if field.name in known else null_column(field)
            for field in self.table.schema
        )
        month = MONTH if MONTH in known else f"{self._month()} AS {MONTH}"
        self.con.execute(f"CREATE TEMP VIEW target AS SELECT {columns}, {month} FROM stored")

    def _count(self, what: str) -> int:
        row = self.con.execute(f"SELECT count(*) FROM {what}").fetchone()
        return int(row[0]) if row else 0

    def _in(self, months: Iterable[str]) -> str:
        """A condition on the month; literal, so that only those files are read."""
        return f"{MONTH} IN ({', '.join(literal(month) for month in sorted(months)) or 'NULL'})"

    def _months_of(self, query: str) -> frozenset[str]:
        return frozenset(row[0] for row in self.con.execute(query).fetchall() if row[0] is not None)

    def changes(self, *, replaces: bool) -> Changes:
        """Compare; leaves the orders of the changed rows in the table `changed`."""
        touched = self._months_of(
            f"SELECT DISTINCT {MONTH} FROM target SEMI JOIN incoming USING ({self.key})"
        )
        differs = " OR ".join(
            f"s.{quoted(column)} IS DISTINCT FROM t.{quoted(column)}"
            for column in self.table.columns
            if column != self.table.key
        )
        self.con.execute(
            f"CREATE TEMP TABLE changed AS SELECT s.{_ORDER}, s.{MONTH} AS new_month,"
            f" t.{MONTH} AS old_month,"
            f" s.deleted_at IS NOT NULL AND t.deleted_at IS NULL AS is_deletion"
            f" FROM incoming s LEFT JOIN (FROM target WHERE {self._in(touched)}) t"
            f" ON s.{self.key} = t.{self.key} WHERE t.{self.key} IS NULL OR {differs}"
        )
        new, updated, deleted = self.con.execute(
            "SELECT count(*) FILTER (old_month IS NULL), count(old_month),"
            " count(*) FILTER (is_deletion AND old_month IS NOT NULL) FROM changed"
        ).fetchall()[0]
        gone = self._count(f"(FROM target ANTI JOIN incoming USING ({self.key}))") * replaces
        months = self._months_of(
            "SELECT new_month FROM changed UNION SELECT old_month FROM changed"
        )
        return Changes(new, updated, deleted, gone, months)

    def incoming(self, *, partitioned: bool) -> pa.RecordBatchReader:
        """All incoming rows."""
        return self._reader("incoming", partitioned)

    def changed(self, *, partitioned: bool) -> pa.RecordBatchReader:
        """The incoming rows that are new or differ; after `changes`."""
        return self._reader(f"(FROM incoming SEMI JOIN changed USING ({_ORDER}))", partitioned)

    def merged(self, months: Iterable[str] | None, *, partitioned: bool) -> pa.RecordBatchReader:
        """The rows of `months` (None: all) with the changes made; after `changes`."""
        where = "true" if months is None else self._in(months)
        columns = f"{self.columns}, {MONTH}"
        fresh = f"SELECT {columns} FROM incoming SEMI JOIN changed USING ({_ORDER})"
        return self._reader(
            f"(SELECT {columns} FROM (FROM target WHERE {where})"
            f" ANTI JOIN (SELECT {self.key} FROM ({fresh})) USING ({self.key})"
            f" UNION ALL {fresh})",
            partitioned,
        )

    def _reader(self, source: str, partitioned: bool) -> pa.RecordBatchReader:
        month = f", {MONTH}" if partitioned else ""
        return self.con.sql(f"SELECT {self.columns}{month} FROM {source}").to_arrow_reader(100_000)
