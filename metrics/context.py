"""What must be known before an indicator means anything, beyond the columns it reads."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from metrics.loaded import Loaded
from model.availability import Availability
from model.definitions import Definitions
from model.stages import Function

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


def context_of(loaded: Loaded, counted: Mapping[str, tuple[int, int]] | None = None) -> Context:
    """The context that these facts give, worked out once for them."""
    found: Context = loaded.once("context", lambda: _context(loaded))
    return replace(found, counted=dict(counted or {}))


def _context(loaded: Loaded) -> Context:
    recent = loaded.as_of - timedelta(days=CAPTURE_DAYS)
    people = loaded.table(
        "people", "side", "is_active", "last_touch_at", "functions_since_at", "trainings"
    ).to_pylist()
    sided = [one for one in people if one["side"] is not None]
    active = [one for one in sided if one["is_active"]]
    touching = [one for one in active if one["last_touch_at"] and one["last_touch_at"] >= recent]
    tracked = loaded.table("history", "entity", "field", "changes", "first_at").to_pylist()
    heads = loaded.table("structure", "is_declared").to_pylist()
    metrics = loaded.table(
        "metrics", "company_marketing_targets", "company_declared_targets", "is_declared"
    ).to_pylist()
    untouched = loaded.facts()["handoffs"]
    untouched = untouched.filter(untouched.handed_off_at >= recent).is_accepted_untouched
    counted = untouched.as_table().aggregate(
        n=untouched.count(), k=untouched.cast("int64").sum().fill_null(0)
    )
    accepted = loaded.run(counted).to_pylist()[0]
    return Context(
        loaded.definitions,
        loaded.availability,
        owners=Counter(one["side"] for one in sided),
        users=Counter(one["side"] for one in active),
        touching=Counter(one["side"] for one in touching),
        changes={(row["entity"], row["field"]): row["changes"] for row in tracked},
        tracked_since={(row["entity"], row["field"]): row["first_at"] for row in tracked},
        marketing_targets=_most(metrics, "company_marketing_targets"),
        declared_targets=_most(metrics, "company_declared_targets"),
        declared_metrics=sum(bool(one["is_declared"]) for one in metrics),
        is_head_declared=any(one["is_declared"] for one in heads),
        functions_since_at=min(
            (one["functions_since_at"] for one in people if one["functions_since_at"]),
            default=None,
        ),
        trainings=_most(people, "trainings"),
        accepted=accepted["n"],
        accepted_untouched=accepted["k"],
        as_of=loaded.as_of,
    )


def _most(rows: list[dict[str, Any]], column: str) -> int:
    return max((row[column] or 0 for row in rows), default=0)


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
