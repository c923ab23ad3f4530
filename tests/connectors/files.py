"""Helpers for the tests of the files connector: exports in each dialect, written by hand."""

import csv
import io
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
import pytest

from connectors.base import Offer
from connectors.files import FilesConnector, FilesSource
from model.errors import DataError, SourceError
from model.tables import TABLES

Row = Mapping[str, object]
LEAD = "00Q000000000001AAA"
OTHER = "00Q000000000002AAA"
CREATED = "2026-01-02T03:04:05.000Z"


@dataclass(frozen=True)
class Dialect:
    """How one kind of export writes its values."""

    name: str
    yes: str
    no: str
    instant: str
    day: str
    no_id: str = ""
    quoting: Any = csv.QUOTE_MINIMAL
    bom: bool = False
    step: timedelta = timedelta(milliseconds=1)
    zone: str = "UTC"

    def text(self, column: str, value: object) -> str:
        if value is None:
            return self.no_id if column.endswith("Id") else ""
        if isinstance(value, bool):
            return self.yes if value else self.no
        if isinstance(value, datetime):
            return self._instant(value)
        if hasattr(value, "strftime"):
            return str(value.strftime(self.day))
        return str(value)

    def _instant(self, value: datetime) -> str:
        local = value.replace(tzinfo=ZoneInfo("UTC")).astimezone(ZoneInfo(self.zone))
        text = local.strftime(self.instant)
        return text.replace("{ms}", f"{local.microsecond // 1000:03}")

    def csv(self, columns: Sequence[str], rows: Iterable[Row]) -> bytes:
        out = io.StringIO(newline="")
        writer = csv.writer(out, quoting=self.quoting)
        writer.writerow(columns)
        writer.writerows([self.text(c, row.get(c)) for c in columns] for row in rows)
        return (b"\xef\xbb\xbf" if self.bom else b"") + out.getvalue().encode()


API = Dialect("api", "true", "false", "%Y-%m-%dT%H:%M:%S.{ms}+0000", "%Y-%m-%d", bom=True)
API_SPARSE = Dialect("api, 1 or empty", "1", "", "%Y-%m-%dT%H:%M:%S.{ms}Z", "%Y-%m-%d")
WEEKLY = Dialect(
    "weekly",
    "1",
    "0",
    "%Y-%m-%d %H:%M:%S",
    "%Y-%m-%d",
    no_id="000000000000000AAA",
    step=timedelta(seconds=1),
)
DATA_LOADER = Dialect(
    "data loader",
    "TRUE",
    "FALSE",
    "%Y-%m-%dT%H:%M:%S.{ms}Z",
    "%Y-%m-%dT00:00:00.000Z",
    quoting=csv.QUOTE_ALL,
)
REPORT = Dialect(
    "report",
    "TRUE",
    "FALSE",
    "%m/%d/%y %I:%M %p",
    "%m/%d/%y",
    step=timedelta(minutes=1),
    zone="Asia/Kolkata",
)
DIALECTS = (API, API_SPARSE, WEEKLY, DATA_LOADER, REPORT)


def record_id(prefix: str, number: int) -> str:
    return f"{prefix}bm{number:010}"[:15] + "AAA"


def write(folder: Path, files: Mapping[str, bytes | str]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        data = content if isinstance(content, bytes) else content.encode()
        (folder / name).write_bytes(data)
    return folder


def offered(path: Path, **settings: Any) -> Offer:
    with FilesConnector("files", FilesSource(path=path, **settings)) as connector:
        return connector.offer()


def pulled(path: Path, **settings: Any) -> dict[str, pa.Table]:
    """Every table on offer, whole."""
    with FilesConnector("files", FilesSource(path=path, **settings)) as connector:
        return {name: whole(connector, name) for name in connector.offer().tables}


def whole(connector: FilesConnector, table: str) -> pa.Table:
    batches = list(connector.pull(table, None).batches)
    return pa.concat_tables([TABLES[table].empty(), *batches])


def by_id(table: str, rows: pa.Table) -> dict[str, dict[str, Any]]:
    return {row[TABLES[table].key]: row for row in rows.to_pylist()}


def zipped(files: dict[str, bytes | str]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return out.getvalue()


def leads(*rows: str, columns: str = "Id,Status,CreatedDate") -> str:
    return "\n".join([columns, *rows]) + "\n"


def refusal(path: Path, error: type[SourceError] = DataError, **settings: Any) -> str:
    with pytest.raises(error) as caught:
        offered(path, **settings)
    assert type(caught.value) is error
    return str(caught.value)
