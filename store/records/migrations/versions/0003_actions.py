"""Agreed actions with their history, and the answers of the checklist."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

TABLES = ("actions", "action_events", "checklist_answers")


def upgrade() -> None:
    """Bring the tables to this revision."""
    op.create_table(
        "actions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("title", sa.String(length=500), nullable=False),
        sa.Column("indicator", sa.String(length=80), nullable=False),
        sa.Column("segment", sa.JSON(), nullable=False),
        sa.Column("function", sa.String(length=20), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("target", sa.Float(), nullable=False),
        sa.Column("baseline", sa.JSON(), nullable=False),
        sa.CheckConstraint("function IN ('sales', 'marketing')", name="ck_actions_function"),
        sa.PrimaryKeyConstraint("id", name="pk_actions"),
    )
    op.create_table(
        "action_events",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("action_id", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.Column("by", sa.String(length=200), nullable=False),
        sa.Column("note", sa.String(length=2000), nullable=False),
        sa.Column("figure", sa.JSON(), nullable=False),
        sa.CheckConstraint("state IN ('open', 'done', 'dropped')", name="ck_action_events_state"),
        sa.ForeignKeyConstraint(["action_id"], ["actions.id"], name="fk_action_events_action_id"),
        sa.PrimaryKeyConstraint("id", name="pk_action_events"),
    )
    op.create_index("ix_action_events_action_id", "action_events", ["action_id"])
    op.create_table(
        "checklist_answers",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("question", sa.String(length=80), nullable=False),
        sa.Column("answer", sa.String(length=10), nullable=False),
        sa.Column("by", sa.String(length=200), nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.CheckConstraint(
            "answer IN ('yes', 'no', 'unknown')", name="ck_checklist_answers_answer"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_checklist_answers"),
    )
    if op.get_bind().dialect.name == "sqlite":
        for table in TABLES:
            for action in ("UPDATE", "DELETE"):
                op.execute(
                    f"CREATE TRIGGER {table}_keep_from_{action.lower()} BEFORE {action} ON {table}"
                    " BEGIN SELECT RAISE(ABORT, 'what was agreed or answered stands'); END"
                )


def downgrade() -> None:
    """Bring the tables back to the revision before."""
    for table in ("checklist_answers", "action_events", "actions"):
        op.drop_table(table)
