"""Campaign influence: two models attribute the same opportunities, so that only one may count."""

import numpy as np

from sandbox.company import ids
from sandbox.company.campaigns import Memberships
from sandbox.company.clock import DAY, NEVER, Floats
from sandbox.company.ids import NONE, Ints
from sandbox.company.ledger import Column, Ledger
from sandbox.company.money import CODES, local
from sandbox.company.opportunities import Opportunities
from sandbox.company.people import user_key
from sandbox.company.world import World
from sandbox.company.write import Coded, Out, Values, system
from sandbox.schema import CURRENCY_CODE

_EVEN, _FIRST = 0, 1
_MODELS = ("Even Distribution", "First Touch")


def write_models(out: Out, world: World) -> None:
    """CampaignInfluenceModel; the first is the default."""
    count = len(_MODELS)
    top = int(user_key(np.array([world.people.top]))[0])
    number = np.arange(count)
    out.write(
        "CampaignInfluenceModel",
        count,
        {
            **system("CampaignInfluenceModel", np.full(count, world.start - 1500 * DAY), top),
            "MasterLabel": Coded(number, _MODELS),
            "DeveloperName": Coded(number, [name.replace(" ", "_") for name in _MODELS]),
            "IsActive": np.ones(count, bool),
            "IsDefaultModel": number == _EVEN,
            "IsModelLocked": number == _EVEN,
        },
    )


def write_influence(
    out: Out, world: World, leads: int, memberships: Memberships, deals: Opportunities
) -> None:
    """CampaignInfluence: a row of each model for the campaigns that the lead of an opportunity
    was in before it was converted. Rows are made with the opportunity and follow its amount.
    """
    deal, campaign, share, model = _attributed(leads, memberships, deals)
    count = len(deal)
    currency = deals.currency[deal]
    at = deals.created_at[deal]
    by = user_key(np.full(count, world.people.integration))
    ledger = Ledger(count)
    first = local(deals.first_amount[deal] * share / 100, currency)
    start: dict[str, Column] = {
        "CampaignId": ids.key("Campaign", campaign),
        "OpportunityId": ids.key("Opportunity", deal),
        "ContactId": ids.key("Contact", deals.contact[deal]),
        "ModelId": ids.key("CampaignInfluenceModel", model),
        "Influence": share,
        "RevenueShare": first,
    }
    ledger.change(np.arange(count), at, by, start)
    known_at = np.minimum(deals.stage_at[deal, 2], deals.closed_at[deal])
    final: dict[str, Column] = {"RevenueShare": local(deals.amount[deal] * share / 100, currency)}
    ledger.change(np.arange(count), known_at, by, final, delay=np.full(count, 600))
    versions = ledger.versions(world.horizon)
    versions = versions.take(versions.is_seen)
    columns: dict[str, Values] = {CURRENCY_CODE: Coded(currency[versions.record], CODES)}
    out.write_versions("CampaignInfluence", versions, columns)


def _attributed(
    leads: int, memberships: Memberships, deals: Opportunities
) -> tuple[Ints, Ints, Floats, Ints]:
    """Opportunities, campaigns, percent and model of each row."""
    deal_of = np.full(leads, NONE)
    with_lead = np.flatnonzero(deals.lead != NONE)
    deal_of[deals.lead[with_lead]] = with_lead
    deal = deal_of[memberships.lead]
    opened_at = np.where(deal == NONE, -NEVER, deals.created_at[deal] if deals.count else -NEVER)
    early = np.flatnonzero(memberships.added_at < opened_at)
    early = early[np.lexsort((memberships.added_at[early], deal[early]))]
    deal, campaign = deal[early], memberships.campaign[early]
    is_first = np.ones(len(deal), bool)
    is_first[1:] = deal[1:] != deal[:-1]
    number = np.bincount(deal, minlength=deals.count)[deal]
    even = np.round(100 / np.maximum(number, 1), 2)
    first = np.flatnonzero(is_first)
    return (
        np.concatenate([deal, deal[first]]),
        np.concatenate([campaign, campaign[first]]),
        np.concatenate([even, np.full(len(first), 100.0)]),
        np.repeat([_EVEN, _FIRST], [len(deal), len(first)]),
    )
