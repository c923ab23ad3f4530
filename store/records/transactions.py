"""Explicit transactions over one database, and its faults in our own words."""

import json
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, StatementError
from sqlalchemy.orm import Session

from model.errors import BusyError, RecordsError

BUSY_SECONDS = 30
CONNECT_SECONDS = 10
POSTGRESQL = "postgresql+psycopg"
WRITER = 0x64E7E27E  # the numbers of our locks among a PostgreSQL database's advisory locks
LAKE = 0x64E7E27F
HEARTBEAT = (
    "SET tcp_keepalives_idle = 30; SET tcp_keepalives_interval = 10; SET tcp_keepalives_count = 3"
)
_BEGIN = "sqlite_begin"
_WORDS = {
    "lock timeout": ("another process holds it", "Wait until that ends, and try again."),
    "password": ("the log-in is refused", "Check the user, and the variable in password_env."),
    "connection failed": ("the server does not answer", "Check the address and the server."),
    "connection timeout": ("the server does not answer", "Check the address and the server."),
    "locked": ("another process holds it", "Wait until that ends, and try again."),
    "not a database": ("it is not a database of ours", "Restore a copy, or choose another file."),
    "malformed": ("it is damaged", "Restore a copy."),
    "unable to open": ("it cannot be opened", "Check the folder and its permissions."),
    "readonly": ("it cannot be written", "Check the permissions of the file and its folder."),
    "disk is full": ("the disk is full", "Free some space."),
}


def connect(address: str, password: str | None = None) -> Engine:
    """The database at an SQLAlchemy address; on SQLite in WAL mode with foreign keys held.

    `password` is for a PostgreSQL server whose address names a user alone.
    """
    try:
        url = make_url(address)
        if is_sqlite(url):
            return _sqlite(url)
        if url.get_backend_name() != "postgresql":
            raise ArgumentError(f"{url.get_backend_name()} is not a kind we know")
        url = url.set(drivername=POSTGRESQL, password=password or url.password)
        waits = {"connect_timeout": CONNECT_SECONDS}
        return create_engine(url, connect_args=waits, json_serializer=_json, pool_pre_ping=True)
    except (ArgumentError, ValueError, OSError) as error:
        raise RecordsError(
            f"the address cannot be used ({error})",
            "records",
            "Write sqlite:///path/records.db or postgresql://user@host:5432/database.",
        ) from None


def _sqlite(url: URL) -> Engine:
    if url.database:
        file = Path(url.database)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch(mode=0o600)  # it holds the keys of open survey waves
    arguments = {"timeout": BUSY_SECONDS}
    engine = create_engine(url, connect_args=arguments, json_serializer=_json)
    event.listen(engine, "connect", _prepare)
    event.listen(engine, "begin", _begin)
    return engine


def is_sqlite(url: URL) -> bool:
    """Whether the address is that of an SQLite file."""
    return url.get_backend_name() == "sqlite"


def _json(value: Any) -> str:
    try:
        return json.dumps(value, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise RecordsError(f"what is to be kept is not JSON ({error})", "records") from None


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
    """A consistent view; never waits for a writer."""
    if not is_sqlite(engine.url):
        engine = engine.execution_options(isolation_level="REPEATABLE READ")
    with _faults(engine), Session(engine) as session:
        yield session


@contextmanager
def writing(engine: Engine) -> Iterator[Session]:
    """All or nothing; the only writer from its first statement on."""
    immediate = engine.execution_options(**{_BEGIN: "IMMEDIATE"})
    with _faults(engine), Session(immediate) as session, session.begin():
        _take_turn(session.connection())
        yield session


@contextmanager
def migrating(engine: Engine) -> Iterator[Connection]:
    """A writing transaction for changes of the tables themselves."""
    immediate = engine.execution_options(**{_BEGIN: "IMMEDIATE"})
    with _faults(engine), immediate.begin() as connection:
        _take_turn(connection)
        yield connection


@contextmanager
def alone(engine: Engine) -> Iterator[None]:
    """The right to write the lake among all machines with the same PostgreSQL records; BusyError
    at once where another has it. It ends with the connection, whatever becomes of the process.

    SQLite is in the home folder, whose own lock does the same.
    """
    if is_sqlite(engine.url):
        yield
        return
    with _faults(engine):
        connection = engine.execution_options(isolation_level="AUTOCOMMIT").connect()
    try:
        with _faults(engine):
            connection.execute(text(HEARTBEAT))  # a machine that is gone is soon noticed
            mine = connection.scalar(text("SELECT pg_try_advisory_lock(:lake)"), {"lake": LAKE})
        if not mine:
            raise BusyError(
                "another sync is running, on this machine or another",
                place(engine),
                "Wait until it ends, and try again.",
            )
        yield
    finally:
        with suppress(DBAPIError):  # one that broke has given it back
            connection.execute(text("SELECT pg_advisory_unlock_all()"))
        connection.close()


def _take_turn(connection: Connection) -> None:
    """Wait on PostgreSQL until no other of us writes; SQLite does so itself."""
    if connection.dialect.name != "sqlite":
        connection.execute(text(f"SET LOCAL lock_timeout = '{BUSY_SECONDS}s'"))
        connection.execute(text("SELECT pg_advisory_xact_lock(:ours)"), {"ours": WRITER})


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
        raise RecordsError(what, place(engine), todo) from None
    except StatementError as error:
        if isinstance(error.orig, RecordsError):
            raise error.orig from None
        raise


def place(engine: Engine) -> str:
    """The database's address without what might be secret."""
    return engine.url.set(query={}).render_as_string(hide_password=True)
