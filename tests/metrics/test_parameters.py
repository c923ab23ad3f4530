from typing import Any

import pytest

from metrics.estimate import Estimate
from metrics.indicators import CATALOGUE
from metrics.parameters import problems
from metrics.stage.gates import Gates, gates_of
from model.definitions import Definitions
from model.stages import Stage


def found(**definitions: Any) -> list[str]:
    given = Definitions.model_validate(definitions)
    return [f"{one.key}: {one.what}. {one.todo}" for one in problems(given, CATALOGUE)]


def anchors(name: str, defined: float, aligned: float, integrated: float) -> dict[str, Any]:
    values = {"defined": defined, "aligned": aligned, "integrated": integrated}
    return {"indicators": {name: {"anchors": values}}}


def test_the_defaults_fit() -> None:
    assert found() == []


@pytest.mark.parametrize(
    ("definitions", "said"),
    [
        ({"indicators": {"lead_folowup_rate": {}}}, "Did you mean lead_followup_rate?"),
        (anchors("lead_followup_rate", 0.5, 0.4, 0.9), "do not rise, though higher is better"),
        (anchors("first_response_hours", 1, 8, 24), "do not fall, though lower is better"),
        (anchors("lead_followup_rate", 50, 75, 90), "is not between 0 and 1"),
        (anchors("first_response_hours", 24, 8, -1), "is not above 0"),
        (anchors("common_head", 10, 50, 90), "is not between 20 and 100"),
        (
            {"stage": {"gates": {"defined": {"needs": "decision_rat", "least": 0.1}}}},
            "stage.gates.defined.needs: there is no gate or indicator 'decision_rat'. "
            "Did you mean decision_rate?",
        ),
        (
            {"stage": {"gates": {"defined": {"needs": "never_touched_rate", "least": 0.1}}}},
            "cannot be a gate: it is in share, and lower is better",
        ),
        (
            {"stage": {"gates": {"defined": {"needs": "decision_rate", "least": 10}}}},
            "Write 0.1 for 10 %.",
        ),
        (
            {
                "indicators": {
                    name: {"weight": 0}
                    for name, one in CATALOGUE.items()
                    if one.dimension == "handoff"
                }
            },
            "every indicator of Handoff and rules of engagement has the weight 0",
        ),
    ],
)
def test_a_parameter_that_does_not_fit_is_named(definitions: dict[str, Any], said: str) -> None:
    (one,) = found(**definitions)
    assert said in one


def test_a_gate_may_be_an_indicator_or_none() -> None:
    gates = {
        "undefined": None,
        "defined": {"needs": "decision_rate", "least": 0.3},
    }
    settings = Definitions.model_validate({"stage": {"gates": gates}}).stage
    doors = Gates(gates_of(settings, CATALOGUE), {"decision_rate": Estimate(0.2, 0.1, 0.3, 50, 9)})
    assert doors.cap(worst=False) is Stage.DEFINED
    (held,) = doors.held(Stage.INTEGRATED)
    assert held.reason == (
        "MQLs with a decision in 14 days: only 20 %; under 30 % the stage is not above Defined"
    )
