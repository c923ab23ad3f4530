"""Segments and restatements of snapshots, and the tables that other tools read."""

import json
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

COMPANY = {"segment_by": "company", "segment": "all"}
DIMENSIONS = ("handoff", "language", "joint_work", "feedback", "process", "structure")
FIGURE = ("value", "bound", "low", "high", "n", "status")


def upgrade() -> None:
    """Bring the tables to this revision; what older snapshots said is filled in."""
    op.add_column("snapshots", sa.Column("segments", sa.LargeBinary(), nullable=True))
    op.add_column("snapshots", sa.Column("restates", sa.String(length=16), nullable=True))
    verdicts = op.create_table(
        "snapshot_verdicts",
        *_common(),
        sa.Column("stage", sa.String(length=10), nullable=True),
        sa.Column("headline", sa.String(length=10), nullable=True),
        *(sa.Column(name, sa.Float(), nullable=True) for name in ("score", "low", "high")),
        sa.Column("evidence", sa.Float(), nullable=False),
        *(
            sa.Column(f"p_{name}", sa.Float(), nullable=False)
            for name in ("undefined", "defined", "aligned", "integrated")
        ),
        *(sa.Column(f"{name}_score", sa.Float(), nullable=True) for name in DIMENSIONS),
        *_keys("snapshot_verdicts"),
        sqlite_with_rowid=False,
    )
    values = op.create_table(
        "indicator_values",
        sa.Column("indicator", sa.String(length=60), nullable=False),
        *_common(),
        sa.Column("dimension", sa.String(length=20), nullable=True),
        sa.Column("unit", sa.String(length=20), nullable=False),
        sa.Column("value", sa.Float(), nullable=True),
        sa.Column("bound", sa.String(length=40), nullable=True),
        sa.Column("low", sa.Float(), nullable=True),
        sa.Column("high", sa.Float(), nullable=True),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("score", sa.Float(), nullable=True),
        sa.Column("stage", sa.String(length=10), nullable=True),
        sa.Column("status", sa.String(length=12), nullable=False),
        *_keys("indicator_values", "indicator"),
        sqlite_with_rowid=False,
    )
    kept = "SELECT id, as_of_at, kind, definitions, payload FROM snapshots"
    for row in op.get_bind().execute(sa.text(kept)).mappings().all():
        payload = row["payload"]
        form = json.loads(payload) if isinstance(payload, str) else payload
        op.bulk_insert(verdicts, [_verdict(row, form["stage"])])
        op.bulk_insert(values, _values(row, form["indicators"]))


def _common() -> list[sa.Column[Any]]:
    return [
        sa.Column("segment_by", sa.String(length=40), nullable=False),
        sa.Column("segment", sa.String(length=255), nullable=False),
        sa.Column("snapshot_id", sa.String(length=16), nullable=False),
        sa.Column("as_of_on", sa.Date(), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("definitions", sa.String(length=64), nullable=False),
    ]


def _keys(table: str, *first: str) -> list[sa.Constraint]:
    return [
        sa.PrimaryKeyConstraint(*first, "segment_by", "segment", "snapshot_id", name=f"pk_{table}"),
        sa.ForeignKeyConstraint(["snapshot_id"], ["snapshots.id"], name=f"fk_{table}_snapshot_id"),
    ]


def _verdict(row: Any, stage: dict[str, Any]) -> dict[str, Any]:
    scores = {one["id"]: one["score"] for one in stage["dimensions"]}
    return {
        **_head(row),
        **{k: stage[k] for k in ("stage", "headline", "score", "low", "high", "evidence")},
        **{f"p_{name}": chance for name, chance in stage["probabilities"].items()},
        **{f"{name}_score": scores.get(name) for name in DIMENSIONS},
    }


def _values(row: Any, forms: dict[str, Any]) -> list[dict[str, Any]]:
    figures = [*forms["rows"], *forms.get("outcomes", [])]
    return [
        {
            **_head(row),
            **{key: one[key] for key in (*FIGURE, "unit")},
            **{key: one.get(key) for key in ("dimension", "score", "stage")},
            "indicator": one["id"],
        }
        for one in figures
    ]


def _head(row: Any) -> dict[str, Any]:
    at = row["as_of_at"]
    at = datetime.fromisoformat(at) if isinstance(at, str) else at
    day: date = at.date()
    kept = {key: row[key] for key in ("kind", "definitions")}
    return {**COMPANY, "snapshot_id": row["id"], "as_of_on": day, **kept}


def downgrade() -> None:
    """Bring the tables back to the revision before."""
    op.drop_table("indicator_values")
    op.drop_table("snapshot_verdicts")
    op.drop_column("snapshots", "restates")
    op.drop_column("snapshots", "segments")
