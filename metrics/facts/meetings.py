"""Meetings: internal ones that both functions attended, and customer ones with a marketer."""

import ibis
import ibis.expr.types as ir

from metrics.facts.sides import MARKETING, SALES, USER, Known

SEGMENTS: tuple[str, ...] = ()  # a meeting of both functions has no region of its own
COLUMNS = (
    "activity_id",
    "occurred_at",
    "organiser_id",
    "sales_attendees",
    "marketing_attendees",
    "cluster",
    "as_of",
)


def held(known: Known) -> ir.Table:
    """Meetings that took place by the as-of, internal or not."""
    return known.once("held", lambda: _held(known))


def _held(known: Known) -> ir.Table:
    rows = known.rows("activities")
    return rows.filter(
        (rows.kind == "meeting")
        & rows.is_completed.fill_null(True)
        & (rows.occurred_at <= known.as_of)
    )


def attendance(known: Known) -> ir.Table:
    """Who was there, on whose side, as the source's attendees say: activity_id, user_id, side.

    Whoever merely entered the meeting did not attend it.
    """
    return known.once("attendance", lambda: _attendance(known))


def _attendance(known: Known) -> ir.Table:
    invited = known.rows("attendees")
    people = known.owners.filter(
        (known.owners.owner_kind == USER)
        & known.owners.side.notnull()
        & ~known.owners.is_automation
    )
    rows = invited.filter(invited.user_id.notnull()).select("activity_id", "user_id").distinct()
    joined = rows.inner_join(people.select("owner_id", "side"), [("user_id", "owner_id")])
    return joined.select("activity_id", "user_id", "side")


def meetings(known: Known) -> ir.Table:
    """The fact `meetings`: internal meetings attended by both functions, one row each."""
    there = attendance(known)
    counts = there.group_by("activity_id").aggregate(
        sales_attendees=(there.side == SALES).sum().cast("int64"),
        marketing_attendees=(there.side == MARKETING).sum().cast("int64"),
    )
    rows = held(known)
    internal = rows.filter(rows.is_internal.fill_null(False))
    found = internal.select("activity_id", "occurred_at", organiser_id="performed_by").distinct()
    joined = found.inner_join(counts, "activity_id")
    both = joined.filter((joined.sales_attendees > 0) & (joined.marketing_attendees > 0))
    return both.mutate(
        cluster=ibis.coalesce(both.organiser_id, ibis.literal("nobody")),
        as_of=ibis.literal(known.as_of, "timestamp(6)"),
    ).select(*COLUMNS)


def marketer_meetings(known: Known, opportunities: ir.Table) -> ir.Table:
    """The first customer meeting of each opportunity that a marketer attended before the close:
    opportunity_id, marketer_met_at.

    On the opportunity itself; or, since it was created, on its account or with one of its
    contacts. `opportunities` has opportunity_id, account_id, created_at, closed_at.
    """
    rows = held(known)
    there = attendance(known)
    marketers = there.filter(there.side == MARKETING)
    found = rows.filter(~rows.is_internal.fill_null(False)).semi_join(marketers, "activity_id")
    customer = found.select(
        "activity_id", "opportunity_id", "account_id", "contact_id", met_at="occurred_at"
    )
    invited = known.rows("attendees")
    contacts = customer.select("activity_id", "met_at", contact="contact_id").union(
        customer.select("activity_id", "met_at").inner_join(
            invited.filter(invited.contact_id.notnull()).select(
                "activity_id", contact="contact_id"
            ),
            "activity_id",
        )
    )
    roles = known.rows("contact_roles").select("opportunity_id", _contact="contact_id")
    # distinct: joined by contact and opportunity first, by time only then
    of_contacts = (
        roles.inner_join(contacts, [("_contact", "contact")])
        .select("opportunity_id", "met_at")
        .distinct()
    )
    deals = opportunities
    by_deal = deals.inner_join(
        customer.select(_deal="opportunity_id", met_at="met_at"), [("opportunity_id", "_deal")]
    ).select("opportunity_id", "met_at", "created_at", "closed_at", own=ibis.literal(True))
    by_account = deals.inner_join(
        customer.select(_account="account_id", met_at="met_at"), [("account_id", "_account")]
    ).select("opportunity_id", "met_at", "created_at", "closed_at", own=ibis.literal(False))
    by_contact = deals.inner_join(of_contacts, "opportunity_id").select(
        "opportunity_id", "met_at", "created_at", "closed_at", own=ibis.literal(False)
    )
    met = by_deal.union(by_account).union(by_contact)
    during = met.filter(
        (met.own | (met.met_at >= met.created_at))
        & (met.closed_at.isnull() | (met.met_at <= met.closed_at))
    )
    return during.group_by("opportunity_id").aggregate(marketer_met_at=during.met_at.min())
