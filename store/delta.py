"""Delta Lake tables by path under one URL: open, commit, remember a cursor. No table is known here.

Every commit is tried once, on top of exactly the version that was read: a commit by anybody else
in between is a LakeError, never a silent merge of the two.
"""

import json
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from itertools import chain, repeat
from pathlib import Path
from typing import Literal, TypeAlias
from urllib.parse import unquote
from uuid import uuid4

import pyarrow as pa
from deltalake import CommitProperties, DeltaTable, write_deltalake
from deltalake import Schema as DeltaSchema
from deltalake.exceptions import (
    CommitFailedError,
    DeltaError,
    DeltaProtocolError,
    TableNotFoundError,
)
from deltalake.transaction import AddAction, create_table_with_add_actions
from pyarrow.parquet import ParquetWriter

from model.errors import LakeError

CURSOR = "detente.cursor"
# Old versions stay readable for as long as a manifest names them: `vacuum` decides, not age.
CONFIGURATION = {"delta.enableExpiredLogCleanup": "false", "delta.checkpointInterval": "50"}
# The log outlives the files: with the least and greatest of each column in it, ids of deleted
# records would stay there.
WITHOUT_VALUES = {"delta.dataSkippingNumIndexedCols": "0"}

_UNSAFE = frozenset("[]{}%*?#")  # Delta and the readers of parquet read these in a path as signs

Rows: TypeAlias = pa.Table | pa.RecordBatchReader


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

    def files(self, table: DeltaTable, path: str) -> list[str]:
        """The parquet files of an opened table, as a reader of parquet names them."""
        if self._folder is None:
            return table.file_uris()
        return [file for files in _below(self.address(path), table).values() for file in files]

    def commit(
        self,
        path: str,
        rows: Rows,
        *,
        onto: DeltaTable | None,
        mode: Literal["append", "overwrite"],
        cursor: str | None = None,
        partition_by: str | None = None,
        partitions: Iterable[str] = (),
        new_layout: bool = False,
        with_values: bool = False,
    ) -> int:
        """Write `rows` in one commit on top of `onto` (None: a new table); the new version.

        `partitions`: overwrite only these values of `partition_by`. `new_layout`: overwrite the
        columns and the partitioning as well. `with_values`: the log of a new table is to hold the
        least and greatest of each column.
        """
        properties = CommitProperties(
            custom_metadata={} if cursor is None else {CURSOR: cursor}, max_commit_retries=0
        )
        split = [partition_by] if partition_by else []
        values = ", ".join("'" + value.replace("'", "''") + "'" for value in sorted(partitions))
        with lake_errors(self.address(path)):
            if onto is None:
                write_deltalake(
                    self.address(path),
                    rows,
                    mode="error",
                    partition_by=split,
                    configuration=CONFIGURATION if with_values else CONFIGURATION | WITHOUT_VALUES,
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
                predicate=f"{partition_by} IN ({values})" if values else None,
                partition_by=split,
                schema_mode="overwrite" if new_layout else None,
                commit_properties=properties,
            )
            return onto.version()

    def commit_parts(
        self,
        path: str,
        schema: pa.Schema,
        parts: Iterable[tuple[str, Iterable[pa.RecordBatch]]],
        partition_by: str,
        *,
        onto: DeltaTable | None,
        cursor: str | None = None,
        instead_of: Iterable[str] | None = None,
    ) -> int:
        """Write one file for each part, `(value of partition_by, rows)`, in one commit on top of
        `onto` (None: a new table); the new version.

        The parts replace the partitions `instead_of`, none for an empty one, all for None. On disk
        one file is written at a time, so that memory does not grow with the number of parts.
        """
        old = None if instead_of is None else sorted(instead_of)
        if self._folder is None:
            rows = _marked(parts, schema, partition_by)
            mode: Literal["append", "overwrite"] = "append" if old == [] else "overwrite"
            return self.commit(
                path,
                rows,
                onto=onto,
                mode=mode,
                cursor=cursor,
                partition_by=partition_by,
                partitions=old or (),
            )
        properties = CommitProperties(
            custom_metadata={} if cursor is None else {CURSOR: cursor}, max_commit_retries=0
        )
        columns = DeltaSchema.from_arrow(schema.append(pa.field(partition_by, pa.string())))
        with lake_errors(self.address(path)):
            files = [
                made
                for value, rows in parts
                if (made := self._write(path, schema, rows, partition_by, value))
            ]
            if onto is None:
                create_table_with_add_actions(
                    self.address(path),
                    columns,
                    files,
                    partition_by=[partition_by],
                    configuration=CONFIGURATION | WITHOUT_VALUES,
                    storage_options=self.options,
                    commit_properties=properties,
                )
                return 0
            onto.create_write_transaction(
                [*files],
                "append" if old == [] else "overwrite",
                columns,
                [partition_by],
                [(partition_by, "in", old)] if old else None,
                commit_properties=properties,
            )
            return onto.version() + 1

    def _write(
        self,
        path: str,
        schema: pa.Schema,
        rows: Iterable[pa.RecordBatch],
        partition_by: str,
        value: str,
    ) -> AddAction | None:
        """One file below the table at `path`; None where there are no rows."""
        batches = iter(rows)
        first = next(batches, None)
        if first is None:
            return None
        name = f"{partition_by}={value}/part-{uuid4()}.zstd.parquet"
        file = Path(self.address(path), name)
        file.parent.mkdir(parents=True, exist_ok=True)
        count = 0
        with ParquetWriter(
            file,
            schema,
            compression="zstd",
            compression_level=1,
            use_dictionary=[f.name for f in schema if _repeats(f)],
        ) as writer:
            for batch in chain([first], batches):
                count += batch.num_rows
                writer.write_batch(batch)
        return AddAction(
            name,
            file.stat().st_size,
            {partition_by: value},
            int(time.time() * 1000),
            True,
            json.dumps({"numRecords": count}),
        )

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


def _marked(
    parts: Iterable[tuple[str, Iterable[pa.RecordBatch]]], schema: pa.Schema, column: str
) -> pa.RecordBatchReader:
    """The rows of all parts with the value of their part."""
    marked = schema.append(pa.field(column, pa.string()))
    rows = (
        batch.append_column(marked.field(column), pa.repeat(pa.scalar(value), batch.num_rows))
        for value, batches in parts
        for batch in batches
    )
    return pa.RecordBatchReader.from_batches(marked, rows)


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


def files_on_disk(table: DeltaTable) -> dict[str, list[str]]:
    """Its parquet files by value of the partition column ("" where there is none), if they are on
    this machine; else none.
    """
    folder = _local_folder(table.table_uri)
    return {} if folder is None else _below(str(folder), table)


def _repeats(field: pa.Field) -> bool:
    """Whether few values make up a column: ids and times in a dictionary take longer and more."""
    return bool(pa.types.is_string(field.type)) and not field.name.endswith("_id")


def _below(folder: str, table: DeltaTable) -> dict[str, list[str]]:
    # Delta percent-encodes the folder in its own addresses; files on disk have no such name.
    found: dict[str, list[str]] = defaultdict(list)
    for value, name in _added(table):
        found[value].append(f"{folder.rstrip('/')}/{name}")
    return dict(found)


def _added(table: DeltaTable) -> Iterator[tuple[str, str]]:
    """The partition value and the name of each file."""
    actions, partition = pa.table(table.get_add_actions(flatten=True)), partition_of(table)
    names = actions.column("path").to_pylist()
    if partition is None:
        return zip(repeat(""), names)
    return zip(actions.column(f"partition.{partition}").to_pylist(), names, strict=True)


def partition_of(table: DeltaTable) -> str | None:
    """The column that its rows are kept apart by, or None."""
    columns = table.metadata().partition_columns
    return columns[0] if columns else None


def row_count(table: DeltaTable) -> int:
    """Rows, from the log alone."""
    actions = pa.table(table.get_add_actions(flatten=True))
    return sum(n or 0 for n in actions.column("num_records").to_pylist())


def file_counts(table: DeltaTable) -> Counter[str]:
    """Number of files for each value of the partition column ("" where there is none)."""
    return Counter(value for value, _ in _added(table))
