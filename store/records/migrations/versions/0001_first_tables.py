"""Waves, responses, snapshots and sync runs."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_REFUSALS = {"keep_from_update": "UPDATE", "keep_from_delete": "DELETE"}


def upgrade() -> None:
    """Bring the tables to this revision."""
    _create_waves()
    _create_responses()
    _create_snapshots()
    op.create_table(
        "sync_runs",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("started_at", sa.DateTime(), nullable=False),
        sa.Column("ended_at", sa.DateTime(), nullable=True),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("report", sa.JSON(), nullable=False),
        sa.Column("api_calls", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "state IN ('running', 'done', 'partial', 'failed')", name="ck_sync_runs_state"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_sync_runs"),
    )
    op.create_index("ix_sync_runs_started_at", "sync_runs", ["started_at"])


def _create_waves() -> None:
    op.create_table(
        "waves",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("opens_on", sa.Date(), nullable=False),
        sa.Column("closes_on", sa.Date(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("salt", sa.LargeBinary(), nullable=True),
        sa.CheckConstraint("state IN ('planned', 'open', 'closed')", name="ck_waves_state"),
        sa.PrimaryKeyConstraint("id", name="pk_waves"),
        sa.UniqueConstraint("name", name="uq_waves_name"),
    )


def _create_responses() -> None:
    op.create_table(
        "responses",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("wave_id", sa.Integer(), nullable=False),
        sa.Column("person", sa.String(length=64), nullable=False),
        sa.Column("function", sa.String(length=20), nullable=False),
        sa.Column("level", sa.String(length=10), nullable=False),
        sa.Column("segment", sa.JSON(), nullable=False),
        sa.Column("answers", sa.JSON(), nullable=False),
        sa.Column("named", sa.Boolean(), nullable=False),
        sa.Column("display_name", sa.String(length=200), nullable=True),
        sa.Column("submitted_at", sa.DateTime(), nullable=False),
        sa.CheckConstraint("level = 'head' OR NOT named", name="ck_responses_staff_unnamed"),
        sa.CheckConstraint("level IN ('head', 'staff')", name="ck_responses_level"),
        sa.CheckConstraint("named OR display_name IS NULL", name="ck_responses_name_agreed"),
        sa.ForeignKeyConstraint(["wave_id"], ["waves.id"], name="fk_responses_wave_id"),
        sa.PrimaryKeyConstraint("id", name="pk_responses"),
        sa.UniqueConstraint("wave_id", "person", name="uq_responses_wave_id_person"),
    )


def _create_snapshots() -> None:
    op.create_table(
        "snapshots",
        sa.Column("id", sa.String(length=16), nullable=False),
        sa.Column("taken_at", sa.DateTime(), nullable=False),
        sa.Column("as_of_at", sa.DateTime(), nullable=False),
        sa.Column("manifest_id", sa.Integer(), nullable=False),
        sa.Column("definitions", sa.String(length=64), nullable=False),
        sa.Column("software", sa.String(length=40), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("predecessor_id", sa.String(length=16), nullable=True),
        sa.Column("summary", sa.JSON(), nullable=False),
        sa.Column("payload", sa.JSON(), nullable=False),
        sa.Column("statistics", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint("kind IN ('live', 'backfilled')", name="ck_snapshots_kind"),
        sa.ForeignKeyConstraint(
            ["predecessor_id"], ["snapshots.id"], name="fk_snapshots_predecessor_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_snapshots"),
        sa.UniqueConstraint(
            "manifest_id",
            "as_of_at",
            "definitions",
            name="uq_snapshots_manifest_id_as_of_at_definitions",
        ),
    )
    op.create_index("ix_snapshots_as_of_at", "snapshots", ["as_of_at"])
    if op.get_bind().dialect.name == "sqlite":
        for name, action in _REFUSALS.items():
            op.execute(
                f"CREATE TRIGGER {name} BEFORE {action} ON snapshots"
                " BEGIN SELECT RAISE(ABORT, 'a snapshot is never changed'); END"
            )


def downgrade() -> None:
    """Bring the tables back to the revision before."""
    for table in ("sync_runs", "snapshots", "responses", "waves"):
        op.drop_table(table)
