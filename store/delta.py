"""Delta Lake tables by path under one URL: open, commit, remember a cursor. No table is known here.

Every commit is tried once, on top of exactly the version that was read: a commit by anybody else
in between is a LakeError, never a silent merge of the two.
"""

import json
import time
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import chain
from pathlib import Path
from typing import Any, Literal, TypeAlias
from urllib.parse import unquote
from uuid import uuid4

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
from deltalake import CommitProperties, DeltaTable, write_deltalake
from deltalake import Schema as DeltaSchema
from deltalake.exceptions import (
    CommitFailedError,
    DeltaError,
    DeltaProtocolError,
    TableNotFoundError,
)
from deltalake.fs import DeltaStorageHandler
from deltalake.transaction import AddAction, RemoveAction, create_table_with_add_actions
from pyarrow.fs import FileSystem, LocalFileSystem, PyFileSystem
from pyarrow.parquet import ParquetFile, write_table

from model.errors import LakeError

CURSOR = "detente.cursor"
FILE = "_file"
NOTHING = pa.schema([])
ROWS_PER_FILE = 40_000
"""The file of a changed row is written again: small files keep that little, many slow readers."""
WRITERS = 2
"""So many parts of a table are written at once."""
# Old versions stay readable for as long as a manifest names them: `vacuum` decides, not age.
CONFIGURATION = {"delta.enableExpiredLogCleanup": "false", "delta.checkpointInterval": "50"}
CLOCKS = RECORDED_AT, DELETED_AT = "recorded_at", "deleted_at"
"""The instants that whoever looks at an earlier day asks of every row."""

_UNSAFE = frozenset("[]{}%*?#")  # Delta and the readers of parquet read these in a path as signs

Rows: TypeAlias = pa.Table | pa.RecordBatchReader
Parts: TypeAlias = Iterable[tuple[str, Iterable[pa.RecordBatch]]]


@dataclass(frozen=True)
class File:
    """A parquet file: its name below its table, its value of the partition column ("" where there
    is none), its rows and bytes; by when they were recorded (None: not known), and whether any may
    be deleted.
    """

    name: str
    part: str
    rows: int
    size: int
    recorded_until: datetime | None = None
    may_have_deleted: bool = True

    @property
    def is_small(self) -> bool:
        """Whether another such file would fit into one with it."""
        return self.rows <= ROWS_PER_FILE / 2

    @property
    def is_large(self) -> bool:
        """Whether it was not written by parts."""
        return self.rows > ROWS_PER_FILE


@dataclass(frozen=True)
class Stored:
    """The rows of one version of a table: its columns, and its files by where `system` (and, if
    they are `on_disk`, any reader of parquet) finds them.
    """

    schema: pa.Schema
    files: Mapping[str, File]
    system: FileSystem
    on_disk: bool

    @property
    def rows(self) -> int:
        """How many rows, from the log alone."""
        return sum(file.rows for file in self.files.values())

    @property
    def recorded_until(self) -> datetime | None:
        """By when all rows were recorded; None where the log does not tell."""
        found = [file.recorded_until for file in self.files.values()]
        known = [at for at in found if at is not None]
        return max(known, default=datetime.min) if len(known) == len(found) else None

    @property
    def may_have_deleted(self) -> bool:
        """Whether any row may have been deleted."""
        return any(file.may_have_deleted for file in self.files.values())

    def dataset(self, schema: pa.Schema, places: Iterable[str]) -> ds.Dataset:
        """Some of the files in the columns `schema`; the column `FILE` says in which of them a row
        stands.
        """
        parquet = ds.ParquetFileFormat()
        fragments = [
            parquet.make_fragment(place, self.system, ds.field(FILE) == number)
            for number, place in enumerate(places)
        ]
        return ds.FileSystemDataset(fragments, schema, parquet, self.system)

    def tables(self, place: str) -> Iterator[pa.Table]:
        """The rows of one of the files, a row group at a time."""
        with ParquetFile(place, filesystem=self.system) as file:
            for number in range(file.num_row_groups):
                yield file.read_row_group(number, use_threads=False)


@contextmanager
def lake_errors(where: str) -> Iterator[None]:
    """Turn what Delta and the storage raise into LakeErrors about `where`."""
    try:
        yield
    except CommitFailedError:
        raise LakeError(
            "another process has written it meanwhile", where, "Run the sync again."
        ) from None
    except DeltaProtocolError:
        raise LakeError(
            "it needs a newer reader than this version has", where, "Update Détente."
        ) from None
    except (DeltaError, OSError) as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0][:200]
        raise LakeError(
            f"it cannot be read or written ({reason})", where, "Check the folder or its access."
        ) from None


def _local_folder(url: str) -> Path | None:
    """The absolute folder that `url` means; None for object storage."""
    if "://" in url and not url.startswith("file://"):
        return None
    folder = Path(unquote(url.removeprefix("file://"))).expanduser().absolute()
    if _UNSAFE & set(str(folder)):
        raise LakeError(
            f"a folder name with one of {' '.join(sorted(_UNSAFE))} cannot hold the lake",
            str(folder),
            "Choose another folder.",
        )
    return folder


class Storage:
    """The tables under `url`, a folder or an object-storage address."""

    def __init__(self, url: str, options: Mapping[str, str] | None = None) -> None:
        self._folder = _local_folder(url)
        self.url = str(self._folder or url).rstrip("/")
        self.options = dict(options or {})

    def address(self, path: str) -> str:
        """Where the table at `path` is."""
        return f"{self.url}/{path}"

    def open(self, path: str, version: int | None = None) -> DeltaTable | None:
        """The table at `path`, newest version unless one is named; None where there is none."""
        with lake_errors(self.address(path)):
            try:
                return DeltaTable(self.address(path), version, self.options)
            except TableNotFoundError:
                return None

    def named(self, path: str, version: int) -> DeltaTable:
        """That version of the table at `path`; LakeError where it is not there."""
        try:
            found = self.open(path, version)
        except LakeError:
            found = None
        if found is None:
            raise LakeError(
                f"version {version} is not there", self.address(path), "Take a newer one, or sync."
            )
        return found

    def uris(self, table: DeltaTable, stored: Stored) -> list[str]:
        """The parquet files of an opened table, as a reader of parquet names them."""
        return list(stored.files) if stored.on_disk else table.file_uris()

    def stored(
        self, path: str, table: DeltaTable | None, schema: pa.Schema | None = None
    ) -> Stored:
        """What the opened table at `path` holds; where there is none, nothing in `schema`."""
        # Delta percent-encodes the folder in its own addresses; files on disk have no such name.
        system, folder = self._place(path)
        if table is None:
            return Stored(schema, {}, system, self._folder is not None)
        partition = partition_of(table)
        files = {
            folder + one["path"]: File(
                one["path"],
                one.get(f"partition.{partition}", ""),
                one["num_records"] or 0,
                one["size_bytes"],
                *_clocks(one),
            )
            for one in pa.table(table.get_add_actions(flatten=True)).to_pylist()
        }
        columns = pa.schema([field for field in schema_of(table) if field.name != partition])
        return Stored(columns, files, system, self._folder is not None)

    def _place(self, path: str) -> tuple[FileSystem, str]:
        """The file system that holds the table at `path`, and what it puts before file names."""
        if self._folder is None:
            return PyFileSystem(DeltaStorageHandler(self.address(path), self.options)), ""
        return LocalFileSystem(), f"{self.address(path)}/"

    def commit(
        self,
        path: str,
        rows: Rows,
        *,
        onto: DeltaTable | None,
        mode: Literal["append", "overwrite"],
        cursor: str | None = None,
        partition_by: str | None = None,
        new_layout: bool = False,
        with_values: bool = False,
    ) -> int:
        """Write `rows` in one commit on top of `onto` (None: a new table); the new version.

        `new_layout`: overwrite the columns and the partitioning as well. `with_values`: the log of
        a new table is to hold the least and greatest of each column.
        """
        properties = _properties(cursor)
        split = [partition_by] if partition_by else []
        with lake_errors(self.address(path)):
            if onto is None:
                write_deltalake(
                    self.address(path),
                    rows,
                    mode="error",
                    partition_by=split,
                    configuration=CONFIGURATION if with_values else _configuration(rows.schema),
                    storage_options=self.options,
                    commit_properties=properties,
                )
                return DeltaTable(self.address(path), None, self.options).version()
            if mode == "append":
                write_deltalake(
                    onto, rows, mode="append", partition_by=split, commit_properties=properties
                )
                return onto.version()
            write_deltalake(
                onto,
                rows,
                mode="overwrite",
                partition_by=split,
                schema_mode="overwrite" if new_layout else None,
                commit_properties=properties,
            )
            return onto.version()

    def commit_parts(
        self,
        path: str,
        schema: pa.Schema,
        parts: Parts,
        partition_by: str | None,
        *,
        onto: DeltaTable | None,
        cursor: str | None = None,
        instead_of: Iterable[File] = (),
    ) -> int:
        """Write the rows of each part, `(value of partition_by, rows)`, as files of `ROWS_PER_FILE`
        in place of others, in one commit on top of `onto` (None: a new table); the new version.

        Memory does not grow with the number of parts. `instead_of` is read after them. Where there
        is neither a row nor a file to replace nor a cursor, nothing is committed.
        """
        split = [partition_by] if partition_by else []
        columns = DeltaSchema.from_arrow(pa.schema([*schema, *((n, pa.string()) for n in split)]))

        def write(part: tuple[str, Iterable[pa.RecordBatch]]) -> list[AddAction]:
            values = dict.fromkeys(split, part[0])
            return [self._write(path, rows, values) for rows in _in_files(schema, part[1])]

        with lake_errors(self.address(path)):
            with ThreadPoolExecutor(WRITERS) as pool:
                added = list(chain.from_iterable(pool.map(write, parts)))
            if onto is None:
                create_table_with_add_actions(
                    self.address(path),
                    columns,
                    added,
                    partition_by=split,
                    configuration=_configuration(schema),
                    storage_options=self.options,
                    commit_properties=_properties(cursor),
                )
                return 0
            removed = [
                RemoveAction(old.name, True, _now(), old.size, dict.fromkeys(split, old.part))
                for old in instead_of
            ]
            if not (added or removed or cursor):
                return onto.version()
            onto.create_write_transaction(
                [*added, *removed], "append", columns, split, commit_properties=_properties(cursor)
            )
            return onto.version() + 1

    def _write(self, path: str, rows: pa.Table, values: Mapping[str, str]) -> AddAction:
        """One file below the table at `path`, which has these values of the partition column."""
        below = "".join(f"{column}={value}/" for column, value in values.items())
        name = f"{below}part-{uuid4()}.lz4.parquet"
        system, folder = self._place(path)
        system.create_dir(folder + below, recursive=True)
        write_table(
            rows,
            folder + name,
            filesystem=system,
            compression="lz4",
            use_dictionary=[field.name for field in rows.schema if _repeats(field)],
            column_encoding=_encodings(rows.schema),
            write_statistics=[f.name for f in rows.schema if not pa.types.is_string(f.type)],
        )
        size = system.get_file_info(folder + name).size
        return AddAction(name, size, values, _now(), True, json.dumps(_statistics(rows)))

    def vacuum(self, path: str, keep: Iterable[int]) -> int:
        """Delete the files that neither the newest version nor those in `keep` use."""
        table = self.open(path)
        if table is None:
            return 0
        with lake_errors(self.address(path)):
            deleted = table.vacuum(
                retention_hours=0,
                enforce_retention_duration=False,
                dry_run=False,
                full=True,
                keep_versions=sorted(keep),
            )
        return len(deleted)


def _configuration(schema: pa.Schema) -> dict[str, str]:
    """How a table is kept. The log outlives the files: with the least and greatest of each column
    in it, ids of deleted records would stay there. It has those of the clocks alone.
    """
    clocks = [name for name in CLOCKS if name in schema.names]
    if clocks:
        return CONFIGURATION | {"delta.dataSkippingStatsColumns": ",".join(clocks)}
    return CONFIGURATION | {"delta.dataSkippingNumIndexedCols": "0"}


def _statistics(rows: pa.Table) -> dict[str, Any]:
    """What the log is to say of a file with these rows."""
    clocks = {name: rows.column(name) for name in CLOCKS if name in rows.column_names}
    last = {name: pc.max(column).as_py() for name, column in clocks.items()}
    return {
        "numRecords": rows.num_rows,
        "maxValues": {name: at.isoformat() for name, at in last.items() if at is not None},
        "nullCount": {name: column.null_count for name, column in clocks.items()},
    }


def _clocks(file: Mapping[str, Any]) -> tuple[datetime | None, bool]:
    """By when the rows of a file were recorded, where its log tells, and whether any may be
    deleted.
    """
    rows, last = file["num_records"], file.get(f"max.{RECORDED_AT}")
    if last is not None:
        part = timedelta(milliseconds=1)  # some writers leave out what is less
        last = min(last, datetime.max - part) + part
    elif rows is not None and file.get(f"null_count.{RECORDED_AT}") == rows:
        last = datetime.min
    return last, rows is None or file.get(f"null_count.{DELETED_AT}") != rows


def _properties(cursor: str | None) -> CommitProperties:
    """A commit that is tried once, with the cursor if there is one."""
    held = {} if cursor is None else {CURSOR: cursor}
    return CommitProperties(custom_metadata=held, max_commit_retries=0)


def _now() -> int:
    return int(time.time() * 1000)


def _in_files(schema: pa.Schema, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.Table]:
    """The rows, so many at a time as go into a file."""
    held = schema.empty_table()
    for batch in batches:
        held = pa.concat_tables([held, pa.table(batch).select(schema.names)])
        while held.num_rows >= ROWS_PER_FILE:
            yield held.slice(0, ROWS_PER_FILE)
            held = held.slice(ROWS_PER_FILE)
    if held.num_rows:
        yield held


def cursor_of(table: DeltaTable) -> str | None:
    """The cursor in the newest commit that carries one; maintenance commits carry none."""
    for limit in (1, 20, None):
        for entry in table.history(limit):
            if CURSOR in entry:
                return str(entry[CURSOR])
    return None


def schema_of(table: DeltaTable) -> pa.Schema:
    """Its columns, partition column included."""
    return pa.schema(table.schema().to_arrow())


def _repeats(field: pa.Field) -> bool:
    """Whether few values make up a column: ids and times in a dictionary take longer and more."""
    return bool(pa.types.is_string(field.type)) and not field.name.endswith("_id")


def _encodings(schema: pa.Schema) -> dict[str, str]:
    """How columns without a dictionary are written: instants and whole numbers as differences, ids
    with their lengths apart, so that a reader need not put them together.
    """
    found = {}
    for field in schema:
        if pa.types.is_temporal(field.type) or pa.types.is_integer(field.type):
            found[field.name] = "DELTA_BINARY_PACKED"
        elif pa.types.is_string(field.type) and not _repeats(field):
            found[field.name] = "DELTA_LENGTH_BYTE_ARRAY"
    return found


def partition_of(table: DeltaTable) -> str | None:
    """The column that its rows are kept apart by, or None."""
    columns = table.metadata().partition_columns
    return columns[0] if columns else None
