"""The records past our own code."""

from typing import Any

from sqlalchemy import text

from store.records.transactions import connect


def sql(url: str, statement: str) -> list[Any]:
    """What a statement gives."""
    engine = connect(url)
    with engine.begin() as connection:
        found = connection.execute(text(statement))
        rows = [tuple(row) for row in found] if found.returns_rows else []
    engine.dispose()
    return rows
