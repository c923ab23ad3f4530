"""One row per MQL: what Sales decided about it, when, and whether it was handed off at all."""

import ibis
import ibis.expr.types as ir

from metrics.calendar import days_between
from metrics.facts.owner_path import changes_of, leads, owner_path, passages, path_of
from metrics.facts.sides import Known, cluster, one_of

SEGMENTS = ("region", "business_unit", "source", "industry", "segment", "team", "owner")
ACCEPTED, REJECTED = "accepted", "rejected"
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
    """
    statuses = _statuses(known)
    mqls = _mqls(known, statuses)
    decided = mqls.left_join(_first_decision(known, mqls, statuses), "lead_id").drop(
        "lead_id_right"
    )
    owned = decided.left_join(_last_handoff(known), "lead_id").drop("lead_id_right")
    is_decided = owned.decided_at.notnull()
    has_handoff = owned.handed_off_at.notnull()
    rejected = (owned.decision == REJECTED).fill_null(False)
    agreed = one_of(owned.rejection_reason, known.definitions.reasons.rejection)
    owner = ibis.ifelse(has_handoff, owned._owner, owned.owner_id)
    kind = ibis.ifelse(has_handoff, owned._kind, owned.owner_kind)
    return owned.mutate(
        is_decided=is_decided,
        is_accepted=ibis.ifelse(is_decided, owned.decision == ACCEPTED, ibis.null("boolean")),
        has_handoff=has_handoff,
        decision_days=days_between(owned.mql_at, ibis.coalesce(owned.decided_at, owned.ends_at)),
        is_reason_agreed=ibis.ifelse(rejected, agreed, ibis.null("boolean")),
        owner_id=owner,
        owner_kind=kind,
        owner=owner,
        cluster=cluster(owner, kind, owned.mql_at),
        as_of=ibis.literal(known.as_of, "timestamp(6)"),
    ).select(*COLUMNS)


def _statuses(known: Known) -> ir.Table:
    """The statuses a lead went through: lead_id, at, value. Empty where the CRM tracks none:
    then today's status says nothing about when it came.
    """
    changes = changes_of(known, "lead_changes", "status")
    path = path_of(known, leads(known), "lead_id", changes, current="status")
    tracked = changes.aggregate(_changes=changes.count())
    joined = path.cross_join(tracked)
    return joined.filter(joined._changes > 0).select("lead_id", "at", "value")


def _mqls(known: Known, statuses: ir.Table) -> ir.Table:
    """Leads that Marketing judged ready: the source's instant, else the first MQL status."""
    entered = statuses.filter(one_of(statuses.value, known.definitions.statuses.mql))
    first = entered.group_by("lead_id").aggregate(_entered_at=entered["at"].min())
    joined = leads(known).left_join(first, "lead_id").drop("lead_id_right")
    given = ibis.coalesce(known.if_by_now(joined.mql_at), joined._entered_at)
    mql_at = ibis.ifelse(given < joined.created_at, joined.created_at, given)
    ends_at = ibis.coalesce(joined.ends_at, ibis.literal(known.as_of, "timestamp(6)"))
    dated = joined.mutate(mql_at=mql_at).drop("_entered_at", "handed_off_at", "deleted_at")
    ready = dated.filter(dated.mql_at.notnull())
    return ready.mutate(ends_at=ibis.greatest(ends_at, ready.mql_at))


def conversions(known: Known) -> ir.Table:
    """When leads were converted, from history (which has the time) or the lead: lead_id, at."""
    rows = leads(known)
    changes = changes_of(known, "lead_changes", "converted")
    timed = changes.group_by("lead_id").aggregate(_at=changes.changed_at.min())
    joined = rows.left_join(timed, "lead_id").drop("lead_id_right")
    at = known.if_by_now(ibis.coalesce(joined._at, joined.converted_at))
    found = joined.select("lead_id", at=at)
    return found.filter(found["at"].notnull())


def _first_decision(known: Known, mqls: ir.Table, statuses: ir.Table) -> ir.Table:
    """lead_id, decided_at, decision. A conversion accepts; its date may lack the time, so one of
    up to a day before `mql_at` counts as made then. In the same instant acceptance comes first.
    """
    words = known.definitions.statuses
    rows = mqls.select("lead_id", "accepted_at", "rejected_at")
    converted = conversions(known)
    candidates = (
        statuses.filter(one_of(statuses.value, words.accepted))
        .select("lead_id", "at", decision=ibis.literal(ACCEPTED), slack=ibis.literal(0))
        .union(
            statuses.filter(one_of(statuses.value, words.rejected)).select(
                "lead_id", "at", decision=ibis.literal(REJECTED), slack=ibis.literal(0)
            )
        )
        .union(
            rows.select(
                "lead_id",
                at="accepted_at",
                decision=ibis.literal(ACCEPTED),
                slack=ibis.literal(0),
            )
        )
        .union(
            rows.select(
                "lead_id",
                at="rejected_at",
                decision=ibis.literal(REJECTED),
                slack=ibis.literal(0),
            )
        )
        .union(
            converted.select(
                "lead_id", "at", decision=ibis.literal(ACCEPTED), slack=ibis.literal(1)
            )
        )
    )
    pairs = candidates.inner_join(mqls.select("lead_id", "mql_at", "ends_at"), "lead_id")
    days_before = days_between(pairs["at"], pairs.mql_at)
    valid = pairs.filter((days_before <= pairs.slack) & (pairs["at"] <= pairs.ends_at))
    moved = valid.mutate(decided_at=ibis.greatest(valid["at"], valid.mql_at))
    order = [moved.decided_at, moved.decision]
    ranked = moved.mutate(_nth=ibis.row_number().over(group_by="lead_id", order_by=order))
    return ranked.filter(ranked._nth == 0).select("lead_id", "decided_at", "decision")


def _last_handoff(known: Known) -> ir.Table:
    """lead_id, handed_off_at, the owner then (_owner, _kind) and the owner's team."""
    path = owner_path(known)
    found = passages(known, path)
    last = found.filter(found.next_handed_off_at.isnull())
    owned = last.select("lead_id", "position", "handed_off_at").inner_join(
        path.select("lead_id", "position", "team", _owner="owner_id", _kind="owner_kind"),
        ["lead_id", "position"],
    )
    return owned.select("lead_id", "handed_off_at", "_owner", "_kind", "team")
