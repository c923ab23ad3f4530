"""The statuses that leads went through, and what the agreed words make of them."""

import ibis
import ibis.expr.types as ir

from metrics.calendar import days_between
from metrics.facts.owner_path import leads
from metrics.facts.paths import changes_of, path_of
from metrics.facts.sides import Known, among, folded
from model.definitions import Statuses

ACCEPTED, REJECTED = "accepted", "rejected"
OUT, BACK, UNKNOWN = -1, -2, -3  # a side exit, back with Marketing, no agreed word


def status_path(known: Known) -> ir.Table:
    """The statuses a lead went through: lead_id, at, value, before (both folded; `before` is null
    for the first, "" where there was none). Empty where the CRM tracks none: then today's status
    says nothing about when it came.
    """
    return known.once("status_path", lambda: _status_path(known))


def _status_path(known: Known) -> ir.Table:
    # folded before anything else: an engine then folds each word once, not each row
    changes = changes_of(known, "lead_changes", "status")
    changes = changes.mutate(old=folded(changes.old), new=folded(changes.new))
    changes = changes.mutate(_old=changes.old.fill_null(""), _new=changes.new.fill_null(""))
    path = path_of(
        known,
        leads(known),
        "lead_id",
        changes,
        current=folded(ibis._.status),
        seen=("_old", "_new"),
        is_seen_always=True,
        is_numbered=False,
    )
    tracked = changes.aggregate(_changes=changes.count(where=changes.changed_at <= known.as_of))
    joined = path.cross_join(tracked)
    found = joined.filter(joined._changes > 0)
    return found.select("lead_id", "at", "value", "before")


def conversions(known: Known) -> ir.Table:
    """When leads were converted: lead_id, at."""
    rows = leads(known)
    return rows.filter(rows.converted_at.notnull()).select("lead_id", at="converted_at")


def decision_events(known: Known) -> ir.Table:
    """Every recorded decision on a lead: lead_id, at, decision, slack. A conversion accepts; its
    date may lack the time, so it may lie up to `slack` days before what it decides on.
    """
    return known.once("decision_events", lambda: _decision_events(known))


def _decision_events(known: Known) -> ir.Table:
    path = status_path(known)
    words = known.definitions.statuses
    rows = leads(known)

    def events(found: ir.Table, at: str, decision: str, slack: int = 0) -> ir.Table:
        return found.select(
            "lead_id",
            at=found[at].cast("timestamp(6)"),
            decision=ibis.literal(decision),
            slack=ibis.literal(slack),
        )

    parts = (
        events(path.filter(among(path.value, words.accepted)), "at", ACCEPTED),
        events(path.filter(among(path.value, words.rejected)), "at", REJECTED),
        events(rows, "accepted_at", ACCEPTED),
        events(rows, "rejected_at", REJECTED),
        events(conversions(known), "at", ACCEPTED, slack=1),
    )
    every = parts[0].union(*parts[1:])
    return every.filter(every["at"].notnull())


def first_decisions(events: ir.Table, base: ir.Table, key: str, since: str) -> ir.Table:
    """For each row of `base` (`key`, lead_id, the instant `since`, ends_at, and until_at or null)
    the first decision at or after `since`: `key`, decided_at, decision. In the same instant
    acceptance comes first.
    """
    pairs = events.inner_join(base, "lead_id")
    days_before = days_between(pairs["at"], pairs[since])
    valid = pairs.filter(
        (days_before <= pairs.slack)
        & (pairs["at"] <= pairs.ends_at)
        & (pairs.until_at.isnull() | (pairs["at"] < pairs.until_at))
    )
    moved = valid.mutate(decided_at=ibis.greatest(valid["at"], valid[since]))
    first = moved.group_by(key).aggregate(
        decided_at=moved.decided_at.min(),
        _accepted_at=moved.decided_at.min(where=moved.decision == ACCEPTED),
    )
    is_accepted = (first._accepted_at == first.decided_at).fill_null(False)
    return first.select(key, "decided_at", decision=ibis.ifelse(is_accepted, ACCEPTED, REJECTED))


def vocabulary(path: ir.Table, words: Statuses) -> ir.Table:
    """Leads whose status ever changed: lead_id, is_vocabulary_kept.

    Kept: every status is an agreed one; the first is the first in the order or an MQL's; each
    step goes to the next in the order or out (rejected, unreachable, recycled); and from there
    back into the order only by way of recycled, to no later than an MQL.
    """
    steps = path.mutate(_place=_place(path.value, words), _before=_place(path.before, words))
    start = steps._place.between(0, _last_start(words))
    inside = (steps._before >= 0) & (steps._place == steps._before + 1)
    leaves = steps._place.isin([OUT, BACK]) & (steps._before != UNKNOWN)
    returns = (steps._before == BACK) & start
    same = (steps._before == steps._place) & (steps._place != UNKNOWN)
    begins = (steps._place == 0) | _is_mql(steps.value, words)
    goes_on = inside | leaves | returns | same
    judged = steps.mutate(_good=ibis.ifelse(steps.before.isnull(), begins, goes_on))
    found = judged.group_by("lead_id").aggregate(
        _steps=judged.count(), is_vocabulary_kept=judged._good.all()
    )
    return found.filter(found._steps > 1).drop("_steps")


def _place(value: ir.StringValue, words: Statuses) -> ir.IntegerValue:
    ordered = [(among(value, (name,)), index) for index, name in enumerate(words.order)]
    outs = [
        (among(value, words.recycled), BACK),
        (among(value, (*words.rejected, *words.unreachable)), OUT),
    ]
    return ibis.cases(*ordered, *outs, else_=UNKNOWN).cast("int64")


def _is_mql(value: ir.StringValue, words: Statuses) -> ir.BooleanValue:
    ordered = {name.strip().lower() for name in words.order}
    return among(value, tuple(name for name in words.mql if name.strip().lower() in ordered))


def _last_start(words: Statuses) -> int:
    mqls = {name.strip().lower() for name in words.mql}
    places = [i for i, name in enumerate(words.order) if name.strip().lower() in mqls]
    return max(places, default=0)


def returns(known: Known, path: ir.Table) -> ir.Table:
    """Each time a lead went back to Marketing, rejected or recycled, from another status: lead_id,
    returned_at; from the source's own rejection where no status history shows one.
    """
    words = known.definitions.statuses
    back = (*words.rejected, *words.recycled)
    came_back = path.filter(among(path.value, back) & ~among(path.before, back))
    found = came_back.select("lead_id", returned_at="at")
    rows = leads(known)
    fields = rows.filter(rows.rejected_at <= known.as_of).select(
        "lead_id", returned_at="rejected_at"
    )
    return found.union(fields.anti_join(found, "lead_id"))
