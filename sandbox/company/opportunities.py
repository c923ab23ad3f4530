"""Opportunities: from conversions and from Sales' own prospecting; how they go and end."""

from dataclasses import dataclass

import numpy as np

from sandbox.company import world as w
from sandbox.company.accounts import Accounts, Conversions
from sandbox.company.campaigns import Memberships
from sandbox.company.clock import DAY, NEVER, REGIONS, Floats
from sandbox.company.ids import NONE, Ints
from sandbox.company.leads import MQL_SHARE, OPPORTUNITIES_PER_HANDOFF, Flags, Leads
from sandbox.company.money import currency_of
from sandbox.company.people import pick
from sandbox.company.world import World

STAGES = ("Prospecting", "Qualification", "Proposal", "Negotiation", "Closed Won", "Closed Lost")
WON, LOST = 4, 5
_PLANNED = np.array([0.0, 0.12, 0.40, 0.70])  # of the cycle, when each open stage begins
LOSS_REASONS = (
    "Price",
    "Product Gap",
    "Competitor",
    "No Decision",
    "Timing",
    "Other",
    "customer went silent, see notes",
    'they said "not now"\ncall again in Q3',
    "Preis zu hoch – später erneut prüfen 🙂",
)
_NO_REASONS = [NONE, NONE, NONE, NONE, 5, 5, 6, 7, 8]
_AGREED_REASONS = 5
_WIN_RATE = 0.34
_KEY_SHARE = 0.42


@dataclass(frozen=True)
class Opportunities:
    """Every opportunity; those of the conversions first, in their order. Parallel arrays;
    `stage_at` has a column for each open stage (NEVER where it is skipped).
    """

    created_at: Ints
    created_by: Ints
    region: Ints
    unit: Ints
    owner: Ints
    account: Ints
    contact: Ints
    lead: Ints  # NONE for prospecting
    source: Ints
    campaign: Ints
    amount: Floats  # in the corporate currency, as those that follow
    first_amount: Floats
    currency: Ints
    is_key: Flags
    is_won: Flags
    stage_at: Ints
    closed_at: Ints
    loss_reason: Ints

    @property
    def count(self) -> int:
        """How many."""
        return len(self.created_at)


def pursue(
    world: World,
    leads: Leads,
    accounts: Accounts,
    conversions: Conversions,
    memberships: Memberships,
) -> Opportunities:
    """The opportunities created until the horizon."""
    chance = world.chance("opportunities")
    converted = len(conversions.lead)
    account, prospected_at = _prospect(world, chance, leads, (accounts, conversions))
    created = np.concatenate([conversions.at, prospected_at])
    region = np.concatenate([conversions.region, accounts.region[account]])
    owner = np.concatenate(
        [conversions.executive, pick(chance, world.people.executives, accounts.region[account])]
    )
    count = len(created)
    lead = np.concatenate([conversions.lead, np.full(len(account), NONE)])
    has_source = chance.random(count) < world.rates(region, lambda s: s.process.source_recorded)
    source = np.where(lead == NONE, w.ALL_SOURCES.index("Sales Prospecting"), leads.source[lead])
    campaign = np.where(lead == NONE, NONE, memberships.first_campaign[lead])
    is_key = chance.random(count) < _KEY_SHARE
    amount = np.exp(chance.normal(np.log(24_000), 0.55, count)) * np.where(is_key, 1.8, 1.0)
    is_won = world.happens(chance, owner, "win", _WIN_RATE)
    stage_at, closed_at = _progress(world, chance, created, region, is_won)
    rate = world.rates(region, lambda s: s.feedback.loss_reason)
    is_agreed = world.happens(chance, owner, "loss", rate)
    reason = np.where(
        is_agreed,
        chance.integers(_AGREED_REASONS, size=count),
        chance.choice(_NO_REASONS, count),
    )
    return Opportunities(
        created_at=created,
        created_by=np.concatenate([conversions.by, owner[converted:]]),
        region=region,
        unit=np.concatenate([leads.unit[conversions.lead], accounts.unit[account]]),
        owner=owner,
        account=np.concatenate([conversions.account, account]),
        contact=np.concatenate([conversions.contact, account]),
        lead=lead,
        source=np.where(has_source, source, NONE),
        campaign=campaign,
        amount=np.round(amount, -2),
        first_amount=np.round(amount * chance.uniform(0.7, 1.3, count), -2),
        currency=currency_of(world, "opportunities", region),
        is_key=is_key,
        is_won=is_won,
        stage_at=stage_at,
        closed_at=closed_at,
        loss_reason=reason,
    )


def _prospect(
    world: World,
    chance: np.random.Generator,
    leads: Leads,
    sold_to: tuple[Accounts, Conversions],
) -> tuple[Ints, Ints]:
    """Known accounts and instants of opportunities without a lead: as many, and spread over
    time, as the planted share from leads asks for in regions that are alike.
    """
    accounts, conversions = sold_to
    shares = world.rates(np.arange(len(REGIONS)), lambda s: s.process.from_leads)
    found = []
    for share in np.unique(shares):
        alike = np.flatnonzero(shares == share)
        converted = conversions.at[np.isin(conversions.region, alike)]
        known = np.flatnonzero(np.isin(accounts.region[: accounts.known], alike))
        if len(converted):
            count = round(len(converted) * (1 - share) / share)
            shift = chance.uniform(-20 * DAY, 20 * DAY, count)
            at = chance.choice(converted, count) + shift.astype(np.int64)
        else:
            coming = np.isin(leads.region, alike).sum() * MQL_SHARE * OPPORTUNITIES_PER_HANDOFF
            count = round(coming * (1 - share))
            at = chance.integers(world.start, world.horizon, count)
        found.append((known[chance.integers(len(known), size=count)], at))
    account, at = (np.concatenate(parts) for parts in zip(*found, strict=True))
    at = np.clip(at, world.start, world.horizon)
    at = world.clock.after(at, chance.uniform(0, 3, len(at)), accounts.region[account])
    order = np.argsort(at, kind="stable")
    order = order[at[order] <= world.horizon]
    return account[order], at[order]


def _progress(
    world: World, chance: np.random.Generator, created: Ints, region: Ints, is_won: Flags
) -> tuple[Ints, Ints]:
    """When each open stage begins, and when the opportunity is closed."""
    count = len(created)
    days = np.clip(np.exp(chance.normal(np.log(52), 0.5, count)), 8, 250)
    reached = chance.choice(4, count, p=(0.1, 0.35, 0.35, 0.2))
    reached = np.where(is_won, 3, reached)
    stage_at = np.full((count, 4), NEVER)
    stage_at[:, 0] = created
    last = created
    for stage in (1, 2, 3):
        wait = (days * DAY * (_PLANNED[stage] + chance.uniform(0, 0.08, count))).astype(np.int64)
        at = world.clock.after(created + wait, chance.uniform(0, 3, count), region)
        at = np.maximum(at, world.clock.after(last, np.ones(count), region))
        stage_at[:, stage] = np.where(stage <= reached, at, NEVER)
        last = np.where(stage <= reached, at, last)
    end = created + (days * DAY).astype(np.int64)
    closed = world.clock.after(end, chance.uniform(0, 6, count), region)
    return stage_at, np.maximum(closed, world.clock.after(last, np.ones(count), region))
