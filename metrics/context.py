"""What must be known before an indicator means anything, beyond the columns it reads."""

from collections import Counter
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

from metrics.facts.evidence import CAPTURE_DAYS
from metrics.loaded import Loaded
from model.stages import Function

READS = {
    "people": ("side", "is_touching", "functions_since_at", "trainings"),
    "metrics": ("company_marketing_targets", "company_declared_targets", "is_declared"),
    "structure": ("is_declared",),
}
"""What conditions look at in facts that figures are made of, too."""
READS_LATELY = {"handoffs": ("handed_off_at", "is_accepted_untouched")}
"""The same in the rows of the last `CAPTURE_DAYS` only."""
LEAST_ACCEPTED = 20
LEAST_WATCHED_DAYS = 180
MOVE_DAYS = 730


class Context:
    """The organisation's words, what the sources give, and what the facts hold at all; each looked
    up when a condition first asks.

    `counted` has by table the records that the connections see and those that the sources hold by
    their own count.
    """

    def __init__(self, loaded: Loaded, counted: Mapping[str, tuple[int, int]]) -> None:
        self._loaded = loaded
        self.counted = counted
        self.definitions, self.availability = loaded.definitions, loaded.availability
        self.as_of = loaded.as_of

    def _rows(self, fact: str, *columns: str) -> list[dict[str, Any]]:
        def read() -> list[dict[str, Any]]:
            rows: list[dict[str, Any]] = self._loaded.table(fact, *columns).to_pylist()
            return rows

        found: list[dict[str, Any]] = self._loaded.once(("rows", fact, columns), read)
        return found

    @cached_property
    def _people(self) -> list[dict[str, Any]]:
        return self._rows("people", "side", "is_touching")

    @cached_property
    def owners(self) -> Mapping[str, int]:
        """Users and queues by side."""
        return Counter(one["side"] for one in self._people if one["side"] is not None)

    @cached_property
    def sellers(self) -> int:
        """Active people of Sales."""
        return sum(one["is_touching"] is not None for one in self._people)

    @cached_property
    def touching(self) -> int:
        """Those of them who logged a touch in the last 90 days."""
        return sum(bool(one["is_touching"]) for one in self._people)

    @property
    def functions_since_at(self) -> datetime | None:
        """Since when functions are recorded."""
        rows = self._rows("people", "functions_since_at")
        return min((at for one in rows if (at := one["functions_since_at"])), default=None)

    @property
    def trainings(self) -> int:
        """How many trainings are recorded at all."""
        rows = self._rows("people", "trainings")
        return max((one["trainings"] or 0 for one in rows), default=0)

    @cached_property
    def _tracked(self) -> list[dict[str, Any]]:
        return self._rows("history", "entity", "field", "changes", "first_at")

    @cached_property
    def changes(self) -> Mapping[tuple[str, str], int]:
        """The recorded changes by entity and field."""
        return {(row["entity"], row["field"]): row["changes"] for row in self._tracked}

    @property
    def tracked_since(self) -> Mapping[tuple[str, str], datetime]:
        """Since when there are any."""
        return {(row["entity"], row["field"]): row["first_at"] for row in self._tracked}

    def _targets(self, column: str) -> list[int]:
        return [int(row[column] or 0) for row in self._rows("metrics", *READS["metrics"])]

    @property
    def marketing_targets(self) -> int:
        """Marketing's targets that hold now."""
        return max(self._targets("company_marketing_targets"), default=0)

    @property
    def declared_targets(self) -> int:
        """Declared targets that hold now."""
        return max(self._targets("company_declared_targets"), default=0)

    @property
    def declared_metrics(self) -> int:
        """Metrics of the catalogue with a declared target."""
        return sum(self._targets("is_declared"))

    @property
    def is_head_declared(self) -> bool:
        """Whether the common head of both functions is declared."""
        return any(one["is_declared"] for one in self._rows("structure", "is_declared"))

    @cached_property
    def accepted(self) -> tuple[int, int]:
        """How many recent handoffs were accepted, and how many of them without a touch."""
        found: tuple[int, int] = self._loaded.once("accepted", self._accepted)
        return found

    def _accepted(self) -> tuple[int, int]:
        handed = self._loaded.facts()["handoffs"]
        recent = handed.handed_off_at >= self.as_of - timedelta(days=CAPTURE_DAYS)
        untouched = handed.filter(recent).is_accepted_untouched
        counted = untouched.as_table().aggregate(
            n=untouched.count(), k=untouched.cast("int64").sum().fill_null(0)
        )
        row = self._loaded.run(counted).to_pylist()[0]
        return row["n"], row["k"]


Condition = Callable[[Context], str | None]


def context_of(loaded: Loaded, counted: Mapping[str, tuple[int, int]] | None = None) -> Context:
    """The context that these facts give."""
    return Context(loaded, counted or {})


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
    people, touching = context.sellers, context.touching
    if people and touching * 2 < people:
        return (
            f"only {touching} of {people} active salespeople logged any touch in {CAPTURE_DAYS} "
            "days: a missing touch may be one that was not logged"
        )
    accepted, untouched = context.accepted
    if accepted >= LEAST_ACCEPTED and untouched * 2 > accepted:
        return (
            f"{untouched} of {accepted} leads that Sales accepted show no "
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
