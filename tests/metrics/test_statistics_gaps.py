import math
from collections.abc import Callable
from datetime import datetime, timedelta

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import stats

from metrics.declaration import Anchor
from metrics.estimate import Estimate
from metrics.scoring import score
from metrics.statistics import GapQuantile, Sums
from tests.metrics.samples import estimated, indicator

END = datetime(2026, 6, 30, 22)
CADENCE = GapQuantile("held_at")
Scale = Callable[[NDArray[np.float64]], NDArray[np.float64]]


def dates(*days_ago: float) -> Sums:
    at = [END - timedelta(days=d) for d in days_ago]
    return Sums.of(pa.table({"at": pa.array(at, pa.timestamp("us"))}))


def test_monthly_meetings_are_thirty_days_apart() -> None:
    got = CADENCE.estimate(dates(*range(5, 365, 30)), ends_at=END)
    assert got.value == 30
    assert got.n == 12


def test_no_meeting_in_a_year_is_a_gap_of_the_year() -> None:
    got = CADENCE.estimate(dates(), ends_at=END)
    assert (got.value, got.status, got.n) == (365, "ok", 0)
    one = indicator("cadence", anchors=(92, 31, 14), unit="days", better="lower")
    assert score(one, got) == pytest.approx(20, abs=0.5)
    assert isinstance(one.anchors[0], Anchor)


def test_one_meeting_yesterday_is_not_a_short_gap() -> None:
    got = CADENCE.estimate(dates(1), ends_at=END)
    assert (got.value or 0) > 200


def test_meetings_outside_the_year_or_after_its_end_do_not_count() -> None:
    assert CADENCE.estimate(dates(400, 366, -3), ends_at=END).n == 0


def test_meetings_at_one_instant_count_once() -> None:
    rows = {"held_at": [END - timedelta(days=9)] * 3 + [None]}
    got = estimated(rows, CADENCE, ends_at=END)
    assert got.n == 1


def test_the_end_of_the_window_is_needed() -> None:
    with pytest.raises(ValueError, match="end of the window"):
        CADENCE.estimate(dates(3))


def test_the_interval_is_that_of_order_statistics_where_gaps_are_many() -> None:
    """The gaps are 1, 2, … 20 days; the ends lie where a beta law of ranks has 2.5 and 97.5 %."""
    ago = [sum(range(k, 21)) for k in range(2, 21)]
    got = GapQuantile("held_at", over_days=210).estimate(dates(*ago), ends_at=END)
    for rank, chance in ((got.low, 0.975), (got.high, 0.025)):
        assert rank is not None
        assert stats.beta.cdf(0.75, rank, 21 - rank) == pytest.approx(chance, abs=1e-6)


@pytest.mark.parametrize(
    ("gaps", "scale", "back"),
    [
        ([9, 30, 21, 14, 12, 26], np.log, np.exp),
        ([9, 30, 21, 14, 12, 26, 17], np.log, np.exp),
        ([9, 30, 21, 14, 12, 26, 17, 19], np.cbrt, lambda x: x**3),
        ([9, 30, 21, 14, 12, 26, 17, 19, 8, 33, 24, 15], np.cbrt, lambda x: x**3),
    ],
)
def test_with_few_gaps_the_upper_end_is_the_noncentral_t_of_their_roots_or_logarithms(
    gaps: list[int], scale: Scale, back: Scale
) -> None:
    got = whole(gaps)
    scaled, root = scale(np.array(gaps, float)), math.sqrt(len(gaps))
    reach = stats.nct.ppf(0.975, len(gaps) - 1, stats.norm.ppf(0.75) * root) / root
    upper = float(back(scaled.mean() + reach * scaled.std(ddof=1)))
    assert got.high == pytest.approx(upper, rel=1e-6)
    assert max(gaps) < upper < sum(gaps)


def test_the_upper_end_is_never_below_the_longest_of_few_gaps() -> None:
    assert whole([20, 20, 20, 20, 20, 20, 20, 20, 28]).high == pytest.approx(28)


def whole(gaps: list[int]) -> Estimate:
    """Over a window that these gaps fill."""
    ago = [sum(gaps[k:]) for k in range(1, len(gaps))]
    return GapQuantile("held_at", over_days=sum(gaps)).estimate(dates(*ago), ends_at=END)


@example([1e-06, 1.192092896e-07])  # two events within one second
@given(st.lists(st.floats(0, 364), max_size=40))
def test_invariants(days: list[float]) -> None:
    got = CADENCE.estimate(dates(*days), ends_at=END)
    assert got == CADENCE.estimate(dates(*reversed(days)), ends_at=END)
    assert got.value is not None
    assert (got.low or 0) <= got.value <= (got.high or 0) <= 365
    assert sum(got.influence.values()) == pytest.approx(0, abs=1e-9)
