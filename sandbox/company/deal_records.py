"""Opportunity, its two histories and its stages: the opportunities' lives as versions and changes.

A few opportunities are entered twice, and the second one is deleted: such copies are numbered
behind all opportunities.
"""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sandbox.company import ids
from sandbox.company import world as w
from sandbox.company.clock import DAY, REGIONS
from sandbox.company.history import Change, write_changes
from sandbox.company.ids import NONE, Ints
from sandbox.company.leads import Flags
from sandbox.company.ledger import Column, Ledger, Versions
from sandbox.company.money import CODES, local
from sandbox.company.opportunities import LOSS_REASONS, LOST, STAGES, WON, Opportunities
from sandbox.company.people import pick, user_key, user_names
from sandbox.company.setup import DEAL_TYPES, deal_type
from sandbox.company.upkeep import touch_many
from sandbox.company.world import World
from sandbox.company.write import Coded, Out, Own, Values, system
from sandbox.schema import CURRENCY_CODE, VISIBLE_FROM, VISIBLE_TO

_PROBABILITY = np.array([10, 25, 50, 75, 100, 0])
_FORECAST = ("Omitted", "Pipeline", "BestCase", "Forecast", "Closed")
_FORECAST_NAMES = ("Omitted", "Pipeline", "Best Case", "Commit", "Closed")
_FORECAST_OF_STAGE = np.array([1, 1, 2, 3, 4, 0])
_LATE_SHARE, _LATEST = 0.02, 600
_COPIED_EVERY = 50
_HANDED_OVER = 0.06
_TRACKED_AFTER = 60 * DAY  # field history was switched on later


@dataclass(frozen=True)
class Lives:
    """Versions of the opportunities and of the copies; `deal` is the position of each record in
    Opportunities, where a copy's is that of what it copies.
    """

    versions: Versions
    deal: Ints


def track(world: World, deals: Opportunities) -> Lives:
    """Every version of every opportunity."""
    chance = world.chance("opportunity records")
    count = deals.count
    copied = np.arange(_COPIED_EVERY // 7, count, _COPIED_EVERY)
    place = np.concatenate([np.arange(count), copied])
    copy = np.arange(count, len(place))
    ledger = Ledger(len(place))
    tidy = chance.random(count) < world.rates(deals.region, lambda s: s.process.tidy)
    stretch = np.where(tidy, chance.uniform(1.0, 1.4, count), chance.uniform(0.4, 0.95, count))
    length = deals.closed_at - deals.created_at
    planned = world.clock.local_day(
        deals.created_at + (length * stretch).astype(np.int64), deals.region
    )
    by = user_key(deals.owner)
    amount = local(deals.amount, deals.currency)
    start: dict[str, Column] = {
        "StageName": np.zeros(len(place), np.int64),
        "Amount": local(deals.first_amount, deals.currency)[place],
        "CloseDate": planned[place],
        "Loss_Reason__c": np.full(len(place), NONE),
        "OwnerId": by[place],
        "IsDeleted": np.zeros(len(place), bool),
    }
    created_at = deals.created_at[place]
    created_at[copy] += chance.integers(300, 3000, len(copy))
    ledger.change(np.arange(len(place)), created_at, user_key(deals.created_by)[place], start)
    everyone = np.arange(count)
    _hand_over(world, ledger, deals)
    for stage in (1, 2, 3):
        more: dict[str, Column] = {"StageName": np.full(count, stage)}
        if stage == 2:
            more["Amount"] = amount
        if stage == 3:
            later = world.clock.local_day(deals.closed_at, deals.region)
            more["CloseDate"] = np.where(tidy, later + chance.integers(0, 10, count), planned)
        late = _late(chance, count)
        ledger.change(everyone, deals.stage_at[:, stage], by, more, delay=late)
    end: dict[str, Column] = {
        "StageName": np.where(deals.is_won, WON, LOST),
        "Amount": amount,
        "CloseDate": world.clock.local_day(deals.closed_at, deals.region),
        "Loss_Reason__c": np.where(deals.is_won, NONE, deals.loss_reason),
    }
    ledger.change(everyone, deals.closed_at, by, end, delay=_late(chance, count))
    touch_many(world, ledger, "opportunities", deals.created_at)
    seen_at = created_at[copy] + chance.integers(600, 3 * DAY, len(copy))
    gone: dict[str, Column] = {"IsDeleted": np.ones(len(copy), bool)}
    ledger.change(copy, seen_at, by[copied], gone)
    return Lives(ledger.versions(world.horizon), place)


def _late(chance: np.random.Generator, count: int) -> Ints:
    is_late = chance.random(count) < _LATE_SHARE
    return np.where(is_late, chance.integers(60, _LATEST, count), 0)


def _hand_over(world: World, ledger: Ledger, deals: Opportunities) -> None:
    """Some opportunities pass to another executive of the region on their way."""
    chance = world.chance("opportunity owners")
    deal = np.flatnonzero(chance.random(deals.count) < _HANDED_OVER)
    region = deals.region[deal]
    share = chance.uniform(0.2, 0.9, len(deal))
    at = world.clock.between(deals.created_at[deal], deals.closed_at[deal], share, region)
    owner = user_key(pick(chance, world.people.executives, region))
    keep = at > deals.created_at[deal]
    manager = user_key(world.people.sales_managers[region])
    ledger.change(deal[keep], at[keep], manager[keep], {"OwnerId": owner[keep]})


def write_opportunities(out: Out, world: World, deals: Opportunities, lives: Lives) -> None:
    """Opportunity, OpportunityHistory and OpportunityFieldHistory."""
    versions = lives.versions.take(lives.versions.is_seen)
    deal = lives.deal[versions.record]
    stage = np.asarray(versions.columns["StageName"], np.int64)
    kind = deal_type(deals.account)
    columns: dict[str, Values] = {
        "StageName": Coded(stage, STAGES),
        "Probability": _PROBABILITY[stage].astype(float),
        "ForecastCategory": Coded(_FORECAST_OF_STAGE[stage], _FORECAST),
        "Name": Own(deal, "Opportunity {}"),
        "AccountId": ids.key("Account", deals.account[deal]),
        "Type": Coded(kind[deal], DEAL_TYPES),
        "RecordTypeId": ids.key("RecordType", 2 + kind[deal]),
        "LeadSource": Coded(deals.source[deal], w.ALL_SOURCES),
        "IsClosed": stage >= WON,
        "IsWon": stage == WON,
        "ForecastCategoryName": Coded(_FORECAST_OF_STAGE[stage], _FORECAST_NAMES),
        "CampaignId": ids.key("Campaign", deals.campaign[deal]),
        "Region__c": Coded(deals.region[deal], REGIONS),
        "Business_Unit__c": Coded(deals.unit[deal], w.UNITS),
        "Loss_Reason__c": Coded(
            np.asarray(versions.columns["Loss_Reason__c"], np.int64), LOSS_REASONS
        ),
        "Is_Key__c": deals.is_key[deal],
        CURRENCY_CODE: Coded(deals.currency[deal], CODES),
    }
    out.write_versions("Opportunity", versions, columns)
    _write_history(out, deals, lives)
    _write_field_history(out, world, lives)


def _changed(versions: Versions, name: str) -> Flags:
    """The versions that differ from the one before in a column; first ones do not."""
    column = versions.columns[name]
    differs = np.zeros(len(column), bool)
    differs[1:] = (column[1:] != column[:-1]) & ~versions.is_first[1:]
    return differs


def _write_history(out: Out, deals: Opportunities, lives: Lives) -> None:
    """A row for the creation and for each change of stage, amount or close date."""
    versions = lives.versions
    kept = versions.is_first.copy()
    for name in ("StageName", "Amount", "CloseDate"):
        kept |= _changed(versions, name)
    purged = versions.purged(len(lives.deal))
    row = np.flatnonzero(kept)
    row = row[np.argsort(versions.at[row], kind="stable")]
    known = versions.take(row)
    stage = np.asarray(known.columns["StageName"], np.int64)
    history: dict[str, Values] = {
        "Id": ids.keys("OpportunityHistory", len(row)),
        "OpportunityId": ids.key("Opportunity", known.record),
        "CreatedDate": known.at,
        "CreatedById": known.modified_by,
        "StageName": Coded(stage, STAGES),
        "Amount": known.columns["Amount"],
        "Probability": _PROBABILITY[stage].astype(float),
        "ForecastCategory": Coded(_FORECAST_OF_STAGE[stage], _FORECAST),
        "CloseDate": known.columns["CloseDate"],
        CURRENCY_CODE: Coded(deals.currency[lives.deal[known.record]], CODES),
        "SystemModstamp": known.at,
        VISIBLE_FROM: known.visible_from,
        VISIBLE_TO: purged[known.record],
    }
    out.write("OpportunityHistory", len(row), history)


def _write_field_history(out: Out, world: World, lives: Lives) -> None:
    """Tracked changes since tracking was switched on. A change of owner gives two rows, one of
    names and one of ids.
    """
    versions = lives.versions
    since = versions.at >= world.start + _TRACKED_AFTER
    changes: list[Change] = []
    row = np.flatnonzero(versions.is_first & since)
    none = pa.nulls(len(row), pa.string())
    changes.append((row, "created", "Text", none, none))
    texts = {
        ("StageName", "Text"): Coded(np.asarray(versions.columns["StageName"]), STAGES).render(),
        ("Amount", "Currency"): pa.array(versions.columns["Amount"]).cast(pa.string()),
        ("CloseDate", "DateOnly"): pc.cast(
            pa.array(versions.columns["CloseDate"].astype(np.int32)).cast(pa.date32()), pa.string()
        ),
    }
    for (name, kind), values in texts.items():
        row = np.flatnonzero(_changed(versions, name) & since)
        changes.append((row, name, kind, values.take(row - 1), values.take(row)))
    row = np.flatnonzero(_changed(versions, "OwnerId") & since)
    owner = np.asarray(versions.columns["OwnerId"], np.int64)
    named = Coded(ids.number_of(owner), user_names(world.people)).render()
    changes.append((row, "Owner", "Text", named.take(row - 1), named.take(row)))
    old, new = ids.render(owner[row - 1]), ids.render(owner[row])
    changes.append((row, "Owner", "EntityId", old, new))
    write_changes(out, "Opportunity", "OpportunityFieldHistory", versions, changes)


def write_stages(out: Out, world: World) -> None:
    """OpportunityStage."""
    count = len(STAGES)
    stage = np.arange(count)
    at = np.full(count, world.start - 2000 * DAY)
    top = int(user_key(np.array([world.people.top]))[0])
    columns: dict[str, Values] = {
        **system("OpportunityStage", at, top),
        "MasterLabel": Coded(stage, STAGES),
        "ApiName": Coded(stage, STAGES),
        "IsActive": np.ones(count, bool),
        "IsClosed": stage >= WON,
        "IsWon": stage == WON,
        "SortOrder": stage + 1,
        "DefaultProbability": _PROBABILITY.astype(float),
        "ForecastCategory": Coded(_FORECAST_OF_STAGE, _FORECAST),
        "ForecastCategoryName": Coded(_FORECAST_OF_STAGE, _FORECAST_NAMES),
    }
    out.write("OpportunityStage", count, columns)
