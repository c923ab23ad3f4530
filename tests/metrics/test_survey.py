import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from metrics.survey import STATEMENTS, Response, results, score
from metrics.survey.agreement import agreement, agreement_of_both
from metrics.survey.disclosure import shown_cells
from model.definitions import SurveySettings
from model.errors import SurveyError
from model.stages import Stage

SETTINGS = SurveySettings()
ANSWER = st.none() | st.integers(1, 5)


def staff(function: str, *totals: int) -> list[Response]:
    """One response per total of 20–100, spread as evenly as it goes."""
    found = []
    for total in totals:
        answers = [total // 20 + (i < total % 20) for i in range(20)]
        found.append(Response(function, "staff", None, tuple(answers)))
    return found


def head(function: str, name: str, answer: int) -> Response:
    return Response(function, "head", name, (answer,) * 20)


def test_the_questionnaire_is_complete_and_tied_to_the_evidence() -> None:
    assert [s.number for s in STATEMENTS] == list(range(1, 21))
    assert [s.number for s in STATEMENTS if not s.is_observable] == [11, 20]
    measured = [s.number for s in STATEMENTS if s.measured]
    assert measured == [1, 3, 6, 7, 12, 13, 14, 17, 18, 19]
    assert [s.number for s in STATEMENTS if s.proxy] == [2, 4, 5, 8, 9, 10, 15, 16]
    assert STATEMENTS[5].bearing == dict.fromkeys(
        ("decision_hours", "loss_reason_rate", "rejection_reason_rate"), "measured"
    )
    assert len({s.text for s in STATEMENTS}) == 20
    assert all(re.fullmatch(r"[A-Z].*\.", s.text) for s in STATEMENTS)
    assert {s.root for s in STATEMENTS} == {"economic", "cultural"}


@pytest.mark.parametrize(
    ("answers", "wanted"),
    [
        ((3,) * 20, 60),
        ((1,) * 20, 20),
        ((5,) * 16 + (None,) * 4, 100),
        ((4,) * 10 + (3,) * 6 + (None,) * 4, 58 * 20 / 16),
        ((5,) * 15 + (None,) * 5, None),
    ],
)
def test_a_response_is_prorated_from_sixteen_answers(
    answers: tuple[int | None, ...], wanted: float | None
) -> None:
    assert score(answers, 16) == wanted


@pytest.mark.parametrize("answers", [(0,) + (3,) * 19, (6,) * 20, (3,) * 19, (3,) * 21])
def test_answers_out_of_range_are_refused(answers: tuple[int, ...]) -> None:
    with pytest.raises(SurveyError):
        Response("sales", "staff", None, answers)


def test_an_unknown_function_is_refused() -> None:
    with pytest.raises(SurveyError, match="no function 'finance'"):
        Response("finance", "staff", None, (3,) * 20)


def test_nothing_but_counts_before_the_close() -> None:
    responses = [*staff("sales", *range(40, 52)), head("sales", "Kim", 4)]
    got = results(responses, SETTINGS, "open")
    assert got.groups["sales"].n == 12
    assert got.groups["sales"].hidden == "results appear after the wave closes"
    assert (got.groups["sales"].mean, got.heads, got.gap) == (None, (), None)


def test_a_group_with_enough_responses_shows_everything() -> None:
    totals = [42, 45, 50, 55, 58, 60, 61, 64, 70, 82, 39, 66]
    both = [*staff("sales", *totals), *staff("marketing", *[t + 10 for t in totals])]
    got = results(both, SETTINGS, "closed", {"sales": 20, "marketing": 12})
    sales = got.groups["sales"]
    assert sales.mean == pytest.approx(np.mean(totals))
    assert sales.sd == pytest.approx(np.std(totals, ddof=1))
    interval = stats.t.interval(0.95, 11, np.mean(totals), stats.sem(totals))
    assert (sales.low, sales.high) == pytest.approx(interval)
    assert sales.stage is Stage.DEFINED
    assert sales.stages is not None
    assert sales.stages[Stage.UNDEFINED] == pytest.approx(1 / 12)
    assert sales.response_rate == pytest.approx(0.6)
    assert got.gap is not None
    assert got.gap.value == pytest.approx(-10)
    welch = stats.ttest_ind(totals, [t + 10 for t in totals], equal_var=False)
    assert (got.gap.low, got.gap.high) == pytest.approx(tuple(welch.confidence_interval()))


def test_functions_weigh_equally_whatever_their_number() -> None:
    responses = [*staff("sales", *[40] * 30), *staff("marketing", *[80] * 10)]
    got = results(responses, SETTINGS, "closed")
    assert got.groups["all"].mean == pytest.approx(60)
    assert got.groups["all"].stages == {
        Stage.UNDEFINED: 0,
        Stage.DEFINED: 0.5,
        Stage.ALIGNED: 0,
        Stage.INTEGRATED: 0.5,
    }
    assert got.statement_gaps is not None
    assert got.statement_gaps[1] is not None
    assert got.statement_gaps[1].value == pytest.approx(-2)


def test_a_small_group_is_hidden_and_the_total_with_it() -> None:
    responses = [*staff("sales", *range(50, 62)), *staff("marketing", 60, 61, 62, 63)]
    got = results(responses, SETTINGS, "closed")
    assert got.groups["marketing"].hidden == "fewer than 5 scored responses"
    assert got.groups["marketing"].mean is None
    assert got.groups["all"].hidden == "one of the two functions is hidden"
    assert (got.groups["all"].mean, got.gap, got.statement_gaps) == (None, None, None)
    assert got.groups["sales"].mean is not None


def test_under_ten_responses_the_mean_alone_to_one_decimal() -> None:
    responses = [*staff("sales", 51, 52, 52, 60, 61, 62, 63), *staff("marketing", *[70] * 12)]
    got = results(responses, SETTINGS, "closed")
    sales = got.groups["sales"]
    assert sales.mean == 57.3
    assert (sales.low, sales.high, sales.sd, sales.stages) == (None,) * 4
    assert sales.statements is not None
    assert all(m is None or m == round(m, 1) for m in sales.statements.values())
    assert (got.gap and got.gap.value, got.gap and got.gap.low) == (-12.7, None)
    assert got.groups["all"].mean == 63.6 or got.groups["all"].mean == 63.7
    assert got.groups["all"].low is None


def test_heads_stand_by_name_and_outside_their_group() -> None:
    responses = [*staff("sales", *[50] * 5), head("sales", "Kim", 5), head("marketing", "Ada", 2)]
    got = results(responses, SETTINGS, "closed")
    assert [(h.name, h.function, h.score, h.stage) for h in got.heads] == [
        ("Ada", "marketing", 40, Stage.DEFINED),
        ("Kim", "sales", 100, Stage.INTEGRATED),
    ]
    assert (got.groups["sales"].n, got.groups["sales"].mean) == (5, 50)


def test_a_head_without_a_name_is_one_of_the_staff() -> None:
    unnamed = Response("sales", "head", None, (5,) * 20)
    got = results([*staff("sales", *[50] * 5), unnamed], SETTINGS, "closed")
    assert got.heads == ()
    assert got.groups["sales"].n == 6


def test_responses_with_too_few_answers_are_counted_and_not_scored() -> None:
    half = Response("sales", "staff", None, (5,) * 10 + (None,) * 10)
    got = results([*staff("sales", *[50] * 5), half], SETTINGS, "closed", {"sales": 12})
    sales = got.groups["sales"]
    assert (sales.n, sales.unscored, sales.mean, sales.response_rate) == (5, 1, 50, 0.5)
    lonely = results([*staff("sales", *[50] * 4), half], SETTINGS, "closed")
    assert lonely.groups["sales"].hidden is not None


def test_a_statement_that_few_answered_is_hidden() -> None:
    skipping = [Response("sales", "staff", None, (None,) + (3,) * 19)] * 2
    got = results([*staff("sales", *[60] * 4), *skipping], SETTINGS, "closed")
    statements = got.groups["sales"].statements
    assert statements is not None
    assert (statements[1], statements[2]) == (None, 3)


PEOPLE = st.lists(
    st.tuples(
        st.sampled_from(["sales", "marketing", "other"]),
        st.lists(ANSWER, min_size=20, max_size=20),
    ),
    max_size=30,
)


@settings(deadline=None, max_examples=60)
@given(PEOPLE, st.sampled_from(["planned", "open", "closed"]), st.randoms(use_true_random=False))
def test_no_group_under_the_floor_is_ever_shown(
    people: list[tuple[str, list[int | None]]], state: str, random: object
) -> None:
    responses = [Response(f, "staff", None, tuple(answers)) for f, answers in people]
    got = results(responses, SETTINGS, state)  # type: ignore[arg-type]
    for group in got.groups.values():
        if group.mean is not None:
            assert state == "closed"
            assert group.n >= 5
            assert 20 <= group.mean <= 100
        if group.low is not None:
            assert group.n >= 10
    sides = (got.groups["sales"], got.groups["marketing"])
    if any(side.mean is None for side in sides):
        assert got.groups["all"].mean is None
        assert got.gap is None
    backwards = results(responses[::-1], SETTINGS, state)  # type: ignore[arg-type]
    for name, group in got.groups.items():
        if group.mean is not None:
            assert backwards.groups[name].mean == pytest.approx(group.mean)


def test_agreement_is_one_less_the_share_of_random_variance() -> None:
    """Five options at random have variance 2: James, Demaree and Wolf (1984), equation 3."""
    ratings = np.array([4, 4, 4, 5, 3, 4, 4, 5, 3, 4], float)
    assert agreement(ratings) == pytest.approx(1 - stats.tvar(ratings) / 2)
    assert agreement(np.full(10, 3.0)) == 1
    assert agreement(np.array([1, 5] * 5, float)) == 0
    apart = np.full(10, 2.0), np.full(10, 4.0)
    assert agreement_of_both(*apart) == pytest.approx(0.5)
    assert agreement_of_both(apart[0], apart[0]) == 1


def varied(function: str, count: int, seed: int, **more: object) -> list[Response]:
    chance = np.random.default_rng(seed)
    return [
        Response(function, "staff", None, tuple(chance.integers(1, 6, 20).tolist()), **more)  # type: ignore[arg-type]
        for _ in range(count)
    ]


def test_statements_and_roots_are_compared_with_an_interval() -> None:
    sales, marketing = varied("sales", 14, 1), varied("marketing", 11, 2)
    got = results([*sales, *marketing], SETTINGS, "closed")
    first, second = (np.array([r.answers for r in one], float) for one in (sales, marketing))
    welch = stats.ttest_ind(first[:, 6], second[:, 6], equal_var=False).confidence_interval()
    assert got.statement_gaps is not None
    gap = got.statement_gaps[7]
    assert gap is not None
    assert gap.value == pytest.approx(first[:, 6].mean() - second[:, 6].mean())
    assert (gap.low, gap.high) == pytest.approx((welch.low, welch.high))
    economic = [s.number - 1 for s in STATEMENTS if s.root == "economic"]
    by_root = {one.root: one for one in got.roots}
    assert set(by_root) == {"economic", "cultural"}
    means = first[:, economic].mean(axis=1), second[:, economic].mean(axis=1)
    welch = stats.ttest_ind(*means, equal_var=False).confidence_interval()
    assert by_root["economic"].sales == pytest.approx(first[:, economic].mean())
    assert by_root["economic"].gap.low == pytest.approx(welch.low)
    assert by_root["economic"].gap.high == pytest.approx(welch.high)
    agreements = got.groups["sales"].agreements
    assert agreements is not None
    assert agreements[7] == pytest.approx(max(0, 1 - stats.tvar(first[:, 6]) / 2))


def test_a_region_is_hidden_with_a_second_one_it_could_be_subtracted_from() -> None:
    by_region = {"EMEA": 12, "AMER": 6, "APAC": 2}
    responses = [
        one
        for n, (region, count) in enumerate(by_region.items())
        for one in varied("sales", count, n, segment={"region": region})
    ]
    got = results(responses, SETTINGS, "closed", dimensions=["region"])
    assert got.segments is not None
    table = got.segments["region"]
    assert set(table) == {"EMEA"}  # AMER too: the total less both would leave APAC's two
    assert table["EMEA"]["sales"].n == 12
    assert table["EMEA"]["marketing"].mean is None
    assert got.groups["sales"].mean is not None


def test_one_who_leaves_something_open_is_not_given_away_by_the_total() -> None:
    hasty = Response("sales", "staff", None, (None, *[5] * 19))
    got = results([*varied("sales", 11, 3), hasty], SETTINGS, "closed")
    statements = got.groups["sales"].statements
    assert statements is not None
    assert [n for n, mean in statements.items() if mean is None] == [20]
    assert got.groups["sales"].mean is not None


def test_responses_of_an_earlier_wave_do_not_make_up_a_group() -> None:
    again = varied("sales", 8, 4, is_repeated=True)
    got = results([*again, *varied("sales", 4, 5)], SETTINGS, "closed")
    assert got.groups["sales"].mean is None
    assert "an earlier wave" in (got.groups["sales"].hidden or "")
    enough = results([*again, *varied("sales", 5, 5)], SETTINGS, "closed")
    assert enough.groups["sales"].n == 13


@settings(deadline=None, max_examples=60)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["A", "B", "C", None]),
            st.sampled_from(["X", "Y", None]),
            st.booleans(),
        ),
        min_size=5,
        max_size=60,
    )
)
def test_what_the_tables_cut_apart_is_never_small(
    rows: list[tuple[str | None, str | None, bool]],
) -> None:
    fresh = np.array([is_fresh for _, _, is_fresh in rows])
    tables = {"region": [r for r, _, _ in rows], "unit": [u for _, u, _ in rows]}
    shown, _ = shown_cells(tables, fresh, 5)
    kinds: dict[tuple[str | None, str | None], int] = {}
    for region, unit, is_fresh in rows:
        kind = (
            region if region in shown["region"] else None,
            unit if unit in shown["unit"] else None,
        )
        kinds[kind] = kinds.get(kind, 0) + is_fresh
    if any(shown.values()):
        assert min(kinds.values()) >= 5


def test_whoever_gives_one_answer_to_all_is_counted() -> None:
    straight = [Response("sales", "staff", None, (3,) * 20)] * 2
    got = results([*varied("sales", 10, 6), *straight], SETTINGS, "closed")
    assert got.groups["sales"].straight == 2
    assert got.groups["sales"].n == 12
