"""Do the 95 % intervals hold the truth? The full table is printed by bench/intervals.py."""

import pytest

from bench.intervals import KINDS, SETTINGS, Setting, coverage


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("clusters", "deff"), [(8, 1.0), (12, 4.0), (30, 2.0)])
def test_intervals_hold_the_truth(kind: str, clusters: int, deff: float) -> None:
    share, width = coverage(Setting(kind, clusters, deff, 0.5), 250)
    assert 0.91 <= share <= 0.995
    assert width > 0


@pytest.mark.full
@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_covers_93_to_97_percent(kind: str) -> None:
    found = [coverage(s, 800)[0] for s in SETTINGS if s.kind == kind]
    assert 0.93 <= sum(found) / len(found) <= 0.97
    assert min(found) > 0.89
