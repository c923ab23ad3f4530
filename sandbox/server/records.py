"""How an answer is written: SQL for one line of it, JSON for REST or CSV for Bulk 2.

The database writes the lines itself, so that an answer of millions of rows never passes through
Python row by row.
"""

import json
from collections.abc import Mapping
from datetime import date, datetime

from sandbox.server.organisation import Row
from sandbox.soql.compiler import CHILDREN, Compiled, Output
from sandbox.soql.conditions import IDS
from sandbox.soql.functions import NUMBERS

Tree = dict[str, "int | Tree"]


def json_line(compiled: Compiled, root: str) -> str:
    """SQL for one record as JSON and a comma; `root` is the address of the API version."""
    tree: Tree = {}
    for index, output in enumerate(compiled.outputs):
        *steps, name = output.path
        node = tree
        for step in steps:
            inner = node.setdefault(step, {})
            assert isinstance(inner, dict)  # noqa: S101  no field has the name of a relationship
            node = inner
        node[name] = index
    return f"{_object(compiled, tree, (), root)} || ','"


def _object(compiled: Compiled, tree: Tree, steps: tuple[str, ...], root: str) -> str:
    place = next(i for i, parent in enumerate(compiled.parents) if parent.steps == steps)
    key, kind = (f"c{len(compiled.outputs) + 2 * place + part}" for part in (0, 1))
    head = [quoted('{"attributes":{"type":"'), kind, quoted(f'","url":"{root}/sobjects/')]
    parts = [*head, kind, "'/'", key, quoted('"}')]
    for name, inner in tree.items():
        parts.append(quoted(f",{json.dumps(name)}:"))
        if isinstance(inner, int):
            parts.append(_json(f"c{inner}", compiled.outputs[inner]))
        else:
            parts.append(_object(compiled, inner, (*steps, name), root))
    record = f"concat({', '.join(parts)}, '}}')"
    return record if not steps else f"CASE WHEN {key} IS NULL THEN 'null' ELSE {record} END"


def _json(column: str, output: Output) -> str:
    if output.kind == "boolean":
        return f"CASE WHEN {column} THEN 'true' ELSE 'false' END"
    if output.kind in NUMBERS:
        return f"coalesce({column}::VARCHAR, 'null')"
    if output.kind == CHILDREN:
        return f"coalesce({column}, 'null')"
    if output.kind == "datetime":
        return f"""coalesce(strftime({column}, '"%Y-%m-%dT%H:%M:%S.%g+0000"'), 'null')"""
    if output.kind in IDS or output.kind == "date":
        return f"""coalesce('"' || {column} || '"', 'null')"""
    return f"coalesce(to_json({column})::VARCHAR, 'null')"


def csv_header(compiled: Compiled, delimiter: str) -> str:
    """The names of the fields, each in double quotes."""
    return delimiter.join(f'"{".".join(output.path)}"' for output in compiled.outputs)


def csv_line(compiled: Compiled, delimiter: str, ending: str) -> str:
    """SQL for one line of Bulk 2: every value in double quotes, moments end in `.000Z`, null is
    empty.
    """
    values = [_csv(f"c{index}", output) for index, output in enumerate(compiled.outputs)]
    between, last = quoted(f'"{delimiter}"'), quoted(f'"{ending}')
    return f"concat('\"', {f', {between}, '.join(values)}, {last})"


def _csv(column: str, output: Output) -> str:
    """SQL that is null where there is no value: `concat` takes that for nothing."""
    if output.kind == "boolean":
        return f"CASE WHEN {column} THEN 'true' ELSE 'false' END"
    if output.kind == "datetime":
        return f"strftime({column}, '%Y-%m-%dT%H:%M:%S.%gZ')"
    if output.kind in NUMBERS or output.kind in IDS or output.kind == "date":
        return column
    return f"""replace({column}, '"', '""')"""


def groups(compiled: Compiled, rows: list[Row]) -> list[Mapping[str, object]]:
    """The JSON records of an aggregate query's rows."""
    names = [(output.path[0], output.kind) for output in compiled.outputs]
    kind = {"attributes": {"type": "AggregateResult"}}
    return [
        {**kind, **{n: json_value(v, k) for (n, k), v in zip(names, row, strict=True)}}
        for row in rows
    ]


def json_value(value: object, kind: str) -> object:
    """One value for REST: moments end in `.000+0000`, a boolean is never null."""
    if kind == "boolean":
        return bool(value)
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%dT%H:%M:%S}.{value.microsecond // 1000:03d}+0000"
    return value.isoformat() if isinstance(value, date) else value


def quoted(text: str) -> str:
    """SQL for a text."""
    return "'" + text.replace("'", "''") + "'"
