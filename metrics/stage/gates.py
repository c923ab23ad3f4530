"""The gates: at most one per stage, each a thing without which no higher stage can be claimed."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from metrics.declaration import Indicator
from metrics.estimate import Estimate
from metrics.stage.verdict import Held
from model.definitions import StageSettings
from model.stages import STAGES, Stage
from model.words import percent

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
SHARES = {"handoffs_recorded": "recorded handoff", "decisions_recorded": "recorded decision"}
SHARED = "shared_metrics"
KNOWN = (*SHARES, SHARED)


@dataclass(frozen=True)
class Gate:
    """With under `least` of what `id` names, the stage is not above `cap`."""

    id: str
    cap: Stage
    least: float
    indicator: Indicator | None = None

    @property
    def title(self) -> str:
        """What is counted."""
        return self.indicator.title if self.indicator else self.id.replace("_", " ")

    def reason(self, estimate: Estimate) -> str:
        """Why it binds, in plain words."""
        value, above = float(estimate.value or 0), f"not above {self.cap.value.title()}"
        if self.id == SHARED:
            if self.least == 1:
                return (
                    f"no metric has a target for both functions; without one the stage is {above}"
                )
            return (
                f"only {value:.0f} metrics have a target for both functions; "
                f"under {self.least:.0f} the stage is {above}"
            )
        told = (
            f"only {percent(value)} of MQLs have a {SHARES[self.id]}"
            if self.id in SHARES
            else f"{self.title}: only {percent(value)}"
        )
        return f"{told}; under {percent(self.least)} the stage is {above}"


def gates_of(settings: StageSettings, catalogue: Mapping[str, Indicator]) -> tuple[Gate, ...]:
    """The configured gates, lowest cap first."""
    found = [
        Gate(one.needs, Stage(stage), one.least, catalogue.get(one.needs))
        for stage, one in settings.gates.items()
        if one is not None
    ]
    return tuple(sorted(found, key=lambda gate: gate.cap.rank))


class Gates:
    """The gates with their evidence. One without evidence binds only in the worst case."""

    def __init__(self, gates: tuple[Gate, ...], estimates: Mapping[str, Estimate]) -> None:
        self.all = gates
        self.known = {
            g.id: estimates[g.id]
            for g in gates
            if g.id in estimates and estimates[g.id].value is not None
        }

    def binding(self) -> list[Gate]:
        """The gates that bind at the point estimates, lowest cap first."""
        return [
            g
            for g in self.all
            if g.id in self.known and float(self.known[g.id].value or 0) < g.least
        ]

    def held(self, ungated: Stage | None) -> tuple[Held, ...]:
        """The binding gates whose cap lies below `ungated`."""
        return tuple(
            Held(g.id, g.reason(self.known[g.id]))
            for g in self.binding()
            if ungated is not None and g.cap.rank < ungated.rank
        )

    def cap(self, *, worst: bool) -> Stage:
        """The highest stage that the gates leave; in the worst case, unknown gates bind too."""
        caps = [g.cap for g in self.binding()]
        if worst:
            caps += [g.cap for g in self.all if g.id not in self.known]
        return min(caps, key=lambda s: s.rank, default=Stage.INTEGRATED)

    def ranks(self, ranks: Ints, shares: Mapping[str, Floats]) -> Ints:
        """Ranks of stages by draw, held down by the gates' own draws."""
        for gate in self.all:
            if gate.id in shares:
                held = np.minimum(ranks, gate.cap.rank)
                ranks = np.where(shares[gate.id] < gate.least, held, ranks)
        return ranks


def capped(stage: Stage, cap: Stage) -> Stage:
    """The lower of two stages."""
    return STAGES[min(stage.rank, cap.rank)]
