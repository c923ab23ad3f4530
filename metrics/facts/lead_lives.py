"""One row per lead, one per return to Marketing, and one per conversion into a known account."""

import ibis
import ibis.expr.types as ir

from metrics.calendar import days_between
from metrics.facts.decisions import mqls
from metrics.facts.owner_path import leads
from metrics.facts.sides import SALES, Known, cluster, latest
from metrics.facts.statuses import conversions, returns, status_path, vocabulary
from metrics.facts.touches import places

SEGMENTS = ("region", "business_unit", "source", "industry", "segment", "owner")
RETURN_SEGMENTS = SEGMENTS
PAIR_SEGMENTS = ("region", "business_unit", "source", "industry", "owner")
ACCOUNT_LEAD_HOURS = 1.0  # an account made by the conversion is a moment older or younger
COLUMNS = (
    "lead_id",
    "created_at",
    "owner_id",
    "owner_kind",
    "is_vocabulary_kept",
    "opportunity_id",
    "opportunity_at",
    "is_opportunity",
    "opportunity_days",
    "qualified_at",
    "is_qualified",
    "mql_at",
    "qualified_days",
    *SEGMENTS,
    "cluster",
    "as_of",
)
RETURNED = (
    "return_id",
    "lead_id",
    "returned_at",
    "owner_id",
    "touched_again_at",
    "is_touched_again",
    "again_days",
    *RETURN_SEGMENTS,
    "cluster",
    "as_of",
)
PAIRS = (
    "lead_id",
    "account_id",
    "converted_at",
    "marketing_segment",
    "sales_segment",
    "owner_id",
    *PAIR_SEGMENTS,
    "cluster",
    "as_of",
)


def lead_lives(known: Known, deals: ir.Table) -> ir.Table:
    """The fact `leads`.

    `is_vocabulary_kept` is null for a lead whose status never changed. `opportunity_days` run from
    the lead's creation to its conversion into an opportunity, `qualified_days` from `mql_at` (null
    unless an MQL) to when that opportunity passed qualification; both to the as-of, or the lead's
    deletion, where it has not happened.
    """
    rows = leads(known)
    words = vocabulary(status_path(known), known.definitions.statuses)
    became = conversions(known).select("lead_id", _converted_at="at")
    passed = deals.select(_deal="opportunity_id", _passed_at="qualified_at")
    joined = rows.select(
        "lead_id",
        "created_at",
        "owner_id",
        "owner_kind",
        "opportunity_id",
        "ends_at",
        *SEGMENTS[:-1],
    )
    for other in (words, became, mqls(known).select("lead_id", "mql_at")):
        joined = joined.left_join(other, "lead_id").drop("lead_id_right")
    joined = joined.left_join(passed, [("opportunity_id", "_deal")])
    none = ibis.null("timestamp(6)")
    made = ibis.greatest(joined._converted_at, joined.created_at)
    became_one = joined.opportunity_id.notnull() & joined._converted_at.notnull()
    qualified = joined.mql_at.notnull() & joined._passed_at.notnull()
    dated = joined.mutate(
        opportunity_at=ibis.ifelse(became_one, made, none),
        qualified_at=ibis.ifelse(qualified, ibis.greatest(joined._passed_at, joined.mql_at), none),
        _end=ibis.greatest(ibis.coalesce(joined.ends_at, known.now), joined.created_at),
        owner=joined.owner_id,
    )
    return dated.mutate(
        is_opportunity=dated.opportunity_at.notnull(),
        opportunity_days=days_between(
            dated.created_at, ibis.coalesce(dated.opportunity_at, dated._end)
        ),
        is_qualified=dated.qualified_at.notnull(),
        qualified_days=days_between(
            dated.mql_at,
            ibis.greatest(ibis.coalesce(dated.qualified_at, dated._end), dated.mql_at),
        ),
        cluster=cluster(dated.owner_id, dated.owner_kind, dated.created_at),
        as_of=known.now,
    ).select(*COLUMNS)


def returned(known: Known) -> ir.Table:
    """The fact `returned`: each time a lead was rejected or recycled, and when Marketing first put
    it (or the contact it became, or the lead it was merged into) in a campaign after that.

    `again_days` run to that, or to the as-of or the lead's deletion. Who in Sales adds a lead to a
    campaign is not Marketing.
    """
    back = returns(known, status_path(known))
    rows = leads(known)
    own = rows.select("owner_id", "owner_kind", "ends_at", *RETURN_SEGMENTS[:-1], _lead="lead_id")
    found = back.inner_join(own, [("lead_id", "_lead")])
    order = ibis.window(group_by="lead_id", order_by="returned_at")
    numbered = found.mutate(_nth=ibis.row_number().over(order))
    named = numbered.mutate(
        return_id=numbered.lead_id.concat(":", (numbered._nth + 1).cast("string")),
        _end=ibis.greatest(ibis.coalesce(numbered.ends_at, known.now), numbered.returned_at),
    )
    added = _added_by_marketing(known)
    pairs = named.select("return_id", "lead_id", "returned_at", "_end").inner_join(added, "lead_id")
    after = pairs.filter((pairs.added_at > pairs.returned_at) & (pairs.added_at <= pairs._end))
    again = after.group_by("return_id").aggregate(touched_again_at=after.added_at.min())
    joined = named.left_join(again, "return_id").drop("return_id_right")
    return joined.mutate(
        is_touched_again=joined.touched_again_at.notnull(),
        again_days=days_between(
            joined.returned_at, ibis.coalesce(joined.touched_again_at, joined._end)
        ),
        owner=joined.owner_id,
        cluster=cluster(joined.owner_id, joined.owner_kind, joined.returned_at),
        as_of=known.now,
    ).select(*RETURNED)


def _added_by_marketing(known: Known) -> ir.Table:
    """When each lead was put in a campaign, not by Sales: lead_id, added_at."""
    members = known.rows("campaign_members")
    by_now = members.filter(members.added_at <= known.as_of)
    people = known.people.filter(known.people.user_side == SALES)
    others = by_now.anti_join(people, [("added_by", "user_id")])
    where = others.select("added_at", place="lead_id").union(
        others.select("added_at", place="contact_id")
    )
    # distinct: joined by lead first, by time only then
    return places(known).inner_join(where, "place").select("lead_id", "added_at").distinct()


def segment_pairs(known: Known) -> ir.Table:
    """The fact `segment_pairs`: each lead converted into an account that was there before, with
    Marketing's segment on the lead and Sales' on the account. A new account copies the lead.
    """
    rows = leads(known)
    became = conversions(known).select("lead_id", converted_at="at")
    accounts = latest(known.rows("accounts"), "account_id").select(
        _account="account_id",
        _known_at="created_at",
        sales_segment="segment",
        _owner="owner_id",
    )
    joined = (
        rows.select("lead_id", "account_id", *PAIR_SEGMENTS[:-1], marketing_segment="segment")
        .inner_join(became, "lead_id")
        .inner_join(accounts, [("account_id", "_account")])
    )
    ahead = days_between(joined._known_at, joined.converted_at) * 24.0
    before = joined.filter(ahead >= ACCOUNT_LEAD_HOURS)
    return before.mutate(
        marketing_segment=_named(before.marketing_segment),
        sales_segment=_named(before.sales_segment),
        owner_id=before._owner,
        owner=before._owner,
        cluster=ibis.coalesce(before._owner, ibis.literal("nobody")),
        as_of=known.now,
    ).select(*PAIRS)


def _named(segment: ir.StringValue) -> ir.StringValue:
    return segment.strip().lower().nullif("")
