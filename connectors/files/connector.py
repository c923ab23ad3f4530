"""The files connector: an export in a folder or a zip as canonical tables."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa

from connectors.base import Connector, Offer, Pull
from connectors.files.exports import Export
from connectors.files.mapped import Mapped
from connectors.files.settings import FilesSource
from model.errors import SourceError

VERSION = 1  # raised when the same files come to mean other rows
_ROWS = 50_000


class FilesConnector(Connector):
    """A Salesforce export, or any files with a mapping. One object serves one sync: everything
    is read at the first `offer` or `pull`, so a broken row anywhere stops it before a table is
    given out.
    """

    kind = "files"

    def __init__(self, name: str, settings: FilesSource) -> None:
        super().__init__(name)
        self._settings = settings
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._read: Export | Mapped | None = None

    def offer(self) -> Offer:
        """What the files hold. Raises SourceError, DataError or ConfigurationError."""
        files = self._files()
        cutoff_at = files.cutoff_at
        return Offer(files.availability, cutoff_at, tuple(files.notes))

    def pull(self, table: str, cursor: str | None) -> Pull:
        """All rows of `table`: files are complete, so every pull replaces. The cursor changes
        with the content of the files, the mapping and the settings, and with nothing else.
        """
        offer = self.offer()
        if table not in offer.tables:
            reason = offer.availability.lacks([table])[0]
            raise SourceError(f"{table} is not on offer: {reason}", self.name)
        content = self._files().content(table)
        return Pull(table, True, self._batches(table), lambda: f"files:{VERSION}:{content}")

    def record_url(self, record_id: str) -> str | None:
        """The configured address with the id in it."""
        url = self._settings.record_url
        return url.replace("{id}", record_id) if url else None

    def close(self) -> None:
        """Remove the working copies."""
        self._read = None
        if self._folder is not None:
            self._folder.cleanup()
            self._folder = None

    def _files(self) -> Export | Mapped:
        if self._read is None:
            self._folder = self._folder or tempfile.TemporaryDirectory(prefix="detente-")
            work, mapping = Path(self._folder.name), self._settings.mapping
            self._read = (
                Mapped(self._settings, mapping, work) if mapping else Export(self._settings, work)
            )
        return self._read

    def _batches(self, table: str) -> Iterator[pa.Table]:
        files = self._files()
        if isinstance(files, Mapped):
            tables: Iterator[pa.Table] = iter([files.rows(table)])
        else:
            members = files.feeding(table)
            tables = (rows for stream in members for rows in files.canonical(stream))
        for rows in tables:
            for start in range(0, rows.num_rows, _ROWS):
                yield rows.slice(start, _ROWS)
