# ruff: noqa: S608 (names come from model.tables, values are quoted)
"""The engine inside the process: DuckDB over the lake's files."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import duckdb
import ibis
import ibis.expr.types as ir
import pyarrow as pa

from model.errors import LakeError
from store.duck import DuckSettings, literal, null_column, quoted
from store.engines import Engine, in_memory
from store.lake import Lake
from store.manifest import Manifest
from store.opened import Files

BATCH = 100_000  # rows


class DuckEngine(Engine):
    """An `Engine` in this process' memory: `memory_limit` as "2GB"; beyond it DuckDB spills to
    `temp_folder`.
    """

    def __init__(
        self,
        lake: Lake,
        manifest: Manifest,
        *,
        memory_limit: str = "2GB",
        temp_folder: Path | None = None,
    ) -> None:
        self._con = DuckSettings(memory_limit, temp_folder).connect()
        # Kept for the next step rather than given back: the system takes long to hand it out again.
        # Refused where the limit is more than the machine has.
        with suppress(duckdb.InvalidInputException):
            self._con.execute(f"SET block_allocator_memory = {literal(memory_limit)}")
        super().__init__(lake, manifest, ibis.duckdb.from_connection(self._con))

    def _view(self, name: str, schema: pa.Schema, parts: Sequence[Files]) -> None:
        query = " UNION ALL ".join(
            f"SELECT {_conformed(schema, files)} FROM {_parquet(files)}" for files in parts
        )
        with _engine_errors(name):
            if query:
                self._con.execute(f"CREATE VIEW {quoted(name)} AS {query}")
            else:
                self._con.register("nothing", schema.empty_table())
                self._con.execute(f"CREATE TABLE {quoted(name)} AS FROM nothing")
                self._con.unregister("nothing")

    def run(self, expression: ir.Table) -> pa.Table:  # noqa: D102
        with self._cursor(self._lean(expression)) as (cursor, sql):
            rows = cursor.sql(sql).to_arrow_table()
        return rows.cast(expression.schema().to_pyarrow())

    @contextmanager
    def stream(self, expression: ir.Table) -> Iterator[pa.RecordBatchReader]:  # noqa: D102
        schema = expression.schema().to_pyarrow()
        with self._cursor(self._lean(expression)) as (cursor, sql):
            rows = cursor.sql(sql).to_arrow_reader(BATCH)
            yield pa.RecordBatchReader.from_batches(schema, (one.cast(schema) for one in rows))

    def _compute(self, name: str, expression: ir.Table) -> None:
        with self._cursor(expression) as (cursor, sql):
            cursor.execute(f"CREATE TABLE {quoted(name)} AS {sql}")

    def _drop(self, name: str) -> None:
        with self._con.cursor() as cursor:
            cursor.execute(f"DROP TABLE {quoted(name)}")

    @contextmanager
    def _cursor(self, expression: ir.Table) -> Iterator[tuple[duckdb.DuckDBPyConnection, str]]:
        """A cursor of its own for each call, with the tables in memory, and the SQL."""
        sql = self._compiled(expression)
        with _engine_errors("computing"), self._con.cursor() as cursor:
            cursor.execute("SET TimeZone = 'UTC'")
            for name, rows in in_memory(expression):
                cursor.register(name, rows)
            yield cursor, sql

    def close(self) -> None:
        """Free the memory and the temporary files."""
        self._con.close()


def _parquet(files: Files) -> str:
    uris = ", ".join(literal(uri) for uri in files.uris)
    return f"read_parquet([{uris}], hive_partitioning = false)"


def _conformed(schema: pa.Schema, files: Files) -> str:
    return ", ".join(
        quoted(field.name) if files.has(field.name) else null_column(field) for field in schema
    )


@contextmanager
def _engine_errors(what: str) -> Iterator[None]:
    try:
        yield
    except duckdb.Error as error:
        reason = str(error).splitlines()[0][:200]
        raise LakeError(f"the engine failed ({reason})", what, "Check memory and disk.") from error
    except RuntimeError as error:
        if isinstance(error.__cause__, KeyboardInterrupt):  # how DuckDB says it
            raise KeyboardInterrupt from None
        raise
