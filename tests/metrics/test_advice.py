"""Whether to change: every row of the sidebar, from data, from the checklist, and from neither."""

from collections.abc import Mapping
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metrics.advice import CONDITIONS, MOVES, Given, Known, advise, answered, recommended
from metrics.advice.conditions import TABLE
from metrics.declaration import Result
from metrics.estimate import Estimate
from metrics.indicators import CATALOGUE
from metrics.scoring import value_at
from model.stages import STAGES, Stage
from tests.metrics import samples

MANY = {"sales": 20, "marketing": 10}
NOTHING = Estimate.not_assessed("nothing is known")
CERTAIN = {stage: float(stage is Stage.DEFINED) for stage in STAGES}
AT = datetime(2026, 11, 20, 9)
SAID = st.none() | st.sampled_from(["yes", "no", "unknown"])


def known(
    people: Mapping[str, int] | None = None,
    results: Mapping[str, Result] | None = None,
    cycle: Estimate = NOTHING,
    before: Estimate = NOTHING,
    said: Mapping[str, str] | None = None,
) -> Known:
    given_ = {name: Given(one, "Ada", AT) for name, one in (said or {}).items()}  # type: ignore[arg-type]
    return Known(people, results or {}, cycle, before, given_)


def scored(name: str, score: float, status: str = "ok") -> Result:
    one = CATALOGUE[name]
    value = value_at(one, score)
    return samples.result(one, Estimate(value, value, value, 90, status=status))  # type: ignore[arg-type]


def results(**scores: float) -> dict[str, Result]:
    return {name: scored(name, score) for name, score in scores.items()}


def holds(name: str, what: Known) -> tuple[str | None, str | None]:
    found = answered(CONDITIONS[name], what)
    return found.answer, found.source


def test_the_table_has_a_row_for_every_stage_and_asks_all_it_knows() -> None:
    assert set(TABLE) == set(STAGES)
    assert {name for row in TABLE.values() for names in row.values() for name in names} == set(
        CONDITIONS
    )
    assert all(one.question.endswith("?") for one in CONDITIONS.values())


@pytest.mark.parametrize(
    ("people", "wanted"),
    [
        ({"sales": 5, "marketing": 4}, ("yes", "records")),
        ({"sales": 6, "marketing": 4}, ("no", "records")),
        ({"sales": 5, "marketing": 0}, (None, None)),  # nobody is known to be in Marketing
        ({}, (None, None)),
        (None, (None, None)),
    ],
)
def test_nobody_known_is_not_a_small_company(
    people: dict[str, int] | None, wanted: tuple[str | None, str | None]
) -> None:
    assert holds("small_company", known(people)) == wanted


@pytest.mark.parametrize(
    ("found", "wanted"),
    [
        (results(never_touched_rate=30, ownership_bounce_rate=90), "yes"),
        (results(never_touched_rate=90, ownership_bounce_rate=59), "yes"),
        (results(never_touched_rate=70, ownership_bounce_rate=70), "no"),
        (results(never_touched_rate=90), None),
        ({"never_touched_rate": scored("never_touched_rate", 25, "weak")}, None),
        ({}, None),
    ],
)
def test_dropped_tasks_are_read_off_the_records(
    found: dict[str, Result], wanted: str | None
) -> None:
    answer = answered(CONDITIONS["dropped_tasks"], known(results=found))
    assert (answer.answer, answer.source) == (wanted, "records" if wanted else None)
    assert answer.said


@pytest.mark.parametrize(("level", "wanted"), [(40, "yes"), (70, "no"), (100, "no")])
def test_only_the_head_of_the_company_in_common_is_to_report_apart(
    level: float, wanted: str
) -> None:
    assert holds("separate_heads", known(results=results(common_head=level))) == (wanted, "records")


def days(value: float, low: float | None, high: float | None, status: str = "ok") -> Estimate:
    return Estimate(value, low, high, 60, status=status)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("cycle", "wanted"),
    [
        (days(20, 15, 30), "yes"),
        (days(20, 15, 31), None),
        (days(50, 31, 80), "no"),
        (days(50, 25, 80), None),
        (days(20, 15, 25, "weak"), None),
        (NOTHING, None),
    ],
)
def test_a_short_cycle_is_short_with_its_whole_interval(
    cycle: Estimate, wanted: str | None
) -> None:
    assert holds("short_cycle", known(cycle=cycle))[0] == wanted


def test_a_shorter_cycle_is_a_sign_that_the_heads_may_overrule() -> None:
    now, before = days(30, 26, 34), days(50, 40, 60)
    assert holds("shorter_lives", known(cycle=now, before=before)) == ("yes", "records")
    overruled = known(cycle=now, before=before, said={"shorter_lives": "no"})
    assert holds("shorter_lives", overruled) == ("no", "checklist")
    assert answered(CONDITIONS["shorter_lives"], overruled).is_contested
    same = known(cycle=days(45, 36, 54), before=days(50, 40, 60))
    assert holds("shorter_lives", same) == (None, None)


def test_records_go_before_the_checklist_and_say_where_it_disagrees() -> None:
    what = known(results=results(never_touched_rate=25), said={"dropped_tasks": "no"})
    found = answered(CONDITIONS["dropped_tasks"], what)
    assert (found.answer, found.source, found.is_contested) == ("yes", "records", True)
    alone = answered(CONDITIONS["dropped_tasks"], known(said={"dropped_tasks": "no"}))
    assert (alone.answer, alone.source) == ("no", "checklist")
    taken_back = answered(CONDITIONS["dropped_tasks"], known(said={"dropped_tasks": "unknown"}))
    assert taken_back.answer is None


def course(stage: Stage | None, **checklist: str) -> str:
    return advise(stage, CERTAIN, known(MANY, said=checklist)).course


def test_the_four_answers() -> None:
    assert course(Stage.DEFINED, market_turns="yes") == "move"
    assert course(Stage.DEFINED, plain_products="yes") == "stay"
    assert course(Stage.DEFINED, market_turns="yes", plain_products="yes") == "weigh"
    assert course(Stage.DEFINED) == "open"
    assert course(Stage.INTEGRATED) == "stay"
    none = dict.fromkeys(TABLE[Stage.DEFINED]["move"], "no")
    found = advise(Stage.DEFINED, CERTAIN, known(MANY, said=none))
    assert (found.course, found.staying) == ("stay", ("none of the reasons to move on holds",))


def test_without_a_stage_there_is_no_advice_but_the_questions_of_the_likeliest() -> None:
    found = advise(None, CERTAIN, known(MANY, said={"market_turns": "yes"}))
    assert (found.stage, found.is_firm, found.course) == (Stage.DEFINED, False, "open")
    assert {one.condition.id for _, one in found.answers} == {
        *TABLE[Stage.DEFINED]["leave"],
        *TABLE[Stage.DEFINED]["move"],
    }


@pytest.mark.parametrize("stage", [None, *STAGES])
def test_a_handful_of_people_need_no_machinery(stage: Stage | None) -> None:
    few = {"sales": 4, "marketing": 3}
    found = advise(stage, CERTAIN, known(few))
    assert (found.course, found.is_small) == ("stay", True)
    assert "good informal relations need no machinery" in found.staying[0]
    at_odds = advise(stage, CERTAIN, known(few, said={"good_relations": "no"}))
    assert not at_odds.is_small


@given(
    st.sampled_from(STAGES),
    st.fixed_dictionaries(dict.fromkeys(CONDITIONS, SAID)),
    st.integers(1, 40),
)
def test_the_advice_follows_from_the_answers(
    stage: Stage, said: dict[str, str | None], sellers: int
) -> None:
    checklist = {name: one for name, one in said.items() if one is not None}
    found = advise(stage, CERTAIN, known({"sales": sellers, "marketing": 5}, said=checklist))
    yes = dict.fromkeys(("leave", "move"), 0)
    for way, one in found.answers:
        yes[way] += one.answer == "yes"
        if one.source == "checklist":
            assert one.answer == checklist[one.condition.id]
    assert len(found.moving) == yes["move"]
    if found.course == "move":
        assert yes["move"]
        assert not yes["leave"]
    if found.course == "weigh":
        assert yes["move"]
        assert yes["leave"] or found.is_small
    if found.course == "open":
        assert any(one.answer is None for way, one in found.answers if way == "move")
    if found.course == "stay":
        assert found.staying
        assert not yes["move"] or stage is Stage.INTEGRATED
    assert found.is_small == (sellers + 5 < 10 and checklist.get("good_relations") != "no")


def test_the_moves_rest_on_indicators_that_exist() -> None:
    assert {move.at for move in MOVES} == set(STAGES[:-1])
    for move in MOVES:
        assert move.indicators
        assert set(move.indicators) <= set(CATALOGUE)


def test_a_move_is_called_for_by_what_lies_below_the_next_stage() -> None:
    found = results(
        joint_meeting_cadence=45,
        marketing_in_key_meetings=85,
        content_use_rate=70,
        shared_record_use=61,
        decision_hours=30,
    )
    gains = {"decision_hours": 4.0}
    moves = recommended(Stage.DEFINED, found, gains, {})
    called = [one.move.id for one in moves if one.calls]
    assert called == ["cheap_feedback", "regular_meeting"]
    assert [one.move.id for one in moves if not one.calls] == ["joint_assignments"]
    (call,) = moves[0].calls
    assert (call.target, call.gain, call.closes_the_gap) == (48, 4.0, False)
    (call,) = recommended(Stage.DEFINED, found, gains, {"decision_hours": 30.5})[0].calls
    assert (call.target, call.closes_the_gap) == (30.5, True)
    assert recommended(Stage.INTEGRATED, found, gains, {}) == []


def test_a_move_that_nothing_can_judge_comes_last() -> None:
    absent = {n: samples.result(i, NOTHING) for n, i in CATALOGUE.items()}
    found = {**absent, **results(common_head=40)}
    moves = recommended(Stage.ALIGNED, found, {}, {})
    assert moves[0].move.id == "common_head"
    assert all(not one.calls and one.unknown for one in moves[1:])
