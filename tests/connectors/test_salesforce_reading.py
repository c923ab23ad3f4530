"""Rows read side by side, and rows found by id: as one after the other, as by a dictionary."""

import threading
import time
from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import pyarrow as pa
import pytest
import requests
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.salesforce.directory import Directory
from connectors.salesforce.objects import streams
from connectors.salesforce.pulling import ID_LETTERS, IDS_PER_QUERY
from connectors.salesforce.queries import Query, asking
from connectors.salesforce.together import together

IDS = st.text("ab0", min_size=18, max_size=18)
ANY = st.one_of(IDS, IDS, IDS, st.none(), st.text(max_size=20))


@given(st.lists(st.one_of(IDS, IDS, st.text(max_size=20)), unique=True), st.lists(ANY), st.data())
def test_a_directory_finds_what_a_dictionary_finds(
    keys: list[str], asked: list[str | None], data: st.DataObject
) -> None:
    if keys and asked:
        asked += data.draw(st.lists(st.sampled_from(keys)))
    values = dict(zip(keys, range(len(keys)), strict=True))
    table = pa.table(
        {"Id": pa.array(keys, pa.string()), "Value": pa.array(values.values(), "int64")}
    )
    rows = pa.table({"Of": pa.chunked_array([pa.array(asked, pa.string())])})
    start = len(asked) // 3
    for some in (rows, rows.slice(start)):
        found = Directory(table, "Id").attach(some, "Of", {"Value": "Mine"})
        assert found["Mine"].to_pylist() == [values.get(i) for i in some["Of"].to_pylist()]


@settings(deadline=None, max_examples=30)  # threads take turns as the machine likes
@given(
    st.lists(st.lists(st.integers(0, 9), max_size=6), max_size=5),
    st.integers(1, 4),
    st.sets(st.integers(0, 4)),
)
def test_side_by_side_nothing_is_lost_and_each_part_keeps_its_order(
    parts: list[list[int]], slots: int, small: set[int]
) -> None:
    numbered = [iter([(n, item) for item in part]) for n, part in enumerate(parts)]
    free = threading.Semaphore(slots)
    found = list(together(numbered, free, small))
    for n, part in enumerate(parts):
        assert [item for of, item in found if of == n] == part
    assert all(free.acquire(blocking=False) for _ in range(slots))


def endless(closed: list[str], name: str) -> Iterator[int]:
    try:
        yield from iter(int, 1)
    finally:
        closed.append(name)


def test_whoever_stops_reading_closes_every_part() -> None:
    closed: list[str] = []
    reading = together([endless(closed, "a"), endless(closed, "b")], threading.Semaphore(2))
    next(reading)
    reading.close()  # type: ignore[attr-defined]
    assert sorted(closed) == ["a", "b"]
    assert not [t for t in threading.enumerate() if t.name.startswith("part-")]


def test_what_a_part_raises_ends_the_others() -> None:
    def broken() -> Iterator[int]:
        yield 1
        raise ValueError("broken")

    closed: list[str] = []
    free = threading.Semaphore(2)
    with pytest.raises(ValueError, match="broken"):
        list(together([endless(closed, "a"), broken()], free))
    assert closed == ["a"]
    assert free.acquire(blocking=False)


def test_small_parts_wait_for_no_slot() -> None:
    free = threading.Semaphore(0)
    reading = together([iter([1]), iter([2]), iter([3])], free, {0, 2})
    assert {next(reading), next(reading)} == {1, 3}
    free.release()
    assert list(reading) == [2]


def test_no_more_parts_are_read_at_a_time_than_there_are_slots() -> None:
    lock, now, most = threading.Lock(), 0, 0

    def counted() -> Iterator[int]:
        nonlocal now, most
        with lock:
            now += 1
            most = max(most, now)
        time.sleep(0.01)
        yield 1
        with lock:
            now -= 1

    assert len(list(together([counted() for _ in range(6)], threading.Semaphore(2)))) == 6
    assert most <= 2


MOST_LETTERS = 16_000
HEADERS = 2_000  # a signed token has some 1,500 letters


def test_the_longest_query_by_ids_fits_into_an_address() -> None:
    named = ",".join(f"'{'0' * ID_LETTERS}'" for _ in range(IDS_PER_QUERY))
    for stream in streams():
        query = Query(stream.object, tuple(stream.wanted), (f"OpportunityId IN ({named})",))
        address = (
            f"https://example.my.salesforce.com/services/data/v62.0/queryAll?{asking(query.soql)}"
        )
        sent = requests.Request("GET", address).prepare().url
        assert sent is not None
        assert len(sent) + HEADERS < MOST_LETTERS
        assert parse_qs(urlsplit(sent).query) == {"q": [query.soql]}
