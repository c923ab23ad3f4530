from datetime import datetime, timedelta

import pyarrow as pa
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from metrics.declaration import Anchor
from metrics.scoring import score
from metrics.statistics import GapQuantile, Sums
from tests.metrics.samples import estimated, indicator

END = datetime(2026, 6, 30, 22)
CADENCE = GapQuantile("held_at")


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


@example([1e-06, 1.192092896e-07])  # two events within one second
@given(st.lists(st.floats(0, 364), max_size=40))
def test_invariants(days: list[float]) -> None:
    got = CADENCE.estimate(dates(*days), ends_at=END)
    assert got == CADENCE.estimate(dates(*reversed(days)), ends_at=END)
    assert got.value is not None
    assert (got.low or 0) <= got.value <= (got.high or 0) <= 365
    assert sum(got.influence.values()) == pytest.approx(0, abs=1e-9)
