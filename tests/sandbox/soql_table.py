"""One small object with a field of every type, and queries run over Python rows."""

from collections.abc import Sequence
from datetime import datetime
from functools import cache
from tempfile import TemporaryDirectory
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from sandbox.schema import VISIBLE_FROM, Field, Object
from sandbox.soql.compiler import compile_query

Row = dict[str, Any]
NOW = datetime(2026, 2, 18, 15, 30)  # a Wednesday
THING = Object(
    "Thing",
    "a00",
    (
        Field("Id", "id", nillable=False),
        Field("Name", "string"),
        Field("Colour", "picklist"),
        Field("Amount", "currency"),
        Field("Size", "int"),
        Field("Day", "date"),
        Field("At", "datetime"),
        Field("Flag", "boolean", nillable=False),
        Field("ParentId", "reference", targets=("Thing",), relationship="Parent"),
        Field("AnyId", "reference", targets=("Thing", "Other"), relationship="Any"),
        Field("IsDeleted", "boolean", nillable=False),
        Field("Old", "anyType", filterable=False),
    ),
)
OTHER = Object("Other", "a01", (Field("Id", "id", nillable=False), Field("Name", "string")))
OBJECTS = {"Thing": THING, "Other": OTHER}


def key(number: int) -> str:
    """The id of a thing."""
    return f"a00{number:012d}AAA"


def run(soql: str, rows: Sequence[Row], *, include_hidden: bool = False) -> list[tuple[Any, ...]]:
    """What the query answers over things with these values; a row left out is null."""
    compiled = compile_query(soql, OBJECTS, NOW, include_hidden=include_hidden)
    with TemporaryDirectory() as folder:
        for item, held in ((THING, rows), (OTHER, [{"Id": "a01000000000001AAA", "Name": "O"}])):
            full = [{VISIBLE_FROM: NOW, **row} for row in held]
            file = f"{folder}/{item.name}.parquet"
            pq.write_table(pa.Table.from_pylist(full, schema=item.arrow), file)
            view = f"CREATE OR REPLACE VIEW {item.name} AS FROM read_parquet('{file}')"
            _database().execute(view)
        found = _database().execute(compiled.sql, dict(compiled.parameters)).fetchall()
    return [row[: len(compiled.outputs)] or row for row in found]


@cache
def _database() -> duckdb.DuckDBPyConnection:
    return duckdb.connect()
