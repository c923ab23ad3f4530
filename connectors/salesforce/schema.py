"""What the organisation says of itself: which wanted fields the connection's user can read."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa

from connectors.salesforce.client import Client
from connectors.salesforce.shapes import Stream, Visible
from model.errors import CredentialsError
from model.tables import DAY, FLAG, INSTANT, NUMBER, TABLES

_NUMBERS = frozenset({"double", "currency", "percent", "int", "long"})
_FITTING: dict[pa.DataType, frozenset[str]] = {
    NUMBER: _NUMBERS,
    FLAG: frozenset({"boolean"}),
    INSTANT: frozenset({"datetime", "date"}),
    DAY: frozenset({"date", "datetime"}),
}
_PERSONAL = frozenset({"email", "phone", "address", "textarea", "encryptedstring", "url"})


@dataclass(frozen=True)
class Described:
    """The fields that can be read by object, why others cannot, and what to know about some."""

    visible: Visible
    refused: Mapping[str, str]
    notes: tuple[str, ...]

    def explain(self, name: str) -> str:
        """Why `Object` or `Object.Field` cannot be read, in a sentence."""
        return self.refused.get(name, f"{name} is not visible to the connection's user")


def described(client: Client, streams: Sequence[Stream], fields: Mapping[str, str]) -> Described:
    """Describe every object that the streams read; `fields` are the organisation's own.

    Raises CredentialsError where nothing at all is visible.
    """
    types: dict[str, dict[str, str]] = {}
    for name in _objects(streams):
        found = client.describe(name)
        if found is not None:
            types[name] = found
    if not types:
        raise CredentialsError(
            "the connection's user sees none of the objects",
            client.host,
            "Give it read access to leads, activities and opportunities, and check api_version.",
        )
    refused: dict[str, str] = {}
    notes: list[str] = []
    for target, api_name in fields.items():
        table, _, column = target.partition(".")
        for stream in (s for s in streams if s.table == table):
            kind = types.get(stream.object, {}).get(api_name)
            name = f"{stream.object}.{api_name}"
            why = kind and _unfit(kind, TABLES[table].schema.field(column).type)
            if kind and why:
                refused[name] = f"{name} ({kind}) {why} {target}"
                del types[stream.object][api_name]
            elif kind == "date" and TABLES[table].schema.field(column).type == INSTANT:
                notes.append(f"{name} has no time of day: {target} counts from midnight")
    if "CurrencyType" not in types:
        notes += [
            f"{name} has records in several currencies and CurrencyType is not visible to the "
            "connection's user: amounts are left empty"
            for name in ("Opportunity", "Campaign", "ForecastingQuota")
            if "CurrencyIsoCode" in types.get(name, {})
        ]
    return Described({n: frozenset(held) for n, held in types.items()}, refused, tuple(notes))


def _objects(streams: Sequence[Stream]) -> list[str]:
    names: dict[str, None] = {}
    for stream in streams:
        names[stream.object] = None
        names.update(dict.fromkeys(lookup.object for lookup in stream.lookups))
        if stream.companion:
            names[stream.companion.object] = None
    return list(names)


def _unfit(kind: str, column: pa.DataType) -> str | None:
    if kind in _PERSONAL:
        return "may hold personal data, which is never pulled: map another field to"
    wanted = _FITTING.get(column)
    return None if wanted is None or kind in wanted else "is not of a type that fits"
