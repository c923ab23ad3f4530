"""What the organisation says of itself: which wanted fields the connection's user can read."""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import pyarrow as pa

from connectors.salesforce.client import Client
from connectors.salesforce.personal import TYPES
from connectors.salesforce.shapes import PERSON_COLUMNS, Stream, Visible
from model.errors import CredentialsError
from model.tables import DAY, FLAG, INSTANT, NUMBER, TABLES

_NUMBERS = frozenset({"double", "currency", "percent", "int", "long"})
_FITTING: dict[pa.DataType, frozenset[str]] = {
    NUMBER: _NUMBERS,
    FLAG: frozenset({"boolean"}),
    INSTANT: frozenset({"datetime", "date"}),
    DAY: frozenset({"date", "datetime"}),
}


@dataclass(frozen=True)
class Described:
    """The fields that can be read by object, why others cannot, and what to know about some."""

    visible: Visible
    refused: Mapping[str, str]
    notes: tuple[str, ...]
    formulas: frozenset[str] = frozenset()

    def formulas_of(self, stream: Stream) -> list[str]:
        """The formula fields among those that a stream reads."""
        return [name for name in stream.wanted if f"{stream.object}.{name}" in self.formulas]

    def explain(self, name: str) -> str:
        """Why `Object` or `Object.Field` cannot be read, in a sentence."""
        return self.refused.get(name, f"{name} is not visible to the connection's user")


def described(
    client: Client, streams: Sequence[Stream], fields: Mapping[str, str], parallel: int = 1
) -> Described:
    """Describe every object that the streams read, so many at once; `fields` are the
    organisation's own.

    Raises CredentialsError where nothing at all is visible.
    """
    names = _objects(streams)
    found = {names[0]: client.describe(names[0])}  # alone: what fails here would fail for all
    with ThreadPoolExecutor(parallel) as pool:
        found |= zip(names[1:], pool.map(client.describe, names[1:]), strict=True)
    every = {n: answer["fields"] for n, answer in found.items() if answer is not None}
    types = {n: {str(f["name"]): str(f["type"]) for f in held} for n, held in every.items()}
    own = set(fields.values())
    formulas = {
        f"{n}.{f['name']}"
        for n, held in every.items()
        for f in held
        if f.get("calculated") and f["name"] in own
    }
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
            why = kind and unfit(kind, table, column)
            if kind and why:
                refused[name] = f"{name} ({kind}) {why} {target}"
                del types[stream.object][api_name]
            elif kind == "date" and TABLES[table].schema.field(column).type == INSTANT:
                notes.append(f"{name} has no time of day: {target} counts from midnight")
    visible = {n: frozenset(held) for n, held in types.items()}
    return Described(visible, refused, tuple(notes), frozenset(formulas))


def _objects(streams: Sequence[Stream]) -> list[str]:
    names: dict[str, None] = {}
    for stream in streams:
        names[stream.object] = None
        names.update(dict.fromkeys(lookup.object for lookup in stream.lookups))
        if stream.companion:
            names[stream.companion.object] = None
        if stream.within:
            names[stream.within[1]] = None
    return list(names)


def unfit(kind: str, table: str, column: str) -> str | None:
    """Why a field of type `kind` cannot be mapped to a canonical column, or None."""
    if kind in TYPES:
        return "may hold personal data, which is never pulled: map another field to"
    if column in PERSON_COLUMNS:
        return None if kind == "reference" else "does not point at a user, as is wanted for"
    wanted = _FITTING.get(TABLES[table].schema.field(column).type)
    return None if wanted is None or kind in wanted else "is not of a type that fits"
