"""The sufficient statistics of a snapshot as one small file, so that it can be estimated again."""

import json
from collections.abc import Mapping, Sequence
from io import BytesIO

import pyarrow as pa
import pyarrow.parquet as pq

from metrics.declaration import Result
from metrics.statistics import Sums


def pack(results: Sequence[Result]) -> bytes:
    """Parquet bytes with a row per result: indicator, segment, window, and its statistics (an
    Arrow stream). Results without statistics have a null there.
    """
    rows = [
        {
            "indicator": result.indicator.id,
            "segment": json.dumps(dict(result.segment), sort_keys=True),
            "from_on": result.from_on,
            "to_on": result.to_on,
            "statistics": None if result.statistics is None else _stream(result.statistics.table()),
        }
        for result in results
    ]
    schema = pa.schema(
        [
            ("indicator", pa.string()),
            ("segment", pa.string()),
            ("from_on", pa.date32()),
            ("to_on", pa.date32()),
            ("statistics", pa.binary()),
        ]
    )
    sink = BytesIO()
    pq.write_table(pa.Table.from_pylist(rows, schema=schema), sink, compression="zstd")
    return sink.getvalue()


def unpack(content: bytes) -> Mapping[tuple[str, str], Sums]:
    """The inverse: (indicator, segment as JSON) to its statistics."""
    rows = pq.read_table(BytesIO(content)).to_pylist()
    return {
        (row["indicator"], row["segment"]): Sums.of(
            pa.ipc.open_stream(row["statistics"]).read_all()
        )
        for row in rows
        if row["statistics"] is not None
    }


def _stream(table: pa.Table) -> bytes:
    sink = BytesIO()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return sink.getvalue()
