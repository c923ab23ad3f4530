"""Which opportunities trace back to a campaign, every step dated and in order."""

import ibis
import ibis.expr.types as ir

from metrics.calendar import days_between
from metrics.facts.owner_path import leads
from metrics.facts.sides import Known
from metrics.facts.statuses import conversions

CONVERSION_SLACK_DAYS = 1.0  # a conversion may be dated by its day alone


def traceable(known: Known, opportunities: ir.Table) -> ir.Table:
    """The opportunities that trace back to a campaign, once each: opportunity_id, campaign_at,
    lead_id, lead_converted_at.

    The steps: the lead (or its contact: conversion moves memberships there) was added to a
    campaign; no later than its conversion; which made the opportunity; which closed after it was
    created. Conversions may be dated by day alone, so the opportunity may be created up to a day
    before or after, and where it is created after, that is when the conversion happened.
    """
    rows = leads(known)
    own = rows.filter(rows.ends_at.isnull() & rows.opportunity_id.notnull()).select(
        "lead_id", "contact_id", "opportunity_id"
    )
    dated = own.inner_join(conversions(known).select("lead_id", converted_at="at"), "lead_id")
    deals = opportunities.select("opportunity_id", "created_at", "closed_at")
    pairs = dated.inner_join(deals, "opportunity_id")
    late = days_between(pairs.converted_at, pairs.created_at)
    chained = pairs.filter(
        (late >= -CONVERSION_SLACK_DAYS)
        & (pairs.closed_at.isnull() | (pairs.closed_at >= pairs.created_at))
    )
    soon = days_between(chained.converted_at, chained.created_at).between(0, CONVERSION_SLACK_DAYS)
    # distinct: joined by lead and contact first, by time only then
    made = chained.mutate(
        lead_converted_at=ibis.ifelse(soon, chained.created_at, chained.converted_at)
    ).distinct()
    members = known.rows("campaign_members")
    added = members.filter(members.added_at <= known.as_of)
    by_lead = made.inner_join(_first_added(added, "lead_id"), [("lead_id", "_place")])
    by_contact = made.inner_join(_first_added(added, "contact_id"), [("contact_id", "_place")])
    steps = by_lead.union(by_contact)
    in_order = steps.filter(steps.campaign_at <= steps.lead_converted_at)
    order = [in_order.campaign_at, in_order.lead_id]
    ranked = in_order.mutate(_nth=ibis.row_number().over(group_by="opportunity_id", order_by=order))
    first = ranked.filter(ranked._nth == 0)
    return first.select("opportunity_id", "campaign_at", "lead_id", "lead_converted_at")


def _first_added(members: ir.Table, place: str) -> ir.Table:
    """When each lead or contact was first added to a campaign: _place, campaign_at."""
    given = members.filter(members[place].notnull())
    return given.group_by(_place=given[place]).aggregate(campaign_at=given.added_at.min())
