"""What our connector reads, object by object, before it maps it; and the same of other clients."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from connectors.salesforce import SalesforceSource
from connectors.salesforce.client import Client
from connectors.salesforce.kept import Plan
from connectors.salesforce.objects import streams
from connectors.salesforce.pulling import Reader
from connectors.salesforce.queries import Query
from connectors.salesforce.shapes import Fields, Kind
from sandbox.process import Running
from tests.clients.conftest import CLOCK

OBJECTS = ("Lead", "LeadHistory", "Task", "Opportunity", "OpportunityHistory")
BY_REST, BY_BULK = 10**9, 0
Rows = dict[str, dict[str, Any]]


class Ours:
    """Our reader over the organisation; rows of an object by id."""

    def __init__(self, server: Running, folder: Path, patch: pytest.MonkeyPatch) -> None:
        patch.setenv("SALESFORCE_TOKEN", server.access_token)
        settings = SalesforceSource(instance_url=server.url, ca_file=server.ca_file)
        self._client, self._folder = Client(settings), folder

    def kinds(self, name: str) -> Fields:
        """The fields that our connector asks an object for, as far as they are there."""
        visible = {one["name"] for one in (self._client.describe(name) or {})["fields"]}
        stream = next(stream for stream in streams() if stream.object == name)
        return {field: kind for field, kind in stream.wanted.items() if field in visible}

    def rows(self, name: str, threshold: int) -> Rows:
        """All rows, deleted and archived ones included."""
        kinds = self.kinds(name)
        reader = Reader(self._client, threshold, Plan(self._folder / name, CLOCK, "", False))
        tables = list(reader.all(Query(name, tuple(kinds)), kinds))
        found = pa.concat_tables(tables).select(list(kinds)).to_pylist()
        assert len({row["Id"] for row in found}) == len(found)
        return {row["Id"]: row for row in found}


def theirs(records: Sequence[Mapping[Any, Any]], kinds: Fields) -> Rows:
    """Another client's records, in JSON or CSV values, in the same fields and types."""
    found = {
        str(one["Id"]): {field: _value(one.get(field), kind) for field, kind in kinds.items()}
        for one in records
    }
    assert len(found) == len(records)
    return found


def _value(value: Any, kind: Kind) -> Any:
    if value is None or value == "":
        return None
    if kind is Kind.FLAG:
        return value if isinstance(value, bool) else {"true": True, "false": False}[value]
    if kind is Kind.NUMBER:
        return float(value)
    if kind is Kind.DAY:
        return date.fromisoformat(str(value)[:10])
    if kind is Kind.INSTANT:
        return datetime.fromisoformat(str(value)).astimezone(UTC).replace(tzinfo=None)
    return f"{value:.15g}" if isinstance(value, float) else value  # a number in a history's text
