"""Rows as the service writes them: JSON records for REST, text for Bulk 2."""

from datetime import date, datetime
from typing import Any

from sandbox.server.organisation import Row
from sandbox.soql.compiler import Compiled

Record = dict[str, Any]


def to_records(compiled: Compiled, rows: list[Row], root: str) -> list[Record]:
    """The JSON records of `rows`; `root` is the address of the API version."""
    if compiled.shape == "records":
        return [_record(compiled, row, root) for row in rows]
    names = [(output.path[0], output.kind) for output in compiled.outputs]
    kind = {"attributes": {"type": "AggregateResult"}}
    return [
        {**kind, **{n: json_value(v, k) for (n, k), v in zip(names, row, strict=True)}}
        for row in rows
    ]


def _record(compiled: Compiled, row: Row, root: str) -> Record:
    first = len(compiled.outputs)
    made: dict[tuple[str, ...], Record | None] = {}
    for index, parent in enumerate(compiled.parents):
        key, kind = row[first + 2 * index], row[first + 2 * index + 1]
        url = f"{root}/sobjects/{kind}/{key}"
        made[parent.steps] = None if key is None else {"attributes": {"type": kind, "url": url}}
    for output, value in zip(compiled.outputs, row[:first], strict=True):
        *steps, name = output.path
        for depth in range(1, len(steps) + 1):
            holder = made[tuple(steps[: depth - 1])]
            if holder is not None:
                holder.setdefault(steps[depth - 1], made[tuple(steps[:depth])])
        holder = made[tuple(steps)]
        if holder is not None:
            holder[name] = json_value(value, output.kind)
    record = made[()]
    assert record is not None  # noqa: S101  the source of a query always has an id
    return record


def json_value(value: object, kind: str) -> object:
    """One value for REST: moments end in `.000+0000`, a boolean is never null."""
    if kind == "boolean":
        return bool(value)
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%dT%H:%M:%S}.{value.microsecond // 1000:03d}+0000"
    return value.isoformat() if isinstance(value, date) else value


def csv_header(compiled: Compiled, delimiter: str) -> str:
    """The names of the fields, each in double quotes."""
    return delimiter.join(f'"{".".join(output.path)}"' for output in compiled.outputs)


def csv_line(compiled: Compiled, delimiter: str) -> str:
    """SQL for one line of Bulk 2: every value in double quotes, moments end in `.000Z`, null is
    empty.
    """
    values = [_text(f"c{index}", output.kind) for index, output in enumerate(compiled.outputs)]
    mark = f" || '\"{delimiter}\"' || "
    return f"'\"' || {mark.join(values)} || '\"'"


def _text(column: str, kind: str) -> str:
    if kind == "boolean":
        return f"CASE WHEN {column} THEN 'true' ELSE 'false' END"
    if kind == "datetime":
        return f"coalesce(strftime({column}, '%Y-%m-%dT%H:%M:%S.%gZ'), '')"
    return f"""coalesce(replace({column}::VARCHAR, '"', '""'), '')"""
