"""A query as read: what was written, and where (`at` is an offset into the text)."""

from dataclasses import dataclass
from typing import Literal

Kind = Literal["string", "number", "datetime", "date", "period", "boolean", "null"]


@dataclass(frozen=True)
class Path:
    """A field, perhaps through relationships: `Status`, `Owner.Profile.Name`."""

    text: str
    at: int

    @property
    def parts(self) -> list[str]:
        """The names between the dots."""
        return self.text.split(".")


@dataclass(frozen=True)
class Call:
    """A function of a field, or of nothing: `COUNT()`, `SUM(Amount)`; the name in capitals."""

    function: str
    argument: Path | None
    at: int


@dataclass(frozen=True)
class Item:
    """One thing selected: a field, a function, or the children that a query of their own finds."""

    value: "Path | Call | Query"
    alias: str | None


@dataclass(frozen=True)
class Value:
    """A literal as written: a string with its escapes and without its quotes, a number, a
    moment, the name of a period with its count (`LAST_N_DAYS:30`), true, false or null.
    """

    kind: Kind
    text: str
    at: int
    count: int | None = None


@dataclass(frozen=True)
class Comparison:
    """`left operator values`; the operator is =, !=, <, <=, >, >=, LIKE, IN or NOT IN. The last
    two may take what a `query` finds in place of values.
    """

    left: Path | Call
    operator: str
    values: tuple[Value, ...]
    query: "Query | None" = None


@dataclass(frozen=True)
class Not:
    """The opposite of a condition."""

    operand: "Condition"


@dataclass(frozen=True)
class Junction:
    """Conditions joined by AND or by OR."""

    word: Literal["AND", "OR"]
    operands: tuple["Condition", ...]


Condition = Comparison | Not | Junction


@dataclass(frozen=True)
class Key:
    """One key of the order; nulls come first unless asked otherwise."""

    value: Path | Call
    descending: bool
    nulls_last: bool


@dataclass(frozen=True)
class Query:
    """The whole of a query, the text in which it stands for messages, and its place there."""

    text: str
    items: tuple[Item, ...]
    source: Path
    alias: str | None
    where: Condition | None
    group: tuple[Path | Call, ...]
    having: Condition | None
    order: tuple[Key, ...]
    limit: int | None
    offset: int

    @property
    def at(self) -> int:
        """Where its first item stands."""
        return self.items[0].value.at
