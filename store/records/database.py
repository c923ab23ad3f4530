"""Opening our own database: it is created, or brought to this version's tables, on open."""

from pathlib import Path
from types import TracebackType
from typing import Self

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine

from model.errors import RecordsError
from store.records.runs import Runs
from store.records.snapshots import Snapshots
from store.records.surveys import Surveys
from store.records.transactions import connect, migrating, reading

MIGRATIONS = Path(__file__).parent / "migrations"


class Records:
    """The database behind one address; a context manager. Repositories: `surveys`, `snapshots`,
    `runs`. All errors are RecordsErrors or SurveyErrors.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.surveys = Surveys(engine)
        self.snapshots = Snapshots(engine)
        self.runs = Runs(engine)

    @classmethod
    def open(cls, url: str) -> Self:
        """Open (on SQLite: create) the database and migrate it to this version.

        `url` is an SQLAlchemy address such as sqlite:////home/me/.detente/records.db.
        Raises RecordsError: locked, not a database, or written by a newer version.
        """
        engine = connect(url)
        try:
            where = engine.url.render_as_string(hide_password=True)
            with reading(engine) as session:
                current = _is_current(session.connection(), where)
            if not current:
                with migrating(engine) as connection:
                    command.upgrade(alembic_settings(connection), "head")
        except BaseException:
            engine.dispose()
            raise
        return cls(engine)

    def close(self) -> None:
        """Release the connections."""
        self._engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def alembic_settings(connection: Connection) -> Config:
    """What Alembic needs to run our migrations on an open connection."""
    settings = Config()
    settings.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    settings.attributes["connection"] = connection
    return settings


def _is_current(connection: Connection, where: str) -> bool:
    scripts = ScriptDirectory.from_config(alembic_settings(connection))
    found = set(MigrationContext.configure(connection).get_current_heads())
    if found - {script.revision for script in scripts.walk_revisions()}:
        raise RecordsError("a newer version has written it", where, "Update Détente.")
    return found == set(scripts.get_heads())
