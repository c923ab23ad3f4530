"""The columns of a query's answer, as `?columns=true` tells them."""

from sandbox.soql.compiler import Compiled, Output
from sandbox.soql.functions import NUMBERS

Column = dict[str, object]


def columns(compiled: Compiled) -> dict[str, object]:
    """What a query would answer, without answering it: relationships hold their own columns."""
    listed: list[Column] = []
    for output in compiled.outputs:
        within = listed
        for step in output.path[:-1]:
            parent = next((c for c in within if c["columnName"] == step), None)
            if parent is None:
                parent = _column(step, None, is_sum=False)
                within.append(parent)
            joined = parent["joinColumns"]
            assert isinstance(joined, list)  # noqa: S101  _column makes it one
            within = joined
        within.append(_column(output.path[-1], output, is_sum=output.call is not None))
    return {
        "columnMetadata": listed,
        "entityName": compiled.source,
        "groupBy": bool(compiled.query.group),
        "idSelected": any(output.path == ("Id",) for output in compiled.outputs),
        "keyPrefix": compiled.prefix,
    }


def _column(name: str, output: Output | None, *, is_sum: bool) -> Column:
    kind = output.kind if output else "reference"
    return {
        "aggregate": is_sum,
        "apexType": kind.capitalize(),
        "booleanType": kind == "boolean",
        "columnName": name,
        "custom": name.endswith("__c"),
        "displayName": (output.call if output else None) or name,
        "foreignKeyName": None,
        "insertable": False,
        "joinColumns": [],
        "numberType": kind in NUMBERS,
        "textType": kind not in NUMBERS and kind not in ("boolean", "date", "datetime"),
        "updatable": False,
    }
