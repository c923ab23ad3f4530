"""Opportunities: from conversions and from Sales' own prospecting; how they go and end."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from sandbox.company import ids
from sandbox.company import world as w
from sandbox.company.accounts import Accounts, Conversions
from sandbox.company.campaigns import Memberships
from sandbox.company.clock import DAY, HOUR, NEVER, REGIONS, Floats
from sandbox.company.ids import NONE, Ints
from sandbox.company.leads import MQL_SHARE, OPPORTUNITIES_PER_HANDOFF, Flags, Leads
from sandbox.company.ledger import MISSING, Column, Ledger, Versions
from sandbox.company.people import pick, user_key
from sandbox.company.world import World
from sandbox.company.write import Coded, Own, Values, write, write_versions
from sandbox.schema import VISIBLE_FROM, VISIBLE_TO

STAGES = ("Prospecting", "Qualification", "Proposal", "Negotiation", "Closed Won", "Closed Lost")
WON, LOST = 4, 5
_PROBABILITY = np.array([10, 25, 50, 75, 100, 0])
_FORECAST = ("Omitted", "Pipeline", "BestCase", "Forecast", "Closed")
FORECAST_NAMES = ("Omitted", "Pipeline", "Best Case", "Commit", "Closed")
_FORECAST_OF_STAGE = np.array([1, 1, 2, 3, 4, 0])
_PLANNED = np.array([0.0, 0.12, 0.40, 0.70])  # of the cycle, when each open stage begins
LOSS_REASONS = (
    "Price",
    "Product Gap",
    "Competitor",
    "No Decision",
    "Timing",
    "Other",
    "customer went silent, see notes",
)
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
    amount: Floats
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
    account, prospected_at = _prospect(world, chance, accounts, conversions)
    created = np.concatenate([conversions.at, prospected_at])
    region = np.concatenate([conversions.region, accounts.region[account]])
    owner = np.concatenate(
        [conversions.executive, pick(chance, world.people.executives, accounts.region[account])]
    )
    count = len(created)
    lead = np.concatenate([conversions.lead, np.full(len(account), NONE)])
    has_source = chance.random(count) < world.scenario.process.source_recorded
    source = np.where(lead == NONE, w.ALL_SOURCES.index("Sales Prospecting"), leads.source[lead])
    campaign = np.where(lead == NONE, NONE, memberships.first_campaign[lead])
    is_key = chance.random(count) < _KEY_SHARE
    amount = np.exp(chance.normal(np.log(24_000), 0.55, count)) * np.where(is_key, 1.8, 1.0)
    is_won = world.happens(chance, owner, "win", _WIN_RATE)
    stage_at, closed_at = _progress(world, chance, created, region, is_won)
    is_agreed = world.happens(chance, owner, "loss", world.scenario.feedback.loss_reason)
    reason = np.where(
        is_agreed,
        chance.integers(_AGREED_REASONS, size=count),
        chance.choice([NONE, NONE, _AGREED_REASONS, _AGREED_REASONS + 1], count),
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
        is_key=is_key,
        is_won=is_won,
        stage_at=stage_at,
        closed_at=closed_at,
        loss_reason=reason,
    )


def _prospect(
    world: World, chance: np.random.Generator, accounts: Accounts, conversions: Conversions
) -> tuple[Ints, Ints]:
    """Known accounts and instants of opportunities without a lead: as many, and spread over
    time, as the planted share from leads asks for.
    """
    share = world.scenario.process.from_leads
    converted = len(conversions.at)
    if converted:
        count = round(converted * (1 - share) / share)
        shift = chance.uniform(-20 * DAY, 20 * DAY, count)
        at = chance.choice(conversions.at, count) + shift.astype(np.int64)
    else:
        count = round(world.leads * MQL_SHARE * OPPORTUNITIES_PER_HANDOFF * (1 - share))
        at = chance.integers(world.start, world.horizon, count)
    account = chance.integers(accounts.known, size=count)
    at = np.clip(at, world.start, world.horizon)
    at = world.clock.after(at, chance.uniform(0, 3, count), accounts.region[account])
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


def track(world: World, deals: Opportunities) -> Versions:
    """Every version of every opportunity."""
    chance = world.chance("opportunity records")
    count = deals.count
    ledger = Ledger(count)
    tidy = chance.random(count) < world.scenario.process.tidy
    stretch = np.where(tidy, chance.uniform(1.0, 1.4, count), chance.uniform(0.4, 0.95, count))
    length = deals.closed_at - deals.created_at
    planned = world.clock.local_day(
        deals.created_at + (length * stretch).astype(np.int64), deals.region
    )
    first_amount = np.round(deals.amount * chance.uniform(0.7, 1.3, count), -2)
    by = user_key(deals.owner)
    start: dict[str, Column] = {
        "StageName": np.zeros(count, np.int64),
        "Amount": first_amount,
        "CloseDate": planned,
        "Loss_Reason__c": np.full(count, NONE),
        "OwnerId": by,
    }
    everyone = np.arange(count)
    ledger.change(everyone, deals.created_at, user_key(deals.created_by), start)
    for stage in (1, 2, 3):
        more: dict[str, Column] = {"StageName": np.full(count, stage)}
        if stage == 2:
            more["Amount"] = deals.amount
        if stage == 3:
            later = world.clock.local_day(deals.closed_at, deals.region)
            more["CloseDate"] = np.where(tidy, later + chance.integers(0, 10, count), planned)
        ledger.change(everyone, deals.stage_at[:, stage], by, more)
    end: dict[str, Column] = {
        "StageName": np.where(deals.is_won, WON, LOST),
        "Amount": deals.amount,
        "CloseDate": world.clock.local_day(deals.closed_at, deals.region),
        "Loss_Reason__c": np.where(deals.is_won, NONE, deals.loss_reason),
    }
    ledger.change(everyone, deals.closed_at, by, end)
    return ledger.versions(world.horizon)


def write_opportunities(
    folder: Path, world: World, deals: Opportunities, versions: Versions
) -> None:
    """Opportunity, OpportunityHistory and OpportunityStage."""
    deal = versions.record
    stage = np.asarray(versions.columns["StageName"], np.int64)
    shared: dict[str, Values] = {
        "StageName": Coded(stage, STAGES),
        "Probability": _PROBABILITY[stage].astype(float),
        "ForecastCategory": Coded(_FORECAST_OF_STAGE[stage], _FORECAST),
    }
    columns: dict[str, Values] = {
        **shared,
        "Name": Own(deal, "Opportunity {}"),
        "AccountId": ids.key("Account", deals.account[deal]),
        "Type": Coded((deals.account[deal] % 3 == 0).astype(np.int64), ("New", "Existing")),
        "LeadSource": Coded(deals.source[deal], w.ALL_SOURCES),
        "IsClosed": stage >= WON,
        "IsWon": stage == WON,
        "ForecastCategoryName": Coded(_FORECAST_OF_STAGE[stage], FORECAST_NAMES),
        "CampaignId": ids.key("Campaign", deals.campaign[deal]),
        "Region__c": Coded(deals.region[deal], REGIONS),
        "Business_Unit__c": Coded(deals.unit[deal], w.UNITS),
        "Loss_Reason__c": Coded(
            np.asarray(versions.columns["Loss_Reason__c"], np.int64), LOSS_REASONS
        ),
        "Is_Key__c": deals.is_key[deal],
    }
    write_versions(folder, "Opportunity", versions, columns)
    order = np.argsort(versions.at, kind="stable")
    known = versions.take(order)
    stage = stage[order]
    history: dict[str, Values] = {
        "Id": ids.keys("OpportunityHistory", len(order)),
        "OpportunityId": ids.key("Opportunity", known.record),
        "CreatedDate": known.at,
        "CreatedById": known.modified_by,
        "StageName": Coded(stage, STAGES),
        "Amount": known.columns["Amount"],
        "Probability": _PROBABILITY[stage].astype(float),
        "ForecastCategory": Coded(_FORECAST_OF_STAGE[stage], _FORECAST),
        "CloseDate": known.columns["CloseDate"],
        "SystemModstamp": known.at,
        VISIBLE_FROM: known.visible_from,
        VISIBLE_TO: np.full(len(order), MISSING),
    }
    write(folder, "OpportunityHistory", len(order), history)
    _write_stages(folder, world)


def _write_stages(folder: Path, world: World) -> None:
    count = len(STAGES)
    stage = np.arange(count)
    at = np.full(count, world.start - 2000 * DAY)
    by = user_key(np.full(count, world.people.top))
    columns: dict[str, Values] = {
        "Id": ids.keys("OpportunityStage", count),
        "MasterLabel": Coded(stage, STAGES),
        "ApiName": Coded(stage, STAGES),
        "IsActive": np.ones(count, bool),
        "IsClosed": stage >= WON,
        "IsWon": stage == WON,
        "SortOrder": stage + 1,
        "DefaultProbability": _PROBABILITY.astype(float),
        "ForecastCategory": Coded(_FORECAST_OF_STAGE, _FORECAST),
        "ForecastCategoryName": Coded(_FORECAST_OF_STAGE, FORECAST_NAMES),
        "CreatedDate": at,
        "CreatedById": by,
        "LastModifiedDate": at,
        "LastModifiedById": by,
        "SystemModstamp": at,
        VISIBLE_FROM: at,
        VISIBLE_TO: np.full(count, MISSING),
    }
    write(folder, "OpportunityStage", count, columns)


def write_roles_and_teams(folder: Path, world: World, deals: Opportunities) -> None:
    """OpportunityContactRole and OpportunityTeamMember.

    Conversion gives every opportunity a contact role; where the population has none, Sales
    deletes it within the hour.
    """
    chance = world.chance("roles")
    rate = world.scenario.process.contact_role
    has_role = world.happens(chance, deals.owner, "role", rate)
    deal = np.flatnonzero(has_role | (deals.lead != NONE))
    converted = deals.lead[deal] != NONE
    entered = world.clock.after(deals.created_at[deal], np.full(len(deal), 0.1), deals.region[deal])
    at = np.where(converted, deals.created_at[deal], entered)
    ledger = Ledger(len(deal))
    by = user_key(deals.owner[deal])
    start: dict[str, Column] = {
        "OpportunityId": ids.key("Opportunity", deal),
        "ContactId": ids.key("Contact", deals.contact[deal]),
        "Role": chance.integers(3, size=len(deal)),
        "IsPrimary": np.ones(len(deal), bool),
        "IsDeleted": np.zeros(len(deal), bool),
    }
    ledger.change(np.arange(len(deal)), at, by, start)
    lost = np.flatnonzero(~has_role[deal])
    gone = at[lost] + chance.integers(120, HOUR, len(lost))
    ledger.change(lost, gone, by[lost], {"IsDeleted": np.ones(len(lost), bool)})
    versions = ledger.versions(world.horizon)
    role = np.asarray(versions.columns["Role"], np.int64)
    words = ("Decision Maker", "Economic Buyer", "Evaluator")
    write_versions(folder, "OpportunityContactRole", versions, {"Role": Coded(role, words)})
    _write_teams(folder, world, deals)


def _write_teams(folder: Path, world: World, deals: Opportunities) -> None:
    chance = world.chance("teams")
    rate = world.scenario.joint_work.marketing_on_key_teams
    marketer = pick(chance, world.people.marketers, deals.region)
    with_marketer = np.flatnonzero(deals.is_key & world.happens(chance, deals.owner, "team", rate))
    with_owner = np.flatnonzero(chance.random(deals.count) < 0.5)
    deal = np.concatenate([with_marketer, with_owner])
    user = np.concatenate([marketer[with_marketer], deals.owner[with_owner]])
    hours = chance.uniform(0.2, 20, len(deal))
    at = world.clock.after(deals.created_at[deal], hours, deals.region[deal])
    ledger = Ledger(len(deal))
    start: dict[str, Column] = {
        "OpportunityId": ids.key("Opportunity", deal),
        "UserId": user_key(user),
    }
    ledger.change(np.arange(len(deal)), at, user_key(deals.owner[deal]), start)
    versions = ledger.versions(world.horizon)
    is_marketer = (versions.record >= len(with_marketer)).astype(np.int64)
    words = ("Marketing", "Account Executive")
    write_versions(
        folder, "OpportunityTeamMember", versions, {"TeamMemberRole": Coded(is_marketer, words)}
    )
