"""How an indicator is declared: one decorated function, registered by being defined.

The function's name is the id, its docstring the definition shown everywhere, and its body builds
the statistic from the organisation's definitions:

    @indicator(
        title="Leads followed up in time",
        dimension=Dimension.HANDOFF,
        unit="share", better="higher", clock="business",
        fact="handoffs", placed_by="handed_off_at",
        needs=("activities.occurred_at",),
        anchors=convention(0.50, 0.75, 0.90),
        statements={1: "proxy"},
    )
    def lead_followup_rate(definitions: Definitions) -> Statistic:
        '''Share of handoffs with a first human sales touch within the agreed time.'''
        return SurvivalShare("response_hours", "is_responded", at=definitions.sla.hours)
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from inspect import cleandoc
from typing import Literal

import pyarrow as pa

from metrics.context import Condition
from metrics.estimate import Estimate
from metrics.statistics import Statistic
from model.definitions import Definitions
from model.stages import Dimension, Stage

Unit = Literal["share", "hours", "days"]
Provenance = Literal["convention", "published", "vendor", "own history", "declared"]
Bearing = Literal["measured", "proxy"]
Build = Callable[[Definitions], Statistic]


@dataclass(frozen=True)
class Anchor:
    """A value from which a stage starts, and where it comes from."""

    value: float
    kind: Provenance = "convention"
    source: str = ""


@dataclass(frozen=True)
class Indicator:
    """One declared indicator.

    `anchors` are the values from which Defined, Aligned and Integrated start (scores 40, 60, 80).
    `needs` are "table" or "table.column", for `Availability.lacks`. `placed_by` is the fact's
    column that places a row in the window, None for stocks. `cannot_split` lists the segment
    columns that its fact lacks. `conditions` are what else must hold before it can be assessed,
    `doubts` what makes its estimate weak. `statistic` builds the main statistic, `variants` the
    others that are shown beside it, on the same rows.
    """

    id: str
    title: str
    definition: str
    dimension: Dimension
    unit: Unit
    better: Literal["higher", "lower"]
    clock: Literal["business", "wall"] | None
    fact: str
    placed_by: str | None
    needs: tuple[str, ...]
    anchors: tuple[Anchor, Anchor, Anchor]
    statistic: Build = field(repr=False)
    variants: Mapping[str, Build] = field(default_factory=dict, repr=False)
    statements: Mapping[int, Bearing] = field(default_factory=dict)
    window_days: int = 90
    minimum_n: int = 20
    weight: float = 1.0
    cannot_split: tuple[str, ...] = ()
    conditions: tuple[Condition, ...] = field(default=(), repr=False)
    doubts: tuple[Condition, ...] = field(default=(), repr=False)

    def under(self, definitions: Definitions) -> "Indicator":
        """The indicator with the organisation's overrides; overridden anchors are `declared`."""
        override = definitions.indicators.get(self.id)
        if override is None:
            return self
        anchors = self.anchors
        if override.anchors is not None:
            given = override.anchors
            values = (given.defined, given.aligned, given.integrated)
            first, second, third = (Anchor(v, "declared", definitions.organisation) for v in values)
            anchors = (first, second, third)
        return replace(
            self,
            anchors=anchors,
            window_days=override.window_days or self.window_days,
            minimum_n=override.minimum_n or self.minimum_n,
            weight=self.weight if override.weight is None else override.weight,
        )


@dataclass(frozen=True)
class Result:
    """An indicator's estimate for one segment and window.

    `score` (20–100) and `stage` are None where the indicator is not assessed. `statistics` are
    the sufficient statistics that the estimate was made from, so that it can be made again.
    """

    indicator: Indicator
    segment: Mapping[str, str]
    from_on: date
    to_on: date
    estimate: Estimate
    score: float | None
    stage: Stage | None
    variants: Mapping[str, Estimate] = field(default_factory=dict)
    statistics: pa.Table | None = field(default=None, repr=False, compare=False)


CATALOGUE: dict[str, Indicator] = {}


def convention(defined: float, aligned: float, integrated: float) -> tuple[Anchor, Anchor, Anchor]:
    """Three anchors that rest on convention alone."""
    return Anchor(defined), Anchor(aligned), Anchor(integrated)


def indicator(
    *,
    title: str,
    dimension: Dimension,
    unit: Unit,
    better: Literal["higher", "lower"],
    fact: str,
    placed_by: str | None,
    needs: tuple[str, ...],
    anchors: tuple[Anchor, Anchor, Anchor],
    clock: Literal["business", "wall"] | None = None,
    variants: Mapping[str, Build] | None = None,
    statements: Mapping[int, Bearing] | None = None,
    window_days: int = 90,
    minimum_n: int = 20,
    cannot_split: tuple[str, ...] = (),
    conditions: tuple[Condition, ...] = (),
    doubts: tuple[Condition, ...] = (),
) -> Callable[[Build], Indicator]:
    """Declare an indicator; see the module. Raises ValueError for a second one of the same id,
    a missing docstring, or anchors that are out of order.
    """

    def register(build: Build) -> Indicator:
        name = build.__name__
        if name in CATALOGUE or not build.__doc__:
            raise ValueError(f"indicator {name}: declared twice, or without a docstring")
        values = [a.value for a in anchors]
        if values != sorted(values, reverse=better == "lower") or len(set(values)) < 3:
            raise ValueError(f"indicator {name}: anchors {values} do not get {better}")
        CATALOGUE[name] = Indicator(
            id=name,
            title=title,
            definition=cleandoc(build.__doc__),
            dimension=dimension,
            unit=unit,
            better=better,
            clock=clock,
            fact=fact,
            placed_by=placed_by,
            needs=needs,
            anchors=anchors,
            statistic=build,
            variants=dict(variants or {}),
            statements=dict(statements or {}),
            window_days=window_days,
            minimum_n=minimum_n,
            cannot_split=cannot_split,
            conditions=conditions,
            doubts=doubts,
        )
        return CATALOGUE[name]

    return register


def declarations(catalogue: Mapping[str, Indicator]) -> str:
    """The indicators' own text, for `Definitions.version`: changes whenever a definition does."""
    plain = Definitions()
    rows = [
        [
            repr(one),
            repr(one.statistic(plain)),
            {k: repr(v(plain)) for k, v in one.variants.items()},
        ]
        for _, one in sorted(catalogue.items())
    ]
    return json.dumps(rows, sort_keys=True)
