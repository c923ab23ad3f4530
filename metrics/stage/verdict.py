"""What an inference says, and why; `monitor.report.stage_form` gives it its JSON form."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from metrics.estimate import Status
from model.stages import Dimension, Stage

Withheld = Literal["evidence", "people", "probability"]
"""Why no stage is stated: too little evidence, too few people, or none likely enough."""


@dataclass(frozen=True)
class Held:
    """A gate that keeps the stage below what the score says; `reason` in plain words."""

    gate: str
    reason: str


@dataclass(frozen=True)
class DimensionVerdict:
    """One dimension: its score with sampling interval, and the stages that missing evidence
    leaves open. `score` is None where nothing is assessed, `stage` where too little is.
    """

    dimension: Dimension
    score: float | None
    low: float | None
    high: float | None
    stage: Stage | None
    stage_range: tuple[Stage, Stage]
    evidence: float
    status: Status
    missing: tuple[str, ...]


@dataclass(frozen=True)
class Pull:
    """One indicator in the total. `gain`: the points that the total would gain if it scored 100;
    `adds`: how many more or less the total has than if it stood at the neutral 60.
    """

    indicator: str
    dimension: Dimension
    score: float
    gain: float
    adds: float


@dataclass(frozen=True)
class NextStep:
    """A change that alone reaches `stage`: one indicator from `now` to `value` (its unit), one
    dimension at `to_score`, or a gate to pass (`kind` says which).
    """

    kind: str
    id: str
    stage: Stage
    from_score: float | None = None
    to_score: float | None = None
    value: float | None = None
    now: float | None = None


@dataclass(frozen=True)
class Verdict:
    """The inferred stage and everything that qualifies it.

    `stage` is None where a range is all that can be said; `sentence` always says it in words.
    `score`, `low` and `high` (20–100) are before gates, None where nothing is assessed;
    `probabilities` are after gates and add up to 1. `steps` are the cheapest changes that reach
    the next stage, the smallest first.
    """

    stage: Stage | None
    withheld: Withheld | None
    stage_range: tuple[Stage, Stage]
    ungated_stage: Stage | None
    held_by: tuple[Held, ...]
    score: float | None
    low: float | None
    high: float | None
    probabilities: Mapping[Stage, float]
    evidence: float
    dimensions: tuple[DimensionVerdict, ...]
    sentence: str
    pulls: tuple[Pull, ...]
    binding: Dimension | None
    steps: tuple[NextStep, ...]

    @property
    def next_step(self) -> NextStep | None:
        """The smallest change that reaches the next stage."""
        return self.steps[0] if self.steps else None
