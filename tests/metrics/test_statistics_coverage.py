"""Do the 95 % intervals hold the truth? The full tables are printed by bench/intervals.py and
bench/validity.py.
"""

import pytest

from bench.intervals import KINDS, SETTINGS, Setting, coverage
from bench.validity import HABITS, row


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("clusters", "deff"), [(8, 1.0), (12, 4.0), (30, 2.0)])
def test_intervals_hold_the_truth(kind: str, clusters: int, deff: float) -> None:
    share, width = coverage(Setting(kind, clusters, deff, 0.5), 250)
    assert 0.91 <= share <= 0.995
    assert width > 0


@pytest.mark.parametrize("kind", HABITS)
def test_companies_of_a_known_stage_are_found_near_it(kind: str) -> None:
    found = [row((kind, i)) for i in range(3)]
    assert all(abs(one.score - one.known) < 15 for one in found)
    assert all(one.low < one.score < one.high for one in found)


@pytest.mark.full
@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_covers_93_to_97_percent(kind: str) -> None:
    found = [coverage(s, 800)[0] for s in SETTINGS if s.kind == kind]
    assert 0.93 <= sum(found) / len(found) <= 0.97
    assert min(found) > 0.89
