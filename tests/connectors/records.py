"""Hand-written Salesforce records, as REST would give them, into canonical rows."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime

import pyarrow as pa

from connectors.salesforce.directory import Directory
from connectors.salesforce.objects import streams
from connectors.salesforce.shapes import Companion, Kind, Stream
from connectors.salesforce.values import from_records, typed
from model.tables import TABLES

CUTOFF = datetime(2026, 6, 1)
AT = datetime(2026, 3, 4, 5, 6, 7)
ANNA, BORIS, QUEUE = "005000000000001AAA", "005000000000002AAA", "00G000000000001AAA"
LEAD, CONTACT = "00Q000000000001AAA", "003000000000001AAA"

Record = Mapping[str, object]


def stream(object_: str, table: str | None = None, **fields: str) -> Stream:
    mapped = {name.replace("__", "."): api for name, api in fields.items()}
    return next(
        s for s in streams(mapped) if s.object == object_ and (table is None or s.table == table)
    )


def canonical(
    one: Stream,
    records: Sequence[Record],
    reduced: pa.Table | None = None,
    others: Mapping[str, pa.Table] | None = None,
    since: datetime | None = None,
) -> list[dict[str, object]]:
    """Canonical rows of records as REST would give them; fields not in the first are hidden."""
    names = [name for name in one.wanted if name in records[0]]
    rows = typed(from_records([as_json(r) for r in records], names), one.wanted, one.object)
    directory = None
    if one.companion and reduced is not None:
        directory = Directory(reduced, one.companion.key)
    rows = one.joined(rows, others or {}, directory)
    made = one.canonical(rows, frozenset(rows.column_names), CUTOFF, since)
    assert made.schema.equals(TABLES[one.table].schema)
    result: list[dict[str, object]] = made.to_pylist()
    return result


def as_json(record: Record) -> dict[str, object]:
    def value(of: object) -> object:
        if isinstance(of, datetime):
            return f"{of:%Y-%m-%dT%H:%M:%S}.000+0000"
        return of.isoformat() if isinstance(of, date) else of

    return {name: value(of) for name, of in record.items()}


def reduced(companion: Companion | None, records: Sequence[Record]) -> pa.Table:
    """What a companion makes of its records."""
    assert companion is not None
    kinds = {"Id": Kind.ID, companion.key: Kind.ID, **companion.fields}
    rows = typed(from_records([as_json(r) for r in records], kinds), kinds, companion.object)
    return companion.reduce(rows)
