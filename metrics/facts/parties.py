"""What belongs to an opportunity: its leads and contacts, campaigns, activity, documents."""

import ibis
import ibis.expr.types as ir

from metrics.facts.owner_path import leads
from metrics.facts.sides import MARKETING, SALES, Known
from metrics.facts.touches import touches


def parties(known: Known) -> ir.Table:
    """The leads and contacts of opportunities, once each: opportunity_id, place (an id). The lead
    that became it, the contact the lead became, and contacts with a role on it.
    """
    return known.once("parties", lambda: _parties(known))


def _parties(known: Known) -> ir.Table:
    rows = leads(known)
    own = rows.filter(rows.opportunity_id.notnull())
    roles = known.rows("contact_roles")
    by_now = roles.filter(roles.added_at.isnull() | (roles.added_at <= known.as_of))
    every = (
        own.select("opportunity_id", place="lead_id")
        .union(own.select("opportunity_id", place="contact_id"))
        .union(by_now.select("opportunity_id", place="contact_id"))
    )
    return every.filter(every.place.notnull() & every.opportunity_id.notnull()).distinct()


def _memberships(known: Known, own: ir.Table) -> ir.Table:
    """The campaign memberships of an opportunity's leads and contacts: opportunity_id, added_at,
    added_by.
    """
    members = known.rows("campaign_members")
    by_now = members.filter(members.added_at <= known.as_of)
    where = by_now.select("added_at", "added_by", place="lead_id").union(
        by_now.select("added_at", "added_by", place="contact_id")
    )
    return own.inner_join(where, "place").select("opportunity_id", "added_at", "added_by")


def campaign_touches(known: Known, own: ir.Table) -> ir.Table:
    """When a campaign first touched each opportunity: opportunity_id, member_touched_at (one of
    its leads or contacts was in a campaign), influenced_at (the CRM credits a campaign).
    """
    found = _memberships(known, own)
    credited = known.rows("campaign_influences")
    by_now = credited.filter(credited.added_at <= known.as_of)
    never = ibis.null("timestamp(6)")
    both = found.select(
        "opportunity_id", member_at=found.added_at.cast("timestamp(6)"), credited_at=never
    ).union(
        by_now.select(
            "opportunity_id", member_at=never, credited_at=by_now.added_at.cast("timestamp(6)")
        )
    )
    return both.group_by("opportunity_id").aggregate(
        member_touched_at=both.member_at.min(), influenced_at=both.credited_at.min()
    )


def last_touches(known: Known, own: ir.Table) -> ir.Table:
    """The last human touch on each opportunity or one of its contacts: opportunity_id,
    last_touch_at.
    """
    made = touches(known)
    direct = made.filter(made.opportunity_id.notnull()).select("opportunity_id", "occurred_at")
    around = own.inner_join(made.select("occurred_at", place="contact_id"), "place").select(
        "opportunity_id", "occurred_at"
    )
    every = direct.union(around)
    return every.group_by("opportunity_id").aggregate(last_touch_at=every.occurred_at.max())


def loggers(known: Known, own: ir.Table, deals: ir.Table) -> ir.Table:
    """Which sides logged anything on each opportunity: opportunity_id, has_sales_log,
    has_marketing_log.

    An activity on it, or since its creation on one of its contacts; an edit; a campaign
    membership of one of its leads or contacts. By people, not machines, and known by whom.
    """
    rows = known.rows("activities")
    done = rows.filter(
        rows.is_completed.fill_null(False)
        & ~rows.is_automated.fill_null(False)
        & (rows.occurred_at <= known.as_of)
    )
    direct = done.filter(done.opportunity_id.notnull()).select(
        "opportunity_id", by="performed_by", at="occurred_at", is_own=ibis.literal(True)
    )
    around = own.inner_join(
        done.select("occurred_at", "performed_by", place="contact_id"), "place"
    ).select("opportunity_id", by="performed_by", at="occurred_at", is_own=ibis.literal(False))
    changes = known.all("opportunity_changes")
    edits = changes.filter(
        (changes.changed_at <= known.as_of)
        & (changes.deleted_at.isnull() | (changes.deleted_at > known.as_of))
    ).select("opportunity_id", by="changed_by", at="changed_at", is_own=ibis.literal(True))
    added = _memberships(known, own).select(
        "opportunity_id", by="added_by", at="added_at", is_own=ibis.literal(True)
    )
    every = direct.union(around).union(edits).union(added)
    sided = every.inner_join(known.people, [("by", "user_id")])
    dated = sided.inner_join(deals.select("opportunity_id", "created_at"), "opportunity_id")
    counts = (dated.is_own | (dated["at"] >= dated.created_at)).fill_null(False)
    return dated.group_by("opportunity_id").aggregate(
        has_sales_log=(counts & (dated.user_side == SALES)).any(),
        has_marketing_log=(counts & (dated.user_side == MARKETING)).any(),
    )


def marketers_on(known: Known, key: str) -> ir.Table:
    """The opportunities or accounts (`key`) with a marketer on their team, once each: `key`."""
    rows = known.rows("team_members")
    by_now = rows.filter(
        (rows.added_at.isnull() | (rows.added_at <= known.as_of)) & rows[key].notnull()
    )
    people = known.people.filter(known.people.user_side == MARKETING)
    return by_now.semi_join(people, "user_id").select(key).distinct()


def documented(known: Known) -> ir.Table:
    """The opportunities that carry a document written by a marketer, once each: opportunity_id."""
    rows = known.rows("content_links")
    by_now = rows.filter(rows.linked_at.isnull() | (rows.linked_at <= known.as_of))
    people = known.people.filter(known.people.user_side == MARKETING)
    return by_now.semi_join(people, [("author_id", "user_id")]).select("opportunity_id").distinct()
