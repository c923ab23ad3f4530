"""Which logged activity is a human sales touch, and which one answered a handoff first."""

from datetime import datetime

import ibis
import ibis.expr.types as ir

from metrics.facts.sides import SALES, Known, latest

TOUCH_KINDS = ("call", "email", "meeting")
MERGE_DEPTH = 3  # a lead merged into a lead that was merged, and so on


def touches(known: Known) -> ir.Table:
    """Human touches by Sales or Marketing up to the as-of: activity_id, lead_id, contact_id,
    opportunity_id, performed_by, is_sales, occurred_at. Completed calls, e-mails and meetings;
    not automated, not inbound, not internal, and no to-dos.
    """
    return known.once("touches", lambda: _touches(known))


def _touches(known: Known) -> ir.Table:
    rows = known.rows("activities")
    done = rows.filter(
        ibis.array(TOUCH_KINDS).contains(rows.kind)  # an engine asks each kind once, not each row
        & rows.is_completed
        & ~rows.is_automated.identical_to(True)
        & ~rows.is_internal.identical_to(True)
        & ~rows.direction.identical_to("inbound")
        & (rows.occurred_at <= known.as_of)
    )
    joined = done.inner_join(known.people, [("performed_by", "user_id")])
    return joined.select(
        "activity_id",
        "lead_id",
        "contact_id",
        "opportunity_id",
        "performed_by",
        "occurred_at",
        is_sales=joined.user_side == SALES,
    )


def sales_touches(known: Known) -> ir.Table:
    """The touches by somebody in Sales."""
    every = touches(known)
    return every.filter(every.is_sales)


def recent_touches(known: Known, since: datetime) -> ir.Table:
    """Those of them from `since` on, read anew: few of many."""
    every = _touches(known)
    return every.filter(every.is_sales & (every.occurred_at >= since))


def survivors(known: Known) -> ir.Table:
    """For each merged lead the one that it finally became: lead_id, survivor_id."""
    merged = known.all("leads")
    pairs = merged.filter(merged.merged_into.notnull()).select("lead_id", "merged_into").distinct()
    found = pairs.select("lead_id", survivor_id="merged_into")
    for _ in range(MERGE_DEPTH - 1):
        step = pairs.select(_from="lead_id", _to="merged_into")
        joined = found.left_join(step, [("survivor_id", "_from")])
        final = ibis.coalesce(joined._to, joined.survivor_id)
        found = joined.select("lead_id", survivor_id=final).distinct()
    return found


def places(known: Known) -> ir.Table:
    """Where the CRM keeps a lead's activities today: lead_id, place (a lead or contact id): the
    lead itself, and `elsewhere`.
    """
    own = _today(known).select("lead_id", place="lead_id")
    return own.union(elsewhere(known))


def elsewhere(known: Known) -> ir.Table:
    """The other places of a lead's activities: lead_id, place. The contact it was converted to,
    because conversion moves activities there; the lead it was merged into, and that one's contact.
    """
    return known.once("elsewhere", lambda: _elsewhere(known))


def _today(known: Known) -> ir.Table:
    return latest(known.all("leads"), "lead_id").select("lead_id", "contact_id")


def _elsewhere(known: Known) -> ir.Table:
    today, merged = _today(known), survivors(known)
    became = merged.left_join(
        today.select(_survivor="lead_id", _contact="contact_id"), [("survivor_id", "_survivor")]
    )
    rows = (
        today.select("lead_id", place="contact_id")
        .union(became.select("lead_id", place="survivor_id"))
        .union(became.select("lead_id", place="_contact"))
    )
    return rows.filter(rows.place.notnull())


def responses(known: Known, found: ir.Table, given_up: ir.Table) -> ir.Table:
    """What Sales did about each handoff: handoff_id, first_response_at, _by, _id, and `attempts`,
    the touches until `given_up_at`.

    Touches at or after the handoff, before the lead's next handoff, and while the lead was
    watched. Of touches in the same second the lower id is the first.
    """
    columns = ("handoff_id", "handed_off_at", "_until")
    ahead_of_next = found.next_handed_off_at - ibis.interval(microseconds=1)
    found = found.mutate(_until=ibis.least(found.ends_at, ahead_of_next))
    moved = found.inner_join(elsewhere(known), "lead_id").select(*columns, "place")
    # a union: an engine might else join handoffs to touches by time first, which takes for ever
    there = found.select(*columns, place="lead_id").union(moved)
    pairs = there.inner_join(_by_place(touches(known)), "place")
    hits = pairs.filter(pairs.occurred_at.between(pairs.handed_off_at, pairs._until))
    judged = hits.left_join(given_up, "handoff_id").drop("handoff_id_right")
    tried = (judged.occurred_at <= judged.given_up_at).fill_null(False)
    named = judged.mutate(
        _tried=ibis.ifelse(tried, judged.activity_id, ibis.null("string")),
        _touch=ibis.struct(
            {"at": judged.occurred_at, "id": judged.activity_id, "by": judged.performed_by}
        ),
    )
    # a touch may be found in two places: each counts once
    first = named.group_by("handoff_id").aggregate(
        first_response_at=named.occurred_at.min(),
        _first=named._touch.min(),
        attempts=named._tried.nunique(),
    )
    return first.select(
        "handoff_id",
        "attempts",
        "first_response_at",
        first_response_by=first._first["by"],
        first_response_id=first._first["id"],
    )


def _by_place(made: ir.Table) -> ir.Table:
    """Touches by Sales by each lead and contact that they were with: activity_id, performed_by,
    occurred_at, place.
    """
    own = made.filter(made.is_sales)
    # not a list of both made into rows: that copies every id
    either = own.cross_join(ibis.array([True, False]).unnest().name("_is_lead").as_table())
    placed = either.select(
        "activity_id",
        "performed_by",
        "occurred_at",
        place=ibis.ifelse(either._is_lead, either.lead_id, either.contact_id),
    )
    return placed.filter(placed.place.notnull())
