"""Leases: a right that one process holds at a time, whatever becomes of the others.

A holder renews its lease while it lives; one that died or sleeps loses it when it expires. Each
new holder has a higher token, and whoever writes on the strength of a lease names its token: a
process that wakes after its lease was taken over finds that it no longer counts.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Engine, select, update
from sqlalchemy.orm import Session

from store.records.schema import LeaseRow
from store.records.transactions import reading, writing

RELEASED = datetime(1970, 1, 1)
WRONG_CLOCK = timedelta(days=1)


@dataclass(frozen=True)
class Lease:
    """The right `name`, held under `token`."""

    name: str
    holder: str
    token: int


class Leases:
    """The leases of one database. All instants are naive UTC, given by the caller."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def take(self, name: str, holder: str, now: datetime, lasts: timedelta) -> Lease | None:
        """The lease, until `now` + `lasts`; None while another holds it.

        One that would run for more than a day yet was taken by a clock that was wrong.
        """
        with writing(self._engine) as session:
            row = session.get(LeaseRow, name)
            if row is None:
                row = LeaseRow(name=name, holder=holder, token=0, expires_at=RELEASED)
                session.add(row)
            if now < row.expires_at <= now + lasts + WRONG_CLOCK:
                return None
            row.holder, row.token, row.expires_at = holder, row.token + 1, now + lasts
            return Lease(name, holder, row.token)

    def renew(self, lease: Lease, now: datetime, lasts: timedelta) -> bool:
        """Hold it longer; False where it is another's by now."""
        with writing(self._engine) as session:
            if not is_held(session, lease):
                return False
            values = {"expires_at": now + lasts}
            session.execute(update(LeaseRow).where(LeaseRow.name == lease.name).values(**values))
            return True

    def release(self, lease: Lease) -> None:
        """Leave it to whoever comes next."""
        with writing(self._engine) as session:
            mine = (LeaseRow.name == lease.name, LeaseRow.token == lease.token)
            session.execute(update(LeaseRow).where(*mine).values(expires_at=RELEASED))

    def holder(self, name: str, now: datetime) -> str | None:
        """Who holds it at `now`."""
        with reading(self._engine) as session:
            row = session.get(LeaseRow, name)
            return row.holder if row is not None and row.expires_at > now else None


def is_held(session: Session, lease: Lease) -> bool:
    """Whether nobody took the lease over; to be asked in the transaction that relies on it."""
    token = session.scalar(select(LeaseRow.token).where(LeaseRow.name == lease.name))
    return token == lease.token
