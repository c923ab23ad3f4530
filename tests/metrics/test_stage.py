import math
import random
import time
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metrics.declaration import Indicator, Result
from metrics.estimate import Estimate
from metrics.indicators import CATALOGUE
from metrics.scoring import value_at
from metrics.stage import Verdict, infer
from metrics.stage.draws import Luck, sampled_duration, sampled_share
from metrics.statistics import Proportion
from model.definitions import Definitions, IndicatorOverride, StageSettings
from model.stages import DIMENSIONS, STAGES, Dimension, Stage
from tests.metrics import samples

OPEN = {
    "handoffs_recorded": Estimate(0.9, 0.85, 0.95, 400, 20),
    "decisions_recorded": Estimate(0.8, 0.7, 0.9, 400, 20),
    "shared_metrics": Estimate(3.0, None, None, 8),
}
GATE_NEEDS = {
    "handoffs_recorded": ("leads.created_at", "lead_changes.new"),
    "decisions_recorded": ("leads.mql_at", "lead_changes.new"),
    "shared_metrics": ("targets.metric",),
}
PEOPLE = {"sales": 30, "marketing": 12}
PLAIN = Definitions()
ONE_EACH = samples.catalogue(1)


def known(one: Indicator, wanted: float, **given: object) -> Result:
    """A result that scores `wanted`, as a complete count."""
    return samples.result(one, Estimate(value_at(one, wanted), None, None, 100, **given))  # type: ignore[arg-type]


def at_scores(*wanted: float | None) -> list[Result]:
    pairs = zip(ONE_EACH.values(), wanted, strict=True)
    missing = Estimate.not_assessed("table absent")
    return [known(o, w) if w is not None else samples.result(o, missing) for o, w in pairs]


def said(results: list[Result], **changes: object) -> Verdict:
    given = {"gates": OPEN, "people": PEOPLE, "definitions": PLAIN, "catalogue": ONE_EACH}
    return infer(results, **{**given, **changes})  # type: ignore[arg-type]


def test_one_weak_dimension_pulls_five_good_ones_down() -> None:
    got = said(at_scores(82, 82, 82, 82, 82, 25))
    assert got.score == pytest.approx(58.25)
    assert got.ungated_stage is Stage.DEFINED
    assert got.binding is Dimension.STRUCTURE
    assert got.dimensions[5].stage is Stage.UNDEFINED
    assert got.dimensions[0].stage is Stage.INTEGRATED


def test_hiding_the_weak_dimension_does_not_raise_the_stage_to_what_the_rest_says() -> None:
    got = said(at_scores(82, 82, 82, 82, 82, None))
    assert got.score == pytest.approx(82 - 22 / 6 - 0.3 * (82 - 22 / 6 - 60))
    assert got.score is not None
    assert got.score < 80
    assert got.evidence == pytest.approx(5 / 6)
    assert got.stage_range[0] is Stage.DEFINED
    assert got.stage_range[1] is Stage.INTEGRATED
    missing = got.dimensions[5]
    assert (missing.score, missing.stage, missing.status) == (None, None, "not_assessed")
    assert missing.missing == ("structure_0",)
    assert got.binding is None


def test_five_dimensions_alone_would_score_82() -> None:
    weights = {**dict.fromkeys(DIMENSIONS, 1.0), Dimension.STRUCTURE: 0.0}
    definitions = Definitions(stage=StageSettings(weights=weights))
    got = said(at_scores(82, 82, 82, 82, 82, 25), definitions=definitions)
    assert got.score == pytest.approx(82)


def test_the_cuts_are_unrounded() -> None:
    assert said(at_scores(*[59.99] * 6)).ungated_stage is Stage.DEFINED
    assert said(at_scores(*[60.0000001] * 6)).ungated_stage is Stage.ALIGNED


@pytest.mark.parametrize(
    ("gate", "value", "cap"),
    [
        ("handoffs_recorded", 0.04, Stage.UNDEFINED),
        ("decisions_recorded", 0.0, Stage.DEFINED),
        ("shared_metrics", 0.0, Stage.ALIGNED),
    ],
)
def test_a_gate_holds_the_stage_down(gate: str, value: float, cap: Stage) -> None:
    shut = {**OPEN, gate: Estimate(value, None, None, 300)}
    got = said(at_scores(*[92] * 6), gates=shut)
    assert (got.stage, got.ungated_stage) == (cap, Stage.INTEGRATED)
    assert [held.gate for held in got.held_by] == [gate]
    assert f"held at {cap.value.title()}" in got.sentence
    assert got.stage_range == (cap, cap)
    assert got.score == pytest.approx(92)
    assert sum(got.probabilities[s] for s in STAGES if s.rank > cap.rank) == 0
    assert got.next_step is not None
    assert (got.next_step.kind, got.next_step.id) == ("gate", gate)


def test_a_gate_below_its_cap_holds_nothing() -> None:
    shut = {**OPEN, "shared_metrics": Estimate(0.0, None, None, 8)}
    got = said(at_scores(*[50] * 6), gates=shut)
    assert (got.stage, got.held_by) == (Stage.DEFINED, ())


def test_a_gates_sampling_is_in_every_draw() -> None:
    near = {**OPEN, "handoffs_recorded": Estimate(0.10, 0.07, 0.14, 300, 12)}
    got = said(at_scores(*[70] * 6), gates=near)
    assert got.probabilities[Stage.UNDEFINED] == pytest.approx(0.5, abs=0.06)


def test_a_gate_without_evidence_binds_only_in_the_worst_case() -> None:
    gates = {**OPEN, "handoffs_recorded": Estimate.not_assessed("no history")}
    got = said(at_scores(*[70] * 6), gates=gates)
    assert (got.stage, got.stage_range) == (Stage.ALIGNED, (Stage.UNDEFINED, Stage.ALIGNED))
    assert said(at_scores(*[70] * 6), gates={}).stage_range == got.stage_range


def test_too_little_evidence_gives_a_range_in_words() -> None:
    got = said(at_scores(60, 60, 60, None, None, None))
    assert got.evidence == 0.5
    assert got.stage is None
    assert got.stage_range == (Stage.UNDEFINED, Stage.ALIGNED)
    assert got.sentence.startswith(
        "between Undefined and Aligned, not enough evidence: 50 %, at least 60 %"
    )


def test_weak_and_declared_evidence_count_half() -> None:
    weak = Estimate(0.8, 0.5, 0.95, 40, 4, "weak", "4 owners only")
    declared = Estimate(0.8, None, None, 8, declared=True)
    ones = list(ONE_EACH.values())
    results = [samples.result(ones[0], weak), samples.result(ones[1], declared)]
    assert said(results + at_scores(*[70] * 6)[2:]).evidence == pytest.approx(5 / 6)


def test_small_teams_get_no_stage() -> None:
    got = said(at_scores(*[70] * 6), people={"sales": 9, "marketing": 4})
    assert got.stage is None
    assert "Marketing has 4 active people, under 5" in got.sentence
    assert said(at_scores(*[70] * 6), people=None).stage is Stage.ALIGNED


def test_no_stage_where_none_is_likely_enough() -> None:
    settings_ = StageSettings(minimum_probability=0.99)
    got = said(at_scores(*[60] * 6), definitions=Definitions(stage=settings_))
    assert got.stage is None
    assert "no stage reaches 99 %" in got.sentence


def test_nothing_assessed_says_nothing() -> None:
    got = said([])
    assert (got.score, got.low, got.high, got.ungated_stage) == (None, None, None, None)
    assert (got.stage, got.evidence, got.pulls, got.next_step) == (None, 0, (), None)
    assert got.stage_range == (Stage.UNDEFINED, Stage.INTEGRATED)


def test_complete_counts_have_no_sampling_interval() -> None:
    got = said(at_scores(*[70] * 6))
    assert got.low == pytest.approx(70)
    assert got.high == pytest.approx(70)


def test_a_dimension_that_nothing_measures_stays_in_as_missing() -> None:
    some = {name: one for name, one in ONE_EACH.items() if one.dimension != Dimension.FEEDBACK}
    results = [r for r in at_scores(*[82] * 6) if r.indicator.id in some]
    got = said(results, catalogue=some)
    assert got.evidence == pytest.approx(5 / 6)
    assert got.score is not None
    assert got.score < 80


def test_two_results_for_one_indicator_are_refused() -> None:
    with pytest.raises(ValueError, match="one segment at a time"):
        said(at_scores(*[70] * 6) * 2)


def test_pulls_say_what_the_total_would_gain() -> None:
    got = said(at_scores(82, 82, 82, 82, 82, 25))
    assert got.pulls[0].indicator == "structure_0"
    assert got.pulls[0].gain == pytest.approx(85 - 0.3 * 3 - 58.25)
    assert [p.gain for p in got.pulls] == sorted((p.gain for p in got.pulls), reverse=True)


def test_the_next_step_reaches_the_next_stage_and_nothing_less_does() -> None:
    scores = [62.0, 66, 58, 55, 64, 50]
    got = said(at_scores(*scores))
    step = got.next_step
    assert got.ungated_stage is Stage.DEFINED
    assert step is not None
    assert (step.kind, step.stage) == ("indicator", Stage.ALIGNED)
    assert step.to_score is not None
    index = list(ONE_EACH).index(step.id)
    reached = said(
        at_scores(*[step.to_score + 1e-5 if i == index else s for i, s in enumerate(scores)])
    )
    short = said(
        at_scores(*[step.to_score - 1e-3 if i == index else s for i, s in enumerate(scores)])
    )
    assert (reached.ungated_stage, short.ungated_stage) == (Stage.ALIGNED, Stage.DEFINED)
    assert step.value == pytest.approx(value_at(ONE_EACH[step.id], step.to_score))


def test_no_single_indicator_may_be_enough() -> None:
    four = samples.catalogue(4)
    results = [known(o, 22 if o.dimension == Dimension.HANDOFF else 65) for o in four.values()]
    step = said(results, catalogue=four).next_step
    assert step is not None
    assert (step.kind, step.id) == ("dimension", "handoff")


def sampled(each: int = 3, owners: int = 20, seed: int = 5) -> list[Result]:
    rng = np.random.default_rng(seed)
    found = []
    for one in samples.catalogue(each).values():
        sizes = 1 + rng.poisson(12, owners)
        events = rng.binomial(sizes, rng.uniform(0.5, 0.9))
        rows = samples.counts(sizes.tolist(), events.tolist())
        found.append(samples.result(one, Proportion("event").estimate(rows)))
    return found


def test_the_same_inputs_in_any_order_give_the_same_verdict() -> None:
    results = sampled()
    catalogue = samples.catalogue(3)
    shuffled = random.Random(3).sample(results, len(results))
    backwards = dict(reversed(catalogue.items()))
    first = said(results, catalogue=catalogue)
    assert said(results, catalogue=catalogue) == first
    assert said(shuffled, catalogue=backwards, gates=dict(reversed(OPEN.items()))) == first


def test_forty_indicators_and_many_owners_take_well_under_a_second() -> None:
    results = sampled(7, owners=250)
    start = time.process_time()
    said(results, catalogue=samples.catalogue(7))
    assert time.process_time() - start < 1.0


CHOICES = st.lists(st.none() | st.floats(21, 99), min_size=6, max_size=6)


@settings(deadline=None, max_examples=40)
@given(CHOICES, st.integers(0, 5))
def test_removing_evidence_never_raises_evidence_and_only_widens_the_range(
    wanted: list[float | None], gone: int
) -> None:
    full = said(at_scores(*wanted))
    less = said(at_scores(*[None if i == gone else w for i, w in enumerate(wanted)]))
    assert less.evidence <= full.evidence
    assert less.stage_range[0].rank <= full.stage_range[0].rank
    assert less.stage_range[1].rank >= full.stage_range[1].rank
    assert sum(full.probabilities.values()) == pytest.approx(1)


@settings(deadline=None, max_examples=40)
@given(st.lists(st.floats(21, 99), min_size=6, max_size=6), st.integers(0, 5), st.floats(0, 40))
def test_a_better_indicator_never_lowers_the_score(
    wanted: list[float], which: int, more: float
) -> None:
    better = [min(w + more, 99) if i == which else w for i, w in enumerate(wanted)]
    first, second = said(at_scores(*wanted)).score, said(at_scores(*better)).score
    assert first is not None
    assert second is not None
    assert second >= first - 1e-9


def test_each_margin_reproduces_its_own_interval() -> None:
    rows = samples.counts([12] * 20, [3, 9, 6, 11, 2] * 4)
    share = Proportion("event").estimate(rows)
    luck = Luck(1, 4000)
    draws = sampled_share(share, luck.deviates({"a": share})["a"])
    assert np.quantile(draws, [0.025, 0.975]) == pytest.approx([share.low, share.high], abs=0.01)
    hours = samples.indicator("hours", anchors=(24, 8, 1), unit="hours", better="lower")
    median = Estimate(6.0, 4.0, 11.0, 90, 12)
    drawn = sampled_duration(hours, median, luck.deviates({"b": median})["b"])
    assert np.quantile(drawn, [0.025, 0.975]) == pytest.approx([4, 11], rel=0.05)
    never = Estimate(None, 30.0, None, 90, 12, bound=">720")
    assert sampled_duration(hours, never, np.array([-1.96, 0.0, 2.0])) == pytest.approx(
        [30, 96, 96], rel=0.01
    )
    assert sampled_duration(hours, Estimate(5.0, None, None, 3), np.zeros(2)).tolist() == [5, 5]


@pytest.mark.parametrize("end", [0.0, 1.0])
def test_a_share_at_its_end_is_drawn_inside_its_interval(end: float) -> None:
    estimate = Estimate(end, max(end - 0.1, 0), min(end + 0.1, 1), 30, 10)
    draws = sampled_share(estimate, np.array([-1.96, 0.0, 1.96]))
    assert sorted(draws)[0 if end else 2] == pytest.approx(abs(end - 0.1), abs=1e-3)
    assert draws[1] == end


def test_indicators_on_the_same_owners_move_together() -> None:
    rows = samples.counts([12] * 20, [3, 9, 6, 11, 2] * 4)
    share = Proportion("event").estimate(rows)
    other = Estimate(0.5, 0.4, 0.6, 240, 20, influence={"x": 0.1, "y": -0.1})
    drawn = Luck(1, 2000).deviates({"a": share, "b": share, "c": other})
    assert np.corrcoef(drawn["a"], drawn["b"])[0, 1] == pytest.approx(1)
    assert abs(np.corrcoef(drawn["a"], drawn["c"])[0, 1]) < 0.1
    assert drawn["a"].std() == pytest.approx(1, abs=0.05)


def test_the_last_bit_of_a_sum_does_not_change_the_draws() -> None:
    influence = {"a": 0.1, "b": -0.1, "c": 0.0}
    nudged = {"a": 0.1 + 2e-17, "b": -0.1 + 1e-17, "c": 1e-17}
    first, second = (
        Luck(1, 1000).deviates({"x": Estimate(0.5, 0.3, 0.7, 30, 3, influence=given)})["x"]
        for given in (influence, nudged)
    )
    assert first == pytest.approx(second)


def test_more_draws_begin_with_the_same_owners_luck() -> None:
    few = Luck(1, 1000).stream("owner|005A").poisson(1.0, 1000)
    many = Luck(1, 2000).stream("owner|005A").poisson(1.0, 2000)
    assert (few == many[:1000]).all()


def test_the_score_interval_widens_with_fewer_records() -> None:
    catalogue = samples.catalogue(3)
    many, few = sampled(owners=60), sampled(owners=8)
    wide, narrow = said(few, catalogue=catalogue), said(many, catalogue=catalogue)
    assert wide.low is not None
    assert wide.high is not None
    assert wide.score is not None
    assert wide.low <= wide.score <= wide.high
    assert wide.high - wide.low > (narrow.high or math.inf) - (narrow.low or 0)


def test_an_indicators_weight_can_be_overridden() -> None:
    two = samples.catalogue(2)
    results = [known(one, 90 if one.id.endswith("1") else 50) for one in two.values()]
    none = {f"{d.value}_0": IndicatorOverride(weight=0) for d in DIMENSIONS}
    got = said(results, catalogue=two, definitions=Definitions(indicators=none))
    assert got.score == pytest.approx(90)
    assert isinstance(results[0].statistics, pa.Table | None)


NEEDED = sorted({need.partition(".")[0] for one in CATALOGUE.values() for need in one.needs})


@settings(deadline=None, max_examples=15)
@given(
    st.lists(st.floats(21, 99), min_size=len(CATALOGUE), max_size=len(CATALOGUE)),
    st.sets(st.sampled_from(NEEDED), max_size=4),
    st.sets(st.sampled_from(NEEDED), min_size=1, max_size=2),
)
def test_missing_tables_never_raise_evidence_and_only_widen_the_range(
    wanted: list[float], gone: set[str], more: set[str]
) -> None:
    """Whatever is gone already: tables one by one and in pairs, over the real catalogue."""

    def without(absent: set[str]) -> Verdict:
        def lacks(needs: tuple[str, ...]) -> bool:
            return any(
                all(n.partition(".")[0] in absent for n in need.split("|")) for need in needs
            )

        lost = Estimate.not_assessed("no source gives the table")
        given_ = [
            samples.result(one, lost) if lacks(one.needs) else known(one, score)
            for one, score in zip(CATALOGUE.values(), wanted, strict=True)
        ]
        gates = {n: e for n, e in OPEN.items() if not lacks(GATE_NEEDS[n])}
        return said(given_, catalogue=CATALOGUE, gates=gates)

    full, less = without(gone), without(gone | more)
    assert less.evidence <= full.evidence + 1e-12
    assert less.stage_range[0].rank <= full.stage_range[0].rank
    assert less.stage_range[1].rank >= full.stage_range[1].rank


def test_several_steps_the_smallest_first() -> None:
    got = said(at_scores(62, 66, 58, 55, 64, 50))
    steps = got.steps
    effort = [(s.to_score or 0) - (s.from_score or 0) for s in steps]
    assert len(steps) > 1
    assert effort == sorted(effort)
    assert steps[0] == got.next_step
    assert all(s.now is not None and s.value is not None and s.value > s.now for s in steps)


def test_a_gate_comes_first_and_the_score_falls_short_beside_it() -> None:
    shut = {**OPEN, "decisions_recorded": Estimate(0.0, None, None, 300)}
    got = said(at_scores(62, 66, 58, 55, 64, 50), gates=shut)
    assert [step.kind for step in got.steps[:2]] == ["gate", "indicator"]


def test_what_an_indicator_adds_over_a_neutral_one() -> None:
    got = said(at_scores(82, 82, 82, 82, 82, 25))
    assert {p.indicator: p.adds > 0 for p in got.pulls} == {
        name: name != "structure_0" for name in ONE_EACH
    }


def test_the_interval_and_the_chances_are_centred_on_the_score() -> None:
    """Six dimensions alike: each draw picks the weakest, which is below all of them."""
    catalogue = samples.catalogue(1)
    alike = samples.counts([40] * 30, [26] * 30)
    estimate = replace(Proportion("event").estimate(alike), influence={})
    got = said([samples.result(one, estimate) for one in catalogue.values()], catalogue=catalogue)
    score, low, high = samples.numbers(got.score, got.low, got.high)
    assert (low + high) / 2 == pytest.approx(score, abs=0.35 * (high - low))
    assert low < score < high
