# ruff: noqa: S608 (names come from model.tables, values are quoted)
"""The engine: DuckDB inside the process, over the files that one manifest names, through Ibis."""

import gc
import itertools
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

import duckdb
import ibis
import ibis.expr.operations as ops
import ibis.expr.types as ir
import pyarrow as pa

from model.errors import LakeError
from model.tables import TABLES, Table
from store.duck import DuckSettings, literal, null_column, quoted
from store.lake import FACTS, Files, Lake
from store.manifest import Manifest

ibis.options.sql.fuse_selects = False  # a third of Ibis' time, and DuckDB does it in a moment


class Engine:
    """The canonical tables and facts of one manifest; a context manager, safe between threads.

    `canonical` has every table of `model.tables`, with exactly its columns and types: the union
    of what the sources gave, no rows where none did. A column that a version of a table does not
    hold reads as null. `memory_limit` as "2GB"; beyond it DuckDB spills to `temp_folder`. Raises
    LakeError where a version is not there.
    """

    def __init__(
        self,
        lake: Lake,
        manifest: Manifest,
        *,
        memory_limit: str = "2GB",
        temp_folder: Path | None = None,
    ) -> None:
        self.manifest = manifest
        self._lake = lake
        self._con = DuckSettings(memory_limit, temp_folder).connect()
        self._ibis = ibis.duckdb.from_connection(self._con)
        self._lock = threading.Lock()
        self._numbers = itertools.count()
        self._sources = _by_table(manifest)
        self._facts: dict[str, ir.Table] = {}
        try:
            self.canonical: dict[str, ir.Table] = {
                name: self._canonical(table) for name, table in TABLES.items()
            }
        except BaseException:
            self.close()
            raise

    def _canonical(self, table: Table) -> ir.Table:
        parts = []
        for path in self._sources[table.name]:
            files = self._lake.files(path, self.manifest.versions[path])
            if files.uris:
                parts.append(f"SELECT {_conformed(table, files)} FROM {_parquet(files)}")
        return self._view(table.name, " UNION ALL ".join(parts), table.schema)

    def _view(self, name: str, query: str, schema: pa.Schema) -> ir.Table:
        """A view over files, or an empty table of `schema` where there are none."""
        with _engine_errors(name):
            if query:
                self._con.execute(f"CREATE VIEW {quoted(name)} AS {query}")
            else:
                self._con.register("nothing", schema.empty_table())
                self._con.execute(f"CREATE TABLE {quoted(name)} AS FROM nothing")
                self._con.unregister("nothing")
            return self._ibis.table(name)

    def facts(self, names: Iterable[str] | None = None) -> dict[str, ir.Table]:
        """The facts of the manifest by name; LakeError for one that it does not have."""
        prefix = f"{FACTS}/"
        known = [p.removeprefix(prefix) for p in self.manifest.versions if p.startswith(prefix)]
        with self._lock:
            return {name: self._fact(name) for name in (known if names is None else names)}

    def _fact(self, name: str) -> ir.Table:
        if name not in self._facts:
            path = f"{FACTS}/{name}"
            version = self.manifest.versions.get(path)
            if version is None:
                raise LakeError(
                    f"manifest {self.manifest.id} has no fact {name}",
                    self._lake.url,
                    "Run detente refresh.",
                )
            files = self._lake.files(path, version)
            query = f"FROM {_parquet(files)}" if files.uris else ""
            self._facts[name] = self._view(f"{FACTS}_{name}", query, files.columns)
        return self._facts[name]

    def run(self, expression: ir.Table) -> pa.Table:
        """The rows of `expression`, in its own schema; a cursor for each call, so any thread may.

        Raises LakeError where the rows cannot be computed.
        """
        with self._cursor(expression) as (cursor, sql):
            rows = cursor.sql(sql).to_arrow_table()
        return rows.cast(expression.schema().to_pyarrow())

    @contextmanager
    def materialise(self, expressions: Mapping[str, ir.Table]) -> Iterator[dict[str, ir.Table]]:
        """Each expression computed once into an in-memory table, dropped at the end."""
        tables: dict[str, ir.Table] = {}
        try:
            for name, expression in expressions.items():
                stored = f"computed_{next(self._numbers)}_{name}"
                with self._cursor(expression) as (cursor, sql):
                    cursor.execute(f"CREATE TABLE {quoted(stored)} AS {sql}")
                tables[name] = ops.DatabaseTable(
                    stored, schema=expression.schema(), source=self._ibis
                ).to_expr()
            yield tables
        finally:
            with self._con.cursor() as cursor:
                for table in tables.values():
                    cursor.execute(f"DROP TABLE {quoted(table.get_name())}")

    def duplicated_keys(self) -> dict[str, int]:
        """By table: keys that more than one source gives; tables with none are left out."""
        found = {}
        for name, sources in self._sources.items():
            if len(sources) > 1:
                table = self.canonical[name]
                by_key = table.group_by(TABLES[name].key).agg(rows=table.count())
                twice = by_key.filter(by_key.rows > 1)
                count = self.run(twice.agg(keys=twice.count())).column("keys")[0].as_py()
                if count:
                    found[name] = int(count)
        return found

    @contextmanager
    def _cursor(self, expression: ir.Table) -> Iterator[tuple[duckdb.DuckDBPyConnection, str]]:
        """A cursor that knows the in-memory tables of `expression`, and its SQL."""
        with _no_collecting():
            sql = self._ibis.compile(expression)
        with _engine_errors("computing"), self._con.cursor() as cursor:
            cursor.execute("SET TimeZone = 'UTC'")
            for table in expression.op().find(ops.InMemoryTable):
                cursor.register(table.name, table.data.to_pyarrow(table.schema))
            yield cursor, sql

    def close(self) -> None:
        """Free the memory and the temporary files."""
        self._con.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def _by_table(manifest: Manifest) -> dict[str, list[str]]:
    """The lake paths of every canonical table, one for each source that gives it."""
    paths: dict[str, list[str]] = {name: [] for name in TABLES}
    for path in sorted(manifest.versions):
        source, _, name = path.partition("/")
        if source != FACTS and name in paths:
            paths[name].append(path)
    return paths


def _parquet(files: Files) -> str:
    uris = ", ".join(literal(uri) for uri in files.uris)
    return f"read_parquet([{uris}], hive_partitioning = false)"


def _conformed(table: Table, files: Files) -> str:
    return ", ".join(
        quoted(field.name) if field.name in files.columns.names else null_column(field)
        for field in table.schema
    )


@contextmanager
def _no_collecting() -> Iterator[None]:
    """Ibis makes a million small objects and soon drops them: looking through them takes longer."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


@contextmanager
def _engine_errors(what: str) -> Iterator[None]:
    try:
        yield
    except duckdb.Error as error:
        reason = str(error).splitlines()[0][:200]
        raise LakeError(f"the engine failed ({reason})", what, "Check memory and disk.") from error
