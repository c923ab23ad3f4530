"""What is worked out a block at a time is what whole columns give, to the last digit."""

import gc
import weakref

import numpy as np
import pyarrow as pa
import pytest

from metrics.blocks import BLOCK, blocks
from metrics.rows import Rows
from metrics.statistics import (
    Proportion,
    RatioOfSums,
    Statistic,
    Sums,
    SurvivalQuantile,
    SurvivalShare,
)
from metrics.statistics.survival import Curve

SIZE = 3 * BLOCK + 17
OWNERS = 20


@pytest.fixture(scope="module")
def table() -> pa.Table:
    """Rows of several blocks. `hours` differ by row, `days` are few, so that one stretch of them
    is longer than a block; each column has gaps.
    """
    rng = np.random.default_rng(8)
    hours = rng.exponential(10, SIZE)
    owner = [f"o{i}" for i in rng.integers(0, OWNERS, SIZE)]
    return pa.table(
        {
            "cluster": owner,
            "hours": pa.array(hours, mask=rng.random(SIZE) < 0.1),
            "days": pa.array(np.floor(hours / 12), mask=rng.random(SIZE) < 0.1),
            "event": pa.array(rng.random(SIZE) < 0.7, mask=rng.random(SIZE) < 0.1),
            "amount": pa.array(hours + 50, mask=rng.random(SIZE) < 0.1),
        }
    )


@pytest.mark.parametrize("size", [0, 1, BLOCK, BLOCK + 1, SIZE])
def test_blocks_cover_every_place_once(size: int) -> None:
    assert [i for block in blocks(size) for i in range(size)[block]] == list(range(size))


@pytest.mark.parametrize("time", ["hours", "days"])
@pytest.mark.parametrize("part", [slice(None), slice(1, 2 * BLOCK), slice(0, 300)])
def test_a_curve_of_rows_is_that_of_the_lines_it_keeps(
    table: pa.Table, time: str, part: slice
) -> None:
    rows = Rows.of(table).where(np.isin(np.arange(SIZE), np.arange(SIZE)[part]))
    reach = 9.0 if time == "hours" else 1.0
    statistics: list[Statistic] = [
        SurvivalShare(time, "event", reach),
        SurvivalShare(time, "event", 0.0),
        SurvivalQuantile(time, "event", 0.5),
        SurvivalQuantile(time, "event", 0.9),
    ]
    for statistic in statistics:
        sums = statistic.sums(rows)
        kept = Sums.of(sums.table())
        assert kept.total("n") == sums.total("n") == np.count_nonzero(rows.given(time))
        assert statistic.estimate(sums) == statistic.estimate(kept)
    curve, plain = Curve.of(sums), Curve(kept)
    assert (curve.times == plain.times).all()
    assert (curve.survival == plain.survival).all()
    for at in (0.0, float(curve.times[3]), curve.longest, curve.longest + 1):
        assert curve.band_at(at) == plain.band_at(at)


def test_counts_and_amounts_are_those_of_whole_columns(table: pa.Table) -> None:
    rows, frame = Rows.of(table), table.to_pandas()
    known = frame[frame.event.notna()]
    counted = Proportion("event").sums(rows)
    by_owner = known.groupby("cluster").event.agg(["count", "sum"]).loc[counted.names]
    assert counted["n"].tolist() == by_owner["count"].tolist()
    assert counted["k"].tolist() == by_owner["sum"].tolist()
    both = frame.dropna(subset=["hours", "amount"])
    names, owner = np.unique(both.cluster, return_inverse=True)
    shared = RatioOfSums("hours", "amount").sums(rows)
    assert shared.names.tolist() == names.tolist()
    assert (shared["n"] == np.bincount(owner)).all()
    for name, values in {
        "numerator": both.hours,
        "denominator_squares": both.amount * both.amount,
        "products": both.hours * both.amount,
    }.items():
        assert (shared[name] == np.bincount(owner, values)).all()


def test_what_a_curve_took_is_given_back_at_once(table: pa.Table) -> None:
    gc.disable()
    try:
        sums = SurvivalShare("hours", "event", 9.0).sums(Rows.of(table))
        curve = weakref.ref(Curve.of(sums))
        assert curve() is not None
        del sums
        assert curve() is None
    finally:
        gc.enable()


@pytest.mark.parametrize(
    "statistic",
    [Proportion("event"), RatioOfSums("hours", "amount"), SurvivalShare("hours", "event", 9.0)],
)
def test_a_row_without_a_cluster_is_refused(table: pa.Table, statistic: Statistic) -> None:
    whole = table.slice(0, 20)
    nobody = pa.array([None, *whole["cluster"].to_pylist()[1:]], pa.string())
    with pytest.raises(ValueError, match="cluster"):
        statistic.sums(Rows.of(whole.set_column(0, "cluster", nobody)))
