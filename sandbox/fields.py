"""What the service's objects are made of: fields of a kind, and the words to declare them."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Literal

import pyarrow as pa

Kind = Literal[
    "id",
    "reference",
    "string",
    "textarea",
    "picklist",
    "email",
    "phone",
    "anyType",
    "double",
    "percent",
    "currency",
    "int",
    "boolean",
    "date",
    "datetime",
]

VISIBLE_FROM, VISIBLE_TO = "_visible_from", "_visible_to"
CURRENCY_CODE = "CurrencyIsoCode"
_INSTANT = pa.timestamp("us")
_ARROW: dict[str, pa.DataType] = {
    "double": pa.float64(),
    "percent": pa.float64(),
    "currency": pa.float64(),
    "int": pa.int64(),
    "boolean": pa.bool_(),
    "date": pa.date32(),
    "datetime": _INSTANT,
}


@dataclass(frozen=True)
class Field:
    """One field of an object. `targets` are the objects that a reference points to, and
    `relationship` is the name by which SOQL walks it (`Owner.Name`). A calculated field is a
    formula: its value may change while the record's SystemModstamp stays.
    """

    name: str
    kind: Kind
    nillable: bool = True
    filterable: bool = True
    targets: tuple[str, ...] = ()
    relationship: str | None = None
    calculated: bool = False

    @property
    def custom(self) -> bool:
        """Whether the organisation added the field."""
        return self.name.endswith("__c")

    @property
    def arrow(self) -> pa.DataType:
        """The type of the column in the parquet file; every kind of text is a string."""
        return _ARROW.get(self.kind, pa.string())


@dataclass(frozen=True)
class Object:
    """One object: its API name, the three characters its ids begin with, its fields."""

    name: str
    prefix: str
    fields: tuple[Field, ...]

    def field(self, name: str) -> Field | None:
        """The field of that name, compared without case as Salesforce does, or None."""
        folded = name.casefold()
        return next((f for f in self.fields if f.name.casefold() == folded), None)

    def relationship(self, name: str) -> Field | None:
        """The reference that the relationship `name` walks, compared without case, or None."""
        folded = name.casefold()
        walks = (f for f in self.fields if f.relationship is not None)
        return next((f for f in walks if str(f.relationship).casefold() == folded), None)

    def having(self, columns: Collection[str]) -> "Object":
        """The object in an organisation whose file has these columns: with no other fields."""
        return replace(self, fields=tuple(f for f in self.fields if f.name in columns))

    @property
    def arrow(self) -> pa.Schema:
        """The schema of the parquet file, with the two visibility columns last."""
        columns = [pa.field(f.name, f.arrow) for f in self.fields]
        return pa.schema([*columns, (VISIBLE_FROM, _INSTANT), (VISIBLE_TO, _INSTANT)])


def ref(name: str, *targets: str, required: bool = False) -> Field:
    """A reference field, walked by its name without `Id`."""
    walked = name.removesuffix("Id")
    return Field(name, "reference", not required, targets=targets, relationship=walked)


def of(kind: Kind, *names: str, required: bool = False, filterable: bool = True) -> list[Field]:
    """Fields of one kind."""
    return [Field(name, kind, not required, filterable) for name in names]
