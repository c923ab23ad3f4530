"""The gates: at most one per stage, each a thing without which a stage cannot be claimed."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from metrics.estimate import Estimate
from metrics.stage.verdict import Held
from model.stages import STAGES, Stage
from model.words import percent

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Gate:
    """Under `least`, the stage is not above `cap`. `least` None: the configured gate share."""

    id: str
    cap: Stage
    what: str
    least: float | None = None

    def reason(self, estimate: Estimate, share: float) -> str:
        """Why it binds, in plain words."""
        if self.least is not None:
            return f"no {self.what}; without one the stage is not above {self.cap.value.title()}"
        return (
            f"only {percent(float(estimate.value or 0))} of MQLs have a {self.what}; "
            f"under {percent(share)} the stage is not above {self.cap.value.title()}"
        )


GATES = (
    Gate("handoffs_recorded", Stage.UNDEFINED, "recorded handoff"),
    Gate("decisions_recorded", Stage.DEFINED, "recorded decision"),
    Gate("shared_metrics", Stage.ALIGNED, "metric has a target for both functions", least=1.0),
)


class Gates:
    """The gates with their evidence. One without evidence binds only in the worst case."""

    def __init__(self, estimates: Mapping[str, Estimate], share: float) -> None:
        self._share = share
        self.known = {
            g.id: estimates[g.id]
            for g in GATES
            if g.id in estimates and estimates[g.id].value is not None
        }

    def least(self, gate: Gate) -> float:
        """The value under which `gate` binds."""
        return self._share if gate.least is None else gate.least

    def binding(self) -> list[Gate]:
        """The gates that bind at the point estimates, lowest cap first."""
        return [
            g
            for g in GATES
            if g.id in self.known and float(self.known[g.id].value or 0) < self.least(g)
        ]

    def held(self, ungated: Stage | None) -> tuple[Held, ...]:
        """The binding gates whose cap lies below `ungated`."""
        return tuple(
            Held(g.id, g.reason(self.known[g.id], self._share))
            for g in self.binding()
            if ungated is not None and g.cap.rank < ungated.rank
        )

    def cap(self, *, worst: bool) -> Stage:
        """The highest stage that the gates leave; in the worst case, unknown gates bind too."""
        caps = [g.cap for g in self.binding()]
        if worst:
            caps += [g.cap for g in GATES if g.id not in self.known]
        return min(caps, key=lambda s: s.rank, default=Stage.INTEGRATED)

    def ranks(self, ranks: Ints, shares: Mapping[str, Floats]) -> Ints:
        """Ranks of stages by draw, held down by the gates' own draws."""
        for gate in GATES:
            if gate.id in shares:
                held = np.minimum(ranks, gate.cap.rank)
                ranks = np.where(shares[gate.id] < self.least(gate), held, ranks)
        return ranks


def capped(stage: Stage, cap: Stage) -> Stage:
    """The lower of two stages."""
    return STAGES[min(stage.rank, cap.rank)]
