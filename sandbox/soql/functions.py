"""Functions of a query: aggregates of many rows, and parts of a date.

Parts of a moment are those of UTC: the organisation's users live in no other time zone.
"""

from dataclasses import replace

from sandbox.schema import Field, Kind
from sandbox.soql.paths import Column

NUMBERS = frozenset({"int", "double", "currency", "percent"})
AGGREGATES = {
    "COUNT": "count({})",
    "COUNT_DISTINCT": "count(DISTINCT {})",
    "SUM": "sum({})",
    "AVG": "avg({})",
    "MIN": "min({})",
    "MAX": "max({})",
}
_PARTS = {
    "CALENDAR_YEAR": "year({})",
    "CALENDAR_QUARTER": "quarter({})",
    "CALENDAR_MONTH": "month({})",
    "DAY_IN_MONTH": "day({})",
    "DAY_IN_WEEK": "(dayofweek({}) + 1)",
    "DAY_IN_YEAR": "dayofyear({})",
    "WEEK_IN_MONTH": "((day({}) - 1) // 7 + 1)",
    "WEEK_IN_YEAR": "((dayofyear({}) - 1) // 7 + 1)",
    "HOUR_IN_DAY": "hour({})",
    "DAY_ONLY": "({})::DATE",
}
_OF_MOMENTS = frozenset({"HOUR_IN_DAY", "DAY_ONLY"})


def aggregated(function: str, column: Column, compared: str) -> Column | None:
    """The column that an aggregate makes, `compared` being how the argument compares; None where
    the field's type does not allow it. KeyError for a function that is no aggregate.
    """
    form, kind = AGGREGATES[function], column.field.kind
    refused = {"anyType", "textarea"} | ({"boolean"} if function != "COUNT" else set())
    if kind in refused or (function in ("SUM", "AVG") and kind not in NUMBERS):
        return None
    if function.startswith("COUNT"):
        return _made(column, "int", form.format(compared), function)
    summed: Kind = "double" if function in ("SUM", "AVG") else kind
    return _made(column, summed, form.format(column.sql), function)


def is_part(function: str) -> bool:
    """Whether the function takes a part of a date."""
    return function in _PARTS


def part(function: str, column: Column) -> Column | None:
    """The column that a part of a date makes; None where the field is no date or has no time."""
    kind = column.field.kind
    if kind != "datetime" and (kind != "date" or function in _OF_MOMENTS):
        return None
    made: Kind = "date" if function == "DAY_ONLY" else "int"
    return _made(column, made, _PARTS[function].format(column.sql), function)


def _made(column: Column, kind: Kind, sql: str, function: str) -> Column:
    name = f"{function}({'.'.join(column.path)})"
    return replace(column, path=(name,), field=Field(name, kind), sql=sql)
