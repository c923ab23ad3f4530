"""Leases, scheduled runs and alerts; what is never changed on SQLite, is not on PostgreSQL."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

KEPT = {
    "snapshots": "a snapshot is never changed",
    "actions": "what was agreed or answered stands",
    "action_events": "what was agreed or answered stands",
    "checklist_answers": "what was agreed or answered stands",
}
_REFUSE = """
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION '%', TG_ARGV[0]; END $$
"""
_KEEP = """
CREATE TRIGGER keep_from_change BEFORE UPDATE OR DELETE OR TRUNCATE ON {table}
FOR EACH STATEMENT EXECUTE FUNCTION refuse_change('{why}')
"""


def upgrade() -> None:
    """Bring the tables to this revision."""
    op.create_table(
        "leases",
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("holder", sa.String(length=120), nullable=False),
        sa.Column("token", sa.Integer(), nullable=False),
        sa.Column("expires_at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_leases"),
    )
    _create_runs()
    _create_alerts()
    if op.get_bind().dialect.name == "postgresql":
        op.execute(_REFUSE)
        for table, why in KEPT.items():
            op.execute(_KEEP.format(table=table, why=why))


def _create_runs() -> None:
    op.create_table(
        "scheduled_runs",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("due_at", sa.DateTime(), nullable=False),
        sa.Column("started_at", sa.DateTime(), nullable=False),
        sa.Column("ended_at", sa.DateTime(), nullable=True),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("token", sa.Integer(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=True),
        sa.Column("api_calls", sa.Integer(), nullable=True),
        sa.Column("report", sa.JSON(), nullable=False),
        sa.CheckConstraint(
            "state IN ('running', 'done', 'partial', 'failed', 'skipped', 'stopped')",
            name="ck_scheduled_runs_state",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_scheduled_runs"),
        sa.UniqueConstraint("kind", "due_at", name="uq_scheduled_runs_kind_due_at"),
    )
    op.create_index("ix_scheduled_runs_due_at", "scheduled_runs", ["due_at"])


def _create_alerts() -> None:
    op.create_table(
        "alert_states",
        sa.Column("key", sa.String(length=200), nullable=False),
        sa.Column("state", sa.String(length=100), nullable=False),
        sa.Column("alerted_at", sa.DateTime(), nullable=True),
        sa.PrimaryKeyConstraint("key", name="pk_alert_states"),
    )
    op.create_table(
        "alerts_sent",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("channel", sa.String(length=100), nullable=False),
        sa.Column("rule", sa.String(length=20), nullable=False),
        sa.Column("title", sa.String(length=300), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("queued_at", sa.DateTime(), nullable=False),
        sa.Column("sent_at", sa.DateTime(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_alerts_sent"),
    )
    op.create_index("ix_alerts_sent_queued_at", "alerts_sent", ["queued_at"])


def downgrade() -> None:
    """Bring the tables back to the revision before."""
    if op.get_bind().dialect.name == "postgresql":
        for table in KEPT:
            op.execute(f"DROP TRIGGER keep_from_change ON {table}")
        op.execute("DROP FUNCTION refuse_change()")
    for table in ("alerts_sent", "alert_states", "scheduled_runs", "leases"):
        op.drop_table(table)
