"""Lines that are added up against the rows that they were counted from."""

import hypothesis.strategies as st
import ibis
import pandas as pd
import pyarrow as pa
from hypothesis import given, settings
from ibis import _

from metrics.cells import added, cells, in_segment, named, within
from tests.metrics.company import run

DIMENSIONS = ("region", "source")
VALUES = st.sampled_from(["EMEA", "APAC", "", None])
SEGMENTS = st.dictionaries(
    st.sampled_from(DIMENSIONS), st.sampled_from(["EMEA", "APAC", "(none)", "nowhere"])
)
ROW = st.fixed_dictionaries(
    {
        "stage": st.sampled_from(["b", "a", None]),
        "region": VALUES,
        "source": VALUES,
        "amount": st.integers(-5, 5),
    }
)
SCHEMA = pa.schema(
    {"stage": pa.string(), "region": pa.string(), "source": pa.string(), "amount": pa.int64()}
)


@settings(deadline=None)
@given(st.lists(ROW, max_size=30), SEGMENTS)
def test_a_segments_lines_add_up_to_its_rows(
    rows: list[dict[str, object]], where: dict[str, str]
) -> None:
    table = pa.Table.from_pylist(rows, SCHEMA)
    facts = ibis.memtable(table)
    counted = run(cells(facts, ["stage"], DIMENSIONS, n=_.count(), amount=_.amount.sum()))
    found = added(counted, ["stage"], ["n", "amount"], where).to_pylist()

    frame = table.to_pandas()
    for name in DIMENSIONS:
        frame[name] = frame[name].where(frame[name].notna() & (frame[name] != ""), "(none)")
    for name, value in where.items():
        frame = frame[frame[name] == value]
    by_hand = frame.groupby("stage", dropna=False)["amount"].agg(["count", "sum"])
    assert found == [
        {"stage": None if pd.isna(stage) else stage, "n": row["count"], "amount": row["sum"]}
        for stage, row in by_hand.iterrows()
    ]
    assert run(in_segment(facts, where)).num_rows == len(frame)
    assert within(run(named(facts, DIMENSIONS)), where).num_rows == len(frame)
