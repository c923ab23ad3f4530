"""One row per key account, and per open key opportunity of any other account."""

import ibis
import ibis.expr.types as ir

from metrics.facts.parties import marketers_on
from metrics.facts.sides import Known, latest

SEGMENTS = ("region", "business_unit", "industry", "segment", "owner")
COLUMNS = ("record_id", "kind", "owner_id", "has_marketer", *SEGMENTS, "cluster", "as_of")


def keys(known: Known, staged: ir.Table) -> ir.Table:
    """The fact `keys`, a stock: `has_marketer` where somebody from Marketing is on the account's
    team or on that of one of its open opportunities.
    """
    accounts = latest(known.rows("accounts"), "account_id")
    there = accounts.filter(
        accounts.is_key_account.fill_null(False)
        & (accounts.created_at.isnull() | (accounts.created_at <= known.as_of))
    )
    opened = staged.filter(~staged.is_closed)
    on_deal = opened.semi_join(marketers_on(known, "opportunity_id"), "opportunity_id")
    through = on_deal.filter(on_deal.account_id.notnull()).select("account_id")
    with_one = marketers_on(known, "account_id").union(through).distinct()
    yes = ibis.literal(True)
    of_accounts = there.left_join(with_one.mutate(_on=yes), "account_id")
    level = known.definitions.key.amount
    is_key = opened.is_key.fill_null(False)
    if level is not None:
        is_key = is_key | (opened.amount.cast("float64") >= level).fill_null(False)
    others = opened.filter(is_key).anti_join(there, "account_id")
    of_deals = others.left_join(
        marketers_on(known, "opportunity_id").mutate(_on=yes), "opportunity_id"
    )
    both = _rows(of_accounts, "account_id", "account").union(
        _rows(of_deals, "opportunity_id", "opportunity")
    )
    return both.mutate(
        owner=both.owner_id,
        cluster=ibis.coalesce(both.owner_id, ibis.literal("nobody")),
        as_of=known.now,
    ).select(*COLUMNS)


def _rows(found: ir.Table, key: str, kind: str) -> ir.Table:
    return found.select(
        *SEGMENTS[:-1],
        record_id=found[key],
        kind=ibis.literal(kind),
        owner_id="owner_id",
        has_marketer=found._on.fill_null(False),
    )
