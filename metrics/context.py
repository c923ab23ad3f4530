"""What must be known before an indicator means anything, beyond the columns it reads."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from model.availability import Availability
from model.definitions import Definitions
from model.stages import Function

if TYPE_CHECKING:
    import ibis.expr.types as ir
    import pyarrow as pa

CAPTURE_DAYS = 90


@dataclass(frozen=True)
class Context:
    """The organisation's words, what the sources give, and what the facts hold at all.

    `owners` counts users and queues by side, `users` active people by side, `touching` those of
    them who logged a touch in the last 90 days. `changes` counts the recorded changes by entity
    and field. `marketing_targets` and `declared_targets` count targets that hold now.
    """

    definitions: Definitions
    availability: Availability
    owners: Mapping[str, int] = field(default_factory=dict)
    users: Mapping[str, int] = field(default_factory=dict)
    touching: Mapping[str, int] = field(default_factory=dict)
    changes: Mapping[tuple[str, str], int] = field(default_factory=dict)
    marketing_targets: int = 0
    declared_targets: int = 0
    declared_metrics: int = 0


Condition = Callable[[Context], str | None]


def context_of(
    facts: Mapping[str, "ir.Table"],
    availability: Availability,
    definitions: Definitions,
    as_of: datetime,
    run: Callable[["ir.Table"], "pa.Table"],
) -> Context:
    """The context that these facts give; three small queries."""
    people = facts["people"]
    sided = people.filter(people.side.notnull())
    recent = (sided.last_touch_at >= as_of - timedelta(days=CAPTURE_DAYS)).fill_null(False)
    by_side = sided.group_by("side").aggregate(
        owners=sided.count(),
        users=sided.count(where=sided.is_active),
        touching=sided.count(where=sided.is_active & recent),
    )
    sides = run(by_side).to_pylist()
    tracked = facts["history"].select("entity", "field", "changes")
    metrics = facts["metrics"]
    targets = run(
        metrics.aggregate(
            marketing=metrics.company_marketing_targets.max(),
            declared=metrics.company_declared_targets.max(),
            metrics=metrics.count(where=metrics.is_declared),
        )
    ).to_pylist()[0]
    return Context(
        definitions,
        availability,
        owners={row["side"]: row["owners"] for row in sides},
        users={row["side"]: row["users"] for row in sides},
        touching={row["side"]: row["touching"] for row in sides},
        changes={(row["entity"], row["field"]): row["changes"] for row in run(tracked).to_pylist()},
        marketing_targets=targets["marketing"] or 0,
        declared_targets=targets["declared"] or 0,
        declared_metrics=targets["metrics"] or 0,
    )


def sales_known(context: Context) -> str | None:
    """Somebody must be known to be in Sales."""
    return _side_known(context, Function.SALES)


def marketing_known(context: Context) -> str | None:
    """Somebody must be known to be in Marketing."""
    return _side_known(context, Function.MARKETING)


def _side_known(context: Context, function: Function) -> str | None:
    if context.owners.get(function.value, 0):
        return None
    return (
        f"no user or queue is known to be in {function.value.title()}: "
        "fill `functions` in the configuration"
    )


def handoffs_known(context: Context) -> str | None:
    """The handoff rule must have something to go by."""
    have = context.availability
    if context.definitions.handoff.rule == "field":
        return _first(have.lacks(["leads.handed_off_at"]))
    if lacks := have.lacks(["leads.owner_id", "lead_changes.new", "lead_changes.changed_at"]):
        return "; ".join(lacks)
    if not context.changes.get(("lead", "owner")):
        return "no change of lead owner is recorded: is the owner's history tracked in the CRM?"
    return None


def mqls_known(context: Context) -> str | None:
    """Something must say which leads are MQLs, and since when."""
    have, words = context.availability, context.definitions.statuses
    if have.has("leads.mql_at"):
        return None
    if not words.mql:
        return (
            "nothing says which leads are MQLs: no source gives leads.mql_at, "
            "and no lead status is named as MQL in `statuses`"
        )
    return _statuses_tracked(context)


def decisions_known(context: Context) -> str | None:
    """Acceptance and rejection must both be visible: fields of the source, or named statuses."""
    have, words = context.availability, context.definitions.statuses
    accepted, rejected = have.has("leads.accepted_at"), have.has("leads.rejected_at")
    if (accepted or words.accepted) and (rejected or words.rejected):
        return None if accepted and rejected else _statuses_tracked(context)
    if not words.accepted and not words.rejected:
        return "no lead status is named as accepted or rejected in `statuses`"
    missing = "accepted" if not words.accepted else "rejected"
    return f"no lead status is named as {missing} in `statuses`"


def _statuses_tracked(context: Context) -> str | None:
    if lacks := context.availability.lacks(["lead_changes.new", "lead_changes.changed_at"]):
        return "; ".join(lacks)
    if not context.changes.get(("lead", "status")):
        return "no change of lead status is recorded: is its history tracked in the CRM?"
    return None


def loss_reasons_agreed(context: Context) -> str | None:
    """The loss reasons that count must be named."""
    if context.definitions.reasons.loss:
        return None
    return "no loss reason is agreed: name them in `reasons.loss`"


def key_known(context: Context) -> str | None:
    """Something must say which opportunities are key."""
    if context.definitions.key.amount is not None:
        return None
    if lacks := context.availability.lacks(["opportunities.is_key"]):
        return f"no opportunity is key: {lacks[0]}, and `key.amount` is not set"
    return None


def targets_recorded(context: Context) -> str | None:
    """Marketing's targets must have had a chance to be recorded; a CRM holds Sales' quotas only."""
    if context.marketing_targets or context.declared_targets:
        return None
    return (
        "no target of Marketing is recorded for the present period, and CRMs hold only Sales' "
        "quotas: declare both functions' targets with `detente targets import`"
    )


def capture(context: Context) -> str | None:
    """A doubt: where most salespeople log nothing, "no touch" may be a failure to capture."""
    people, touching = context.users.get("sales", 0), context.touching.get("sales", 0)
    if not people or touching * 2 >= people:
        return None
    return (
        f"only {touching} of {people} active salespeople logged any touch in {CAPTURE_DAYS} days: "
        "a missing touch may be one that was not logged"
    )


def _first(reasons: list[str]) -> str | None:
    return reasons[0] if reasons else None
