"""Opening our own database: it is created, or brought to this version's tables, on open."""

from contextlib import AbstractContextManager
from typing import Self

from sqlalchemy import Engine, inspect, text

from model.closing import Closing
from store.records.actions import Actions
from store.records.alerts import Alerts
from store.records.checklists import Checklists
from store.records.invitations import Invitations
from store.records.leases import Leases
from store.records.runs import Runs
from store.records.schedule import Schedule
from store.records.snapshots import Snapshots
from store.records.surveys import Surveys
from store.records.transactions import alone, connect, reading

NEWEST = "0005"  # the last of the migrations


class Records(Closing):
    """The database behind one address; a context manager. Repositories: `surveys`, `invitations`,
    `snapshots`, `runs`, `actions`, `checklists`, `schedule`, `leases`, `alerts`. All errors are
    RecordsErrors or SurveyErrors.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.surveys = Surveys(engine)
        self.invitations = Invitations(engine)
        self.snapshots = Snapshots(engine)
        self.runs = Runs(engine)
        self.actions = Actions(engine)
        self.checklists = Checklists(engine)
        self.schedule = Schedule(engine)
        self.leases = Leases(engine)
        self.alerts = Alerts(engine)

    @classmethod
    def open(cls, url: str, password: str | None = None) -> Self:
        """Open (on SQLite: create) the database and migrate it to this version.

        `url` is an SQLAlchemy address such as sqlite:////home/me/.detente/records.db or
        postgresql://detente@db.example.com/detente, whose user has the `password`.
        Raises RecordsError: locked, not a database, or written by a newer version.
        """
        engine = connect(url, password)
        try:
            if not _is_newest(engine):
                from store.records.migrating import migrate  # Alembic takes long to load

                migrate(engine)
        except BaseException:
            engine.dispose()
            raise
        return cls(engine)

    def alone(self) -> AbstractContextManager[None]:
        """The right to write the lake, for one of all machines that share these records; BusyError
        while another has it.
        """
        return alone(self._engine)

    def close(self) -> None:
        """Release the connections."""
        self._engine.dispose()


def _is_newest(engine: Engine) -> bool:
    with reading(engine) as session:
        if not inspect(session.connection()).has_table("alembic_version"):
            return False
        found = session.execute(text("SELECT version_num FROM alembic_version")).scalars().all()
    return list(found) == [NEWEST]
