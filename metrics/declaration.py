"""How a figure is declared: one decorated function, registered by being defined.

What the figures of one fact share stands once, in a `Subject`. The function's name is the id, its
docstring the definition shown everywhere, and its body builds the statistic from the
organisation's definitions:

    HANDOFFS = Subject(
        "handoffs", "handed_off_at", "no lead was handed to Sales in this period",
        needs=("activities.occurred_at",),
    )

    @indicator(
        HANDOFFS,
        title="Leads followed up in time",
        dimension=Dimension.HANDOFF,
        anchors=convention(0.50, 0.75, 0.90),
        clock="business",
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

from metrics.context import Condition, Context
from metrics.estimate import Estimate
from metrics.facts import SEGMENTS
from metrics.statistics import Statistic
from metrics.statistics.base import NOTHING, Sums
from model.definitions import Definitions
from model.stages import Dimension, Stage

Unit = Literal["share", "hours", "days", "level", "amount", "amount per day", "times"]
Better = Literal["higher", "lower"]
Clock = Literal["business", "wall"] | None
Provenance = Literal["convention", "published", "vendor", "own history", "declared"]
Bearing = Literal["measured", "proxy"]
Build = Callable[[Definitions], Statistic]
Holds = Callable[[Context], bool]
DIMENSIONS_TO_SPLIT = tuple(dict.fromkeys(d for names in SEGMENTS.values() for d in names))


@dataclass(frozen=True)
class Anchor:
    """A value from which a stage starts, and where it comes from."""

    value: float
    kind: Provenance = "convention"
    source: str = ""


Anchors = tuple[Anchor, Anchor, Anchor]


@dataclass(frozen=True)
class Subject:
    """What the figures of one fact have in common.

    `placed_by` is the fact's column that places a row in the window, None for stocks. `nothing`
    is said where there is no row to count. `needs` are "table" or "table.column", for
    `Availability.lacks`; `conditions` are what else must hold before anything can be said, `doubts`
    what makes it weak; `declared` whether it rests on what somebody declared.
    """

    fact: str
    placed_by: str | None
    nothing: str
    needs: tuple[str, ...] = ()
    conditions: tuple[Condition, ...] = ()
    doubts: tuple[Condition, ...] = ()
    minimum_n: int = 20
    window_days: int = 90
    declared: Holds | None = None


@dataclass(frozen=True, kw_only=True)
class Measure:
    """A figure of a fact: what `Subject` says of it, its title, definition, unit and statistic.

    `variants` are other statistics that are shown beside it, on the same rows; `left_out` says why
    a row does not count.
    """

    id: str
    title: str
    definition: str
    unit: Unit
    clock: Clock
    fact: str
    placed_by: str | None
    needs: tuple[str, ...]
    statistic: Build = field(repr=False)
    variants: Mapping[str, Build] = field(default_factory=dict, repr=False)
    window_days: int = 90
    minimum_n: int = 20
    nothing: str = field(default=NOTHING, repr=False)
    left_out: str | None = field(default=None, repr=False)
    conditions: tuple[Condition, ...] = field(default=(), repr=False)
    doubts: tuple[Condition, ...] = field(default=(), repr=False)
    declared: Holds | None = field(default=None, repr=False)

    @property
    def cannot_split(self) -> tuple[str, ...]:
        """The segment dimensions that its fact lacks."""
        own = SEGMENTS.get(self.fact, ())
        return tuple(name for name in DIMENSIONS_TO_SPLIT if name not in own)


@dataclass(frozen=True, kw_only=True)
class Indicator(Measure):
    """A figure that is scored.

    `anchors` are the values from which Defined, Aligned and Integrated start (scores 40, 60, 80).
    `statements` are those of the survey that it bears on, as a measure or a proxy.
    """

    dimension: Dimension
    better: Better
    anchors: Anchors
    statements: Mapping[int, Bearing] = field(default_factory=dict)
    weight: float = 1.0

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
class Gauge:
    """A figure of what is known at all, not of a fact's rows: `estimate` reads it off."""

    id: str
    title: str
    definition: str
    unit: Unit
    estimate: Callable[[Context], Estimate] = field(repr=False)


@dataclass(frozen=True)
class Shown:
    """A figure that is shown and never scored, for one segment and window. See `Result`."""

    measure: Measure | Gauge
    segment: Mapping[str, str]
    from_on: date
    to_on: date
    estimate: Estimate
    variants: Mapping[str, Estimate] = field(default_factory=dict)
    statistics: Sums | None = field(default=None, repr=False, compare=False)
    beside: Mapping[str, Sums] = field(default_factory=dict, repr=False, compare=False)


@dataclass(frozen=True)
class Result:
    """An indicator's estimate for one segment and window.

    `score` (20–100) and `stage` are None where the indicator is not assessed. `statistics` are
    the sufficient statistics that the estimate was made from, so that it can be made again, and
    `beside` those of the variants; empty unless they were to be kept.
    """

    indicator: Indicator
    segment: Mapping[str, str]
    from_on: date
    to_on: date
    estimate: Estimate
    score: float | None
    stage: Stage | None
    variants: Mapping[str, Estimate] = field(default_factory=dict)
    statistics: Sums | None = field(default=None, repr=False, compare=False)
    beside: Mapping[str, Sums] = field(default_factory=dict, repr=False, compare=False)


CATALOGUE: dict[str, Indicator] = {}
OUTCOMES: dict[str, Measure] = {}
EVIDENCE: dict[str, Measure | Gauge] = {}


def convention(defined: float, aligned: float, integrated: float) -> Anchors:
    """Three anchors that rest on convention alone."""
    return Anchor(defined), Anchor(aligned), Anchor(integrated)


def indicator(
    subject: Subject,
    *,
    title: str,
    dimension: Dimension,
    anchors: Anchors,
    unit: Unit = "share",
    better: Better = "higher",
    clock: Clock = None,
    statements: Mapping[int, Bearing] | None = None,
    variants: Mapping[str, Build] | None = None,
    needs: tuple[str, ...] = (),
    conditions: tuple[Condition, ...] = (),
    nothing: str | None = None,
    left_out: str | None = None,
) -> Callable[[Build], Indicator]:
    """Declare an indicator; `needs` and `conditions` come on top of the subject's. Raises
    ValueError for a second one of the same id, a missing docstring, or anchors out of order.
    """

    def register(build: Build) -> Indicator:
        values = [a.value for a in anchors]
        if values != sorted(values, reverse=better == "lower") or len(set(values)) < 3:
            raise ValueError(f"indicator {build.__name__}: anchors {values} do not get {better}")
        plain = _measure(
            subject, build, title, unit, clock, variants, needs, conditions, nothing, left_out
        )
        one = Indicator(
            **vars(plain),
            dimension=dimension,
            better=better,
            anchors=anchors,
            statements=dict(statements or {}),
        )
        _once(one.id)
        CATALOGUE[one.id] = one
        return one

    return register


def outcome(
    subject: Subject,
    *,
    title: str,
    unit: Unit = "share",
    variants: Mapping[str, Build] | None = None,
    needs: tuple[str, ...] = (),
    conditions: tuple[Condition, ...] = (),
    nothing: str | None = None,
    left_out: str | None = None,
) -> Callable[[Build], Measure]:
    """Declare an outcome: shown, never scored."""

    def register(build: Build) -> Measure:
        one = _measure(
            subject, build, title, unit, None, variants, needs, conditions, nothing, left_out
        )
        _once(one.id)
        OUTCOMES[one.id] = one
        return one

    return register


def evidence(
    subject: Subject, *, title: str, needs: tuple[str, ...] = (), left_out: str | None = None
) -> Callable[[Build], Measure]:
    """Declare a measure of evidence quality that counts a fact's rows."""

    def register(build: Build) -> Measure:
        one = _measure(subject, build, title, "share", None, None, needs, (), None, left_out)
        _once(one.id)
        EVIDENCE[one.id] = one
        return one

    return register


def gauge(*, title: str, unit: Unit) -> Callable[[Callable[[Context], Estimate]], Gauge]:
    """Declare a measure of evidence quality that the context answers."""

    def register(estimate: Callable[[Context], Estimate]) -> Gauge:
        one = Gauge(estimate.__name__, title, _definition(estimate), unit, estimate)
        _once(one.id)
        EVIDENCE[one.id] = one
        return one

    return register


def _measure(
    subject: Subject,
    build: Build,
    title: str,
    unit: Unit,
    clock: Clock,
    variants: Mapping[str, Build] | None,
    needs: tuple[str, ...],
    conditions: tuple[Condition, ...],
    nothing: str | None,
    left_out: str | None,
) -> Measure:
    return Measure(
        id=build.__name__,
        title=title,
        definition=_definition(build),
        unit=unit,
        clock=clock,
        fact=subject.fact,
        placed_by=subject.placed_by,
        needs=(*subject.needs, *needs),
        statistic=build,
        variants=dict(variants or {}),
        window_days=subject.window_days,
        minimum_n=subject.minimum_n,
        nothing=nothing or subject.nothing,
        left_out=left_out,
        conditions=(*subject.conditions, *conditions),
        doubts=subject.doubts,
        declared=subject.declared,
    )


def _definition(build: Callable[..., object]) -> str:
    if not build.__doc__:
        raise ValueError(f"{build.__name__}: declared without a docstring")
    return cleandoc(build.__doc__)


def _once(name: str) -> None:
    if name in CATALOGUE or name in OUTCOMES or name in EVIDENCE:
        raise ValueError(f"{name}: declared twice")


def declarations(catalogue: Mapping[str, Measure]) -> str:
    """The figures' own text, for `Definitions.version`: changes whenever a definition does."""
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
