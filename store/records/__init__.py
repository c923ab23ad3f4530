"""The application's own database: survey waves and responses, snapshots, sync runs."""

from store.records.database import Records

__all__ = ["Records"]
