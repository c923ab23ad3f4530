"""Rows in memory: the right ones, in an order of their own, and each loaded once."""

from datetime import datetime, timedelta
from typing import Any

import ibis.expr.types as ir
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metrics import evaluate
from metrics.facts import SEGMENTS
from metrics.loaded import UNSET, Loaded, in_order, instant
from metrics.rows import Columns, Rows, combined
from metrics.statistics import RatioOfSums, Statistic, Sums, SurvivalQuantile, SurvivalShare
from model.periods import Period
from tests.metrics.company import Company, run

BEGIN = datetime(2026, 3, 1)
ROWS = st.lists(
    st.tuples(
        st.integers(0, 9),  # hours after BEGIN: many at the same instant
        st.sampled_from(["EMEA", "AMER", "", None]),
        st.sampled_from(["ann", "bob", "cy"]),
        st.one_of(st.none(), st.floats(0.1, 9.9)),
        st.one_of(st.none(), st.booleans()),
    ),
    min_size=1,
    max_size=60,
)


def table(rows: list[tuple[Any, ...]]) -> pa.Table:
    hours, region, cluster, days, event = zip(*rows, strict=True)
    at = [BEGIN + timedelta(hours=hour) for hour in hours]
    return pa.table(
        {
            "id": [f"r{i:03}" for i in range(len(rows))],
            "at": pa.array(at, pa.timestamp("us")),
            "region": pa.array(region, pa.string()),
            "cluster": cluster,
            "days": pa.array(days, pa.float64()),
            "amount": pa.array([None if d is None else d * 7.3 for d in days], pa.float64()),
            "event": pa.array(event, pa.bool_()),
        }
    )


def columns(given_: pa.Table) -> Columns:
    order = in_order(given_, "at", "id")
    return Columns.of(given_, unset={"region": UNSET}, order=order, sorted_by="at")


@settings(deadline=None)
@given(ROWS, st.integers(0, 9), st.integers(0, 9), st.sampled_from(["EMEA", UNSET, "nowhere"]))
def test_a_slice_has_the_rows_that_it_says(
    rows: list[tuple[Any, ...]], first: int, last: int, region: str
) -> None:
    begin, end = (instant(BEGIN + timedelta(hours=hour)) for hour in (first, last))
    whole = Rows(columns(table(rows)))
    assert not np.any(np.diff(whole["at"]) < np.timedelta64(0))
    part = whole.between("at", begin, end).within({"region": region})
    want = [
        (cluster, days)
        for hour, where, cluster, days, _ in rows
        if first <= hour <= last and (where or UNSET) == region
    ]
    got = zip(part.texts("cluster").tolist(), part["days"].tolist(), strict=True)
    assert sorted(map(str, got)) == sorted(str((c, d if d else float("nan"))) for c, d in want)
    codes = [part["region"], part["cluster"]]
    found, place = combined(codes, [len(part.labels(n)) for n in ("region", "cluster")])
    parts = part.split(place, len(found))
    assert sum(map(len, parts.values())) == len(part)
    for one in parts.values():
        assert len(set(one["cluster"].tolist())) == 1
        assert list(one["at"]) == sorted(one["at"])


@settings(deadline=None)
@given(ROWS, st.randoms(use_true_random=False))
@pytest.mark.parametrize(
    "statistic",
    [
        RatioOfSums("days", "amount"),
        SurvivalShare("days", "event", 4.0),
        SurvivalQuantile("days", "event"),
    ],
)
def test_figures_are_the_same_to_the_last_digit_whatever_the_order(
    statistic: Statistic, rows: list[tuple[Any, ...]], random: Any
) -> None:
    given_ = table(rows)
    shuffled = given_.take(pa.array(random.sample(range(len(rows)), len(rows))))
    sums, others = (statistic.sums(Rows(columns(t))) for t in (given_, shuffled))
    kept = Sums.of(sums.table())
    one = statistic.estimate(sums)
    assert one == statistic.estimate(others)
    assert one == statistic.estimate(kept)


def test_times_of_a_slice_are_sorted_as_if_it_were_all_rows() -> None:
    rng = np.random.default_rng(3)
    rows = [
        (int(i // 100), "EMEA", f"o{i % 20}", float(rng.integers(1, 90)), bool(i % 3))
        for i in range(1000)
    ]
    few = Rows(columns(table(rows))).between("at", instant(BEGIN), instant(BEGIN))
    assert len(few) == 100
    again = Rows(columns(table(rows[:100])))
    values, place = again.ranked("days")
    assert (values[place] == again["days"]).all()
    for statistic in (SurvivalShare("days", "event", 40.0), SurvivalQuantile("days", "event")):
        one, other = (statistic.estimate(statistic.sums(part)) for part in (few, again))
        assert one == other
        assert one.value is not None


def handed(company: Company) -> Company:
    for index in range(40):
        day = f"{index % 4 + 3:02}-{index % 25 + 1:02}"
        lead = company.lead(f"m1, s{index % 3 + 1} {day} 10:00", created="02-01 08:00")
        company.touch(lead, f"s{index % 3 + 1}", f"{day} 11:00")
    return company


def test_facts_are_loaded_once_and_older_days_when_they_are_asked_for() -> None:
    company = handed(Company())
    asked: list[str] = []

    def counting(expression: ir.Table) -> pa.Table:
        found = run(expression)
        asked.append(f"{found.column_names[0]} {found.num_rows}")
        return found

    def ask(facts: Loaded, window: str | None) -> int:
        (result,) = evaluate.evaluate(
            facts, only=["lead_followup_rate"], window=Period.parse(window) if window else None
        )
        return result.estimate.n

    made = company.facts()
    known = company.availability, company.definitions, company.as_of
    facts = evaluate.loaded(lambda: made, *known, counting)
    lately = ask(facts, None)
    (handoffs,) = [int(one.split()[1]) for one in asked if one.startswith("handoff_id")]
    assert lately <= handoffs <= 30  # the 90 days, and little more
    asked.clear()
    assert 0 < ask(facts, "2026-06") < lately
    assert asked == []
    assert ask(facts, "2026-03") == 10
    assert asked == ["handoff_id 40"]
    later = evaluate.loaded(lambda: pytest.fail("in memory"), *known, run, facts.memory)
    assert ask(later, "2026-Q2") == 30
    assert ask(later, None) == lately


def test_nothing_depends_on_what_was_loaded_before() -> None:
    company = handed(Company())
    fresh, whole = company.loaded(), company.loaded()
    for fact in SEGMENTS:
        whole.rows(fact)
    one, other = (evaluate.evaluate(facts, by=["owner"]) for facts in (fresh, whole))
    assert one == other
    assert pc.sum(pa.array([row.estimate.n for row in one])).as_py() > 100
