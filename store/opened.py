"""What an engine opens: one version of a table."""

from dataclasses import dataclass
from datetime import datetime

import pyarrow as pa

from store.delta import DELETED_AT


@dataclass(frozen=True)
class Files:
    """One version of the table at `address`: its columns, and the parquet files with its rows;
    by when these were recorded (None: not known), and whether any may be deleted.
    """

    address: str
    version: int
    columns: pa.Schema
    uris: tuple[str, ...]
    recorded_until: datetime | None
    may_have_deleted: bool

    def has(self, column: str) -> bool:
        """Whether any row may have a value in the column."""
        if column == DELETED_AT and not self.may_have_deleted:
            return False
        return column in self.columns.names
