"""What several areas' tests need: the demonstration company, prepared once, and FULL."""

import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from itertools import count
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.engine import URL

from monitor import demo
from monitor.progress import SILENT, Progress
from tests.store import postgresql

LEADS = 4000  # so many that no figure is short of records, whatever the day
MONTHS = 3
LONG = ("monitor", "store", "connectors")  # begun first, or one process is left with them
SHARED = {"demonstration", "engine_url", "spark_url"}  # dear to make: once, in one process


@pytest.hookimpl(tryfirst=True)  # before xdist reads the groups
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave out the full tests unless FULL=1; keep a file's tests in one process, and all that
    need what is shared in the same.
    """
    full = os.environ.get("FULL") == "1"
    for item in items:
        if item.get_closest_marker("full") and not full:
            item.add_marker(pytest.mark.skip(reason="runs with FULL=1"))
        shared = SHARED & set(getattr(item, "fixturenames", ()))
        group = "shared" if shared else item.path.as_posix()
        item.add_marker(pytest.mark.xdist_group(group))
    items.sort(key=_turn)


def _turn(item: pytest.Item) -> int:
    """When a test is to be begun: those on what is shared, then the long ones, then the others."""
    if SHARED & set(getattr(item, "fixturenames", ())):
        return 0
    area = item.path.parent.name
    return 1 + LONG.index(area) if area in LONG else 1 + len(LONG)


def quietly() -> AbstractContextManager[Progress]:
    return nullcontext(SILENT)


@pytest.fixture(scope="session")
def demonstration(tmp_path_factory: pytest.TempPathFactory) -> Iterator[demo.Company]:
    """What `make run` prepares, smaller: served, synced, surveyed, with snapshots. Shared: whoever
    changes it works on a copy.
    """
    home = tmp_path_factory.mktemp("home")
    with demo.opened(home, "mixed", 7, LEADS, quietly) as company:
        company.fill(quietly, MONTHS)
        yield company


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[Path]:
    """The folder of a PostgreSQL server's socket."""
    with postgresql.server() as folder:
        yield folder


NUMBERS = count(1)


def new_database(folder: Path) -> str:
    """The address of a new, empty database on the server."""
    name = f"records_{next(NUMBERS)}"
    url = URL.create(
        "postgresql",
        username=postgresql.USER,
        password=postgresql.PASSWORD,
        database="postgres",
        query={"host": str(folder)},
    )
    engine = create_engine(url.set(drivername="postgresql+psycopg"), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    engine.dispose()
    return url.set(database=name).render_as_string(hide_password=False)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.full)])
def records_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of records that are not there yet, on either database."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'home' / 'records.db'}"
    return new_database(request.getfixturevalue("postgresql_server"))
