"""One row per campaign: whether Sales has a part in it; and what campaigns cost."""

import ibis
import ibis.expr.types as ir

from metrics.facts.meetings import attendance, held
from metrics.facts.sides import SALES, Known, latest

SEGMENTS = ("region", "business_unit", "owner")
COLUMNS = (
    "campaign_id",
    "owner_id",
    "started_at",
    "is_owned_by_sales",
    "has_members_from_sales",
    "is_planned_with_sales",
    "has_sales",
    *SEGMENTS,
    "cluster",
    "as_of",
)
COSTS = ("record_id", "at", "kind", "cost", "won", *SEGMENTS[:2], "cluster", "as_of")
COST_SEGMENTS = SEGMENTS[:2]


def _campaigns(known: Known, local_days: ir.Table) -> ir.Table:
    """Campaigns as of the instant, once each, with `started_at`: the beginning of the day on which
    they started, or when they were entered where no day is given. A start ahead is not yet.
    """
    rows = latest(known.rows("campaigns"), "campaign_id")
    days = local_days.select(_day="local_day", _began_at="day_began_at")
    joined = rows.left_join(days, [("started_on", "_day")])
    dated = joined.mutate(
        started_at=ibis.ifelse(joined.started_on.isnull(), joined.created_at, joined._began_at)
    )
    return dated.filter(dated.started_at <= known.as_of)


def campaigns(known: Known, local_days: ir.Table) -> ir.Table:
    """The fact `campaigns`: campaigns begun by the as-of.

    `has_sales`: somebody in Sales owns it, added a member, or attended a meeting about it.
    """
    rows = _campaigns(known, local_days)
    sales = known.people.filter(known.people.user_side == SALES)
    members = known.rows("campaign_members")
    by_now = members.filter(members.added_at <= known.as_of)
    adding = by_now.semi_join(sales, [("added_by", "user_id")]).select("campaign_id").distinct()
    there = attendance(known)
    met = held(known).semi_join(there.filter(there.side == SALES), "activity_id")
    planned = met.filter(met.campaign_id.notnull()).select("campaign_id").distinct()
    owners = sales.select(_owner="user_id")
    yes = ibis.literal(True)
    joined = rows.left_join(owners, [("owner_id", "_owner")])
    for name, found in (("_adding", adding), ("_planned", planned)):
        joined = joined.left_join(found.mutate(**{name: yes}), "campaign_id").drop(
            "campaign_id_right"
        )
    owned = joined._owner.notnull()
    added, together = joined._adding.fill_null(False), joined._planned.fill_null(False)
    return joined.mutate(
        is_owned_by_sales=owned,
        has_members_from_sales=added,
        is_planned_with_sales=together,
        has_sales=owned | added | together,
        owner=joined.owner_id,
        cluster=ibis.coalesce(joined.owner_id, ibis.literal("nobody")),
        as_of=known.now,
    ).select(*COLUMNS)


def costs(known: Known, local_days: ir.Table, staged: ir.Table) -> ir.Table:
    """The fact `costs`: what each campaign cost, on the day it started, and each opportunity won
    (`won` 1), on the day it was closed.
    """
    spent = _campaigns(known, local_days)
    own = spent.filter(spent.actual_cost > 0)
    won = staged.filter(staged.is_won)
    both = own.select(
        *COST_SEGMENTS,
        record_id="campaign_id",
        at="started_at",
        kind=ibis.literal("campaign"),
        cost=own.actual_cost.cast("float64"),
        won=ibis.literal(0).cast("float64"),
    ).union(
        won.select(
            *COST_SEGMENTS,
            record_id="opportunity_id",
            at="closed_at",
            kind=ibis.literal("opportunity"),
            cost=ibis.literal(0).cast("float64"),
            won=ibis.literal(1).cast("float64"),
        )
    )
    return both.mutate(cluster=both.record_id, as_of=known.now).select(*COSTS)
