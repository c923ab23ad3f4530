"""Rows that have to be seen together, brought together on disk."""

import tempfile
from pathlib import Path

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from connectors.salesforce.grouping import grouped


@given(
    st.lists(st.sampled_from("abcdefghij"), max_size=60),
    st.integers(1, 7),
    st.sampled_from([None, 0, 60, 100_000]),
)
def test_groups_are_whole_and_keep_their_order(
    keys: list[str], page: int, count: int | None
) -> None:
    rows = pa.table({"key": pa.array(keys, pa.string()), "at": pa.array(range(len(keys)))})
    pages = [rows.slice(start, page) for start in range(0, len(keys), page)]
    found: dict[str, list[int]] = {}
    with tempfile.TemporaryDirectory() as folder:
        for group in grouped(pages, "key", Path(folder), count):
            held = group.to_pylist()
            assert not found.keys() & {row["key"] for row in held}
            for row in held:
                found.setdefault(row["key"], []).append(row["at"])
        assert not list(Path(folder).iterdir())
    expected: dict[str, list[int]] = {}
    for at, key in enumerate(keys):
        expected.setdefault(key, []).append(at)
    assert found == expected
