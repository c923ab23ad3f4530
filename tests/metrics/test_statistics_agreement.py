"""Kappa and AUC against statsmodels and scikit-learn, and their intervals and influence."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from sklearn.metrics import cohen_kappa_score, roc_auc_score
from statsmodels.stats.inter_rater import cohens_kappa

from metrics.statistics import Auc, Kappa, Sums
from metrics.statistics.base import Statistic
from tests.metrics.samples import estimated, numbers

LABELS = st.sampled_from("abc")
PAIRS = st.lists(st.tuples(LABELS, LABELS), min_size=4, max_size=60)
SCORED = st.lists(st.tuples(st.integers(0, 5), st.booleans()), min_size=4, max_size=60)


def pairs(rows: list[tuple[str, str]], owners: int = 0) -> dict[str, object]:
    first, second = zip(*rows, strict=True)
    cluster = [f"o{i % owners if owners else i}" for i in range(len(rows))]
    return {"cluster": cluster, "lead": list(first), "account": list(second)}


def scored(rows: list[tuple[int, bool]], owners: int = 0) -> dict[str, object]:
    score, event = zip(*rows, strict=True)
    cluster = [f"o{i % owners if owners else i}" for i in range(len(rows))]
    return {"cluster": cluster, "score": [float(s) for s in score], "event": list(event)}


@settings(max_examples=40, deadline=None)
@given(PAIRS)
def test_kappa_agrees_with_scikit_learn(rows: list[tuple[str, str]]) -> None:
    got = estimated(pairs(rows), Kappa("lead", "account"))
    if len({label for pair in rows for label in pair}) == 1:
        assert got.reason == "every record has one and the same label"
        return
    first, second = zip(*rows, strict=True)
    assert got.value == pytest.approx(cohen_kappa_score(first, second), abs=1e-9)
    low, high = numbers(got.low, got.high)
    assert low <= numbers(got.value)[0] <= high <= 1


def test_kappas_interval_is_that_of_independent_records() -> None:
    rng = np.random.default_rng(5)
    first = rng.integers(0, 3, 300)
    second = np.where(rng.random(300) < 0.6, first, rng.integers(0, 3, 300))
    rows = [("abc"[a], "abc"[b]) for a, b in zip(first, second, strict=True)]
    got = estimated(pairs(rows), Kappa("lead", "account"))
    table = np.zeros((3, 3))
    np.add.at(table, (first, second), 1)
    known = cohens_kappa(table)
    value = float(known.kappa)
    # Fisher's z, with Fleiss, Cohen and Everitt's standard error and the jackknife's (n-1)/n twice
    half = stats.t.ppf(0.975, 299) * float(known.std_kappa) / (1 - value**2)
    assert got.value == pytest.approx(value)
    assert numbers(got.low, got.high) == pytest.approx(
        [np.tanh(np.arctanh(value) - half), np.tanh(np.arctanh(value) + half)], abs=2e-3
    )


def test_full_agreement_keeps_an_interval() -> None:
    rows = [("a", "a"), ("b", "b")] * 20
    got = estimated(pairs(rows), Kappa("lead", "account"))
    assert (got.value, got.high) == (1.0, 1.0)
    assert 0.6 < numbers(got.low)[0] < 0.95


def test_missing_labels_do_not_count() -> None:
    rows: dict[str, object] = {
        "cluster": ["x"] * 4,
        "lead": ["a", None, "b", "a"],
        "account": ["a", "a", None, "b"],
    }
    assert estimated(rows, Kappa("lead", "account")).n == 2


@settings(max_examples=40, deadline=None)
@given(SCORED)
def test_auc_agrees_with_scikit_learn(rows: list[tuple[int, bool]]) -> None:
    got = estimated(scored(rows), Auc("score", "event"))
    score, event = zip(*rows, strict=True)
    if len(set(event)) == 1:
        assert got.status == "not_assessed"
        assert "record had the outcome to be told" in str(got.reason)
        return
    assert got.value == pytest.approx(roc_auc_score(event, score))
    low, high = numbers(got.low, got.high)
    assert 0 <= low <= numbers(got.value)[0] + 1e-12
    assert numbers(got.value)[0] - 1e-12 <= high <= 1


def test_aucs_interval_is_delongs() -> None:
    rng = np.random.default_rng(7)
    event = rng.random(200) < 0.4
    score = np.round(rng.normal(0, 1, 200) + event, 1)
    rows: dict[str, object] = {
        "cluster": [f"o{i}" for i in range(200)],
        "score": score.tolist(),
        "event": event.tolist(),
    }
    got = estimated(rows, Auc("score", "event"))
    above = (score[event][:, None] > score[~event][None, :]) + 0.5 * (
        score[event][:, None] == score[~event][None, :]
    )
    value, m, n = above.mean(), event.sum(), (~event).sum()
    variance = above.mean(axis=1).var(ddof=1) / m + above.mean(axis=0).var(ddof=1) / n
    half = stats.t.ppf(0.975, 199) * np.sqrt(variance) / (value * (1 - value))
    logit = np.log(value / (1 - value))
    expected = 1 / (1 + np.exp(-np.array([logit - half, logit + half])))
    assert got.value == pytest.approx(value)
    assert numbers(got.low, got.high) == pytest.approx(expected.tolist(), abs=2e-3)


@pytest.mark.parametrize("statistic", [Kappa("lead", "account"), Auc("score", "event")])
def test_influence_is_the_derivative_over_a_clusters_weight(statistic: Statistic) -> None:
    rng = np.random.default_rng(11)
    cluster = [f"o{i}" for i in rng.integers(0, 6, 80)]
    lead, event = rng.integers(0, 3, 80), rng.random(80) < 0.5
    account = np.where(rng.random(80) < 0.5, lead, rng.integers(0, 3, 80))
    if isinstance(statistic, Kappa):
        columns = {"first": lead.astype(str), "second": account.astype(str)}
    else:
        columns = {"score": lead + 0.5 * event, "is_event": event}

    def at(weights: dict[str, float]) -> float:
        n = [weights.get(c, 1.0) for c in cluster]
        rows = pa.table({"cluster": cluster, **columns, "n": n})
        return numbers(statistic.estimate(Sums.of(rows)).value)[0]

    whole = statistic.estimate(Sums.of(pa.table({"cluster": cluster, **columns, "n": [1.0] * 80})))
    step = 1e-6
    moved = {c: (at({c: 1 + step}) - at({})) / step for c in set(cluster)}
    mean = sum(moved.values()) / len(moved)
    for name, change in moved.items():
        assert whole.influence[name] == pytest.approx(change - mean, abs=1e-5)
    assert sum(whole.influence.values()) == pytest.approx(0, abs=1e-9)


def test_alike_owners_widen_the_interval() -> None:
    mixed = [("a", "a"), ("a", "b"), ("b", "b"), ("b", "a")] * 30
    alike = sorted(mixed, key=lambda pair: pair[0] == pair[1])
    owners = [f"o{i // 10}" for i in range(len(alike))]
    spread = estimated({**pairs(mixed), "cluster": owners}, Kappa("lead", "account"))
    bunched = estimated({**pairs(alike), "cluster": owners}, Kappa("lead", "account"))
    assert bunched.value == pytest.approx(numbers(spread.value)[0])
    assert numbers(bunched.high)[0] > numbers(spread.high)[0] + 0.1
