"""Engines: what computes expressions over the tables that one manifest names, through Ibis.

`DuckEngine` (store.duck_engine) works inside the process, `SparkEngine` (store.spark_engine) on a
Spark Connect server; `open_engine` chooses. The same expression gives the same rows on both.
"""

import itertools
import threading
from abc import abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from datetime import datetime
from pathlib import Path
from typing import TypeAlias, TypeVar

import ibis
import ibis.expr.operations as ops
import ibis.expr.types as ir
import pyarrow as pa
from ibis.backends.sql import SQLBackend

from model.closing import Closing
from model.errors import ConfigurationError, LakeError
from model.tables import TABLES
from store.lake import FACTS, Lake
from store.manifest import Manifest
from store.opened import Files
from store.pruning import Names, keys_of, pruned

T = TypeVar("T")
Promise: TypeAlias = Callable[[], ir.Table]

ibis.options.sql.fuse_selects = False  # a third of Ibis' time, and an engine does it in a moment


class Engine(Closing):
    """The canonical tables and facts of one manifest; a context manager, safe between threads.

    `canonical` has every table of `model.tables`, with exactly its columns and types: the union
    of what the sources gave, no rows where none did. A column that a version of a table does not
    hold reads as null. Raises LakeError where a version is not there.
    """

    def __init__(self, lake: Lake, manifest: Manifest, backend: SQLBackend) -> None:
        self.manifest = manifest
        self._lake = lake
        self._ibis = backend
        self._lock = threading.Lock()
        self._numbers = itertools.count()
        self._sources = _by_table(manifest)
        self._facts: dict[str, ir.Table] = {}
        self.recorded_until: dict[str, datetime] = {}
        """By table when its rows were recorded at the latest, where the lake tells."""
        self._keys: dict[ops.Relation, set[Names]] = {}
        try:
            self.canonical: dict[str, ir.Table] = {
                name: self._opened(name, table.schema, self._sources[name])
                for name, table in TABLES.items()
            }
        except BaseException:
            self.close()
            raise
        for name, table in self.canonical.items():
            if len(self._sources[name]) <= 1:  # the lake holds a key once
                self._keys[table.op()] = {frozenset([TABLES[name].key])}

    @abstractmethod
    def run(self, expression: ir.Table) -> pa.Table:
        """The rows of `expression`, in its own schema; any thread may.

        Raises LakeError where the rows cannot be computed.
        """

    @contextmanager
    def stream(self, expression: ir.Table) -> Iterator[pa.RecordBatchReader]:
        """The same a batch at a time, where the engine can: they need not fit in memory."""
        yield self.run(expression).to_reader()

    @abstractmethod
    def _view(self, name: str, schema: pa.Schema, parts: Sequence[Files]) -> None:
        """Make `name` the rows of all `parts`, in the columns of `schema`."""

    @abstractmethod
    def _compute(self, name: str, expression: ir.Table) -> None:
        """Make `name` the rows of `expression`, computed once."""

    @abstractmethod
    def _drop(self, name: str) -> None:
        """Forget what `_compute` made."""

    def facts(self, names: Iterable[str] | None = None) -> dict[str, ir.Table]:
        """The facts of the manifest by name; LakeError for one that it does not have."""
        prefix = f"{FACTS}/"
        known = [p.removeprefix(prefix) for p in self.manifest.versions if p.startswith(prefix)]
        with self._lock:
            return {name: self._fact(name) for name in (known if names is None else names)}

    def _fact(self, name: str) -> ir.Table:
        if name not in self._facts:
            path = f"{FACTS}/{name}"
            if path not in self.manifest.versions:
                raise LakeError(
                    f"manifest {self.manifest.id} has no fact {name}",
                    self._lake.url,
                    "Run detente refresh.",
                )
            self._facts[name] = self.written_fact(name, self.manifest.versions[path])
        return self._facts[name]

    def written_fact(self, name: str, version: int) -> ir.Table:
        """One version of a fact, which no manifest need name yet."""
        return self._opened(f"{FACTS}_{name}", None, [f"{FACTS}/{name}"], version)

    def _opened(
        self,
        name: str,
        schema: pa.Schema | None,
        paths: Sequence[str],
        version: int | None = None,
    ) -> ir.Table:
        """The tables at `paths` as one, as the manifest names them unless by `version`; in their
        own columns where no `schema` is given.
        """
        versions = {
            path: self.manifest.versions[path] if version is None else version for path in paths
        }
        parts = [self._lake.files(path, number) for path, number in versions.items()]
        if schema is None:
            schema = parts[0].columns
        else:
            known = [part.recorded_until for part in parts if part.recorded_until is not None]
            if len(known) == len(parts):
                self.recorded_until[name] = max(known, default=datetime.min)
        self._view(name, schema, [part for part in parts if part.uris])
        return self._named(name, ibis.schema(schema))

    def _named(self, name: str, schema: ibis.Schema) -> ir.Table:
        return ops.DatabaseTable(name, schema=schema, source=self._ibis).to_expr()

    @contextmanager
    def materialise(self, expressions: Mapping[str, ir.Table]) -> Iterator[dict[str, ir.Table]]:
        """Each expression computed once and kept by the engine, dropped at the end."""
        with self._kept((name, self._lean(one)) for name, one in expressions.items()) as tables:
            yield tables

    @contextmanager
    def _kept(self, expressions: Iterable[tuple[str, ir.Table]]) -> Iterator[dict[str, ir.Table]]:
        tables: dict[str, ir.Table] = {}
        try:
            for name, expression in expressions:
                stored = f"computed_{next(self._numbers)}_{name}"
                self._compute(stored, expression)
                tables[name] = self._named(stored, expression.schema())
                self._keys[tables[name].op()] = keys_of(expression, self._keys)
            yield tables
        finally:
            for table in tables.values():
                del self._keys[table.op()]
                self._drop(table.get_name())

    def together(
        self,
        expressions: Mapping[str, Promise],
        steps: Mapping[str, ir.Table],
        step_keys: Mapping[str, Sequence[str]],
        use: Callable[[Mapping[str, Promise]], T],
    ) -> T:
        """What `use` makes of the expressions, each computed once; in a thread of its own, which
        waits for each where it calls it. They are computed in their order, those of their `steps`
        that several rest on once as well, in the columns that these look at, and dropped at the
        end. `step_keys` are columns that no two rows of a step share.
        """
        made = {name: Future[ir.Table]() for name in expressions}
        with ExitStack() as kept, ThreadPoolExecutor(1) as other:

            def compute(name: str, rows: ir.Table) -> ir.Table:
                return kept.enter_context(self._kept([(name, rows)]))[name]

            used = other.submit(use, {name: one.result for name, one in made.items()})
            try:
                wanted = {name: make() for name, make in expressions.items()}
                named = dict(steps)  # `use` may make more of them
                unique = {named[n].op(): {frozenset(k)} for n, k in step_keys.items() if n in named}
                lean = pruned(wanted, {**self._keys, **unique}, named, compute)
                for name, rows in lean.items():
                    made[name].set_result(compute(name, rows))
            except BaseException:
                for one in made.values():
                    one.cancel()
                raise
            return used.result()

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

    def _lean(self, expression: ir.Table) -> ir.Table:
        return pruned({"": expression}, self._keys)[""]

    def _compiled(self, expression: ir.Table) -> str:
        return str(self._ibis.compile(expression))


def open_engine(
    lake: Lake,
    manifest: Manifest,
    *,
    url: str | None = None,
    token: str | None = None,
    memory_limit: str = "2GB",
    temp_folder: Path | None = None,
) -> Engine:
    """The engine on the server at `url`, or inside the process for None: then `memory_limit` and
    `temp_folder` bound what it takes.

    Raises ConfigurationError where what a server needs is not installed.
    """
    if url is None:
        from store.duck_engine import DuckEngine

        return DuckEngine(lake, manifest, memory_limit=memory_limit, temp_folder=temp_folder)
    try:
        from store.spark_engine import SparkEngine
    except ImportError:
        raise ConfigurationError(
            "what it takes to reach Spark is not installed", "engine.url", "Run `make spark`."
        ) from None
    return SparkEngine(lake, manifest, url, token)


def in_memory(expression: ir.Table) -> Iterator[tuple[str, pa.Table]]:
    """The tables in memory that `expression` uses, by the name that its SQL gives them."""
    for table in expression.op().find(ops.InMemoryTable):
        yield table.name, table.data.to_pyarrow(table.schema)


def _by_table(manifest: Manifest) -> dict[str, list[str]]:
    """The lake paths of every canonical table, one for each source that gives it."""
    paths: dict[str, list[str]] = {name: [] for name in TABLES}
    for path in sorted(manifest.versions):
        source, _, name = path.partition("/")
        if source != FACTS and name in paths:
            paths[name].append(path)
    return paths
