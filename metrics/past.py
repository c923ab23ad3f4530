"""What the records of today cannot say about a past day: listed wherever one is shown.

Where no history is kept, today's values stand in; what is gone from the CRM is missing.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import ibis.expr.types as ir
import pyarrow as pa

from metrics.facts.then import TRACKED
from model.availability import Availability

MERGED, PURGED = "merged", "purged"


@dataclass(frozen=True)
class Gap:
    """Today's values of `columns` of `table` stand in for those of then. Without columns its rows
    are not as they were: `of` is `purged` (gone from the CRM), or `merged` (leads that were merged
    since, with what then belonged to either).
    """

    table: str
    columns: tuple[str, ...]
    words: str
    of: str | None = None


_PURGED = "records that were purged from the CRM since"
_MERGED = "which of two leads that were merged since an activity or a campaign membership was on"
_ALWAYS = (
    (
        "users",
        (
            "role",
            "profile",
            "title",
            "manager_id",
            "region",
            "business_unit",
            "team",
            "deactivated_at",
            "is_automation",
        ),
        "people: function, team, region, manager and title, and who had left and came back",
    ),
    (
        "user_functions",
        ("function", "from_at", "to_at"),
        "people: who changed function before the first sync",
    ),
    ("queues", ("name",), "queues: names and so functions"),
    (
        "accounts",
        ("segment", "industry", "region", "business_unit", "owner_id", "is_key_account"),
        "accounts: segment, industry, region, business unit, owner and whether they are key",
    ),
    ("contacts", ("account_id",), "contacts: whose they are"),
    (
        "campaigns",
        ("kind", "owner_id", "started_on", "actual_cost", "region", "business_unit"),
        "campaigns: cost, owner, start, kind, region and business unit",
    ),
    (
        "activities",
        (
            "type",
            "performed_by",
            "opportunity_id",
            "account_id",
            "campaign_id",
            "direction",
            "is_internal",
        ),
        "activities that were edited since: type, direction, who did them and for which record",
    ),
    ("attendees", ("user_id",), "meetings: their owner"),
    ("content_links", ("linked_at", "author_id"), "documents whose sharing was changed since"),
    ("report_uses", ("used_at",), "reports: only the last use of each is kept"),
    (
        "targets",
        ("metric", "function", "period", "amount", "actual_metric", "is_shared"),
        "targets that were changed since",
    ),
    (
        "sales_stages",
        ("position", "is_closed", "is_won", "is_qualified"),
        "sales stages: order and meaning",
    ),
)
_RATES = {
    "opportunities": ("amount",),
    "opportunity_changes": ("old", "new"),
}
_RATES_WORDS = "exchange rates: today's convert the amounts of then"


def gaps(
    facts: Mapping[str, ir.Table],
    tables: Mapping[str, ir.Table],
    availability: Availability,
    run: Callable[[ir.Table], pa.Table],
) -> list[Gap]:
    """What is not known of the instant as of which `facts` are built, of what the sources give."""
    found = [
        *(Gap(table, columns, words) for table, columns, words in _ALWAYS),
        *_untracked(facts["history"], run),
        *_rates(tables["opportunities"], run),
    ]
    given = []
    for gap in found:
        columns = tuple(c for c in gap.columns if availability.has(f"{gap.table}.{c}"))
        if columns:
            given.append(Gap(gap.table, columns, gap.words))
    return [*given, Gap("leads", (), _MERGED, MERGED), Gap("", (), _PURGED, PURGED)]


def _untracked(history: ir.Table, run: Callable[[ir.Table], pa.Table]) -> list[Gap]:
    """The columns of leads and opportunities of which no change was recorded by then."""
    seen = {(row["entity"], row["field"]) for row in run(history).to_pylist()}
    gaps_found = []
    for table, entity in (("leads", "lead"), ("opportunities", "opportunity")):
        for field, column in TRACKED[table].columns.items():
            if (entity, field) not in seen:
                words = (
                    f"{table}: {field.replace('_', ' ')}, of which no change was recorded by then"
                )
                gaps_found.append(Gap(table, (column,), words))
    return gaps_found


def _rates(deals: ir.Table, run: Callable[[ir.Table], pa.Table]) -> list[Gap]:
    counted = run(deals.aggregate(currencies=deals.currency.nunique())).to_pylist()[0]
    if (counted["currencies"] or 0) < 2:
        return []
    return [Gap(table, columns, _RATES_WORDS) for table, columns in _RATES.items()]
