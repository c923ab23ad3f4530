"""Words and number formats: nothing missing becomes a zero, nothing is claimed as certain."""

import pytest
from hypothesis import given
from hypothesis import strategies as some

from dashboard import words
from model.stages import Stage
from monitor.report import EstimateForm, StepForm
from monitor.views import StatusForm
from tests.dashboard import forms


def estimate(**changes: object) -> EstimateForm:
    base = {
        "value": 0.5,
        "bound": None,
        "low": 0.4,
        "high": 0.6,
        "n": 30,
        "status": "ok",
        "reason": None,
    }
    return {**base, **changes}  # type: ignore[typeddict-item]


def test_the_sentence_says_the_difference() -> None:
    assert words.headline(forms.stage()) == (
        "The records place you at Defined (91\u00a0%). Sales sees itself at Undefined, perhaps a "
        "stage lower; Marketing at Aligned, perhaps a stage higher."
    )


def test_teams_of_one_mind_are_named_together() -> None:
    same = forms.survey(marketing=forms.group(38.0, "undefined"))
    said = words.headline(forms.stage(survey=same))
    assert said.endswith(
        "Sales and Marketing both see themselves at Undefined, perhaps a stage lower."
    )


def test_a_hidden_team_is_not_spoken_for() -> None:
    hidden = forms.survey(sales=forms.group(None, hidden="fewer than 5 scored responses"))
    said = words.teams_say(forms.stage(survey=hidden))
    assert said == "Marketing sees itself at Aligned, perhaps a stage higher."
    assert words.teams_say(forms.stage(survey=None)) == ""


def test_too_little_evidence_is_said_as_a_range() -> None:
    form = forms.not_enough()
    assert words.records_say(form).endswith("you are between Undefined and Aligned.")
    narrow = forms.stage(stage=None, stage_range=["defined", "defined"])
    assert "point to Defined, but not firmly" in words.records_say(narrow)
    assert words.why_range(form).startswith("Between Undefined and Aligned, not enough evidence")


def test_a_gate_is_said_with_its_reason() -> None:
    held = [{"gate": "decisions_recorded", "reason": "only 4% of MQLs have a recorded decision"}]
    said = words.held(forms.stage(ungated_stage="aligned", held_by=held))
    assert said == (
        "Scores Aligned, held at Defined because only 4\u00a0% of MQLs have a recorded decision."
    )
    assert words.held(forms.stage()) is None


@pytest.mark.parametrize(
    ("form", "unit", "said"),
    [
        (estimate(), "share", "50.0\u00a0%"),
        (estimate(value=5.72), "hours", "5.7\u00a0h"),
        (estimate(value=None, bound=">720"), "hours", "more than 720.0\u00a0h"),
        (estimate(value=365.0), "days", "365.0\u00a0days"),
        (estimate(value=None, status="not_assessed", reason="x"), "share", "not assessed"),
        (estimate(value=0.0), "share", "0.0\u00a0%"),
    ],
)
def test_values_with_their_units(form: EstimateForm, unit: str, said: str) -> None:
    assert words.value(form, unit) == said


@pytest.mark.parametrize(
    ("low", "high", "unit", "said"),
    [
        (48.2, 57.4, "score", "48 to 57"),
        (0.51, 0.623, "share", "51.0 to 62.3\u00a0%"),
        (12.0, None, "hours", "over 12.0\u00a0h"),
        (None, None, "share", "–"),
        (50.0, 50.0, "score", "–"),
    ],
)
def test_intervals(low: float | None, high: float | None, unit: str, said: str) -> None:
    assert words.interval(low, high, unit) == said


@given(some.floats(20, 100))
def test_a_score_never_reads_as_a_higher_stage_than_it_is(score: float) -> None:
    assert Stage.of_score(float(words.score(score))) == Stage.of_score(score)


@given(some.floats(20, 100))
def test_a_score_to_be_reached_is_never_rounded_down(score: float) -> None:
    assert int(words.score_up(score)) >= score - 1e-5


@pytest.mark.parametrize(
    ("probability", "said"),
    [(1.0, "over\u00a099\u00a0%"), (0.0, "under\u00a01\u00a0%"), (0.914, "91\u00a0%")],
)
def test_a_chance_is_never_certain(probability: float, said: str) -> None:
    assert words.chance(probability) == said


def test_the_next_step_in_its_three_kinds() -> None:
    base: StepForm = {
        "kind": "indicator",
        "id": "lead_followup_rate",
        "title": "Leads followed up in time",
        "unit": "share",
        "stage": "aligned",
        "from_score": 50.0,
        "to_score": 71.2,
        "value": 0.8,
        "now": 0.6,
    }
    assert words.step(base, "60.0\u00a0%") == (
        "Leads followed up in time from 60.0\u00a0% to 80.0\u00a0%: that alone would reach Aligned."
    )
    whole: StepForm = {**base, "kind": "dimension", "title": "Shared language", "unit": None}
    assert "Shared language as a whole, from 50 to 72" in words.step(whole)
    gate: StepForm = {**base, "kind": "gate", "id": "decisions_recorded", "value": 0.1}
    assert "for at least 10\u00a0% of the MQLs" in words.step(gate)


def test_times_are_told_in_the_organisations_zone() -> None:
    assert words.moment("2026-11-22T16:40:00Z", "Europe/Berlin") == "22 Nov 2026, 17:40 (CET)"
    assert words.moment(None) == "–"


def test_changes_of_shares_are_points() -> None:
    assert words.change(-0.08, "share") == "−8.0\u00a0points"
    assert words.change(1.5, "hours") == "+1.5\u00a0h"
    assert words.change(None, "hours") == "–"


def test_percent_signs_stand_apart_however_they_came() -> None:
    assert words.sentence("only 4% of 7 % are") == "Only 4\u00a0% of 7\u00a0% are."


def test_how_far_an_action_has_come() -> None:
    assert words.way(0.479, False) == "47\u00a0% of the way"
    assert words.way(1.2, True) == "reached"
    assert words.way(-0.1, False) == "further away"
    assert words.way(None, None) == ""


def test_a_gap_has_a_sign_and_an_interval() -> None:
    assert words.gap({"value": -18.4, "low": -23.0, "high": -13.8}) == "−18.4 (−23.0 to −13.8)"
    assert words.gap({"value": 3.0, "low": None, "high": None}) == "+3.0"
    assert words.gap(None) == "not shown"
    assert words.signed(0.02) == "0.0"


def test_days_of_instants_are_those_of_the_organisations_zone() -> None:
    assert words.day("2026-11-25T23:24:00Z", "Europe/Berlin") == "26 Nov 2026"
    assert words.day("2026-11-26T03:00:00Z", "America/New_York") == "25 Nov 2026"
    assert words.day("2026-11-26", "America/New_York") == "26 Nov 2026"


def test_remarks_read_like_the_rest_of_the_screen() -> None:
    said = words.sentence("Defined since 2026-11-25; the records speak for it (>99 %)")
    assert said == "Defined since 25 Nov 2026; the records speak for it (over\u00a099\u00a0%)."
    assert words.sentence("Aligned (<1 %)") == "Aligned (under\u00a01\u00a0%)."
    assert words.sentence("only 10 of 100 %") == "Only 10 of 100\u00a0%."


def status(**changes: object) -> StatusForm:
    base = {"last_sync": None, "is_stale": False, "age_hours": 0.4}
    return {**base, **changes}  # type: ignore[typeddict-item]


def run(state: str) -> dict[str, object]:
    at = "2026-11-22T16:40:00Z"
    return {"state": state, "started_at": at, "ended_at": None, "api_calls": 0, "error": None}


def test_what_is_not_as_it_should_be_with_the_sync_is_said() -> None:
    assert words.freshness(status(), "UTC") is None
    assert words.freshness(status(last_sync=run("done")), "UTC") is None
    running = words.freshness(status(last_sync=run("running"), is_stale=True), "UTC") or ""
    assert "running since 22 Nov 2026, 16:40 (UTC)" in running
    assert "failed" in (words.freshness(status(last_sync=run("failed")), "UTC") or "")
    old = words.freshness(status(is_stale=True, age_hours=31.2), "UTC") or ""
    assert "31 hours old" in old
    assert "3 days old" in (words.freshness(status(is_stale=True, age_hours=80.0), "UTC") or "")
