"""Alerts: what was last known of each thing, and the messages that are to reach each channel.

What is known changes in the same transaction in which its messages are queued, so that a kill
leaves both or neither; a message stays queued until its channel took it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Engine, delete, select
from sqlalchemy.orm import Session

from model.alerts import Known, MessageDraft
from model.errors import RecordsError
from store.records.leases import Lease, is_held
from store.records.schema import AlertRow, AlertStateRow
from store.records.transactions import reading, writing

KEPT = timedelta(days=90)


@dataclass(frozen=True)
class Message:
    """A message for one channel; `sent_at` is None until the channel took it."""

    id: int
    channel: str
    rule: str
    title: str
    body: str
    queued_at: datetime
    sent_at: datetime | None
    attempts: int


class Alerts:
    """The alerts of one database."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def known(self) -> dict[str, Known]:
        """What was last known of each thing, by key."""
        with reading(self._engine) as session:
            rows = session.scalars(select(AlertStateRow))
            return {row.key: Known(row.state, row.alerted_at) for row in rows}

    def queue(
        self,
        lease: Lease,
        known: Mapping[str, Known],
        messages: Sequence[MessageDraft],
        channels: Sequence[str],
        now: datetime,
    ) -> None:
        """Keep what is `known` now, and a message for each channel: all or nothing. Leads and
        messages of more than 90 days ago are forgotten, also those that no channel took.

        Raises RecordsError where another process has taken the lease over.
        """
        with writing(self._engine) as session:
            _check(session, lease)
            _forget(session, now - KEPT)
            for key, found in known.items():
                row = session.get(AlertStateRow, key) or AlertStateRow(key=key)
                row.state, row.alerted_at = found.state, found.alerted_at
                session.add(row)
            for draft in messages:
                for channel in channels:
                    content = {"rule": draft.rule, "title": draft.title, "body": draft.body}
                    session.add(AlertRow(channel=channel, queued_at=now, attempts=0, **content))

    def waiting(self) -> list[Message]:
        """The messages that their channel has not taken yet, oldest first."""
        query = select(AlertRow).where(AlertRow.sent_at.is_(None)).order_by(AlertRow.id)
        with reading(self._engine) as session:
            return [_message(row) for row in session.scalars(query)]

    def note(self, lease: Lease, message: Message, sent_at: datetime | None) -> None:
        """Note an attempt to deliver; `sent_at` None where the channel did not take it."""
        with writing(self._engine) as session:
            _check(session, lease)
            row = session.get_one(AlertRow, message.id)
            row.attempts, row.sent_at = row.attempts + 1, sent_at


def _forget(session: Session, before: datetime) -> None:
    told = AlertStateRow.alerted_at < before
    session.execute(delete(AlertStateRow).where(AlertStateRow.key.startswith("sla:"), told))
    session.execute(delete(AlertRow).where(AlertRow.queued_at < before))


def _check(session: Session, lease: Lease) -> None:
    if not is_held(session, lease):
        raise RecordsError("another process has taken over", "alerts", "It goes on with them.")


def _message(row: AlertRow) -> Message:
    return Message(
        id=row.id,
        channel=row.channel,
        rule=row.rule,
        title=row.title,
        body=row.body,
        queued_at=row.queued_at,
        sent_at=row.sent_at,
        attempts=row.attempts,
    )
