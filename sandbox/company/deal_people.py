"""Who is on an opportunity or a key account: contact roles and team members."""

import numpy as np

from sandbox.company import ids
from sandbox.company.accounts import Accounts
from sandbox.company.clock import DAY, HOUR
from sandbox.company.ids import NONE
from sandbox.company.ledger import Column, Ledger
from sandbox.company.opportunities import Opportunities
from sandbox.company.people import pick, user_key
from sandbox.company.world import World
from sandbox.company.write import Coded, Out


def write_roles_and_teams(out: Out, world: World, deals: Opportunities) -> None:
    """OpportunityContactRole and OpportunityTeamMember.

    Conversion gives every opportunity a contact role; where the population has none, Sales
    deletes it within the hour.
    """
    chance = world.chance("roles")
    rate = world.rates(deals.region, lambda s: s.process.contact_role)
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
    out.write_versions("OpportunityContactRole", versions, {"Role": Coded(role, words)})
    _write_teams(out, world, deals)


def _write_teams(out: Out, world: World, deals: Opportunities) -> None:
    chance = world.chance("teams")
    rate = world.rates(deals.region, lambda s: s.joint_work.marketing_on_key_teams)
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
    out.write_versions(
        "OpportunityTeamMember", versions, {"TeamMemberRole": Coded(is_marketer, words)}
    )


def write_account_teams(out: Out, world: World, accounts: Accounts) -> None:
    """AccountTeamMember: the owners of key accounts, and on some a marketer."""
    chance = world.common_chance("account teams")
    key = np.flatnonzero(accounts.is_key[: accounts.known])
    rate = world.rates(accounts.region[key], lambda s: s.joint_work.marketing_on_key_teams)
    marketer = pick(chance, world.people.marketers, accounts.region[key])
    joined = chance.random(len(key)) < rate
    account = np.concatenate([key, key[joined]])
    owner = accounts.owner[account]
    user = np.concatenate([owner[: len(key)], marketer[joined]])
    at = accounts.created_at[account] + chance.integers(HOUR, 20 * DAY, len(account))
    ledger = Ledger(len(account))
    start: dict[str, Column] = {
        "AccountId": ids.key("Account", account),
        "UserId": user_key(user),
    }
    ledger.change(np.arange(len(account)), at, user_key(owner), start)
    versions = ledger.versions(world.horizon)
    is_marketer = (versions.record >= len(key)).astype(np.int64)
    words = ("Account Manager", "Marketing")
    out.write_versions("AccountTeamMember", versions, {"TeamMemberRole": Coded(is_marketer, words)})
