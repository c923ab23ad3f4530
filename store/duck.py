"""How DuckDB is opened: in process, in memory, spilling to a folder when memory is short."""

import shutil
import tempfile
import time
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow as pa

STALE_SECONDS = 86_400


@dataclass(frozen=True)
class DuckSettings:
    """Limits of DuckDB: memory (such as "2GB"), and the folder in which it spills (None: the
    system's folder for temporary files).
    """

    memory_limit: str = "2GB"
    temp_folder: Path | None = None

    def connect(self) -> duckdb.DuckDBPyConnection:
        """A new in-memory database that downloads nothing."""
        spill = self.temp_folder or Path(tempfile.gettempdir()) / "detente"
        return duckdb.connect(
            ":memory:",
            config={
                "memory_limit": self.memory_limit,
                "temp_directory": str(spill),
                "preserve_insertion_order": False,
                "autoinstall_known_extensions": False,
                "enable_external_file_cache": False,  # the system keeps what it read of a file
            },
        )

    def scratch(self) -> AbstractContextManager[str]:
        """A folder for staged rows, removed at the end; what a killed process left goes as well."""
        if self.temp_folder is not None:
            self.temp_folder.mkdir(parents=True, exist_ok=True)
            _remove_stale(self.temp_folder)
        return tempfile.TemporaryDirectory(prefix="stage-", dir=self.temp_folder)


def _remove_stale(folder: Path) -> None:
    """Rows that no process has touched for a day are nobody's any more."""
    for pattern in ("stage-*", "duckdb_temp_*"):
        for left in folder.glob(pattern):
            with suppress(OSError):
                if time.time() - left.stat().st_mtime > STALE_SECONDS:
                    shutil.rmtree(left) if left.is_dir() else left.unlink()


def quoted(name: str) -> str:
    """`name` as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """`text` as an SQL string."""
    return "'" + text.replace("'", "''") + "'"


def null_column(field: pa.Field) -> str:
    """An SQL column of nulls in the type of `field`, one of those in `model.tables`."""
    return f"NULL::{_TYPES[field.type]} AS {quoted(field.name)}"


_TYPES = {
    pa.string(): "VARCHAR",
    pa.timestamp("us"): "TIMESTAMP",
    pa.date32(): "DATE",
    pa.float64(): "DOUBLE",
    pa.int64(): "BIGINT",
    pa.bool_(): "BOOLEAN",
}
