"""What the other facts rest on: who is in which function and logs anything, what is tracked."""

import ibis
import ibis.expr.types as ir

from metrics.facts.sides import USER, Known, latest
from metrics.facts.touches import sales_touches

PEOPLE = (
    "owner_id",
    "owner_kind",
    "function",
    "side",
    "is_active",
    "is_automation",
    "last_touch_at",
    "team",
    "region",
    "as_of",
)
HISTORY = ("entity", "field", "changes", "first_at", "as_of")


def people(known: Known) -> ir.Table:
    """The fact `people`: one row per user and queue, with the last touch a user logged."""
    touches = sales_touches(known)
    last = touches.group_by(owner_id="performed_by").aggregate(
        last_touch_at=touches.occurred_at.max()
    )
    users = latest(known.all("users"), "user_id").select(
        "function", "region", "created_at", "deactivated_at", "recorded_at", _user="user_id"
    )
    joined = (
        known.owners.left_join(last, "owner_id")
        .drop("owner_id_right")
        .left_join(users, [("owner_id", "_user")])
    )
    gone = (joined.deactivated_at <= known.as_of).fill_null(False)
    future = (joined.created_at > known.as_of).fill_null(False)
    return joined.mutate(
        is_active=(joined.owner_kind == USER) & ~joined.is_automation & ~gone & ~future,
        as_of=ibis.literal(known.as_of, "timestamp(6)"),
    ).select(*PEOPLE)


def history(known: Known) -> ir.Table:
    """The fact `history`: for each tracked field, how many changes are recorded and since when."""
    parts = []
    for entity, table in (("lead", "lead_changes"), ("opportunity", "opportunity_changes")):
        rows = known.all(table)
        stands = rows.deleted_at.isnull() | (rows.deleted_at > known.as_of)
        dated = rows.filter((rows.changed_at <= known.as_of) & stands)
        grouped = dated.group_by("field").aggregate(
            changes=dated.count(), first_at=dated.changed_at.min()
        )
        parts.append(grouped.mutate(entity=ibis.literal(entity)))
    both = parts[0].union(parts[1])
    return both.mutate(as_of=ibis.literal(known.as_of, "timestamp(6)")).select(*HISTORY)
