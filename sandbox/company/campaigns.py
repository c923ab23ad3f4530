"""Campaigns and their members."""

from dataclasses import dataclass

import numpy as np

from sandbox.company import ids
from sandbox.company import world as w
from sandbox.company.accounts import Conversions
from sandbox.company.clock import DAY, NEVER, REGIONS, Floats
from sandbox.company.funnel import Handoffs
from sandbox.company.ids import NONE, Ints
from sandbox.company.lead_records import Fates
from sandbox.company.leads import Flags, Leads
from sandbox.company.ledger import MISSING, Column, Ledger
from sandbox.company.money import CODES, currency_of, local
from sandbox.company.people import pick, user_key
from sandbox.company.world import World
from sandbox.company.write import Coded, Out, Values
from sandbox.schema import CURRENCY_CODE

KINDS = ("Webinar", "Trade Show", "Email", "Content", "Advertising")
_EVERY = 15  # days between the starts of two campaigns of a region
_RECENT = 3  # a lead may come from one of the last so many campaigns of its region


@dataclass(frozen=True)
class Campaigns:
    """Campaigns by number; those of one region stand together, in order of their start."""

    started_at: Ints
    region: Ints
    unit: Ints
    kind: Ints
    owner: Ints
    cost: Floats
    helper: Ints  # the seller who adds members, NONE where Sales has no part
    per_region: int


@dataclass(frozen=True)
class Memberships:
    """Leads in campaigns; parallel arrays. `first_campaign` is, for each lead, the campaign it
    was in before any conversion, or NONE.
    """

    lead: Ints
    campaign: Ints
    added_at: Ints
    added_by: Ints
    has_responded: Flags
    first_campaign: Ints


def plan(world: World) -> Campaigns:
    """Campaigns in every region, from half a year before the first lead on."""
    chance = world.chance("campaigns")
    first = world.start - 180 * DAY
    per_region = int((world.horizon - first) // (_EVERY * DAY)) + 1
    region = np.repeat(np.arange(len(REGIONS)), per_region)
    count = len(region)
    slot = np.tile(np.arange(per_region), len(REGIONS))
    started = first + slot * _EVERY * DAY + chance.integers(0, 10 * DAY, count)
    started = world.clock.after(started, np.zeros(count), region)
    sellers = tuple(world.people.sellers(r) for r in range(len(REGIONS)))
    helps = chance.random(count) < world.rates(region, lambda s: s.joint_work.sales_in_campaigns)
    return Campaigns(
        started_at=started,
        region=region,
        unit=chance.choice(2, count, p=w.UNIT_SHARES),
        kind=chance.integers(len(KINDS), size=count),
        owner=pick(chance, world.people.marketers, region),
        cost=np.round(chance.lognormal(np.log(6000), 0.5, count), -1),
        helper=np.where(helps, pick(chance, sellers, region), NONE),
        per_region=per_region,
    )


def enrol(
    world: World,
    campaigns: Campaigns,
    leads: Leads,
    handoffs: Handoffs,
    conversions: Conversions,
) -> Memberships:
    """Memberships: of new leads, of some a second one, of converted leads one that came too
    late, and of leads that came back to Marketing.
    """
    chance = world.chance("memberships")
    count = leads.count
    converted_at = conversions.at_of(count)
    is_first = chance.random(count) < world.rates(leads.region, lambda s: s.process.campaign_first)
    first = np.flatnonzero(is_first)
    again = first[chance.random(len(first)) < 0.2]
    at_again = leads.created_at[again] + chance.integers(DAY, 60 * DAY, len(again))
    again, at_again = (
        again[at_again < converted_at[again]],
        at_again[at_again < converted_at[again]],
    )
    missed = np.flatnonzero(~is_first & (converted_at < NEVER) & (chance.random(count) < 0.4))
    at_missed = converted_at[missed] + chance.integers(DAY, 20 * DAY, len(missed))
    rate = world.rates(handoffs.region, lambda s: s.feedback.recycled_touched)
    is_back = (handoffs.recycled_at < NEVER) & (chance.random(handoffs.count) < rate)
    back = np.flatnonzero(is_back)
    at_back = handoffs.recycled_at[back] + chance.integers(DAY, 50 * DAY, len(back))
    lead = np.concatenate([first, again, missed, handoffs.lead[back]])
    at = np.concatenate([leads.created_at[first] + 2, at_again, at_missed, at_back])
    keep = at <= world.horizon
    lead, at = lead[keep], at[keep]
    region = leads.region[lead]
    campaign = _running(campaigns, chance, region, at)
    _, unique = np.unique(lead * len(campaigns.region) + campaign, return_index=True)
    lead, at, campaign = lead[unique], at[unique], campaign[unique]
    by = np.where(chance.random(len(lead)) < 0.4, campaigns.owner[campaign], leads.created_by[lead])
    helper = campaigns.helper[campaign]
    by = np.where((helper != NONE) & (chance.random(len(lead)) < 0.3), helper, by)
    first_campaign = np.full(count, NONE)
    early = is_first[lead] & (at < leads.created_at[lead] + 5)
    first_campaign[lead[early]] = campaign[early]
    order = np.lexsort((lead, at))
    return Memberships(
        lead=lead[order],
        campaign=campaign[order],
        added_at=at[order],
        added_by=by[order],
        has_responded=chance.random(len(lead)) < 0.45,
        first_campaign=first_campaign,
    )


def _running(campaigns: Campaigns, chance: np.random.Generator, region: Ints, at: Ints) -> Ints:
    """One of the last campaigns that had started in the region."""
    chosen = np.zeros(len(at), np.int64)
    for number in range(len(REGIONS)):
        own = region == number
        begin = number * campaigns.per_region
        starts = campaigns.started_at[begin : begin + campaigns.per_region]
        latest = np.searchsorted(starts, at[own], side="right") - 1
        back = chance.integers(_RECENT, size=int(own.sum()))
        chosen[own] = begin + np.maximum(latest - back, 0)
    return chosen


def write_campaigns(out: Out, world: World, campaigns: Campaigns) -> None:
    """Campaign: planned a month ahead, then running, then completed with its cost."""
    count = len(campaigns.region)
    everyone = np.arange(count)
    by = user_key(campaigns.owner)
    currency = currency_of(world, "campaigns", campaigns.region)
    ledger = Ledger(count)
    start: dict[str, Column] = {
        "Status": np.zeros(count, np.int64),
        "IsActive": np.zeros(count, bool),
        "ActualCost": np.zeros(count),
        "OwnerId": by,
    }
    ledger.change(everyone, campaigns.started_at - 30 * DAY, by, start)
    run: dict[str, Column] = {"Status": np.ones(count, np.int64), "IsActive": np.ones(count, bool)}
    ledger.change(everyone, campaigns.started_at, by, run)
    done: dict[str, Column] = {
        "Status": np.full(count, 2),
        "IsActive": np.zeros(count, bool),
        "ActualCost": local(campaigns.cost, currency),
    }
    ledger.change(everyone, campaigns.started_at + 45 * DAY, by, done)
    versions = ledger.versions(world.horizon)
    place = versions.record
    day = world.clock.local_day(campaigns.started_at, campaigns.region)
    names = [
        f"{KINDS[k]} {REGIONS[r]} {n + 1}" + (', "Spring" – Köln' if n % 29 == 5 else "")
        for n, (k, r) in enumerate(zip(campaigns.kind, campaigns.region, strict=True))
    ]
    columns: dict[str, Values] = {
        "Name": Coded(place, names),
        "Type": Coded(campaigns.kind[place], KINDS),
        "Status": Coded(
            np.asarray(versions.columns["Status"], np.int64),
            ("Planned", "In Progress", "Completed"),
        ),
        "StartDate": day[place],
        "EndDate": day[place] + 45,
        "BudgetedCost": local(np.round(campaigns.cost * 1.1, -2), currency)[place],
        CURRENCY_CODE: Coded(currency[place], CODES),
        "Region__c": Coded(campaigns.region[place], REGIONS),
        "Business_Unit__c": Coded(campaigns.unit[place], w.UNITS),
    }
    out.write_versions("Campaign", versions, columns)


def write_members(
    out: Out,
    world: World,
    *,
    leads: Leads,
    conversions: Conversions,
    fate: Fates,
    memberships: Memberships,
    first_seen: Ints,
) -> None:
    """CampaignMember: responds, moves to the contact at conversion, ends with the lead.
    `first_seen` is when each lead can first be seen.
    """
    chance = world.chance("member records")
    lead, at = memberships.lead, memberships.added_at
    keep = at < fate.gone_at[lead]
    lead, at, by = lead[keep], at[keep], user_key(memberships.added_by[keep])
    responded = memberships.has_responded[keep]
    count = len(lead)
    everyone = np.arange(count)
    converted_at = conversions.at_of(leads.count)[lead]
    contact = ids.key("Contact", conversions.contact_of(leads.count)[lead])
    ledger = Ledger(count)
    start: dict[str, Column] = {
        "CampaignId": ids.key("Campaign", memberships.campaign[keep]),
        "LeadId": ids.key("Lead", lead),
        "ContactId": np.where(at >= converted_at, contact, NONE),
        "HasResponded": np.zeros(count, bool),
        "FirstRespondedDate": np.full(count, MISSING),
        "IsDeleted": np.zeros(count, bool),
    }
    late = np.maximum(first_seen[lead] - at, 0)
    ledger.change(everyone, at, by, start, delay=late)
    answered_at = at + chance.integers(60, 10 * DAY, count)
    answer: dict[str, Column] = {
        "HasResponded": np.ones(count, bool),
        "FirstRespondedDate": answered_at // DAY,
    }
    chosen = everyone[responded]
    integration = user_key(np.full(count, world.people.integration))
    ledger.change(
        chosen,
        answered_at[chosen],
        integration[chosen],
        {name: values[chosen] for name, values in answer.items()},
    )
    moves = everyone[(converted_at < NEVER) & (at < converted_at)]
    ledger.change(moves, converted_at[moves], by[moves], {"ContactId": contact[moves]})
    ends = everyone[fate.gone_at[lead] < NEVER]
    ledger.change(ends, fate.gone_at[lead][ends], by[ends], {"IsDeleted": np.ones(len(ends), bool)})
    versions = ledger.versions(world.horizon)
    has_responded = versions.columns["HasResponded"].astype(np.int64)
    columns: dict[str, Values] = {"Status": Coded(has_responded, ("Sent", "Responded"))}
    shown = versions.is_seen
    if not shown.all():
        versions = versions.take(shown)
        columns = {"Status": Coded(has_responded[shown], ("Sent", "Responded"))}
    out.write_versions("CampaignMember", versions, columns)
