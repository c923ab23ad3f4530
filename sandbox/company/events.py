"""Events: meetings with leads and customers, and the company's own."""

from dataclasses import dataclass

import numpy as np
from scipy.special import gammaincinv

from sandbox.company import ids
from sandbox.company.clock import DAY, HOUR, NEVER
from sandbox.company.funnel import Handoffs
from sandbox.company.ids import NONE, Ints
from sandbox.company.lead_records import Fates
from sandbox.company.leads import Flags
from sandbox.company.ledger import Column, Ledger
from sandbox.company.opportunities import Opportunities
from sandbox.company.people import pick, user_key
from sandbox.company.tasks import Following, is_meeting
from sandbox.company.world import World
from sandbox.company.write import Coded, Out, Own, Values

CUSTOMER, INTERNAL, TRAINING = 0, 1, 2
TYPES = ("Customer Meeting", "Internal", "Training")
SUBJECTS = ("Meeting with customer", "Internal meeting", "Training")
_REGULARITY = 12.0  # shape of the gamma distribution of gaps between joint meetings
_ARCHIVED_AFTER = 365 * DAY
_ONE_SIDED_EVERY = 14 * DAY


@dataclass(frozen=True)
class Meetings:
    """Meetings to write; parallel arrays. `lead` and `deal` are positions or NONE. `guests` has
    a column for each invited user (NONE: nobody); the owner takes part without being invited.
    """

    kind: Ints
    lead: Ints
    deal: Ints
    region: Ints
    owner: Ints
    created_at: Ints
    start_at: Ints
    guests: Ints

    def select(self, chosen: Flags | Ints) -> "Meetings":
        """The chosen ones."""
        return Meetings(**{n: getattr(self, n)[chosen] for n in self.__dataclass_fields__})


def _join(parts: list[Meetings]) -> Meetings:
    width = max(part.guests.shape[1] for part in parts)
    names = [n for n in Meetings.__dataclass_fields__ if n != "guests"]
    guests = [
        np.pad(p.guests, ((0, 0), (0, width - p.guests.shape[1])), constant_values=NONE)
        for p in parts
    ]
    return Meetings(
        **{n: np.concatenate([getattr(part, n) for part in parts]) for n in names},
        guests=np.concatenate(guests),
    )


def gather(world: World, handoffs: Handoffs, fate: Fates, deals: Opportunities) -> Meetings:
    """Every meeting that is entered until the horizon, in order of entry; the company's own with
    the first cohort.
    """
    internal = [_joint(world, _joint_starts(world)), _one_sided(world)]
    meetings = _join(
        [
            _with_leads(world, handoffs, fate),
            _with_customers(world, deals),
            *(internal if world.cohort == 0 else []),
        ]
    )
    order = np.lexsort((meetings.start_at, meetings.created_at))
    return meetings.select(order[meetings.created_at[order] <= world.horizon])


def _with_leads(world: World, handoffs: Handoffs, fate: Fates) -> Meetings:
    """First touches that are meetings."""
    chance = world.chance("lead meetings")
    touched = (handoffs.touched_at < NEVER) & is_meeting(world, handoffs)
    touched &= handoffs.touched_at < fate.gone_at[handoffs.lead]
    place = np.flatnonzero(touched)
    count = len(place)
    start, region = handoffs.touched_at[place], handoffs.region[place]
    begun = np.minimum(handoffs.assigned_at[place], start)
    created = world.clock.between(begun, start, chance.uniform(0, 0.6, count), region)
    return Meetings(
        kind=np.full(count, CUSTOMER),
        lead=handoffs.lead[place],
        deal=np.full(count, NONE),
        region=region,
        owner=handoffs.owner_at(handoffs.touched_at)[place],
        created_at=created,
        start_at=start,
        guests=np.full((count, 1), NONE),
    )


def _with_customers(world: World, deals: Opportunities) -> Meetings:
    """Meetings on opportunities; a marketer joins one of those of some key opportunities."""
    chance = world.chance("customer meetings")
    count = deals.count
    number = np.where(deals.is_key, 1 + chance.poisson(1.2, count), chance.poisson(0.7, count))
    rate = world.rates(deals.region, lambda s: s.joint_work.marketing_in_key_meetings)
    joins = world.happens(chance, deals.owner, "meetings", rate)
    joins &= deals.is_key | (chance.random(count) < 0.4)
    deal = np.repeat(np.arange(count), number)
    is_first = np.ones(len(deal), bool)
    is_first[1:] = deal[1:] != deal[:-1]
    region = deals.region[deal]
    created, closed = deals.created_at[deal], deals.closed_at[deal]
    start = world.clock.between(created, closed, chance.uniform(0.1, 0.9, len(deal)), region)
    entered = world.clock.between(created, start, chance.uniform(0.2, 0.9, len(deal)), region)
    marketer = pick(chance, world.people.marketers, region)
    colleague = pick(chance, world.people.executives, region)
    with_colleague = (chance.random(len(deal)) < 0.25) & (colleague != deals.owner[deal])
    guests = np.column_stack(
        [
            np.where(joins[deal] & is_first, marketer, NONE),
            np.where(with_colleague, colleague, NONE),
        ]
    )
    return Meetings(
        kind=np.full(len(deal), CUSTOMER),
        lead=np.full(len(deal), NONE),
        deal=deal,
        region=region,
        owner=deals.owner[deal],
        created_at=entered,
        start_at=start,
        guests=guests,
    )


def _joint_starts(world: World) -> Ints:
    """Instants of the joint meetings: gaps are gamma with the planted 75th percentile."""
    chance = world.chance("joint meetings")
    p75 = world.scenario.joint_work.meeting_gap_days
    scale = p75 / gammaincinv(_REGULARITY, 0.75)
    count = int((world.horizon - world.start) / DAY / (scale * _REGULARITY) * 1.5) + 20
    gaps = chance.gamma(_REGULARITY, scale, count)
    days = np.cumsum(gaps) - gaps[0] * chance.random()
    at = world.start + (days * DAY).astype(np.int64)
    return _working_morning(world, at, 10.0)


def _working_morning(world: World, at: Ints, hour: float) -> Ints:
    """The working day at or after each instant, at an hour of the home region."""
    home = world.clock[0]
    opening = home.at(home.worked(at) // (8 * HOUR) * (8 * HOUR))
    found: Ints = opening + np.int64((hour - 9) * HOUR)
    return found


def _internal(world: World, kind: Ints, owner: Ints, start: Ints, guests: Ints) -> Meetings:
    count = len(start)
    return Meetings(
        kind=kind,
        lead=np.full(count, NONE),
        deal=np.full(count, NONE),
        region=np.zeros(count, np.int64),
        owner=owner,
        created_at=start - 3 * DAY,
        start_at=start,
        guests=guests,
    )


def _joint(world: World, start: Ints) -> Meetings:
    """Meetings of both functions. Once a year one of them is a training for many."""
    chance = world.chance("joint guests")
    people = world.people
    sales, marketing = people.sales_staff, people.marketing_staff
    count = len(start)
    year = (start - world.start) // (365 * DAY)
    is_training = np.ones(count, bool)
    is_training[1:] = year[1:] != year[:-1]
    is_training &= year > 0
    trained = chance.random(len(sales) + len(marketing))
    everybody = np.concatenate([sales, marketing])
    share = world.rates(people.region[everybody], lambda s: s.joint_work.trained_together)
    crowd = np.where(trained < share, everybody, NONE)
    crowd[[0, len(sales)]] = everybody[[0, len(sales)]]
    usual = np.column_stack(
        [
            np.full(count, people.head_of_sales),
            chance.choice(sales, count),
            chance.choice(marketing, count),
            np.where(chance.random(count) < 0.5, chance.choice(people.sales_managers, count), NONE),
        ]
    )
    guests = np.full((count, max(len(everybody), 4)), NONE)
    guests[:, :4] = usual
    guests[is_training, : len(everybody)] = crowd
    kind = np.where(is_training, TRAINING, INTERNAL)
    return _internal(world, kind, np.full(count, people.head_of_marketing), start, guests)


def _one_sided(world: World) -> Meetings:
    """Meetings and trainings of one function alone."""
    chance = world.chance("one-sided meetings")
    people = world.people
    days = np.arange(world.start, world.horizon + 4 * DAY, _ONE_SIDED_EVERY)
    count = len(days)
    kind = np.where(np.arange(count) % 13 == 12, TRAINING, INTERNAL)
    sales = chance.choice(people.sales_staff, (count, 4))
    marketing = chance.choice(people.marketing_staff, (count, 3))
    monday = _working_morning(world, days, 9.0)
    tuesday = _working_morning(world, days + DAY, 14.0)
    return _join(
        [
            _internal(world, kind, np.full(count, people.head_of_sales), monday, sales),
            _internal(world, kind, np.full(count, people.head_of_marketing), tuesday, marketing),
        ]
    )


def write_events(
    out: Out, world: World, meetings: Meetings, deals: Opportunities, following: Following
) -> None:
    """Event and EventRelation; each invited user has a child copy of the event."""
    count = len(meetings.kind)
    invited = _invited(meetings)
    parent, user = invited
    everything = np.concatenate([np.arange(count), parent])
    owner = np.concatenate([meetings.owner, user])
    ledger = _lives(world, meetings, deals, following, place=everything, owner=owner)
    versions = ledger.versions(world.horizon)
    versions = versions.take(versions.is_seen)
    event = everything[versions.record]
    start = meetings.start_at[event]
    day = world.clock.local_day(meetings.start_at, meetings.region)
    has_guests = np.zeros(count, bool)
    has_guests[parent] = True
    kind = meetings.kind[event]
    columns: dict[str, Values] = {
        "Subject": Coded(kind, SUBJECTS),
        "Location": Coded(event % 2, ("Video call", "On site")),
        "Description": Own(event, "Private agenda {}"),
        "ActivityDate": day[event],
        "ActivityDateTime": start,
        "StartDateTime": start,
        "EndDateTime": start + HOUR,
        "DurationInMinutes": np.full(len(event), 60),
        "IsChild": versions.record >= count,
        "IsGroupEvent": has_guests[event],
        "Type": Coded(kind, TYPES),
        "EventSubtype": Coded(np.zeros(len(event), np.int64), ("Event",)),
    }
    out.write_versions("Event", versions, columns)
    _write_relations(out, world, meetings, deals, invited)


def _invited(meetings: Meetings) -> tuple[Ints, Ints]:
    """Meetings and their invited users, nobody twice, the owner not among them."""
    parent, column = np.nonzero(meetings.guests != NONE)
    user = meetings.guests[parent, column]
    keep = user != meetings.owner[parent]
    pairs = np.unique(np.column_stack([parent[keep], user[keep]]), axis=0)
    return pairs[:, 0], pairs[:, 1]


def _lives(
    world: World,
    meetings: Meetings,
    deals: Opportunities,
    following: Following,
    *,
    place: Ints,
    owner: Ints,
) -> Ledger:
    count = len(place)
    everyone = np.arange(count)
    ledger = Ledger(count)
    lead, deal = meetings.lead[place], meetings.deal[place]
    at = meetings.created_at[place]
    some_deal = np.maximum(deal, 0)
    contact = ids.key("Contact", deals.contact[some_deal]) if deals.count else NONE
    account = ids.key("Account", deals.account[some_deal]) if deals.count else NONE
    start: dict[str, Column] = {
        "WhoId": np.where(deal != NONE, contact, ids.key("Lead", lead)),
        "WhatId": ids.key("Opportunity", deal),
        "AccountId": np.where(deal != NONE, account, NONE),
        "OwnerId": user_key(owner),
        "IsArchived": np.zeros(count, bool),
        "IsDeleted": np.zeros(count, bool),
    }
    hidden = np.where(lead != NONE, following.first_seen[np.maximum(lead, 0)] - at, 0)
    by = user_key(meetings.owner[place])
    ledger.change(everyone, at, by, start, delay=np.maximum(hidden, 0))
    on_lead = everyone[lead != NONE]
    following.apply(ledger, on_lead, lead[on_lead], at[on_lead])
    parents = on_lead[on_lead < len(meetings.kind)]
    own = parents[meetings.owner[parents] == following.converted_by[lead[parents]]]
    following.hand_over(ledger, own, lead[own], at[own])
    archived: dict[str, Column] = {"IsArchived": np.ones(count, bool)}
    ends = meetings.start_at[place] + _ARCHIVED_AFTER
    ledger.change(everyone, ends, by, archived, is_silent=True)
    return ledger


def _write_relations(
    out: Out,
    world: World,
    meetings: Meetings,
    deals: Opportunities,
    invited: tuple[Ints, Ints],
) -> None:
    """Invited users, and the contacts that meetings on opportunities are with."""
    parent, user = invited
    met = np.flatnonzero(meetings.deal != NONE)
    event = np.concatenate([parent, met])
    contact = ids.key("Contact", deals.contact[meetings.deal[met]])
    count = len(event)
    is_invitee = np.arange(count) < len(parent)
    ledger = Ledger(count)
    start: dict[str, Column] = {
        "EventId": ids.key("Event", event),
        "RelationId": np.concatenate([user_key(user), contact]),
        "IsInvitee": is_invitee,
        "IsParent": ~is_invitee,
    }
    order = np.lexsort((np.arange(count), meetings.created_at[event]))
    sorted_start = {name: values[order] for name, values in start.items()}
    at, by = meetings.created_at[event[order]], user_key(meetings.owner[event[order]])
    ledger.change(np.arange(count), at, by, sorted_start)
    versions = ledger.versions(world.horizon)
    accepted = np.where(versions.columns["IsInvitee"].astype(bool), 0, NONE)
    out.write_versions("EventRelation", versions, {"Status": Coded(accepted, ("Accepted",))})
