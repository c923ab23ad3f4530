"""Indicators on random companies, against a naive recomputation."""

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from tests.metrics.grown import grown
from tests.metrics.naive import RETOLD, Told, unrestricted


def check(seed: int) -> None:
    company = unrestricted(grown(seed))
    results = company.results(only=list(RETOLD))
    told = Told(company)
    for name, retell in RETOLD.items():
        got, expected = results[name].estimate.value, retell(told)
        if expected is None:
            assert got is None, name
        else:
            assert got == pytest.approx(expected, abs=1e-9), name


@settings(max_examples=2, deadline=None, phases=(Phase.generate,))
@given(st.integers(0, 10_000))
def test_random_companies(seed: int) -> None:
    check(seed)


@pytest.mark.full
@settings(max_examples=40, deadline=None, phases=(Phase.generate,))
@given(st.integers(0, 1_000_000))
def test_many_random_companies(seed: int) -> None:
    check(seed)
