"""What an inference says: the fields of `detente stage --json`, and why."""

from collections.abc import Mapping
from dataclasses import dataclass

from metrics.estimate import Status
from model.stages import STAGES, Dimension, Stage


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

    def to_json(self) -> dict[str, object]:
        """JSON-ready; scores on 20–100."""
        return {
            "id": self.dimension.value,
            "score": self.score,
            "low": self.low,
            "high": self.high,
            "stage": self.stage and self.stage.value,
            "stage_range": [s.value for s in self.stage_range],
            "evidence": self.evidence,
            "status": self.status,
            "missing": list(self.missing),
        }


@dataclass(frozen=True)
class Pull:
    """How many points the total would gain if this indicator scored 100."""

    indicator: str
    dimension: Dimension
    score: float
    gain: float

    def to_json(self) -> dict[str, object]:
        """JSON-ready."""
        return {
            "id": self.indicator,
            "dimension": self.dimension.value,
            "score": self.score,
            "gain": self.gain,
        }


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

    def to_json(self) -> dict[str, object]:
        """JSON-ready."""
        return {
            "kind": self.kind,
            "id": self.id,
            "stage": self.stage.value,
            "from_score": self.from_score,
            "to_score": self.to_score,
            "value": self.value,
        }


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

    def to_json(self) -> dict[str, object]:
        """JSON-ready; the caller adds `as_of`, `headline`, `survey`, `gap` and `definitions`."""
        return {
            "stage": self.stage and self.stage.value,
            "stage_range": [s.value for s in self.stage_range],
            "ungated_stage": self.ungated_stage and self.ungated_stage.value,
            "held_by": [{"gate": h.gate, "reason": h.reason} for h in self.held_by],
            "score": self.score,
            "low": self.low,
            "high": self.high,
            "probabilities": {s.value: self.probabilities[s] for s in STAGES},
            "evidence": self.evidence,
            "dimensions": [d.to_json() for d in self.dimensions],
            "sentence": self.sentence,
            "pulls": [p.to_json() for p in self.pulls],
            "binding": self.binding and self.binding.value,
            "next_step": self.next_step and self.next_step.to_json(),
        }
