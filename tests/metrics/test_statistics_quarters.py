"""Quarters, complete counts, averages and the pipeline's velocity, worked out by hand or numpy."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from metrics.estimate import Estimate
from metrics.statistics import (
    Average,
    Level,
    QuarterAccuracy,
    QuarterGap,
    Quotient,
    SharedUse,
    Velocity,
)
from tests.metrics.samples import estimated, numbers

ACCURACY = QuarterAccuracy("quarter", "forecast", "won")
AMOUNTS = st.lists(
    st.tuples(st.sampled_from(("Q1", "Q2")), st.integers(0, 9), st.integers(0, 9)),
    min_size=1,
    max_size=30,
)


def quarters(*rows: tuple[str, str, float, float]) -> dict[str, object]:
    owner, quarter, forecast, won = zip(*rows, strict=True)
    return {
        "cluster": list(owner),
        "quarter": list(quarter),
        "forecast": list(forecast),
        "won": list(won),
    }


def test_accuracy_sums_by_quarter_before_it_differs() -> None:
    # Q1: 100 won against 80 forecast, though no single deal came as forecast; Q2: 50 against 70
    rows = quarters(
        ("a", "Q1", 80, 0), ("b", "Q1", 0, 100), ("a", "Q2", 70, 20), ("b", "Q2", 0, 30)
    )
    got = estimated(rows, ACCURACY)
    assert got.value == pytest.approx(1 - (20 + 20) / 150)
    assert (got.n, got.status) == (4, "weak")


def test_accuracy_at_its_ends() -> None:
    assert estimated(quarters(("a", "Q1", 50, 0)), ACCURACY).value == 0.0
    assert estimated(quarters(("a", "Q1", 500, 10)), ACCURACY).value == 0.0
    nothing = estimated(quarters(("a", "Q1", 0, 0)), ACCURACY)
    assert nothing.reason == "nothing was forecast and nothing won"


@settings(max_examples=40, deadline=None)
@given(AMOUNTS)
def test_accuracy_as_numpy_tells_it(cells: list[tuple[str, int, int]]) -> None:
    rows = quarters(*[(f"o{i % 9}", q, float(f), float(w)) for i, (q, f, w) in enumerate(cells)])
    got = estimated(rows, ACCURACY)
    won = {q: sum(w for at, _, w in cells if at == q) for q in ("Q1", "Q2")}
    forecast = {q: sum(f for at, f, _ in cells if at == q) for q in ("Q1", "Q2")}
    if not sum(won.values()):
        assert got.value in (None, 0.0)
        return
    error = sum(abs(won[q] - forecast[q]) for q in won) / sum(won.values())
    assert got.value == pytest.approx(max(1 - error, 0.0))
    low, high = numbers(got.low, got.high)
    assert 0 <= low <= numbers(got.value)[0] <= high <= 1


def test_accuracys_influence_is_its_derivative() -> None:
    cells = [("a", "Q1", 80.0, 90.0), ("b", "Q1", 10.0, 25.0), ("c", "Q2", 60.0, 50.0)]
    got = estimated(quarters(*cells), ACCURACY)

    def at(owner: str, extra: float) -> float:
        weighted = [
            (o, q, f * (1 + extra * (o == owner)), w * (1 + extra * (o == owner)))
            for o, q, f, w in cells
        ]
        return numbers(estimated(quarters(*weighted), ACCURACY).value)[0]

    step = 1e-6
    moved = {o: (at(o, step) - at(o, 0.0)) / step for o in "abc"}
    mean = sum(moved.values()) / 3
    assert got.influence == pytest.approx({o: m - mean for o, m in moved.items()}, abs=1e-5)


def test_the_gap_is_the_mean_over_quarters_with_both() -> None:
    rows: dict[str, object] = {
        "quarter": ["Q1", "Q1", "Q1", "Q2", "Q2", "Q3"],
        "side": ["sales", "marketing", "marketing", "sales", "marketing", "sales"],
        "attained": [1.1, 0.8, 0.6, 0.9, 1.0, 2.0],
    }
    # Q1: 1.1 against the mean 0.7; Q2: 0.9 against 1.0; Q3 has one side alone
    got = estimated(rows, QuarterGap("quarter", "side", "attained"))
    assert got.value == pytest.approx((0.4 + 0.1) / 2)
    assert (got.n, got.low, got.high) == (2, None, None)
    one = {"quarter": ["Q1"], "side": ["sales"], "attained": [1.0]}
    alone = estimated(dict(one), QuarterGap("quarter", "side", "attained"))
    assert alone.reason == "in no quarter did both functions have a target"


def test_complete_counts() -> None:
    rows: dict[str, object] = {"a": [2.0, 3.0, None], "b": [4.0, 6.0, 100.0]}
    assert estimated(rows, Quotient("a", "b")) == Estimate(0.5, None, None, 2)
    nothing = estimated({"a": [1.0], "b": [0.0]}, Quotient("a", "b"))
    assert nothing.reason == "there is nothing to divide by"
    assert estimated({"level": [70.0]}, Level("level")) == Estimate(70.0, None, None, 1)
    unknown = estimated({"level": pa.array([None], pa.float64())}, Level("level"))
    assert unknown.status == "not_assessed"


def test_shared_use_counts_things_not_uses() -> None:
    rows: dict[str, object] = {
        "report": ["a", "a", "a", "b", "b", "c"],
        "side": ["sales", "sales", "marketing", "sales", "sales", "marketing"],
    }
    assert estimated(rows, SharedUse("report", "side")) == Estimate(1 / 3, None, None, 3)


def test_an_average_and_its_jackknife() -> None:
    rng = np.random.default_rng(2)
    amount = rng.lognormal(3, 1, 60)
    owner = [f"o{i % 12}" for i in range(60)]
    got = estimated({"cluster": owner, "amount": amount.tolist()}, Average("amount"))
    by_owner = amount.reshape(5, 12).sum(axis=0)
    left_out = (amount.sum() - by_owner) / 55
    variance = 11 / 12 * ((left_out - amount.mean()) ** 2).sum()
    reach = np.exp(stats.t.ppf(0.975, 11) * np.sqrt(variance) / amount.mean())
    assert got.value == pytest.approx(amount.mean())
    assert numbers(got.low, got.high) == pytest.approx(
        [amount.mean() / reach, amount.mean() * reach]
    )


def test_velocity() -> None:
    rows: dict[str, object] = {
        "open": [True, True, True, False, False, False, False],
        "won": [False, False, False, True, True, False, False],
        "lost": [False, False, False, False, False, True, True],
        "amount": [None, None, None, 100.0, 300.0, None, None],
        "days": [None, None, None, 20.0, 30.0, None, None],
    }
    # 3 open × 1/2 won × 200 on average / 25 days
    got = estimated(rows, Velocity("open", "won", "lost", "amount", "days"))
    assert got.value == pytest.approx(12.0)
    assert got.n == 4
