"""The lake: canonical tables and facts as Delta tables, and the manifests that name versions.

Under one URL stand `<source>/<table>`, `facts/<name>` and `_manifests`. Each write is one atomic
commit, with the sync's cursor in the commit's own metadata: rows and cursor cannot part. Readers
open only versions that a manifest names, so they never see half a sync and never wait for one.
One process writes at a time (`store.lock.writer_lock`); a second one fails and does no harm. Its
threads may write different tables at once: rows are staged side by side, and where they are many
merged one table after the other, so that memory is taken once.
"""

import re
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
from deltalake import DeltaTable

from model.errors import LakeError
from model.tables import TABLES, Table
from store.delta import (
    File,
    Rows,
    Storage,
    cursor_of,
    lake_errors,
    partition_of,
    schema_of,
)
from store.duck import DuckSettings
from store.manifest import MANIFESTS, Manifest
from store.memory import be_thrifty
from store.merge import Changes, Merge, Purge
from store.opened import Files
from store.staging import MONTH, Staged, stage_ids, with_month

FACTS = "facts"
KEPT_MANIFESTS = 3
LOST_SHARE = 0.2
LOST_FROM_ROWS = 100
"""More rows than this share of a table of so many do not vanish: they are out of sight."""
PARTITION_FROM_ROWS = 100_000
"""A table with a `month_of` is partitioned once it holds so many rows; below, it does not pay."""
FEW_ROWS = 50_000
"""Up to so many rows are merged beside other tables' rows, and compared as files are rewritten."""
FEW_SMALL_FILES = 8
"""New rows are appended until a partition has so many small files; then these become one."""


@dataclass(frozen=True)
class Written:
    """What one write did to one table.

    `read` rows came in, `written` of them were new or differed from what the table held,
    `deleted` became deleted (with `deleted_at`, or gone from a replacement); `version` is what a
    manifest is to name.
    """

    table: str
    read: int
    written: int
    deleted: int
    version: int


@dataclass(frozen=True)
class Removed:
    """What `retain` found: `gone` of the table's `rows` have no record any more.

    `refused`: they are so many that they were left in place. `version` as in `Written`.
    """

    gone: int
    rows: int
    refused: bool
    version: int


class Lake:
    """The tables at `url`: a folder or an object-storage address with its `storage_options`.

    `memory_limit` and `temp_folder` bound what merging takes.
    """

    def __init__(
        self,
        url: str,
        storage_options: Mapping[str, str] | None = None,
        *,
        memory_limit: str = "2GB",
        temp_folder: Path | None = None,
    ) -> None:
        be_thrifty()
        self._storage = Storage(url, storage_options)
        self._duck = DuckSettings(memory_limit, temp_folder)
        self._merging = threading.Lock()
        self._newest: tuple[list[str], Manifest | None] | None = None

    @property
    def url(self) -> str:
        """Where the lake is."""
        return self._storage.url

    def upsert(
        self,
        source: str,
        table: str,
        batches: Iterable[pa.Table],
        *,
        cursor: Callable[[], str] | None = None,
    ) -> Written:
        """Insert or update rows by the table's key, in one commit together with the cursor.

        Where a key comes more than once, the last row counts. `cursor` is called after the
        batches end; None keeps the stored one. Without a changed row only a changed cursor is
        committed. Raises LakeError, or what `batches` raises: then nothing is written.
        """
        return self._write(source, table, batches, cursor, replaces=False)

    def replace(
        self,
        source: str,
        table: str,
        batches: Iterable[pa.Table],
        *,
        cursor: Callable[[], str] | None = None,
        rebuild: bool = False,
    ) -> Written:
        """Make the batches the whole table, in one commit; nothing where the cursor is as stored,
        unless to `rebuild` it.

        Otherwise as `upsert`.
        """
        return self._write(source, table, batches, cursor, replaces=True, rebuild=rebuild)

    def retain(
        self,
        source: str,
        table: str,
        present: Iterable[pa.Array],
        *,
        whatever_is_lost: bool = False,
    ) -> Removed | None:
        """Remove the rows whose record is not among the `present` ids, in one commit that leaves
        the cursor as it is; None where there is no such table.

        A row's key is the id of its record, or begins with it and a colon. Where too large a share
        of the rows would go, nothing does (`Removed.refused`), unless `whatever_is_lost`.
        """
        path, canonical = _path(source, table), _canonical(source, table)
        target = self._storage.open(path)
        if target is None:
            return None
        _refuse_newer(target, canonical, self._storage.address(path))
        where = self._storage.address(path)
        with self._duck.scratch() as folder:
            staged = Path(folder) / "ids.parquet"
            stage_ids(present, staged)
            with self._merging, _duck_errors(where), self._duck.connect() as con:
                stored = self._storage.stored(path, target)
                purge = Purge(con, canonical, staged, stored)
                gone, size = purge.gone, stored.rows
                lost = size > LOST_FROM_ROWS and gone > LOST_SHARE * size
                if not gone or (lost and not whatever_is_lost):
                    return Removed(gone, size, lost, target.version())
                version = self._storage.commit_parts(
                    path,
                    stored.schema,
                    purge.kept(),
                    partition_of(target),
                    onto=target,
                    instead_of=purge.replaced,
                )
        return Removed(gone, size, False, version)

    def _turn(self, rows: int) -> AbstractContextManager[object]:
        """Merges of many rows wait for each other."""
        return self._merging if rows > FEW_ROWS else nullcontext()

    def _write(
        self,
        source: str,
        name: str,
        batches: Iterable[pa.Table],
        cursor: Callable[[], str] | None,
        *,
        replaces: bool,
        rebuild: bool = False,
    ) -> Written:
        path, table = _path(source, name), _canonical(source, name)
        target = self._storage.open(path)
        if target is not None:
            _refuse_newer(target, table, self._storage.address(path))
        with self._duck.scratch() as folder:
            staged = Staged(table, Path(folder))
            staged.fill(batches)
            mark = None if cursor is None else cursor()
            stored = None if target is None else cursor_of(target)
            as_stored = mark is not None and mark == stored
            if replaces and target is not None and as_stored and not rebuild:
                return Written(name, staged.rows, 0, 0, target.version())
            mark = None if as_stored else mark
            if target is not None and not staged.rows and not replaces:
                return Written(name, 0, 0, 0, self._commit_cursor(path, target, mark))
            where = self._storage.address(path)
            with self._turn(staged.rows), _duck_errors(where), self._duck.connect() as con:
                merge = Merge(con, staged, self._storage.stored(path, target, table.schema))
                few = staged.rows <= FEW_ROWS and not (replaces or _may_be_laid_out_anew(merge))
                changes = merge.changes(replaces=replaces, few=few)
                version = self._commit(path, target, merge, changes, mark, replaces=replaces)
        written = changes.new + changes.updated
        return Written(name, staged.rows, written, changes.deleted + changes.gone, version)

    def _commit(
        self,
        path: str,
        target: DeltaTable | None,
        merge: Merge,
        changes: Changes,
        cursor: str | None,
        *,
        replaces: bool,
    ) -> int:
        """Write the changes, touching as few files as it takes."""
        if target is not None and changes.none:
            return self._commit_cursor(path, target, cursor)
        table, stored = merge.table, merge.stored
        size = stored.rows + changes.new - changes.gone - changes.withdrawn
        was_split = target is not None and partition_of(target) is not None
        split = table.month_of is not None and (was_split or size >= PARTITION_FROM_ROWS)
        new_layout = target is not None and (split != was_split or merge.is_wider)
        replaced: Iterable[File] = stored.files.values()
        if replaces or not stored.files:
            parts = merge.incoming(split=split)
        else:
            parts = merge.merged(whole=new_layout, crowd=FEW_SMALL_FILES)
            replaced = merge.replaced
        partition = MONTH if split else None
        if not new_layout:
            return self._storage.commit_parts(
                path,
                table.schema,
                parts,
                partition,
                onto=target,
                cursor=cursor,
                instead_of=replaced,
            )
        every = (batch for _, batches in parts for batch in batches)
        rows = pa.RecordBatchReader.from_batches(table.schema, every)
        return self._storage.commit(
            path,
            with_month(rows, table) if split else rows,
            onto=target,
            mode="overwrite",
            cursor=cursor,
            partition_by=partition,
            new_layout=True,
        )

    def _commit_cursor(self, path: str, target: DeltaTable, cursor: str | None) -> int:
        """A commit of no rows; none at all where there is no new cursor."""
        if cursor is None:
            return target.version()
        return self._storage.commit(
            path,
            schema_of(target).empty_table(),
            onto=target,
            mode="append",
            cursor=cursor,
            partition_by=partition_of(target),
        )

    def cursor(self, source: str, table: str) -> str | None:
        """The cursor committed with the newest rows; None where there is none."""
        found = self._storage.open(_path(source, table))
        return None if found is None else cursor_of(found)

    def version(self, source: str, table: str) -> int | None:
        """The newest version of a canonical table, or of a fact (source "facts")."""
        found = self._storage.open(_path(source, table))
        return None if found is None else found.version()

    def versions(self, source: str) -> dict[str, int]:
        """The newest version of every canonical table that `source` has, by lake path."""
        found = {_path(source, name): self.version(source, name) for name in TABLES}
        return {path: version for path, version in found.items() if version is not None}

    def write_fact(self, name: str, data: Rows) -> int:
        """Make `data` the whole fact `facts/<name>`, columns included; its new version."""
        path = _path(FACTS, name)
        onto = self._storage.open(path)
        return self._storage.commit(path, data, onto=onto, mode="overwrite", new_layout=True)

    def uris(self, path: str, version: int) -> list[str]:
        """The parquet files of one version of the table at `path`, such as "crm/leads"."""
        return list(self.files(path, version).uris)

    def files(self, path: str, version: int) -> Files:
        """The same with where the table is and the columns that it holds."""
        table = self._storage.named(path, version)
        stored = self._storage.stored(path, table)
        return Files(
            self._storage.address(path),
            version,
            pa.schema([field for field in stored.schema if field.name != MONTH]),
            tuple(self._storage.uris(table, stored)),
            stored.recorded_until,
            stored.may_have_deleted,
        )

    def publish(self, draft: Manifest) -> Manifest:
        """Make `draft` the newest manifest, in one commit; LakeError if a version is not there."""
        for path, version in draft.versions.items():
            self._storage.named(path, version)
        onto = self._storage.open(MANIFESTS)
        manifest = replace(
            draft,
            id=0 if onto is None else onto.version() + 1,
            committed_at=datetime.now(UTC).replace(tzinfo=None),
        )
        row = manifest.to_row()
        self._storage.commit(MANIFESTS, row, onto=onto, mode="append", with_values=True)
        return manifest

    def manifest(self, id: int | None = None) -> Manifest | None:  # noqa: A002
        """The newest manifest, or the one with that id; None where there is none (any more)."""
        table = self._storage.open(MANIFESTS)
        if table is None:
            return None
        if id is None:
            return self._newest_of(table)
        found = self._read_manifests(table, pc.field("id") == id)
        return found[0] if found else None

    def _newest_of(self, table: DeltaTable) -> Manifest | None:
        """The newest manifest, read once for each state of the list of them."""
        files, held = table.file_uris(), self._newest
        if held is None or held[0] != files:
            newest = pc.max(pa.table(table.get_add_actions(flatten=True)).column("max.id"))
            found = self._read_manifests(table, pc.field("id") == newest)
            held = self._newest = files, found[0] if found else None
        return held[1]

    def manifests(self) -> list[Manifest]:
        """All manifests whose versions are kept, oldest first."""
        table = self._storage.open(MANIFESTS)
        return [] if table is None else self._read_manifests(table)

    def _read_manifests(
        self, table: DeltaTable, condition: pc.Expression | None = None
    ) -> list[Manifest]:
        with lake_errors(self._storage.address(MANIFESTS)):
            return Manifest.from_rows(table.to_pyarrow_dataset().to_table(filter=condition))

    def vacuum(self, keep: Iterable[int] = ()) -> int:
        """Forget all manifests but the last three and those in `keep`, and delete the files that
        only forgotten versions used; the number of files deleted.

        Manifests go first: no reader finds one whose files are gone.
        """
        before = self.manifests()
        ids = {manifest.id for manifest in before[-KEPT_MANIFESTS:]} | set(keep)
        kept = [manifest for manifest in before if manifest.id in ids]
        table = self._storage.open(MANIFESTS)
        if table is None or len(kept) == len(before):
            return 0
        # Readers that opened the list a moment ago still find its files: `previous` is kept.
        previous = table.version()
        rows = pa.concat_tables([manifest.to_row() for manifest in kept])
        self._storage.commit(MANIFESTS, rows, onto=table, mode="overwrite")
        self._storage.vacuum(MANIFESTS, [previous])
        deleted = 0
        for path in sorted({path for manifest in before for path in manifest.versions}):
            needed = {m.versions[path] for m in kept if path in m.versions}
            if {m.versions.get(path) for m in before} - needed - {None}:
                deleted += self._storage.vacuum(path, needed)
        return deleted


def _path(source: str, table: str) -> str:
    for name in (source, table):
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]*", name):
            raise LakeError(
                f"{name!r} cannot name a source or a table", "", "Use letters, digits, _ and -."
            )
    return f"{source}/{table}"


def _canonical(source: str, name: str) -> Table:
    if source == FACTS:
        raise LakeError(f"a source cannot be called {FACTS}", "", "Rename it in the configuration.")
    if name not in TABLES:
        raise LakeError(f"there is no canonical table {name}", source)
    return TABLES[name]


def _refuse_newer(target: DeltaTable, table: Table, where: str) -> None:
    stored = schema_of(target)
    newer = sorted(set(stored.names) - {*table.columns, MONTH})
    if newer:
        raise LakeError(
            f"a newer version has written it (column {', '.join(newer)})", where, "Update Détente."
        )
    for field in table.schema:
        if field.name in stored.names and stored.field(field.name).type != field.type:
            raise LakeError(
                f"its column {field.name} is {stored.field(field.name).type}, not {field.type}",
                where,
                "Another version of Détente has written it: use that one, or a new lake.",
            )


def _may_be_laid_out_anew(merge: Merge) -> bool:
    """Whether all of the table may have to be written, for columns or partitions that it lacks."""
    most = merge.stored.rows + merge.staged.rows
    may_split = merge.table.month_of is not None and most >= PARTITION_FROM_ROWS
    return merge.is_wider or (may_split and not merge.is_split)


@contextmanager
def _duck_errors(where: str) -> Iterator[None]:
    try:
        yield
    except duckdb.Error as error:
        reason = str(error).splitlines()[0][:200]
        raise LakeError(
            f"the rows could not be merged ({reason})", where, "Check free memory and disk space."
        ) from None
