"""Accounts, contacts and conversions."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sandbox.company import ids
from sandbox.company import world as w
from sandbox.company.clock import DAY, NEVER, REGIONS
from sandbox.company.funnel import Handoffs
from sandbox.company.ids import NONE, Ints
from sandbox.company.leads import Leads
from sandbox.company.ledger import Ledger
from sandbox.company.people import pick, user_key
from sandbox.company.world import World
from sandbox.company.write import Coded, Out, Own, Values

Flags = NDArray[np.bool_]
_LEADS_PER_ACCOUNT = 16
_KEY_SHARE = 0.2
_KNOWN_ACCOUNT = 0.35  # of the conversions
TITLES = ("Buyer", "Head of Operations", "CFO", "Engineer", "Project Manager")


@dataclass(frozen=True)
class Accounts:
    """Accounts by number: those known from the start, then those that conversions opened."""

    created_at: Ints
    region: Ints
    unit: Ints
    segment: Ints
    industry: Ints
    owner: Ints
    is_key: Flags
    known: int

    @property
    def count(self) -> int:
        """How many."""
        return len(self.region)


@dataclass(frozen=True)
class Conversions:
    """Leads that became contacts; parallel arrays of positions and numbers, by time. The
    contact's number counts on from the contacts known from the start, one for each account.
    """

    lead: Ints
    at: Ints
    by: Ints
    region: Ints
    executive: Ints  # who owns the account's opportunity
    account: Ints
    contact: Ints

    def at_of(self, leads: int) -> Ints:
        """When each lead was converted, or NEVER."""
        at = np.full(leads, NEVER)
        at[self.lead] = self.at
        return at

    def contact_of(self, leads: int) -> Ints:
        """The contact that each lead became, or NONE."""
        contact = np.full(leads, NONE)
        contact[self.lead] = self.contact
        return contact


def found(world: World) -> Accounts:
    """The accounts known from the start."""
    chance = world.common_chance("accounts")
    known = max(12, world.leads // _LEADS_PER_ACCOUNT)
    home = np.arange(known) % len(REGIONS)
    return Accounts(
        created_at=world.start - chance.integers(30 * DAY, 380 * DAY, known),
        region=home,
        unit=chance.choice(2, known, p=w.UNIT_SHARES),
        segment=chance.choice(len(w.SEGMENTS), known, p=w.SEGMENT_SHARES),
        industry=chance.integers(len(w.INDUSTRIES), size=known),
        owner=pick(chance, world.people.executives, home),
        is_key=chance.random(known) < _KEY_SHARE,
        known=known,
    )


def convert(
    world: World, leads: Leads, handoffs: Handoffs, first: Accounts
) -> tuple[Accounts, Conversions]:
    """Conversions until the horizon, and the accounts: `first`, then those that they opened. The
    segment of some leads is set to that of the account they convert into, as often as the
    scenario says both functions agree.
    """
    chance = world.chance("conversions")
    place = np.flatnonzero(handoffs.converted_at <= world.horizon)
    place = place[np.argsort(handoffs.converted_at[place], kind="stable")]
    lead, at = handoffs.lead[place], handoffs.converted_at[place]
    region, by = handoffs.region[place], handoffs.owner_at(handoffs.converted_at)[place]
    count, known = len(lead), first.known
    executives = world.people.executives
    is_executive = np.isin(by, np.concatenate(executives))
    executive = np.where(is_executive, by, pick(chance, executives, region))
    is_known = chance.random(count) < _KNOWN_ACCOUNT
    own_kind = np.floor(chance.random(count) * (known // len(REGIONS))).astype(np.int64)
    opened = known + np.cumsum(~is_known) - 1
    account = np.where(is_known, own_kind * len(REGIONS) + region, opened)
    rate = world.rates(region, lambda s: s.language.segment_agreed)
    agrees = is_known & (chance.random(count) < rate)
    leads.segment[lead[agrees]] = first.segment[account[agrees]]
    new = ~is_known
    accounts = Accounts(
        created_at=np.concatenate([first.created_at, at[new]]),
        region=np.concatenate([first.region, region[new]]),
        unit=np.concatenate([first.unit, leads.unit[lead[new]]]),
        segment=np.concatenate([first.segment, leads.segment[lead[new]]]),
        industry=np.concatenate([first.industry, leads.industry[lead[new]]]),
        owner=np.concatenate([first.owner, executive[new]]),
        is_key=np.concatenate([first.is_key, np.zeros(int(new.sum()), bool)]),
        known=known,
    )
    contact = known + np.arange(count)
    return accounts, Conversions(lead, at, by, region, executive, account, contact)


def write_accounts(
    out: Out, world: World, leads: Leads, accounts: Accounts, conversions: Conversions
) -> None:
    """Account and Contact; those known from the start with the first cohort."""
    opened_by = conversions.by[conversions.account >= accounts.known]
    created_by = np.concatenate([accounts.owner[: accounts.known], opened_by])
    ledger = Ledger(accounts.count)
    written = np.arange(0 if world.cohort == 0 else accounts.known, accounts.count)
    ledger.change(
        written,
        accounts.created_at[written],
        user_key(created_by[written]),
        {"OwnerId": user_key(accounts.owner[written])},
    )
    versions = ledger.versions(world.horizon)
    held = versions.record
    columns: dict[str, Values] = {
        "Name": Own(held, "Account {} Ltd"),
        "Phone": Own(held, "+49 30 5550{}"),
        "Type": Coded(np.where(accounts.is_key[held], 0, 1), ("Customer", "Prospect")),
        "Industry": Coded(accounts.industry[held], w.INDUSTRIES),
        "Segment__c": Coded(accounts.segment[held], w.SEGMENTS),
        "Region__c": Coded(accounts.region[held], REGIONS),
        "Business_Unit__c": Coded(accounts.unit[held], w.UNITS),
        "Is_Key_Account__c": accounts.is_key[held],
    }
    out.write_versions("Account", versions, columns)
    _write_contacts(out, world, leads, accounts, conversions)


def _write_contacts(
    out: Out, world: World, leads: Leads, accounts: Accounts, conversions: Conversions
) -> None:
    known = np.arange(accounts.known)
    count = accounts.known + len(conversions.lead)
    owner = np.concatenate([accounts.owner[known], conversions.executive])
    created_by = np.concatenate([accounts.owner[known], conversions.by])
    created_at = np.concatenate([accounts.created_at[known], conversions.at])
    account = ids.key("Account", np.concatenate([known, conversions.account]))
    source = np.concatenate([np.full(len(known), NONE), leads.source[conversions.lead]])
    ledger = Ledger(count)
    written = np.arange(0 if world.cohort == 0 else accounts.known, count)
    ledger.change(
        written,
        created_at[written],
        user_key(created_by[written]),
        {"OwnerId": user_key(owner[written]), "AccountId": account[written]},
    )
    versions = ledger.versions(world.horizon)
    person = np.concatenate([known + 7, conversions.lead])[versions.record]
    columns = {
        **person_columns(person),
        "Email": Own(person, "person{}@customer.example"),
        "LeadSource": Coded(source[versions.record], w.ALL_SOURCES),
    }
    out.write_versions("Contact", versions, columns)


def person_columns(person: Ints) -> dict[str, Values]:
    """Made-up names and numbers of leads and contacts, the same for a lead and its contact."""
    first, last = person % len(w.FIRST_NAMES), person * 7 % len(w.LAST_NAMES)
    both = [f"{one} {two}" for one in w.FIRST_NAMES for two in w.LAST_NAMES]
    return {
        "FirstName": Coded(first, w.FIRST_NAMES),
        "LastName": Coded(last, w.LAST_NAMES),
        "Name": Coded(first * len(w.LAST_NAMES) + last, both),
        "Title": Coded(person % len(TITLES), TITLES),
        "Phone": Own(person, "+1 202 5551{}"),
        "MobilePhone": Own(person, "+1 917 5552{}"),
    }
