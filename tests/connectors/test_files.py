"""The files connector keeps the contract, and reads of an export what the API would have given."""

import io
import zipfile
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path

import duckdb
import pytest

from connectors.base import Connector
from connectors.files import FilesConnector, FilesSource
from model.tables import TABLES
from tests.connectors.conftest import Connect
from tests.connectors.contract import ConnectorContract, pulled
from tests.connectors.files import API, API_SPARSE, DATA_LOADER, WEEKLY, Dialect
from tests.connectors.org import CLOCK, FIELDS

LATER = CLOCK + timedelta(days=20)


def export(organisation: Path, dialect: Dialect, at: datetime) -> dict[str, bytes]:
    """The organisation as it stood at an instant, as CSV files."""
    files = {}
    for file in sorted(organisation.glob("*.parquet")):
        with duckdb.connect() as database:
            found = database.execute(
                f"SELECT * FROM read_parquet('{file}') WHERE _visible_from <= $at "
                "AND coalesce(_visible_to > $at, true)",
                {"at": at},
            ).fetch_arrow_table()
        columns = [name for name in found.column_names if not name.startswith("_")]
        files[f"{file.stem}.csv"] = dialect.csv(columns, found.to_pylist())
    return files


def unpacked(files: dict[str, bytes], folder: Path) -> Path:
    folder.mkdir(exist_ok=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return folder


def packed(files: dict[str, bytes], folder: Path) -> Path:
    """Two zips, as a Weekly Export of some size."""
    folder.mkdir(exist_ok=True)
    names = sorted(files)
    for number, part in enumerate((names[::2], names[1::2]), start=1):
        content = io.BytesIO()
        with zipfile.ZipFile(content, "w") as archive:
            for name in part:
                archive.writestr(name, files[name])
        (folder / f"WE_00D000000000001EAA_{number}.ZIP").write_bytes(content.getvalue())
    return folder


def opened(path: Path, mapping: Path | None = None, at: datetime | None = None) -> FilesConnector:
    own = {} if mapping else {"fields": FIELDS, "qualified_from": "Qualification"}
    source = {"path": path, "mapping": mapping, "exported_at": at, **own}
    return FilesConnector("export", FilesSource.model_validate(source))


class TestFolder(ConnectorContract):
    """An export in the API's dialect."""

    @pytest.fixture
    def connector(self, organisation: Path, tmp_path: Path) -> Iterator[Connector]:
        with opened(unpacked(export(organisation, API, CLOCK), tmp_path / "in")) as connector:
            yield connector

    @pytest.fixture
    def later(self, organisation: Path, tmp_path: Path) -> Callable[[], Connector]:
        return lambda: opened(unpacked(export(organisation, API, LATER), tmp_path / "in"))


class TestWeeklyExport(ConnectorContract):
    """Zips of the Weekly Export."""

    @pytest.fixture
    def connector(self, organisation: Path, tmp_path: Path) -> Iterator[Connector]:
        with opened(packed(export(organisation, WEEKLY, CLOCK), tmp_path / "in")) as connector:
            yield connector

    @pytest.fixture
    def later(self, organisation: Path, tmp_path: Path) -> Callable[[], Connector]:
        return lambda: opened(packed(export(organisation, WEEKLY, LATER), tmp_path / "in"))


MAPPING = """
timezone: Europe/Berlin
tables:
  leads:
    file: leads.csv
    columns:
      lead_id: id
      created_at: {column: made, format: "%d.%m.%Y %H:%M"}
      status: phase
  lead_changes:
    file: log.csv
    events:
      case: case
      name: what
      at: when
      by: who
      rows:
        - {when: Assigned, field: owner, new: by, recorded_at: at}
  activities:
    file: log.csv
    events: {case: case, name: what, at: when, by: who, rows: [{when: Call, kind: call}]}
"""
LEADS = "id;made;phase\n1;01.05.2026 10:00;New\n2;02.05.2026 11:00;Old\n"
LOG = "case,what,when,who\n1,Assigned,2026-05-03 08:00,A\n2,Call,2026-05-04 08:00,A\n"


class TestMapping(ConnectorContract):
    """Two files of another CRM."""

    @pytest.fixture
    def mapping(self, tmp_path: Path) -> Path:
        file = tmp_path / "mapping.yaml"
        file.write_text(MAPPING)
        return file

    @pytest.fixture
    def connector(self, mapping: Path, tmp_path: Path) -> Iterator[Connector]:
        files = {"leads.csv": LEADS.encode(), "log.csv": LOG.encode()}
        with opened(unpacked(files, tmp_path / "in"), mapping) as connector:
            yield connector

    @pytest.fixture
    def later(self, mapping: Path, tmp_path: Path) -> Callable[[], Connector]:
        log = f"{LOG}1,Call,2026-05-05 08:00,B\n2,Assigned,2026-05-06 09:00,B\n"
        files = {"leads.csv": LEADS.replace("2;", "3;").encode(), "log.csv": log.encode()}
        return lambda: opened(unpacked(files, tmp_path / "in"), mapping)


@pytest.mark.parametrize("dialect", [API, API_SPARSE, WEEKLY, DATA_LOADER], ids=lambda d: d.name)
def test_an_export_gives_what_the_api_gives(
    dialect: Dialect, organisation: Path, connect: Connect, tmp_path: Path
) -> None:
    api = connect()
    path = unpacked(export(organisation, dialect, CLOCK), tmp_path / "in")
    with opened(path, at=api.offer().cutoff_at) as files:
        given, wanted = files.offer(), api.offer()
        assert given.tables == wanted.tables
        for table in given.tables:
            assert given.availability.columns[table] == wanted.availability.columns[table], table
            read, asked = (
                pulled(connector, table)[1].sort_by(TABLES[table].key) for connector in (files, api)
            )
            assert asked.num_rows, table
            assert read.equals(asked), table
