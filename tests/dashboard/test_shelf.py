"""What was worked out is worked out once, kept in bounds, and never kept when it failed."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard import data, warm
from dashboard.shelf import Shelf
from model.stages import DIMENSIONS
from tests.dashboard.places import Place


def test_many_who_ask_at_once_wait_for_one_who_makes() -> None:
    shelf, begun, go, made = Shelf(3), threading.Event(), threading.Event(), []

    def make() -> int:
        begun.set()
        go.wait(10)
        made.append(1)
        return 7

    with ThreadPoolExecutor(8) as threads:
        asked = [threads.submit(shelf.get, "key", make) for _ in range(8)]
        begun.wait(10)
        assert not shelf.has("key")
        go.set()
        assert [one.result(10) for one in asked] == [7] * 8
    assert made == [1]
    assert shelf.has("key")


def test_a_failure_is_told_and_asked_again() -> None:
    shelf = Shelf(3)

    def fail() -> int:
        raise ValueError("not now")

    with pytest.raises(ValueError, match="not now"):
        shelf.get("key", fail)
    assert not shelf.has("key")
    assert shelf.get("key", lambda: 1) == 1


@given(st.lists(st.integers(0, 9), max_size=40), st.integers(1, 5))
def test_those_not_asked_for_the_longest_go(keys: list[int], most: int) -> None:
    shelf = Shelf(most)
    for key in keys:
        assert shelf.get(key, _just(key)) == key
    newest = list(dict.fromkeys(reversed(keys)))[:most]
    assert {key for key in range(10) if shelf.has(key)} == set(newest)


def _just(key: int) -> Callable[[], int]:
    return lambda: key


def test_what_is_warm_is_there_before_anybody_looks(
    company: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable, value in company.environment.items():
        monkeypatch.setenv(variable, value)
    warm.warm()
    assert data.has_segments()
    assert data.has_stage({})
    assert not data.has_stage({"region": "Nowhere"})
    assert len(data.stage({})["dimensions"]) == len(DIMENSIONS)
