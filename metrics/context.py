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
LEAST_ACCEPTED = 20
LEAST_WATCHED_DAYS = 180
MOVE_DAYS = 730


@dataclass(frozen=True)
class Context:
    """The organisation's words, what the sources give, and what the facts hold at all.

    `owners` counts users and queues by side, `users` active people by side, `touching` those of
    them who logged a touch in the last 90 days. `changes` counts the recorded changes by entity
    and field, `tracked_since` says since when. `marketing_targets` and `declared_targets` count
    targets that hold now. `accepted` counts the recent handoffs that were accepted,
    `accepted_untouched` those of them without a touch. `counted` has by table the records that the
    connections see and those that the sources hold by their own count.
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
    is_head_declared: bool = False
    functions_since_at: datetime | None = None
    trainings: int = 0
    tracked_since: Mapping[tuple[str, str], datetime] = field(default_factory=dict)
    accepted: int = 0
    accepted_untouched: int = 0
    as_of: datetime = datetime.max
    counted: Mapping[str, tuple[int, int]] = field(default_factory=dict)


Condition = Callable[[Context], str | None]


def context_of(
    facts: Mapping[str, "ir.Table"],
    availability: Availability,
    definitions: Definitions,
    as_of: datetime,
    run: Callable[["ir.Table"], "pa.Table"],
    counted: Mapping[str, tuple[int, int]] | None = None,
) -> Context:
    """The context that these facts give; a few small queries."""
    people = facts["people"]
    sided = people.filter(people.side.notnull())
    recent = (sided.last_touch_at >= as_of - timedelta(days=CAPTURE_DAYS)).fill_null(False)
    whole = people.aggregate(at=people.functions_since_at.min(), trainings=people.trainings.max())
    found = run(whole).to_pylist()[0]
    by_side = sided.group_by("side").aggregate(
        owners=sided.count(),
        users=sided.count(where=sided.is_active),
        touching=sided.count(where=sided.is_active & recent),
    )
    sides = run(by_side).to_pylist()
    tracked = run(facts["history"].select("entity", "field", "changes", "first_at")).to_pylist()
    heads = facts["structure"]
    head = run(heads.aggregate(declared=heads.is_declared.any())).to_pylist()[0]
    handed = facts["handoffs"]
    lately = handed.filter(handed.handed_off_at >= as_of - timedelta(days=CAPTURE_DAYS))
    accepted = run(
        lately.aggregate(
            n=lately.is_accepted_untouched.count(),
            k=lately.is_accepted_untouched.cast("int64").sum(),
        )
    ).to_pylist()[0]
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
        changes={(row["entity"], row["field"]): row["changes"] for row in tracked},
        tracked_since={(row["entity"], row["field"]): row["first_at"] for row in tracked},
        marketing_targets=targets["marketing"] or 0,
        declared_targets=targets["declared"] or 0,
        declared_metrics=targets["metrics"] or 0,
        is_head_declared=bool(head["declared"]),
        functions_since_at=found["at"],
        trainings=found["trainings"] or 0,
        accepted=accepted["n"] or 0,
        accepted_untouched=accepted["k"] or 0,
        as_of=as_of,
        counted=dict(counted or {}),
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
    """A doubt: where most salespeople log nothing, or most accepted leads show no touch, "no touch"
    may be a failure to capture.
    """
    people, touching = context.users.get("sales", 0), context.touching.get("sales", 0)
    if people and touching * 2 < people:
        return (
            f"only {touching} of {people} active salespeople logged any touch in {CAPTURE_DAYS} "
            "days: a missing touch may be one that was not logged"
        )
    if context.accepted >= LEAST_ACCEPTED and context.accepted_untouched * 2 > context.accepted:
        return (
            f"{context.accepted_untouched} of {context.accepted} leads that Sales accepted show no "
            "touch: a missing touch may be one that was not logged"
        )
    return None


def tracked(entity: str, field: str, what: str) -> Condition:
    """A condition: the history of a field must be recorded."""

    def holds(context: Context) -> str | None:
        if context.changes.get((entity, field)):
            return None
        return f"no change of {what} is recorded: is its history tracked in the CRM?"

    return holds


def scores_tracked(context: Context) -> str | None:
    """The lead score, or the rating, must have a history: today's knows how things ended."""
    if context.changes.get(("lead", "score")) or context.changes.get(("lead", "rating")):
        return None
    return (
        "no change of lead score or rating is recorded: today's score would know how the lead ended"
    )


def order_agreed(context: Context) -> str | None:
    """The lead statuses and their order must be named."""
    if len(context.definitions.statuses.order) > 1:
        return _statuses_tracked(context)
    return "no order of lead statuses is agreed: name it in `statuses.order`"


def unreachable_named(context: Context) -> str | None:
    """The status of unreachable leads must be named, and statuses tracked."""
    if context.definitions.statuses.unreachable:
        return _statuses_tracked(context)
    return "no lead status is named as unreachable in `statuses`"


def returns_known(context: Context) -> str | None:
    """Something must say which leads went back: a named status, or the source's own rejection."""
    words = context.definitions.statuses
    if context.availability.has("leads.rejected_at"):
        return None
    if words.rejected or words.recycled:
        return _statuses_tracked(context)
    return "no lead status is named as rejected or recycled in `statuses`"


def rejection_reasons_agreed(context: Context) -> str | None:
    """The rejection reasons that count must be named."""
    if context.definitions.reasons.rejection:
        return None
    return "no rejection reason is agreed: name them in `reasons.rejection`"


def no_decision_named(context: Context) -> str | None:
    """The loss reason that means that nobody won must be named."""
    if context.definitions.reasons.no_decision:
        return None
    return "no loss reason is named as no decision in `reasons.no_decision`"


def keys_known(context: Context) -> str | None:
    """Something must say which accounts or opportunities are key."""
    if context.availability.has("accounts.is_key_account"):
        return None
    return key_known(context)


def trainings_recorded(context: Context) -> str | None:
    """Trainings must be recorded as such, whoever attends them."""
    if context.trainings:
        return None
    return "no training is recorded: say under `meetings.training` which type of meeting is one"


def rules_written(context: Context) -> str | None:
    """There must be rules to check."""
    if context.definitions.rules:
        return None
    return "no rule of engagement is written: add yours under `rules`"


def moves_recorded(context: Context) -> str | None:
    """Functions must have been recorded for a while: the CRM keeps no history of them."""
    since = context.functions_since_at
    if since is None:
        return "who is in which function is recorded from the first sync on, and there is none yet"
    days = (context.as_of - since).days
    if days >= LEAST_WATCHED_DAYS:
        return None
    return (
        f"who is in which function has been recorded for {days} days only; "
        f"at least {LEAST_WATCHED_DAYS} are needed"
    )


def watched_for_long(context: Context) -> str | None:
    """A doubt: functions have not been recorded for the two years that moves are counted over."""
    since = context.functions_since_at
    if since is None or (context.as_of - since).days >= MOVE_DAYS:
        return None
    return (
        f"functions have been recorded since {since:%Y-%m-%d} only: "
        f"moves before that are not known, of {MOVE_DAYS} days"
    )


def _first(reasons: list[str]) -> str | None:
    return reasons[0] if reasons else None
