"""The tables of our own database. Instants are naive UTC; changes need a migration."""

from datetime import date, datetime
from typing import Any, ClassVar

from sqlalchemy import (
    JSON,
    CheckConstraint,
    ForeignKey,
    LargeBinary,
    MetaData,
    String,
    Text,
    UniqueConstraint,
    false,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Base(DeclarativeBase):
    """Names every constraint, so that a migration can find it."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(column_0_label)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map: ClassVar[dict[Any, Any]] = {dict[str, Any]: JSON, list[int | None]: JSON}


class WaveRow(Base):
    """A round of the survey. `salt` makes the hashes of its respondents; gone once closed."""

    __tablename__ = "waves"
    __table_args__ = (CheckConstraint("state IN ('planned', 'open', 'closed')", name="state"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(200), unique=True)
    opens_on: Mapped[date]
    closes_on: Mapped[date]
    state: Mapped[str] = mapped_column(String(10))
    salt: Mapped[bytes | None] = mapped_column(LargeBinary)


class ResponseRow(Base):
    """One person's answers in one wave; `person` is a keyed hash. A name only for heads.
    `is_repeated`: when the wave closed, the same twenty answers stood in an earlier closed one.
    """

    __tablename__ = "responses"
    __table_args__ = (
        UniqueConstraint("wave_id", "person"),
        CheckConstraint("level IN ('head', 'staff')", name="level"),
        CheckConstraint("named OR display_name IS NULL", name="name_agreed"),
        CheckConstraint("level = 'head' OR NOT named", name="staff_unnamed"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    wave_id: Mapped[int] = mapped_column(ForeignKey("waves.id"))
    person: Mapped[str] = mapped_column(String(64))
    function: Mapped[str] = mapped_column(String(20))
    level: Mapped[str] = mapped_column(String(10))
    segment: Mapped[dict[str, Any]]
    answers: Mapped[list[int | None]]
    named: Mapped[bool]
    display_name: Mapped[str | None] = mapped_column(String(200))
    submitted_at: Mapped[datetime]
    is_repeated: Mapped[bool] = mapped_column(server_default=false())


class InvitationRow(Base):
    """That somebody of a function was asked; `person` is a keyed hash that no response has."""

    __tablename__ = "invitations"

    wave_id: Mapped[int] = mapped_column(ForeignKey("waves.id"), primary_key=True)
    person: Mapped[str] = mapped_column(String(64), primary_key=True)
    function: Mapped[str] = mapped_column(String(20))


class SnapshotRow(Base):
    """A verdict with all that it rests on; never changed (a trigger refuses)."""

    __tablename__ = "snapshots"
    __table_args__ = (
        UniqueConstraint("manifest_id", "as_of_at", "definitions"),
        CheckConstraint("kind IN ('live', 'backfilled')", name="kind"),
    )

    id: Mapped[str] = mapped_column(String(16), primary_key=True)
    taken_at: Mapped[datetime]
    as_of_at: Mapped[datetime] = mapped_column(index=True)
    manifest_id: Mapped[int]
    definitions: Mapped[str] = mapped_column(String(64))
    software: Mapped[str] = mapped_column(String(40))
    kind: Mapped[str] = mapped_column(String(10))
    predecessor_id: Mapped[str | None] = mapped_column(ForeignKey("snapshots.id"))
    summary: Mapped[dict[str, Any]]
    payload: Mapped[dict[str, Any]]
    statistics: Mapped[bytes] = mapped_column(LargeBinary)


class RunRow(Base):
    """One sync."""

    __tablename__ = "sync_runs"
    __table_args__ = (
        CheckConstraint("state IN ('running', 'done', 'partial', 'failed')", name="state"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    started_at: Mapped[datetime] = mapped_column(index=True)
    ended_at: Mapped[datetime | None]
    state: Mapped[str] = mapped_column(String(10))
    report: Mapped[dict[str, Any]]
    api_calls: Mapped[int]


class ActionRow(Base):
    """What was agreed; never changed (on SQLite a trigger refuses)."""

    __tablename__ = "actions"
    __table_args__ = (CheckConstraint("function IN ('sales', 'marketing')", name="function"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str] = mapped_column(String(500))
    indicator: Mapped[str] = mapped_column(String(80))
    segment: Mapped[dict[str, Any]]
    function: Mapped[str] = mapped_column(String(20))
    due_on: Mapped[date]
    target: Mapped[float]
    baseline: Mapped[dict[str, Any]]


class ActionEventRow(Base):
    """A state that an action took on; the last one counts. Never changed."""

    __tablename__ = "action_events"
    __table_args__ = (CheckConstraint("state IN ('open', 'done', 'dropped')", name="state"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    action_id: Mapped[int] = mapped_column(ForeignKey("actions.id"), index=True)
    state: Mapped[str] = mapped_column(String(10))
    at: Mapped[datetime]
    by: Mapped[str] = mapped_column(String(200))
    note: Mapped[str] = mapped_column(String(2000))
    figure: Mapped[dict[str, Any]]


class ChecklistRow(Base):
    """An answer to a question of the checklist; the last one of a question counts."""

    __tablename__ = "checklist_answers"
    __table_args__ = (CheckConstraint("answer IN ('yes', 'no', 'unknown')", name="answer"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    question: Mapped[str] = mapped_column(String(80))
    answer: Mapped[str] = mapped_column(String(10))
    by: Mapped[str] = mapped_column(String(200))
    at: Mapped[datetime]


class LeaseRow(Base):
    """A right that one process holds until it expires; `token` grows with each holder."""

    __tablename__ = "leases"

    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    holder: Mapped[str] = mapped_column(String(120))
    token: Mapped[int]
    expires_at: Mapped[datetime]


class ScheduledRow(Base):
    """What the timetable wanted at an instant, and what came of it. Once for each kind and instant.

    `token` is that of the lease under which it was begun last.
    """

    __tablename__ = "scheduled_runs"
    __table_args__ = (
        UniqueConstraint("kind", "due_at"),
        CheckConstraint(
            "state IN ('running', 'done', 'partial', 'failed', 'skipped', 'stopped')", name="state"
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(20))
    due_at: Mapped[datetime] = mapped_column(index=True)
    started_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    state: Mapped[str] = mapped_column(String(10))
    token: Mapped[int]
    attempts: Mapped[int]
    rows: Mapped[int | None]
    api_calls: Mapped[int | None]
    report: Mapped[dict[str, Any]]


class AlertStateRow(Base):
    """What was last known of a thing that alerts are about; `alerted_at`: when anybody was told."""

    __tablename__ = "alert_states"

    key: Mapped[str] = mapped_column(String(200), primary_key=True)
    state: Mapped[str] = mapped_column(String(100))
    alerted_at: Mapped[datetime | None]


class AlertRow(Base):
    """A message for one channel; `sent_at` is empty until the channel took it."""

    __tablename__ = "alerts_sent"

    id: Mapped[int] = mapped_column(primary_key=True)
    channel: Mapped[str] = mapped_column(String(100))
    rule: Mapped[str] = mapped_column(String(20))
    title: Mapped[str] = mapped_column(String(300))
    body: Mapped[str] = mapped_column(Text)
    queued_at: Mapped[datetime] = mapped_column(index=True)
    sent_at: Mapped[datetime | None]
    attempts: Mapped[int]
