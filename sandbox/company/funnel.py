"""What Sales does with what it is handed: owners, response, decision, conversion, return."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from sandbox.company.clock import DAY, NEVER, Floats
from sandbox.company.ids import NONE, Ints
from sandbox.company.leads import DIRECT_CONVERSION, HANDED_SHARE, Leads, demand
from sandbox.company.people import pick_weighted
from sandbox.company.world import ALL_SOURCES, World

Flags = NDArray[np.bool_]
_SLA = 8.0
_LONGEST = 140.0  # business hours: within 30 days whatever the holidays
_LATEST_TIMELY = 50.0  # business hours: within 14 days of the MQL whatever the holidays
_RETURN_AFTER = 32 * DAY  # a return to Marketing is not a bounce
_SECOND_ROUND = 0.10


@dataclass(frozen=True)
class Handoffs:
    """Every passage of a lead to Sales; parallel arrays. `lead` is a position in Leads; users
    are numbers; instants that do not come are NEVER.

    The owners are: a queue or `first` from `at` on, `first` from `assigned_at`, `second` from
    `second_at` (NONE: back to the queue), `third` from `third_at`.
    """

    lead: Ints
    region: Ints
    at: Ints
    to_queue: Flags
    first: Ints
    assigned_at: Ints
    second: Ints
    second_at: Ints
    third: Ints
    third_at: Ints
    touched_at: Ints
    decided_at: Ints
    is_accepted: Flags
    working_at: Ints
    converted_at: Ints
    unreachable_at: Ints
    recycled_at: Ints
    is_second_round: Flags

    @property
    def count(self) -> int:
        """How many."""
        return len(self.lead)

    def owner_at(self, at: Ints) -> Ints:
        """The person who has the lead at an instant (parallel), or had it last."""
        owner = np.where((at >= self.second_at) & (self.second != NONE), self.second, self.first)
        return np.where(at >= self.third_at, self.third, owner)

    def select(self, chosen: Flags | Ints) -> "Handoffs":
        """The chosen ones."""
        return Handoffs(**{n: getattr(self, n)[chosen] for n in self.__dataclass_fields__})

    def join(self, other: "Handoffs") -> "Handoffs":
        """These, then the others."""
        names = self.__dataclass_fields__
        return Handoffs(**{n: np.concatenate([getattr(self, n), getattr(other, n)]) for n in names})


def hand_off(world: World, leads: Leads) -> Handoffs:
    """First passages of all leads that get there, and second ones of some that came back. Leads
    that a seller entered become created by that seller.
    """
    lead = np.flatnonzero(leads.handed_at < NEVER)
    first = _follow(world, leads, lead, leads.handed_at[lead], is_second_round=False)
    own = leads.source[lead] == ALL_SOURCES.index("Sales Prospecting")
    leads.created_by[lead[own]] = first.first[own]
    chance = world.chance("second round")
    again = (first.recycled_at < NEVER) & (chance.random(first.count) < _SECOND_ROUND)
    again &= ~leads.is_direct[first.lead]
    days = chance.uniform(15, 90, first.count)
    back = first.recycled_at + (days * DAY).astype(np.int64)
    back = world.clock.after(back, chance.uniform(0, 2, first.count), first.region)
    again &= back <= world.horizon
    second = _follow(world, leads, first.lead[again], back[again], is_second_round=True)
    return first.join(second)


def response_hours(
    latent: Floats,
    within: Floats | float,
    never: Floats | float,
    median: Floats | float,
    tail: Floats,
) -> Floats:
    """Business hours to the first touch of each handoff, infinite where it never comes, from
    standard normal `latent` values (low: fast).

    A share `never` is never touched; the others are lognormal such that the share `within` of
    all is touched by 8 hours and the half of all by `median` hours (of all, or of each handoff).
    `tail` (0 to 1) spreads what lies beyond the longest response.
    """
    touched = 1 - never
    at_sla, at_median = ndtri(within / touched), ndtri(0.5 / touched)
    sigma = (np.log(_SLA) - np.log(median)) / (at_sla - at_median)
    if np.any(sigma <= 0):
        raise ValueError("the median response contradicts the share touched within 8 hours")
    mu = np.log(_SLA) - at_sla * sigma
    share = ndtr(latent)
    is_touched = share < touched
    normal = ndtri(np.where(is_touched, share / touched, 0.5))
    hours = np.exp(mu + sigma * np.clip(normal, -8, 8))
    hours = np.where(hours > _LONGEST, 100 + (_LONGEST - 100) * tail, hours)
    found: Floats = np.where(is_touched, np.maximum(hours, 0.02), np.inf)
    return found


def _decision_hours(
    world: World, chance: np.random.Generator, latent: Floats, region: Ints
) -> tuple[Floats, Flags]:
    """Business hours to a timely decision (infinite: none) and whether a late one follows."""
    median = world.rates(region, lambda s: s.feedback.decision_hours)
    timely = world.rates(region, lambda s: s.language.decided_within_14_days) / HANDED_SHARE
    share = ndtr(latent)
    is_timely = share < timely
    normal = ndtri(np.where(is_timely, share / timely, 0.5))
    hours = np.exp(np.log(median) + 0.8 * np.clip(normal, -8, 8))
    spread = chance.uniform(_LATEST_TIMELY / 2, _LATEST_TIMELY, len(latent))
    hours = np.where(hours > _LATEST_TIMELY, spread, np.maximum(hours, 0.05))
    later = world.rates(region, lambda s: s.language.decided_later)
    is_late = ~is_timely & (chance.random(len(latent)) < later)
    return np.where(is_timely, hours, np.inf), is_late


def _seller_weights(world: World) -> tuple[Floats, ...]:
    chance = world.common_chance("seller weights")
    people = world.people
    return tuple(
        chance.uniform(0.6, 1.4, len(people.sellers(r))) for r in range(len(people.executives))
    )


def _follow(world: World, leads: Leads, lead: Ints, at: Ints, *, is_second_round: bool) -> Handoffs:
    chance = world.chance(f"handoffs {int(is_second_round)}")
    clock, count = world.clock, len(lead)
    region, direct = leads.region[lead], leads.is_direct[lead]
    groups = tuple(world.people.sellers(r) for r in range(len(world.people.executives)))
    first = pick_weighted(chance, groups, _seller_weights(world), region)
    latent = world.latent(chance, first, "response")
    response = response_hours(
        latent,
        world.rates(region, lambda s: s.handoff.touched_within_8_hours),
        world.rates(region, lambda s: s.handoff.never_touched),
        world.rates(region, lambda s: s.handoff.median_response_hours),
        chance.random(count),
    )
    related = 0.4 * latent + np.sqrt(1 - 0.4**2) * world.latent(chance, first, "decision")
    decision, is_late = _decision_hours(world, chance, related, region)
    decision[direct], is_late[direct] = np.inf, False
    rate = world.rates(region, lambda s: s.language.mql_accepted)
    accepted = world.happens(chance, first, "acceptance", rate)
    rate = world.rates(region, lambda s: s.handoff.bounced)
    bounced = world.happens(chance, first, "bounce", rate)
    rate = np.where(direct, DIRECT_CONVERSION, world.rates(region, lambda s: demand(s).conversion))
    is_open = direct | (accepted & (np.isfinite(decision) | is_late))
    converts = is_open & (chance.random(count) < rate)
    rate = world.rates(region, lambda s: s.handoff.first_to_queue)
    to_queue = ~direct & (chance.random(count) < rate)
    wait = chance.uniform(0.1, 0.8, count) * np.minimum(np.minimum(response, decision), 60.0)
    assigned_at = clock.after(at, np.where(to_queue, wait, 0.0), region)
    assigned_at = np.where(to_queue, assigned_at, at)
    idle = ~np.isfinite(response) & ~np.isfinite(decision) & ~is_late & ~bounced & ~converts
    assigned_at = np.where(to_queue & idle & (chance.random(count) < 0.5), NEVER, assigned_at)

    touched_at = _later(clock.after(at, _finite(response), region), response)
    late_at = clock.after(at + 15 * DAY, chance.uniform(0, 60, count), region)
    decided_at = _later(clock.after(at, _finite(decision), region), decision)
    decided_at = np.where(is_late, late_at, decided_at)
    owners = _bounces(world, chance, groups, (first, region, to_queue, bounced), assigned_at)
    second, second_at, third, third_at = owners

    def known(*instants: Ints) -> Ints:
        """The last of the instants that come, and of the handoff."""
        latest = at
        for instant in instants:
            latest = np.where(instant < NEVER, np.maximum(instant, latest), latest)
        return latest

    worked = (touched_at < NEVER) & (direct | (accepted & (decided_at < NEVER)))
    hours = chance.uniform(0.05, 2.0, count)
    start = clock.after(known(touched_at, decided_at), hours, region)
    working_at = np.where(worked, start, NEVER)
    settled = known(touched_at, decided_at, working_at, assigned_at, second_at, third_at)
    hours = 1 + np.exp(chance.normal(np.log(30), 0.7, count))
    # Work on the opportunity is a touch of the lead: who was never touched converts late.
    ready = np.where(touched_at < NEVER, settled, np.maximum(settled, at + _RETURN_AFTER))
    converted_at = np.where(converts, clock.after(ready, hours, region), NEVER)
    gives_up = worked & ~converts & (chance.random(count) < 0.35)
    hours = chance.uniform(50, 120, count)
    unreachable_at = np.where(gives_up, clock.after(settled, hours, region), NEVER)
    rate = world.rates(region, lambda s: s.feedback.recycled)
    returns = ~converts & ~gives_up & (chance.random(count) < rate)
    ready = np.maximum(at + _RETURN_AFTER, settled + DAY)
    hours = chance.uniform(0, 60, count)
    recycled_at = np.where(returns, clock.after(ready, hours, region), NEVER)
    return Handoffs(
        lead=lead,
        region=region,
        at=at,
        to_queue=to_queue,
        first=first,
        assigned_at=assigned_at,
        second=second,
        second_at=second_at,
        third=third,
        third_at=third_at,
        touched_at=touched_at,
        decided_at=decided_at,
        is_accepted=accepted & (decided_at < NEVER),
        working_at=working_at,
        converted_at=converted_at,
        unreachable_at=unreachable_at,
        recycled_at=recycled_at,
        is_second_round=np.full(count, is_second_round),
    )


def _finite(hours: Floats) -> Floats:
    return np.where(np.isfinite(hours), hours, 0.0)


def _later(at: Ints, hours: Floats) -> Ints:
    return np.where(np.isfinite(hours), at, NEVER)


def _bounces(
    world: World,
    chance: np.random.Generator,
    groups: tuple[Ints, ...],
    state: tuple[Ints, Ints, Flags, Flags],
    assigned_at: Ints,
) -> tuple[Ints, Ints, Ints, Ints]:
    """Second and third owners and when they take over. A bounce is two changes of person, or a
    return to a queue that then gives the lead to somebody else, within three weeks. Some leads
    that did not bounce change hands once.
    """
    first, region, to_queue, bounced = state
    count = len(first)
    sizes = np.array([len(group) for group in groups])[region]
    starts = np.concatenate([[0], np.cumsum([len(g) for g in groups])[:-1]])[region]
    flat = np.concatenate(groups)
    place = np.zeros(len(world.people.users), np.int64)
    for group in groups:
        place[group] = np.arange(len(group))
    step = 1 + np.floor(chance.random(count) * (sizes - 2)).astype(np.int64)
    other = flat[starts + (place[first] + step) % sizes]
    another = flat[starts + (place[first] + step + 1) % sizes]
    requeued = bounced & (chance.random(count) < 0.4)
    once = ~bounced & ~to_queue & (chance.random(count) < 0.12)
    changes = (bounced | once) & (assigned_at < NEVER)
    hours = chance.uniform(1, 30, count)
    second_at = np.where(changes, world.clock.after(assigned_at, hours, region), NEVER)
    hours = chance.uniform(1, 30, count)
    third_at = np.where(bounced & changes, world.clock.after(second_at, hours, region), NEVER)
    second = np.where(changes & ~requeued, other, NONE)
    third = np.where(bounced & changes, another, NONE)
    return second, second_at, third, third_at
