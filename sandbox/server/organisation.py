"""The organisation's records: parquet files, read through DuckDB as they stood at a moment."""

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq

from model.errors import ConfigurationError
from sandbox.schema import OBJECTS, Object
from sandbox.server.clock import Clock
from sandbox.soql.compiler import Compiled, compile_query

Row = tuple[Any, ...]
_MEMORY = "1GB"
_BATCH = 2_000


class Spool:
    """The rows of one answer on disk, in their order, so that every page is of one moment."""

    def __init__(self, file: Path, rows: int, compiled: Compiled) -> None:
        self.file, self.rows, self.compiled = file, rows, compiled

    def drop(self) -> None:
        """Remove the rows; pages can no longer be read."""
        self.file.unlink(missing_ok=True)


class Organisation:
    """The objects that `folder` holds a file for; `close()` removes what was spooled."""

    def __init__(self, folder: Path, clock: Clock) -> None:
        self.folder, self.clock = folder, clock
        self._scratch = tempfile.TemporaryDirectory(prefix="sandbox-")
        self._spooled = 0
        settings: dict[str, str | bool | int | float | list[str]] = {
            "memory_limit": _MEMORY,
            "temp_directory": self._scratch.name,
            "autoinstall_known_extensions": "false",
        }
        self._database = duckdb.connect(config=settings)
        self.objects: dict[str, Object] = {}
        for item in OBJECTS.values():
            file = folder / f"{item.name}.parquet"
            if file.is_file():
                _check(file, item)
                path = str(file).replace("'", "''")
                view = f"CREATE VIEW \"{item.name}\" AS SELECT * FROM read_parquet('{path}')"  # noqa: S608
                self._database.execute(view)
                self.objects[item.name] = item
        if not {"Organization", "User"} <= self.objects.keys():
            raise ConfigurationError(
                "no organisation here: Organization.parquet or User.parquet is absent",
                str(folder),
                "Generate the organisation first.",
            )

    def compile(self, soql: str, *, include_hidden: bool = False) -> Compiled:
        """The statement for a query at the present moment; SoqlError where it is refused."""
        return compile_query(soql, self.objects, self.clock.now(), include_hidden=include_hidden)

    def first(self, compiled: Compiled, most: int) -> list[Row]:
        """The first rows of the answer, `most` at most."""
        cursor = self._database.cursor()
        sql = f"SELECT * FROM ({compiled.sql}) LIMIT {most}"  # noqa: S608
        rows: list[Row] = cursor.execute(sql, dict(compiled.parameters)).fetchall()
        return rows

    def values(self, soql: str) -> list[Row]:
        """The first page of a query's answer; for the server's own small questions."""
        return self.first(self.compile(soql), _BATCH)

    def distinct(self, item: Object, field: str, most: int) -> list[str]:
        """The values that occur in a text field now, sorted."""
        compiled = self.compile(f"SELECT {field} FROM {item.name} GROUP BY {field}")  # noqa: S608
        return sorted(row[0] for row in self.first(compiled, most) if row[0] is not None)

    def spool(self, compiled: Compiled) -> Spool:
        """Run the statement once and keep its rows."""
        self._spooled += 1
        file = Path(self._scratch.name) / f"{self._spooled}.parquet"
        cursor = self._database.cursor()
        copy = f"COPY ({compiled.sql}) TO '{file}' (FORMAT parquet)"
        done = cursor.execute(copy, dict(compiled.parameters)).fetchone()
        return Spool(file, int(done[0]) if done else 0, compiled)

    def page(
        self, spool: Spool, start: int, size: int, chosen: str = "* EXCLUDE file_row_number"
    ) -> Iterator[list[Row]]:
        """The rows from `start` on, `size` at most, in batches; `chosen` is SQL over their
        columns c0, c1 ... in place of all of them.
        """
        cursor = self._database.cursor()
        cursor.execute(
            f"SELECT {chosen} FROM read_parquet(?, file_row_number = true) "  # noqa: S608
            "WHERE file_row_number >= ? AND file_row_number < ? ORDER BY file_row_number",
            [str(spool.file), start, start + size],
        )
        while rows := cursor.fetchmany(_BATCH):
            yield rows

    def close(self) -> None:
        """Close the database and remove what was spooled."""
        self._database.close()
        self._scratch.cleanup()


def _check(file: Path, item: Object) -> None:
    held = pq.read_schema(file)
    wrong = [
        f.name for f in item.arrow if f.name not in held.names or held.field(f.name).type != f.type
    ]
    if wrong:
        raise ConfigurationError(
            f"the columns {', '.join(wrong)} are absent or of another type",
            str(file),
            "Generate the organisation again.",
        )
