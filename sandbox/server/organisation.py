"""The organisation's records: parquet files, read through DuckDB as they stood at a moment."""

import tempfile
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq

from model.errors import ConfigurationError
from sandbox.schema import OBJECTS, VISIBLE_FROM, VISIBLE_TO, Object
from sandbox.server.clock import Clock
from sandbox.server.spool import Spool
from sandbox.soql.compiler import Compiled, compile_query

Row = tuple[Any, ...]
MEMORY = "1GB"
_BATCH = 2_000
_LINES = 20_000


class Organisation:
    """The objects that `folder` holds a file for; `close()` removes what was spooled.

    The database keeps to `memory` and sorts on disk what is larger.
    """

    def __init__(self, folder: Path, clock: Clock, memory: str = MEMORY) -> None:
        self.folder, self.clock = folder, clock
        self._scratch = tempfile.TemporaryDirectory(prefix="sandbox-")
        self._spooled, self._lock = 0, threading.Lock()
        settings: dict[str, str | bool | int | float | list[str]] = {
            "memory_limit": memory,
            "temp_directory": self._scratch.name,
            "autoinstall_known_extensions": "false",
        }
        try:
            self._database = duckdb.connect(config=settings)
        except duckdb.Error:
            raise ConfigurationError(
                f"{memory!r} is no amount of memory", "--memory", "Write 1GB or 500MB."
            ) from None
        self.objects: dict[str, Object] = {}
        self._choices: dict[str, Mapping[str, list[str]]] = {}
        for item in OBJECTS.values():
            file = folder / f"{item.name}.parquet"
            if file.is_file():
                held = _held(file, item)
                path = str(file).replace("'", "''")
                view = f"CREATE VIEW \"{item.name}\" AS SELECT * FROM read_parquet('{path}')"  # noqa: S608
                self._database.execute(view)
                self.objects[item.name] = held
        if not {"Organization", "User"} <= self.objects.keys():
            raise ConfigurationError(
                "no organisation here: Organization.parquet or User.parquet is absent",
                str(folder),
                "Generate the organisation first.",
            )

    def seen_by(
        self, objects: Mapping[str, Object] | None = None, sharing: Mapping[str, str] | None = None
    ) -> "View":
        """The organisation as someone sees it who may read these objects and fields, and of the
        objects in `sharing` only the records of which its SQL is true; by default everything.
        """
        return View(self, self.objects if objects is None else objects, sharing or {})

    def first(self, compiled: Compiled, most: int) -> list[Row]:
        """The first rows of the answer, `most` at most."""
        cursor = self._database.cursor()
        sql = f"SELECT * FROM ({compiled.sql}) LIMIT {most}"  # noqa: S608
        rows: list[Row] = cursor.execute(sql, dict(compiled.parameters)).fetchall()
        return rows

    def choices(self, name: str) -> Mapping[str, list[str]]:
        """By picklist of an object, the values that any of its records ever has, sorted."""
        if name not in self._choices:
            fields = [f.name for f in self.objects[name].fields if f.kind == "picklist"]
            lists = [f'list_sort(list(DISTINCT "{f}") FILTER ("{f}" IS NOT NULL))' for f in fields]
            sql = f'SELECT {", ".join(lists) or "1"} FROM "{name}"'  # noqa: S608
            (row,) = self._database.cursor().execute(sql).fetchall()
            found = {f: values or [] for f, values in zip(fields, row, strict=False)}
            self._choices[name] = found
        return self._choices[name]

    def lines(self, compiled: Compiled, line: str) -> list[str]:
        """Every row of a small answer as `line` says, SQL over c0, c1 ..."""
        cursor = self._database.cursor()
        sql = f"SELECT {line} FROM ({compiled.sql})"  # noqa: S608
        return [row[0] for row in cursor.execute(sql, dict(compiled.parameters)).fetchall()]

    def spool(self, compiled: Compiled, line: str) -> Spool:
        """Run the statement once and keep its rows as `line` says, SQL over c0, c1 ..."""
        with self._lock:
            self._spooled += 1
            spool = Spool(Path(self._scratch.name) / f"{self._spooled}.lines", compiled)
        cursor = self._database.cursor()
        lines = f"SELECT {line} FROM ({compiled.sql})"  # noqa: S608
        try:
            found = cursor.execute(lines, dict(compiled.parameters))
            spool.fill(found.to_arrow_reader(_LINES))
        except BaseException:
            spool.drop()
            raise
        finally:
            cursor.close()
        return spool

    def close(self) -> None:
        """Close the database and remove what was spooled."""
        self._database.close()
        self._scratch.cleanup()


class View:
    """What one user sees of the organisation."""

    def __init__(
        self, organisation: Organisation, objects: Mapping[str, Object], sharing: Mapping[str, str]
    ) -> None:
        self.organisation, self.objects, self.sharing = organisation, objects, sharing

    def compile(
        self,
        soql: str,
        *,
        include_hidden: bool = False,
        line: Callable[[Compiled], str] | None = None,
    ) -> Compiled:
        """The statement for a query at the present moment; SoqlError where it is refused. Child
        queries are allowed where `line` writes their records.
        """
        return compile_query(
            soql,
            self.objects,
            self.organisation.clock.now(),
            include_hidden=include_hidden,
            sharing=self.sharing,
            line=line,
        )

    def values(self, soql: str) -> list[Row]:
        """The first page of a query's answer; for the server's own small questions."""
        return self.organisation.first(self.compile(soql), _BATCH)

    def count(self, name: str) -> int:
        """The number of records of an object, without deleted and archived ones."""
        return int(self.values(f"SELECT COUNT() FROM {name}")[0][0])  # noqa: S608


def _held(file: Path, item: Object) -> Object:
    """The object with the fields that its file has a column for: others are not there."""
    columns = pq.read_schema(file)
    held = item.having(columns.names)
    needed = {"Id", VISIBLE_FROM, VISIBLE_TO}
    wrong = sorted(needed - set(columns.names)) + [
        f.name for f in held.fields if columns.field(f.name).type != f.arrow
    ]
    if wrong:
        raise ConfigurationError(
            f"the columns {', '.join(wrong)} are absent or of another type",
            str(file),
            "Generate the organisation again.",
        )
    return held
