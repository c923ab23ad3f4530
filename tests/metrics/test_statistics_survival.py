import math

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lifelines import KaplanMeierFitter
from lifelines.utils import median_survival_times
from scipy import stats

from metrics.statistics import Sums, SurvivalQuantile, SurvivalShare
from metrics.statistics.survival import Curve
from tests.metrics.samples import estimated, numbers

TIMES = st.lists(
    st.tuples(st.integers(0, 30), st.booleans(), st.integers(0, 11)), min_size=2, max_size=60
)


def sample(n: int, seed: int = 1, owners: int | None = None) -> pa.Table:
    """Exponential times of mean 10, censored uniformly up to 40; own cluster each, or `owners`."""
    rng = np.random.default_rng(seed)
    event_at, end = rng.exponential(10, n).round(1), rng.uniform(0, 40, n).round(1)
    names = [f"o{i % (owners or n)}" for i in range(n)]
    return pa.table(
        {
            "cluster": names,
            "duration": np.minimum(event_at, end),
            "is_event": event_at <= end,
            "n": np.ones(n, dtype=int),
        }
    )


def fitted(rows: pa.Table, crit: float, weights: bool = False) -> KaplanMeierFitter:
    return KaplanMeierFitter(alpha=2 * stats.norm.sf(crit)).fit(
        rows["duration"].to_numpy(),
        rows["is_event"].to_numpy(),
        weights=rows["n"].to_numpy() if weights else None,
    )


@pytest.mark.parametrize("at", [0.5, 5.0, 10.0, 25.0])
def test_kaplan_meier_and_its_band_agree_with_lifelines(at: float) -> None:
    rows = sample(200)
    got = SurvivalShare("d", "e", at, complement=True).estimate(Sums.of(rows))
    curve = Curve(Sums.of(rows))
    want = fitted(rows, curve.critical)
    band = want.confidence_interval_survival_function_
    place = band.index.get_indexer([at], method="ffill")[0]
    assert got.value == pytest.approx(want.predict(at))
    effect = curve.design_effect_at(at)
    assert effect == pytest.approx(1, abs=0.03)  # every row its own cluster
    left, variance = got.value, curve.greenwood[curve.times <= at][-1]
    assert left is not None
    power = math.exp(curve.critical * math.sqrt(variance) / abs(math.log(left)))
    assert band.iloc[place].to_list() == pytest.approx([left**power, left ** (1 / power)])
    assert [got.low, got.high] == pytest.approx(band.iloc[place].to_list(), abs=2e-3)


def test_the_complement_mirrors_value_and_interval() -> None:
    rows = sample(120, owners=12)
    had = SurvivalShare("d", "e", 8.0).estimate(Sums.of(rows))
    had_not = SurvivalShare("d", "e", 8.0, complement=True).estimate(Sums.of(rows))
    assert had.value == pytest.approx(1 - (had_not.value or 0))
    assert had.low == pytest.approx(1 - (had_not.high or 0))
    assert had.influence["o3"] == pytest.approx(-had_not.influence["o3"])


def test_the_median_and_its_interval_agree_with_lifelines() -> None:
    rows = sample(300)
    got = SurvivalQuantile("d", "e").estimate(Sums.of(rows))
    want = fitted(rows, Curve(Sums.of(rows)).critical)
    assert got.value == want.median_survival_time_
    band = median_survival_times(want.confidence_interval_survival_function_)
    assert sorted(numbers(got.low, got.high)) == pytest.approx(
        sorted(band.iloc[0].to_list()), abs=0.3
    )


def test_ninth_decile() -> None:
    rows = sample(400)
    got = SurvivalQuantile("d", "e", 0.9).estimate(Sums.of(rows))
    assert got.value == fitted(rows, 1.96).percentile(0.1)


def test_a_lead_never_touched_stays_in_and_one_just_handed_off_is_censored() -> None:
    rows: dict[str, object] = {
        "cluster": list("abcdefghij"),
        "hours": [1.0, 2.0, 3.0, 0.5, 0.5, 20.0, 20.0, 20.0, 20.0, 20.0],
        "touched": [True, True, True, False, False, False, False, False, False, False],
    }
    got = estimated(rows, SurvivalShare("hours", "touched", 8.0))
    assert got.value == pytest.approx(1 - 7 / 8 * 6 / 7 * 5 / 6)
    assert got.n == 10


def test_a_median_never_reached_is_a_bound_not_a_gap() -> None:
    rows: dict[str, object] = {
        "cluster": [f"o{i % 9}" for i in range(90)],
        "hours": [5.0] * 10 + [720.0] * 80,
        "touched": [True] * 10 + [False] * 80,
    }
    got = estimated(rows, SurvivalQuantile("hours", "touched"))
    assert (got.value, got.bound, got.status, got.high) == (None, ">720", "ok", None)


def test_shares_beyond_what_was_watched_are_not_assessed() -> None:
    rows: dict[str, object] = {
        "cluster": ["a", "b", "c"],
        "hours": [2.0, 1.0, 1.5],
        "touched": [False, True, False],
    }
    got = estimated(rows, SurvivalShare("hours", "touched", 8.0))
    assert got.status == "not_assessed"
    assert got.reason == "no record was watched that long yet (2.0 of 8.0)"
    everyone: dict[str, object] = {**rows, "touched": [True, True, True]}
    assert estimated(everyone, SurvivalShare("hours", "touched", 8.0)).value == 1


def test_nothing_and_too_little() -> None:
    empty = sample(2).slice(0, 0)
    assert SurvivalShare("d", "e", 1.0).estimate(Sums.of(empty)).status == "not_assessed"
    assert SurvivalQuantile("d", "e").estimate(Sums.of(empty)).status == "not_assessed"
    assert SurvivalQuantile("d", "e").estimate(Sums.of(sample(19)), minimum_n=20).value is None


def test_influence_on_the_share_is_the_derivative() -> None:
    rows = sample(60, owners=6)
    got = SurvivalShare("d", "e", 9.0).estimate(Sums.of(rows))
    step = 1e-6
    names = rows["cluster"].to_pylist()
    for owner in range(6):
        weights = [1 + step if name == f"o{owner}" else 1.0 for name in names]
        moved = rows.set_column(3, "n", pa.array(weights))
        change = 1 - Curve(Sums.of(moved)).survival_at(9.0) - (got.value or 0)
        assert got.influence[f"o{owner}"] == pytest.approx(change / step, abs=1e-5)


def test_the_jackknife_of_owners_gives_the_same_spread() -> None:
    rows = sample(400, owners=20)
    got = SurvivalShare("d", "e", 9.0, complement=True).estimate(Sums.of(rows))
    names = np.array(rows["cluster"].to_pylist())
    left_out = [
        Curve(Sums.of(rows.filter(pa.array(names != f"o{i}")))).survival_at(9.0) for i in range(20)
    ]
    first_order = [(got.value or 0) - got.influence[f"o{i}"] for i in range(20)]
    assert left_out == pytest.approx(first_order, abs=2e-3)


def test_influence_on_the_median_follows_its_interval() -> None:
    rows = sample(400, owners=20)
    got = SurvivalQuantile("d", "e").estimate(Sums.of(rows))
    half = ((got.high or 0) - (got.low or 0)) / 2 / Curve(Sums.of(rows)).critical
    assert math.sqrt(sum(x * x for x in got.influence.values())) == pytest.approx(half, rel=0.01)
    assert sum(got.influence.values()) == pytest.approx(0, abs=1e-9)


@settings(deadline=None)
@given(TIMES, st.integers(0, 30))
def test_survival_invariants(rows: list[tuple[int, bool, int]], at: int) -> None:
    durations, events, owners = zip(*rows, strict=True)
    table = pa.table(
        {
            "cluster": [f"o{i}" for i in owners],
            "duration": [float(d) for d in durations],
            "is_event": list(events),
            "n": [1] * len(rows),
        }
    )
    statistic = SurvivalShare("d", "e", float(at))
    got = statistic.estimate(Sums.of(table))
    order = np.random.default_rng(at).permutation(len(rows))
    again = statistic.estimate(Sums.of(table.take(pa.array(order))))
    assert again.value == pytest.approx(got.value)
    if got.value is None:
        return
    assert got.low is not None
    assert got.high is not None
    assert 0 <= got.low <= got.value + 1e-12
    assert got.value - 1e-12 <= got.high <= 1
    assert got.high > got.low
    assert sum(got.influence.values()) == pytest.approx(0, abs=1e-9)
    doubled = statistic.estimate(Sums.of(table.set_column(3, "n", pa.array([2] * len(rows)))))
    assert doubled.value == pytest.approx(got.value)
    median = SurvivalQuantile("d", "e").estimate(Sums.of(table))
    if median.value is not None:
        assert (median.low or 0) <= median.value
        assert median.high is None or median.high >= median.value
    else:
        assert median.bound is not None


@settings(deadline=None)
@given(TIMES, st.integers(1, 30))
def test_watching_more_rows_without_an_event_never_lowers_survival(
    rows: list[tuple[int, bool, int]], at: int
) -> None:
    durations, events, _ = zip(*rows, strict=True)

    def survival(times: list[float], had: list[bool]) -> float:
        table = {"cluster": ["a"] * len(times), "duration": times, "is_event": had}
        return Curve(Sums.of(pa.table({**table, "n": [1] * len(times)}))).survival_at(at)

    times, had = [float(d) for d in durations], list(events)
    assert survival([*times, 31.0], [*had, False]) >= survival(times, had) - 1e-12
