"""Explicit transactions over one database, and its faults in our own words."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, StatementError
from sqlalchemy.orm import Session

from model.errors import RecordsError

BUSY_SECONDS = 30
_BEGIN = "sqlite_begin"
_WORDS = {
    "locked": ("another process holds it", "Wait until that ends, and try again."),
    "not a database": ("it is not a database of ours", "Restore a copy, or choose another file."),
    "malformed": ("it is damaged", "Restore a copy."),
    "unable to open": ("it cannot be opened", "Check the folder and its permissions."),
    "readonly": ("it cannot be written", "Check the permissions of the file and its folder."),
    "disk is full": ("the disk is full", "Free some space."),
}


def connect(address: str) -> Engine:
    """The database at an SQLAlchemy address; on SQLite in WAL mode with foreign keys held."""
    try:
        url = make_url(address)
        if is_sqlite(url) and url.database:
            file = Path(url.database)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.touch(mode=0o600)  # it holds the keys of open survey waves
        arguments = {"timeout": BUSY_SECONDS} if is_sqlite(url) else {}
        engine = create_engine(url, connect_args=arguments, json_serializer=_json)
    except (ArgumentError, NoSuchModuleError, ModuleNotFoundError, OSError) as error:
        raise RecordsError(
            f"the address cannot be used ({error})", "records", "Write sqlite:///path/records.db."
        ) from None
    if is_sqlite(url):
        event.listen(engine, "connect", _prepare)
        event.listen(engine, "begin", _begin)
    return engine


def is_sqlite(url: URL) -> bool:
    """Whether the address is that of an SQLite file."""
    return url.get_backend_name() == "sqlite"


_json = partial(json.dumps, allow_nan=False)


def _prepare(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # transactions begin and end where we say, DDL included
    for pragma in (
        "journal_mode = WAL",
        "synchronous = FULL",
        "foreign_keys = ON",
        "secure_delete = ON",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _begin(connection: Connection) -> None:
    mode = connection.get_execution_options().get(_BEGIN, "DEFERRED")
    connection.exec_driver_sql(f"BEGIN {mode}")


@contextmanager
def reading(engine: Engine) -> Iterator[Session]:
    """A consistent view; never waits for a writer on SQLite."""
    with _faults(engine), Session(engine) as session:
        yield session


@contextmanager
def writing(engine: Engine) -> Iterator[Session]:
    """All or nothing; on SQLite the only writer from its first statement on."""
    immediate = engine.execution_options(**{_BEGIN: "IMMEDIATE"})
    with _faults(engine), Session(immediate) as session, session.begin():
        yield session


@contextmanager
def migrating(engine: Engine) -> Iterator[Connection]:
    """A writing transaction for changes of the tables themselves."""
    immediate = engine.execution_options(**{_BEGIN: "IMMEDIATE"})
    with _faults(engine), immediate.begin() as connection:
        yield connection


@contextmanager
def _faults(engine: Engine) -> Iterator[None]:
    try:
        yield
    except DBAPIError as error:
        reason = str(error.orig).splitlines()[0][:200]
        what, todo = next(
            (words for sign, words in _WORDS.items() if sign in reason),
            (f"it cannot be read or written ({reason})", ""),
        )
        raise RecordsError(what, engine.url.render_as_string(hide_password=True), todo) from None
    except StatementError as error:
        reason = str(error.orig).splitlines()[0][:200]
        raise RecordsError(f"what is to be kept is not JSON ({reason})", "records") from None
