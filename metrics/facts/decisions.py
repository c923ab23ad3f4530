"""One row per MQL: what Sales decided about it, when, and whether it was handed off at all."""

import ibis
import ibis.expr.types as ir

from metrics.calendar import days_between
from metrics.facts.handoffs import owned
from metrics.facts.owner_path import leads
from metrics.facts.scores import score_at
from metrics.facts.sides import Known, among, cluster, one_of
from metrics.facts.statuses import (
    ACCEPTED,
    REJECTED,
    decision_events,
    first_decisions,
    status_path,
)

SEGMENTS = ("region", "business_unit", "source", "industry", "segment", "team", "owner")
COLUMNS = (
    "lead_id",
    "mql_at",
    "handed_off_at",
    "has_handoff",
    "owner_id",
    "owner_kind",
    "decided_at",
    "decision",
    "is_decided",
    "is_accepted",
    "decision_days",
    "rejection_reason",
    "is_reason_agreed",
    "score_at_decision",
    "ends_at",
    *SEGMENTS,
    "cluster",
    "as_of",
)


def decisions(known: Known) -> ir.Table:
    """The fact `decisions`.

    `decision_days` run from `mql_at` to the first decision at or after it, or to `ends_at` (the
    as-of, or the lead's deletion) where there is none. `is_accepted` is null while undecided,
    `is_reason_agreed` is null unless rejected. `handed_off_at` is the lead's last handoff.
    `score_at_decision` is the lead's score (or rating: hot 3, warm 2, cold 1) as it stood then,
    null while undecided and where neither's history is tracked.
    """
    ready = mqls(known)
    watched = ready.select("lead_id", "mql_at", "ends_at", until_at=ibis.null("timestamp(6)"))
    events = decision_events(known)
    first = first_decisions(events, watched, "lead_id", "mql_at")
    decided = ready.left_join(first, "lead_id").drop("lead_id_right")
    decided = decided.left_join(score_at(known, decided), "lead_id").drop("lead_id_right")
    found = decided.left_join(_last_handoff(known), "lead_id").drop("lead_id_right")
    is_decided = found.decided_at.notnull()
    has_handoff = found.handed_off_at.notnull()
    rejected = (found.decision == REJECTED).fill_null(False)
    agreed = one_of(found.rejection_reason, known.definitions.reasons.rejection)
    owner = ibis.ifelse(has_handoff, found._owner, found.owner_id)
    kind = ibis.ifelse(has_handoff, found._kind, found.owner_kind)
    return found.mutate(
        is_decided=is_decided,
        is_accepted=ibis.ifelse(is_decided, found.decision == ACCEPTED, ibis.null("boolean")),
        has_handoff=has_handoff,
        decision_days=days_between(found.mql_at, ibis.coalesce(found.decided_at, found.ends_at)),
        rejection_reason=ibis.ifelse(rejected, found.rejection_reason, ibis.null("string")),
        is_reason_agreed=ibis.ifelse(rejected, agreed, ibis.null("boolean")),
        owner_id=owner,
        owner_kind=kind,
        owner=owner,
        cluster=cluster(owner, kind, found.mql_at),
        as_of=known.now,
    ).select(*COLUMNS)


def mqls(known: Known) -> ir.Table:
    """Leads that Marketing judged ready: the source's instant, else the first MQL status."""
    return known.once("mqls", lambda: _mqls(known))


def _mqls(known: Known) -> ir.Table:
    statuses = status_path(known)
    entered = statuses.filter(among(statuses.value, known.definitions.statuses.mql))
    first = entered.group_by("lead_id").aggregate(_entered_at=entered["at"].min())
    joined = leads(known).left_join(first, "lead_id").drop("lead_id_right")
    given = ibis.coalesce(known.if_by_now(joined.mql_at), joined._entered_at)
    mql_at = ibis.ifelse(given < joined.created_at, joined.created_at, given)
    ends_at = ibis.coalesce(joined.ends_at, ibis.literal(known.as_of, "timestamp(6)"))
    dated = joined.mutate(mql_at=mql_at).drop("_entered_at", "handed_off_at", "deleted_at")
    ready = dated.filter(dated.mql_at.notnull())
    return ready.mutate(ends_at=ibis.greatest(ends_at, ready.mql_at))


def _last_handoff(known: Known) -> ir.Table:
    """lead_id, handed_off_at, the owner then (_owner, _kind) and the owner's team."""
    found = owned(known)
    last = found.filter(found.next_handed_off_at.isnull())
    return last.select(
        "lead_id", "handed_off_at", _owner="owner_id", _kind="owner_kind", team="owner_team"
    )
