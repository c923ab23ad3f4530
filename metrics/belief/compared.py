"""Statement by statement: what each function says, and whether the records bear it out.

A function holds a statement true when its mean is at least as near to "agree" as to "neither"
(3.5 or more), untrue when it is at most 2.5; in between it is of two minds. Only a view that is
held can be contradicted, and only by records that take a side (see `record`): the two scales are
never subtracted from each other.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from metrics.belief.record import Bearing, Record, bearing, record_of
from metrics.declaration import Result
from metrics.survey import STATEMENTS, Statement
from model.stages import STAGES

View = Literal["true", "untrue", "of two minds"]
Agreement = Literal["borne out", "contradicted", "undecided", "unknown"]
NEITHER, HELD = 3.0, 0.5
SIDES = ("sales", "marketing")


@dataclass(frozen=True)
class Opinion:
    """A function's mean on a statement (1 to 5); None where nothing may be shown."""

    mean: float | None = None

    @property
    def view(self) -> View | None:
        """What the function holds; None where nothing is known."""
        if self.mean is None:
            return None
        if abs(self.mean - NEITHER) < HELD:
            return "of two minds"
        return "true" if self.mean > NEITHER else "untrue"


@dataclass(frozen=True)
class Difference:
    """Sales minus Marketing on the scale of 1 to 5; the interval is None where it may not be
    shown.
    """

    value: float
    low: float | None = None
    high: float | None = None

    @property
    def exceeds(self) -> bool | None:
        """Whether it is more than chance; None where no interval says so."""
        if self.low is None or self.high is None:
            return None
        return self.low > 0 or self.high < 0


@dataclass(frozen=True)
class Compared:
    """One statement: what both functions say, what the records show, and whether they agree."""

    statement: Statement
    opinions: Mapping[str, Opinion]
    difference: Difference | None
    evidence: tuple[Bearing, ...]
    record: Record

    def agreement(self, function: str) -> Agreement:
        """Whether the records bear out what `function` holds."""
        view = self.opinions[function].view
        if view is None or self.record in ("not_assessed", "not_observable"):
            return "unknown"
        if view == "of two minds" or self.record in ("mixed", "open"):
            return "undecided"
        return "borne out" if (view == "true") == (self.record == "for") else "contradicted"

    @property
    def contradicted(self) -> tuple[str, ...]:
        """The functions whose view the records contradict."""
        return tuple(one for one in SIDES if self.agreement(one) == "contradicted")

    @property
    def is_weak(self) -> bool:
        """Whether all evidence that takes a side is weak, or declared by somebody."""
        taking = [one.estimate for one in self.evidence if one.side in ("for", "against")]
        return bool(taking) and all(one.status == "weak" or one.declared for one in taking)

    @property
    def is_measured(self) -> bool:
        """Whether an indicator that measures the statement itself takes a side."""
        return any(one.how == "measured" for one in self.evidence if one.side in ("for", "against"))

    @property
    def weight(self) -> tuple[float, ...]:
        """How much a contradiction weighs; greater is more. In this order: how many functions it
        concerns, sound evidence before weak, a measure before a proxy, how far the records lie
        from Aligned in stages, how strongly the view is held.
        """
        held = [abs((self.opinions[one].mean or NEITHER) - NEITHER) for one in self.contradicted]
        ends = (STAGES[0], STAGES[-1])
        extreme = any(one.result.stage in ends for one in self.evidence)
        return (
            float(len(held)),
            float(not self.is_weak),
            float(self.is_measured),
            float(extreme),
            max(held, default=0.0),
        )


def compared(
    opinions: Mapping[int, Mapping[str, Opinion]],
    differences: Mapping[int, Difference],
    results: Mapping[str, Result],
) -> list[Compared]:
    """All twenty statements in their order. `opinions` by number and function, `differences` by
    number, `results` the indicators by id; what is absent is unknown.
    """
    found = []
    for one in STATEMENTS:
        given = opinions.get(one.number, {})
        bearings = tuple(
            bearing(results[name], how) for name, how in one.bearing.items() if name in results
        )
        found.append(
            Compared(
                statement=one,
                opinions={side: given.get(side, Opinion()) for side in SIDES},
                difference=differences.get(one.number),
                evidence=bearings,
                record=record_of(one.bearing, bearings),
            )
        )
    return found


def contradictions(statements: Sequence[Compared]) -> list[Compared]:
    """The statements that the records contradict, the weightiest first."""
    found = [one for one in statements if one.contradicted]
    return sorted(found, key=lambda one: (*(-x for x in one.weight), one.statement.number))


def splits(statements: Sequence[Compared]) -> list[Compared]:
    """The statements on which the functions differ, the largest difference first. Where intervals
    may be shown, a difference within its interval is none.
    """
    found = [
        one
        for one in statements
        if one.difference is not None
        and abs(one.difference.value) >= HELD
        and one.difference.exceeds is not False
    ]
    return sorted(found, key=lambda one: (-_size(one), one.statement.number))


def _size(one: Compared) -> float:
    return abs(one.difference.value) if one.difference else 0.0
