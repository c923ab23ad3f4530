"""Which of an organisation's fields a canonical column without a mapping may want."""

import re
from collections.abc import Iterator, Mapping, Sequence
from difflib import SequenceMatcher
from typing import Any

from connectors.inspection import Suggestion
from connectors.salesforce.personal import is_personal
from connectors.salesforce.schema import unfit
from connectors.salesforce.shapes import CLOCKS, PERSON_COLUMNS, Stream
from model.tables import TABLES, TEXT

AT_MOST = 3
ENOUGH = 0.8
_WORDED = frozenset({"picklist", "string", "multipicklist", "combobox"})
_PLACED = ("leads", "accounts", "opportunities", "users", "campaigns")
_REGION = ("region", "sales region", "territory", "geo", "market")
_UNIT = ("business unit", "division", "product line", "line of business")
_SEGMENT = ("segment", "market segment", "customer segment", "tier", "company size")
_PHRASES: dict[str, tuple[str, ...]] = {
    **{f"{table}.region": _REGION for table in _PLACED},
    **{f"{table}.business_unit": _UNIT for table in _PLACED},
    **{f"{t}.segment": _SEGMENT for t in ("leads", "accounts")},
    "users.team": ("team", "sales team"),
    "leads.score": ("score", "lead score", "marketing score", "behavior score"),
    "leads.mql_at": ("mql date", "date mql", "became mql", "marketing qualified date"),
    "leads.handed_off_at": ("handoff date", "handed off", "passed to sales", "assigned date"),
    "leads.accepted_at": ("accepted date", "sal date", "sales accepted date"),
    "leads.rejected_at": ("rejected date", "rejection date", "disqualified date"),
    "leads.rejection_reason": (
        *("rejection reason", "rejected reason", "disqualification reason"),
        *("disqualified reason", "unqualified reason", "recycle reason"),
    ),
    "leads.owner_id": ("sdr", "bdr", "sales development representative", "lead owner"),
    "accounts.is_key_account": (
        *("key account", "is key account", "strategic account", "named account", "target account"),
    ),
    "opportunities.is_key": ("is key", "key opportunity", "key deal", "strategic deal"),
    "opportunities.loss_reason": ("loss reason", "lost reason", "closed lost reason"),
    "campaigns.owner_id": ("campaign manager", "marketing owner"),
    "activities.performed_by": ("performed by", "done by", "logged by"),
}
Described = Mapping[str, Mapping[str, Any]]


def suggestions(
    streams: Sequence[Stream], described: Described, mapped: Mapping[str, str]
) -> Iterator[Suggestion]:
    """The best fields for each column that is neither mapped nor filled, best first."""
    for target, phrases in _PHRASES.items():
        table, _, column = target.partition(".")
        members = [s for s in streams if s.table == table and not s.optional]
        own = [s for s in members if column not in s.columns or column in PERSON_COLUMNS]
        if target in mapped or not own:
            continue
        fields = described.get(own[0].object, {}).get("fields", [])
        yield from _best(target, phrases, fields)


def _best(
    target: str, phrases: Sequence[str], fields: Sequence[Mapping[str, Any]]
) -> Iterator[Suggestion]:
    found = [
        Suggestion(target, str(field["name"]), str(field["label"]), str(field["type"]), fit)
        for field in fields
        if _may_hold(target, field)
        and (fit := round(max(likeness(phrase, field) for phrase in phrases), 2)) >= ENOUGH
    ]
    found.sort(key=lambda one: (-one.fit, one.field))
    if not found and target.endswith(".segment"):
        has_types = any(field["name"] == "RecordTypeId" for field in fields)
        kind = ("RecordType.DeveloperName", "Record Type", "reference")
        found = [Suggestion(target, *kind, 0.5)] if has_types else []
    yield from found[:AT_MOST]


def _may_hold(target: str, field: Mapping[str, Any]) -> bool:
    table, _, column = target.partition(".")
    kind, name = str(field["type"]), str(field["name"])
    if name in CLOCKS or is_personal(name) or unfit(kind, table, column):
        return False
    if column in PERSON_COLUMNS:
        return bool(field.get("custom")) and "User" in field.get("referenceTo", ())
    return kind in _WORDED or TABLES[table].schema.field(column).type != TEXT


def likeness(phrase: str, field: Mapping[str, Any]) -> float:
    """How much a field's label or API name says what `phrase` says, from 0 to 1."""
    names = (str(field["label"]), str(field["name"]).removesuffix("__c"))
    return max(_alike(phrase, _words(name)) for name in names)


def _alike(phrase: str, words: Sequence[str]) -> float:
    wanted = phrase.split()
    if words and set(wanted) <= set(words):
        return 1 - 0.06 * (len(words) - len(wanted))
    return SequenceMatcher(None, phrase, " ".join(words)).ratio() * 0.95


def _words(name: str) -> list[str]:
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])|[^0-9A-Za-z]+", " ", name)
    return spaced.casefold().split()
