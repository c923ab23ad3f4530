"""A Salesforce connector of a few tables, and one sync of it into a lake, without the facts."""

from collections.abc import Iterable
from pathlib import Path

import pyarrow as pa

from connectors.salesforce import SalesforceConnector, SalesforceSource
from model.tables import TABLES
from monitor.progress import SILENT
from monitor.pulls import Gathered, SourcePull, Wish
from store.lake import Lake
from store.manifest import SourceState


class Narrow(SalesforceConnector):
    """Only `tables` are on offer, so that a sync takes a moment."""

    def __init__(
        self, settings: SalesforceSource, tables: Iterable[str], work: Path | None = None
    ) -> None:
        super().__init__("crm", settings, work)
        self._streams = tuple(s for s in self._streams if s.table in set(tables))


def synced(
    lake: Lake,
    source: SalesforceConnector,
    wish: Wish | None = None,
    before: SourceState | None = None,
) -> tuple[Gathered, SourceState]:
    """One sync of `source`; it is closed afterwards."""
    with source:
        _, gathered, state = SourcePull(lake, source, wish or Wish(), before, SILENT).run()
    return gathered, state


def held(lake: Lake, tables: Iterable[str]) -> dict[str, pa.Table]:
    """The rows that the lake holds, by key."""
    found = {}
    for table in tables:
        version = lake.version("crm", table)
        if version is None:
            found[table] = TABLES[table].empty()
            continue
        files = lake.files(f"crm/{table}", version).uris
        parts = [pa.parquet.ParquetFile(file).read(list(TABLES[table].columns)) for file in files]
        rows = pa.concat_tables([TABLES[table].empty(), *parts])
        found[table] = rows.combine_chunks().sort_by(TABLES[table].key)
    return found
