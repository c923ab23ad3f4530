"""The sufficient statistics of a snapshot as one small file, so that it can be estimated again."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from io import BytesIO

import pyarrow as pa
import pyarrow.parquet as pq

from metrics.declaration import Result, Shown
from metrics.estimate import Estimate
from metrics.statistics import Sums

GATE = "gate:"
SCHEMA = pa.schema(
    [
        ("indicator", pa.string()),
        ("segment", pa.string()),
        ("variant", pa.string()),
        ("statistics", pa.binary()),
        ("estimate", pa.string()),
    ]
)


@dataclass(frozen=True)
class Kept:
    """What was kept. `statistics`: by figure, segment (as JSON) and variant, "" for the figure
    itself; `gates`: what the stage's gates asked, by segment and gate.
    """

    statistics: Mapping[tuple[str, str, str], Sums]
    gates: Mapping[tuple[str, str], Estimate]


def named(segment: Mapping[str, str]) -> str:
    """A segment as text."""
    return json.dumps(dict(segment), sort_keys=True)


def pack(
    results: Iterable[Result | Shown],
    gates: Mapping[str, Mapping[str, Estimate]],
) -> bytes:
    """Parquet bytes with a row per figure, segment and variant with its statistics (an Arrow
    stream), and one per gate of a segment (as `named`) with its estimate (JSON).
    """
    rows = [row for result in results for row in _rows(result)]
    rows += [
        {
            "indicator": f"{GATE}{gate}",
            "segment": segment,
            "variant": "",
            "estimate": json.dumps({**asdict(estimate), "influence": dict(estimate.influence)}),
        }
        for segment, found in gates.items()
        for gate, estimate in found.items()
    ]
    sink = BytesIO()
    pq.write_table(pa.Table.from_pylist(rows, schema=SCHEMA), sink, compression="zstd")
    return sink.getvalue()


def unpack(content: bytes) -> Kept:
    """The inverse; a file of an earlier version has no variants and no gates."""
    statistics, gates = {}, {}
    for row in pq.read_table(BytesIO(content)).to_pylist():
        name, segment = row["indicator"], row["segment"]
        if row.get("estimate"):
            gates[segment, name.removeprefix(GATE)] = Estimate(**json.loads(row["estimate"]))
        elif row["statistics"] is not None:
            table = pa.ipc.open_stream(row["statistics"]).read_all()
            statistics[name, segment, row.get("variant") or ""] = Sums.of(table)
    return Kept(statistics, gates)


def _rows(result: Result | Shown) -> Iterator[dict[str, object]]:
    one = result.indicator if isinstance(result, Result) else result.measure
    own = {} if result.statistics is None else {"": result.statistics}
    for variant, statistics in {**own, **result.beside}.items():
        yield {
            "indicator": one.id,
            "segment": named(result.segment),
            "variant": variant,
            "statistics": _stream(statistics.table()),
        }


def _stream(table: pa.Table) -> bytes:
    sink = BytesIO()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return sink.getvalue()
