"""The inferred stage: a penalised profile of dimensions with a simulated probability."""

from metrics.stage.infer import infer
from metrics.stage.movement import Movement, movements
from metrics.stage.verdict import DimensionVerdict, Held, NextStep, Pull, Verdict

__all__ = [
    "DimensionVerdict",
    "Held",
    "Movement",
    "NextStep",
    "Pull",
    "Verdict",
    "infer",
    "movements",
]
