"""The sentence about the difference is right in every combination of stages and intervals."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metrics.belief import Difference, Opinion, compared
from metrics.estimate import Estimate
from metrics.indicators import CATALOGUE
from metrics.scoring import score
from metrics.survey import STATEMENTS
from model.stages import STAGES, Stage
from monitor.outputs import belief
from monitor.report import StageForm
from monitor.survey_forms import GroupForm
from tests.dashboard import forms
from tests.metrics import samples

NAMES = [stage.value for stage in STAGES]
EDGES = (20, 40, 60, 80, 100)


@st.composite
def groups(draw: st.DrawFn) -> GroupForm:
    """A function's result: hidden, a mean alone, or a mean with its interval."""
    if draw(st.booleans()):
        return forms.group(None, hidden="fewer than 5 scored responses")
    mean = draw(st.floats(20, 100))
    half = draw(st.none() | st.floats(0, 15))
    form = forms.group(mean, Stage.of_score(mean).value)
    form["low"], form["high"] = (None, None) if half is None else (mean - half, mean + half)
    return form


@st.composite
def verdicts(draw: st.DrawFn) -> StageForm:
    """The records at a stage, or at a range of them."""
    low, high = sorted((draw(st.integers(0, 3)), draw(st.integers(0, 3))))
    place = draw(st.none() | st.integers(low, high))
    rest = draw(st.floats(0, 0.5))
    chances = dict.fromkeys(NAMES, rest / 3)
    chances[NAMES[place or 0]] = 1 - rest
    found = {"stage": None if place is None else NAMES[place], "probabilities": chances}
    survey = forms.survey(sales=draw(groups()), marketing=draw(groups()))
    return forms.stage(stage_range=[NAMES[low], NAMES[high]], survey=survey, **found)


def parts(said: str) -> dict[str, str]:
    """What is said of each function."""
    if said.startswith("Sales and Marketing both"):
        return {"sales": said, "marketing": said}
    told = said.rstrip(".").split("; ") if said else []
    return {part.split()[0].lower(): part for part in told}


@given(verdicts())
def test_the_difference_is_said_as_it_is(form: StageForm) -> None:
    survey = form["survey"]
    assert survey is not None
    said = parts(belief.teams(form))
    groups_ = {"sales": survey["sales"], "marketing": survey["marketing"]}
    assert set(said) == {name for name, one in groups_.items() if one["stage"]}
    low, high = (NAMES.index(form["stage"] or end) for end in form["stage_range"])
    for name, words in said.items():
        one = groups_[name]
        assert one["stage"]
        place = NAMES.index(one["stage"])
        assert f"at {one['stage'].title()}" in words
        assert ("higher" in words) == (place > high)
        assert ("lower" in words) == (place < low)
        steps = place - high if place > high else low - place
        if steps > 0:
            assert {1: " a stage ", 2: " two stages ", 3: " three stages "}[steps] in words
        chance = form["probabilities"][one["stage"]]
        reaches = one["low"] is not None and one["high"] is not None
        reaches = reaches and one["low"] < EDGES[low + 1] and one["high"] >= EDGES[low]  # type: ignore[operator]
        near = steps > 0 and form["stage"] is not None and (reaches or chance >= 0.05)
        assert ("perhaps" in words) == near
        assert ("as the records do" in words) == (form["stage"] is not None and steps <= 0)


def test_it_reads_as_a_person_would_say_it() -> None:
    assert belief.teams(forms.stage()) == (
        "Sales sees itself at Undefined, perhaps a stage lower; "
        "Marketing at Aligned, perhaps a stage higher."
    )
    certain: dict[str, Any] = {"probabilities": dict.fromkeys(NAMES, 0.0) | {"defined": 1.0}}
    low = forms.group(24, "undefined")
    same = forms.survey(sales=low, marketing=low)
    assert belief.teams(forms.stage(survey=same, **certain)) == (
        "Sales and Marketing both see themselves at Undefined, a stage lower."
    )
    assert belief.teams(forms.stage(survey=None)) == ""
    apart = forms.not_enough()
    assert belief.teams(apart) == (
        "Sales sees itself at Undefined, which the records leave possible; "
        "Marketing at Aligned, which the records leave possible."
    )


def told(number: int, sales: float | None, marketing: float | None, estimate: Estimate) -> str:
    results = {}
    for name in STATEMENTS[number - 1].bearing:
        one = CATALOGUE[name]
        points = score(one, estimate)
        results[name] = samples.result(one, estimate)
        assert (points is None) == (estimate.value is None)
    opinions = {number: {"sales": Opinion(sales), "marketing": Opinion(marketing)}}
    return belief.statement(compared(opinions, {}, results)[number - 1])


FEW = Estimate(0.12, 0.09, 0.16, 240)
TITLE = CATALOGUE["marketing_on_key_accounts"].title


@pytest.mark.parametrize(
    ("sales", "marketing", "estimate", "said"),
    [
        (
            4.2,
            2.1,
            FEW,
            "Sales agrees (4.2 of 5), Marketing disagrees (2.1 of 5), but the CRM shows that it is "
            f"not so: {TITLE} 12 % (9 % to 16 %), Defined.",
        ),
        (
            2.0,
            1.5,
            FEW,
            "Sales and Marketing both disagree (2.0 and 1.5 of 5), and the CRM shows that it is "
            f"not so: {TITLE} 12 % (9 % to 16 %), Defined.",
        ),
        (
            None,
            None,
            FEW,
            f"No view is shown; the CRM shows that it is not so: {TITLE} 12 % "
            "(9 % to 16 %), Defined.",
        ),
        (
            4.0,
            3.0,
            Estimate(0.3, 0.2, 0.4, 60, status="weak", reason="few owners"),
            "Sales agrees (4.0 of 5), Marketing is of two minds (3.0 of 5); the CRM leaves it "
            f"open: {TITLE} 30 % (20 % to 40 %), Aligned, weak evidence.",
        ),
        (
            4.0,
            4.0,
            Estimate.not_assessed("no team is recorded"),
            "Sales and Marketing both agree (4.0 and 4.0 of 5); the CRM does not show it yet: "
            f"{TITLE}, no team is recorded.",
        ),
    ],
)
def test_a_statement_in_a_sentence(
    sales: float | None, marketing: float | None, estimate: Estimate, said: str
) -> None:
    assert told(13, sales, marketing, estimate) == said


def test_what_no_crm_can_show_is_said_so() -> None:
    opinions = {11: {"sales": Opinion(4.0)}}
    said = belief.statement(compared(opinions, {}, {})[10])
    assert said == "Sales agrees (4.0 of 5); a CRM cannot show it."


@pytest.mark.parametrize(
    ("gap", "said"),
    [
        (Difference(1.6, 0.9, 2.3), "Sales rates it 1.6 higher than Marketing (0.9 to 2.3)."),
        (Difference(-1.6, -2.3, -0.9), "Sales rates it 1.6 lower than Marketing (0.9 to 2.3)."),
        (
            Difference(-0.6, -1.3, 0.1),
            "Sales rates it 0.6 lower than Marketing, which may be chance.",
        ),
        (Difference(0.7), "Sales rates it 0.7 higher than Marketing."),
        (Difference(0.04, -0.2, 0.3), "Sales and Marketing rate it alike."),
    ],
)
def test_a_difference_between_the_teams(gap: Difference, said: str) -> None:
    assert belief.split(compared({}, {5: gap}, {})[4]) == said


def test_a_head_beside_the_verdict_of_the_own_part() -> None:
    sentence = belief.head("Ada Berg", {"region": "EMEA"}, "aligned", forms.stage())
    assert sentence == "Ada Berg puts EMEA at Aligned; the records place it at Defined (91 %)."
    open_ = belief.head("Ada Berg", {"region": "EMEA"}, None, forms.not_enough())
    assert open_ == (
        "Ada Berg left EMEA unscored (too few answers); the records leave it between Undefined and "
        "Aligned."
    )
