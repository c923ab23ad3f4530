"""Invitations to survey waves, and which responses stood in an earlier wave already."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the tables to this revision."""
    op.create_table(
        "invitations",
        sa.Column("wave_id", sa.Integer(), nullable=False),
        sa.Column("person", sa.String(length=64), nullable=False),
        sa.Column("function", sa.String(length=20), nullable=False),
        sa.ForeignKeyConstraint(["wave_id"], ["waves.id"], name="fk_invitations_wave_id"),
        sa.PrimaryKeyConstraint("wave_id", "person", name="pk_invitations"),
    )
    op.add_column(
        "responses",
        sa.Column("is_repeated", sa.Boolean(), nullable=False, server_default=sa.false()),
    )


def downgrade() -> None:
    """Bring the tables back to the revision before."""
    op.drop_column("responses", "is_repeated")
    op.drop_table("invitations")
