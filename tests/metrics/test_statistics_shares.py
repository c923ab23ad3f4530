import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.proportion import proportion_confint

from metrics.rows import Rows
from metrics.statistics import CountShare, Proportion, RatioOfSums, Sums
from metrics.statistics.base import FEWEST_CLUSTERS, LEAST_EFFECT, design_effect, wilson
from tests.metrics.samples import counts, estimated, numbers

CLUSTERS = st.lists(
    st.integers(1, 40).flatmap(lambda n: st.tuples(st.just(n), st.integers(0, n))),
    min_size=1,
    max_size=25,
)


def test_independent_rows_give_wilsons_interval() -> None:
    n, k = 60, 21
    rows = counts([1] * n, [1] * k + [0] * (n - k))
    got = Proportion("event").estimate(rows)
    alpha = 2 * stats.norm.sf(stats.t.ppf(0.975, n - 1))
    low, high = proportion_confint(k, n, alpha=alpha, method="wilson")
    assert got.value == pytest.approx(k / n)
    assert numbers(got.low, got.high) == pytest.approx([low, high])
    assert (got.n, got.clusters, got.status) == (n, n, "ok")


@given(st.integers(1, 500).flatmap(lambda n: st.tuples(st.just(n), st.integers(0, n))))
def test_wilson_agrees_with_statsmodels(pair: tuple[int, int]) -> None:
    n, k = pair
    low, high = proportion_confint(k, n, method="wilson")
    got = wilson(k / n, n, float(stats.norm.ppf(0.975)))
    assert list(got) == pytest.approx([low, high], abs=1e-9)


def test_null_events_do_not_count() -> None:
    rows: dict[str, object] = {"cluster": ["a", "a", "b", "b"], "event": [True, None, False, True]}
    got = estimated(rows, Proportion("event"))
    assert numbers(got.value, got.n) == pytest.approx([2 / 3, 3])


def test_statistics_by_segment_add_up_to_the_whole() -> None:
    rows = Rows.of(
        pa.table(
            {
                "cluster": ["a", "a", "b", "b"],
                "region": ["EMEA", "AMER", "EMEA", "EMEA"],
                "event": [True, True, False, True],
            }
        )
    )
    parts = [rows.within({"region": name}) for name in ("EMEA", "AMER")]
    split = pa.concat_tables(Proportion("event").sums(part).table() for part in parts)
    assert set(split.column_names) == {"cluster", "n", "k"}
    whole = Proportion("event").sums(rows)
    assert Proportion("event").estimate(Sums.of(split)) == Proportion("event").estimate(whole)


def test_no_rows_and_too_few_rows_are_not_assessed() -> None:
    nothing = Proportion("event").estimate(counts([], []))
    assert (nothing.status, nothing.value, nothing.n) == ("not_assessed", None, 0)
    few = Proportion("event").estimate(counts([6, 6], [1, 1]), minimum_n=20)
    assert (few.status, few.value, few.n) == ("not_assessed", None, 12)
    assert few.reason == "only 12 records; at least 20 are needed"


def test_few_owners_are_weak_and_one_owner_says_almost_nothing() -> None:
    few = Proportion("event").estimate(counts([50] * 7, [25] * 7))
    assert few.status == "weak"
    assert few.reason is not None
    assert "7 owners" in few.reason
    one = Proportion("event").estimate(counts([500], [250]))
    assert one.status == "weak"
    assert one.low is not None
    assert one.high is not None
    assert one.high - one.low > 0.9


@pytest.mark.parametrize("event", [0, 1])
def test_a_share_at_its_end_keeps_an_interval(event: int) -> None:
    got = Proportion("event").estimate(counts([10] * 12, [10 * event] * 12))
    assert got.value == event
    assert got.low is not None
    assert got.high is not None
    assert 0 < got.high - got.low < 0.2


@settings(deadline=None)
@given(CLUSTERS, st.randoms(use_true_random=False))
def test_proportion_invariants(pairs: list[tuple[int, int]], random: object) -> None:
    sizes, events = zip(*pairs, strict=True)
    rows = counts(sizes, events)
    got = Proportion("event").estimate(rows)
    order = np.random.default_rng(len(pairs)).permutation(len(pairs))
    assert Proportion("event").estimate(Sums.of(rows.table().take(pa.array(order)))) == got
    assert got.value is not None
    assert got.low is not None
    assert got.high is not None
    assert 0 <= got.low <= got.value <= got.high <= 1
    assert sum(got.influence.values()) == pytest.approx(0, abs=1e-9)


@given(CLUSTERS)
def test_splitting_a_cluster_over_rows_changes_nothing(pairs: list[tuple[int, int]]) -> None:
    sizes, events = zip(*pairs, strict=True)
    rows = counts(sizes, events)
    first = counts([n // 2 for n in sizes], [min(k, n // 2) for n, k in pairs])
    second = counts([n - n // 2 for n in sizes], [k - min(k, n // 2) for n, k in pairs])
    got = Proportion("event").estimate(Sums.of(pa.concat_tables([first.table(), second.table()])))
    want = Proportion("event").estimate(rows)
    assert (got.value, got.low, got.high) == pytest.approx((want.value, want.low, want.high))


def test_influence_is_the_derivative_over_a_clusters_weight() -> None:
    sizes, events = [10, 30, 5, 20], [4, 25, 0, 3]
    got = Proportion("event").estimate(counts(sizes, events))
    step = 1e-6
    for i in range(len(sizes)):
        weights = np.ones(len(sizes))
        weights[i] += step
        moved = (weights @ events) / (weights @ sizes)
        assert got.influence[f"o{i}"] == pytest.approx(
            (moved - numbers(got.value)[0]) / step, abs=1e-6
        )


def test_the_design_effect_is_the_jackknifes() -> None:
    sizes, events = np.array([10.0, 30, 5, 20, 12]), np.array([4.0, 25, 0, 3, 11])
    n, share, groups = sizes.sum(), events.sum() / sizes.sum(), len(sizes)
    left_out = (events.sum() - events) / (n - sizes)
    jackknife = (groups - 1) / groups * ((left_out - share) ** 2).sum() * (n - 1) / n
    simple = share * (1 - share) / n
    got = design_effect((events - share * sizes) / n, sizes, simple, n)
    assert got == pytest.approx(jackknife / simple)


def test_independent_records_go_below_the_least_design_effect_in_one_draw_of_40() -> None:
    below = stats.chi2.cdf((FEWEST_CLUSTERS - 1) * LEAST_EFFECT, FEWEST_CLUSTERS - 1)
    assert below == pytest.approx(1 / 40, abs=0.005)


def test_owners_who_are_more_alike_than_chance_allows_have_the_least_design_effect() -> None:
    got = Proportion("event").estimate(counts([20] * 8, [6] * 8))
    ends, crit = np.array(numbers(got.low, got.high)), stats.t.ppf(0.975, 7)
    away = (ends - 0.3) ** 2 / (ends * (1 - ends) * LEAST_EFFECT / 160)
    assert away == pytest.approx(crit**2)


def test_clustering_widens_the_interval() -> None:
    alike = Proportion("event").estimate(counts([20] * 10, [20, 0] * 5))
    mixed = Proportion("event").estimate(counts([20] * 10, [10] * 10))
    assert alike.value == mixed.value
    assert alike.high is not None
    assert mixed.high is not None
    assert alike.high > mixed.high + 0.1


def test_complete_counts_have_no_interval() -> None:
    got = estimated({"event": [True, False, True, True]}, CountShare("event"))
    assert (got.value, got.low, got.high, got.influence) == (0.75, None, None, {})


def amounts(*rows: tuple[str, float | None, float | None]) -> dict[str, list[object]]:
    names, tops, bottoms = zip(*rows, strict=True)
    return {"cluster": list(names), "part": list(tops), "amount": list(bottoms)}


def test_a_ratio_of_sums_is_not_a_mean_of_ratios() -> None:
    rows = amounts(("a", 0.0, 1.0), ("b", 99.0, 99.0), ("c", None, 50.0))
    got = estimated(rows, RatioOfSums("part", "amount"))
    assert numbers(got.value, got.n) == pytest.approx([0.99, 2])


def test_the_ratios_variance_is_the_linearised_one() -> None:
    rng = np.random.default_rng(3)
    amount = rng.lognormal(0, 1, 40)
    part = amount * rng.integers(0, 2, 40)
    rows = amounts(*[(f"o{i}", part[i], amount[i]) for i in range(40)])
    got = estimated(rows, RatioOfSums("part", "amount"))
    share = part.sum() / amount.sum()
    left_out = (part.sum() - part) / (amount.sum() - amount)
    variance = 39 / 40 * ((left_out - share) ** 2).sum() * 39 / 40
    owners = amount.sum() ** 2 / (amount**2).sum()
    half = stats.t.ppf(0.975, owners - 1) * np.sqrt(variance) / (share * (1 - share))
    logit = np.log(share / (1 - share))
    assert got.low == pytest.approx(1 / (1 + np.exp(-(logit - half))))
    assert got.high == pytest.approx(1 / (1 + np.exp(-(logit + half))))


@pytest.mark.parametrize("part", [0.0, 1.0])
def test_a_ratio_at_its_end_keeps_an_interval(part: float) -> None:
    rows = amounts(*[(f"o{i % 10}", part * (i + 1), i + 1.0) for i in range(60)])
    got = estimated(rows, RatioOfSums("part", "amount"))
    assert got.value == part
    assert got.low is not None
    assert got.high is not None
    assert 0.01 < got.high - got.low < 0.3


def test_amounts_that_add_up_to_nothing_are_not_assessed() -> None:
    got = estimated(amounts(("a", 0.0, 0.0), ("b", 0.0, 0.0)), RatioOfSums("part", "amount"))
    assert (got.status, got.value) == ("not_assessed", None)
