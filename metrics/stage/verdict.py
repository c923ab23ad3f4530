"""What an inference says, and why; `monitor.report.stage_form` gives it its JSON form."""

from collections.abc import Mapping
from dataclasses import dataclass

from metrics.estimate import Status
from model.stages import Dimension, Stage


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
    """How many points the total would gain if this indicator scored 100."""

    indicator: str
    dimension: Dimension
    score: float
    gain: float


@dataclass(frozen=True)
class NextStep:
    """The smallest change that reaches `stage`: one indicator at `value` (its unit), one
    dimension at `to_score`, or a gate to pass (`kind` says which).
    """

    kind: str
    id: str
    stage: Stage
    from_score: float | None = None
    to_score: float | None = None
    value: float | None = None


@dataclass(frozen=True)
class Verdict:
    """The inferred stage and everything that qualifies it.

    `stage` is None where a range is all that can be said; `sentence` always says it in words.
    `score`, `low` and `high` (20–100) are before gates, None where nothing is assessed;
    `probabilities` are after gates and add up to 1.
    """

    stage: Stage | None
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
    next_step: NextStep | None
