"""Records as they stood at an instant: today's values, and what history says they were before."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import ibis
import ibis.expr.types as ir


@dataclass(frozen=True)
class Tracked:
    """Where a table's changes are recorded, and which column each changed field fills."""

    changes: str
    key: str
    columns: Mapping[str, str]


TRACKED: Mapping[str, Tracked] = {
    "leads": Tracked(
        "lead_changes",
        "lead_id",
        {
            "owner": "owner_id",
            "status": "status",
            "rating": "rating",
            "score": "score",
            "source": "source",
            "region": "region",
            "business_unit": "business_unit",
            "industry": "industry",
            "segment": "segment",
            "rejection_reason": "rejection_reason",
        },
    ),
    "opportunities": Tracked(
        "opportunity_changes",
        "opportunity_id",
        {
            "stage": "sales_stage",
            "amount": "amount",
            "close_date": "close_on",
            "forecast": "forecast_category",
            "owner": "owner_id",
            "campaign": "campaign_id",
            "account": "account_id",
            "source": "source",
            "loss_reason": "loss_reason",
            "region": "region",
            "business_unit": "business_unit",
            "is_key": "is_key",
        },
    ),
}
KINDS = ("user", "queue")


def as_they_stood(rows: ir.Table, changes: ir.Table, tracked: Tracked, as_of: datetime) -> ir.Table:
    """`rows` with the tracked columns as they were at `as_of`: what the first change after it says
    was there before; today's value where no later change is recorded.
    """
    stands = changes.deleted_at.isnull() | (changes.deleted_at > as_of)
    later = changes.filter(
        (changes.changed_at > as_of) & changes.field.isin(list(tracked.columns)) & stands
    )
    has_kinds = "new_kind" in later.columns
    if has_kinds:  # a change of owner may come as two rows, names and ids
        later = later.filter((later.field != "owner") | later.new_kind.isin(KINDS))
    first = ibis.window(
        group_by=[tracked.key, "field"], order_by=[later.changed_at, later.change_id]
    )
    numbered = later.mutate(_nth=ibis.row_number().over(first))
    next_ones = numbered.filter(numbered._nth == 0)
    of_owner = next_ones.field == "owner"
    kinds = {"_kind": next_ones.old_kind.max(where=of_owner)} if has_kinds else {}
    named = next_ones.group_by(_key=next_ones[tracked.key]).aggregate(
        **{f"_is_{f}": (next_ones.field == f).any() for f in tracked.columns},
        **{f"_was_{f}": next_ones.old.max(where=next_ones.field == f) for f in tracked.columns},
        **kinds,
    )
    joined = rows.left_join(named, [(tracked.key, "_key")])

    def then(field: str, column: str, was: ir.Value) -> ir.Value:
        changed = joined[f"_is_{field}"].fill_null(False)
        return ibis.ifelse(changed, was, joined[column])

    values = {
        column: then(field, column, _typed(joined[f"_was_{field}"], rows[column]))
        for field, column in tracked.columns.items()
    }
    if has_kinds:
        values["owner_kind"] = then("owner", "owner_kind", joined._kind)
    return joined.mutate(**values).select(*rows.columns)


def _typed(text: ir.StringValue, like: ir.Value) -> ir.Value:
    if like.type().is_date():
        return text.substr(0, 10).try_cast("date")
    return text if like.type().is_string() else text.try_cast(like.type())
