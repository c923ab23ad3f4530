"""From facts to results: which rows a figure looks at, and what they say.

Every figure is made here and nowhere else. One that lacks what it needs is not assessed, with
every reason in plain words; it is never a zero.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import ibis
import ibis.expr.types as ir
import pyarrow as pa
import pyarrow.compute as pc

from metrics.context import Context, context_of, decisions_known, handoffs_known, mqls_known
from metrics.context import sales_known as sales_is_known
from metrics.context import targets_recorded as targets_are_recorded
from metrics.declaration import EVIDENCE, OUTCOMES, Gauge, Indicator, Measure, Result, Shown
from metrics.estimate import Estimate
from metrics.facts import SEGMENTS
from metrics.facts.sides import owners
from metrics.indicators import CATALOGUE
from metrics.scoring import score
from metrics.statistics import GapQuantile, Proportion, Statistic
from metrics.statistics.base import NOTHING
from model.availability import Availability
from model.definitions import Definitions
from model.periods import Period, end_of, local_day, start_of
from model.stages import Stage

Facts = Mapping[str, ir.Table]
Run = Callable[[ir.Table], pa.Table]
UNSET = "(none)"  # how a segment without a value is called
GATE_DAYS = 90
GATE_MINIMUM = 20


@dataclass(frozen=True)
class Asked:
    """What is asked: of which segment, split by what, over which window, as of when."""

    definitions: Definitions
    as_of: datetime
    window: Period | None
    by: tuple[str, ...]
    where: Mapping[str, str]

    def period(self, one: Measure, statistic: Statistic) -> Period:
        """The local days that the figure covers. Gaps always run over their own days, which
        end with the window.
        """
        last = local_day(self.as_of, self.zone)
        if self.window is None:
            return Period.trailing(one.window_days, last)
        if isinstance(statistic, GapQuantile):
            return Period.trailing(one.window_days, min(self.window.to_on, last))
        return self.window

    def starts_at(self, period: Period) -> datetime:
        """The period's first instant."""
        return start_of(period.from_on, self.zone)

    def ends_at(self, period: Period) -> datetime:
        """The period's last instant, or the as-of where that comes first."""
        return min(end_of(period.to_on, self.zone), self.as_of)

    @property
    def zone(self) -> str:
        """The organisation's own time zone."""
        return self.definitions.calendar.default.timezone


Segment = tuple[str, ...]
Found = tuple[Estimate, dict[str, Estimate], dict[str, pa.Table]]


def evaluate(
    facts: Facts,
    availability: Availability,
    definitions: Definitions,
    *,
    as_of: datetime,
    window: Period | None = None,
    by: Sequence[str] = (),
    where: Mapping[str, str] | None = None,
    only: Sequence[str] = (),
    run: Run,
) -> list[Result]:
    """Every indicator of the catalogue (or `only` some, by id), in its order, for the whole or
    `where` (dimension to value), split `by` dimensions: then each indicator has a result for every
    segment that occurs, and those that cannot be split say so.

    `facts` must be built as of `as_of`. Without a `window` each indicator looks back over its own
    days. A row without a value of a dimension is in the segment "(none)".
    """
    asked = Asked(definitions, as_of, window, tuple(by), dict(where or {}))
    context = context_of(facts, availability, definitions, as_of, run)
    listed = [one.under(definitions) for id_, one in CATALOGUE.items() if not only or id_ in only]
    found = [_of_measure(one, facts, context, asked, run) for one in listed]
    segments = sorted({segment for results, _ in found for segment in results})
    if not by:
        segments = [()]
    return [
        _result(one, segment, results.get(segment), reason, asked)
        for one, (results, reason) in zip(listed, found, strict=True)
        for segment in segments
    ]


def _of_measure(
    one: Measure, facts: Facts, context: Context, asked: Asked, run: Run
) -> tuple[dict[Segment, Found], str | None]:
    """The estimates by segment, or the reason why there is none."""
    if reason := _obstacle(one, context, asked):
        return {}, reason
    doubts = [said for doubt in one.doubts if (said := doubt(context))]
    doubts += context.availability.weakens(one.needs)
    makers = {"": one.statistic, **one.variants}
    estimates: dict[Segment, dict[str, Estimate]] = {}
    statistics: dict[Segment, dict[str, pa.Table]] = {}
    for name, make in makers.items():
        statistic = _own_days(make(asked.definitions), one)
        period = asked.period(one, statistic)
        rows = _rows(one, statistic, facts[one.fact], asked)
        whole = run(_ordered(statistic.aggregate(rows, asked.by)))
        for segment, part in _split(whole, asked.by).items():
            estimate = _estimated(one, statistic, part, asked.ends_at(period))
            estimate = _doubted(_declared(estimate, one, context), doubts)
            estimates.setdefault(segment, {})[name] = estimate
            statistics.setdefault(segment, {})[name] = part
    return {
        segment: (named.pop(""), named, statistics[segment])
        for segment, named in estimates.items()
        if "" in named
    }, None


def estimate_again(
    one: Measure,
    variant: str,
    statistics: pa.Table,
    definitions: Definitions,
    ends_at: datetime,
) -> Estimate:
    """The estimate of a figure (`variant`: of one beside it, "" for itself) from its sufficient
    statistics. What only the context tells (declared, doubts) is not in it.
    """
    make = one.variants[variant] if variant else one.statistic
    return _estimated(one, _own_days(make(definitions), one), statistics, ends_at)


def _estimated(
    one: Measure, statistic: Statistic, statistics: pa.Table, ends_at: datetime
) -> Estimate:
    estimate = statistic.estimate(statistics, minimum_n=one.minimum_n, ends_at=ends_at)
    return Estimate.not_assessed(one.nothing) if estimate.reason == NOTHING else estimate


def _obstacle(one: Measure, context: Context, asked: Asked) -> str | None:
    """Why the figure cannot be assessed at all, every reason, or None."""
    reasons = context.availability.lacks(one.needs)
    reasons += [said for condition in one.conditions if (said := condition(context))]
    unknown = [d for d in (*asked.by, *asked.where) if d not in SEGMENTS[one.fact]]
    if unknown:
        reasons.append(f"cannot be split by {' or '.join(unknown)}: see the whole company")
    return "; ".join(dict.fromkeys(reasons)) or None


def _own_days(statistic: Statistic, one: Measure) -> Statistic:
    if isinstance(statistic, GapQuantile):
        return replace(statistic, over_days=one.window_days)
    return statistic


def _rows(one: Measure, statistic: Statistic, fact: ir.Table, asked: Asked) -> ir.Table:
    """The fact's rows in the window and segment, segments without a value named."""
    rows = _segmented(fact, asked)
    if one.placed_by is None:
        return rows
    period = asked.period(one, statistic)
    placed = rows[one.placed_by]
    until = rows.filter(placed <= asked.ends_at(period))
    if isinstance(statistic, GapQuantile):
        return until  # it knows its own days, to the instant
    return until.filter(until[one.placed_by] >= asked.starts_at(period))


def _segmented(fact: ir.Table, asked: Asked) -> ir.Table:
    named = {d: fact[d].nullif("").fill_null(UNSET) for d in {*asked.by, *asked.where}}
    rows = fact.mutate(**named) if named else fact
    for dimension, value in asked.where.items():
        rows = rows.filter(rows[dimension] == value)
    return rows


def _ordered(rows: ir.Table) -> ir.Table:
    """In an order of their own, as sums of floats depend on it."""
    return rows.order_by(rows.columns)


def _split(statistics: pa.Table, by: tuple[str, ...]) -> dict[Segment, pa.Table]:
    if not by:
        return {(): statistics}
    segments = sorted({tuple(row[d] for d in by) for row in statistics.select(by).to_pylist()})
    parts = {}
    for segment in segments:
        part = statistics
        for dimension, value in zip(by, segment, strict=True):
            part = part.filter(pc.equal(part.column(dimension), value))
        parts[segment] = part
    return parts


def _declared(estimate: Estimate, one: Measure, context: Context) -> Estimate:
    """Targets that somebody declared are evidence of a lesser kind than what the CRM recorded."""
    if one.declared is not None and one.declared(context):
        return replace(estimate, declared=True)
    return estimate


def _doubted(estimate: Estimate, doubts: list[str]) -> Estimate:
    if not doubts or not estimate.is_assessed:
        return estimate
    reasons = [estimate.reason] if estimate.reason else []
    return replace(estimate, status="weak", reason="; ".join([*reasons, *doubts]))


def _result(
    one: Indicator, segment: Segment, found: Found | None, reason: str | None, asked: Asked
) -> Result:
    statistic = one.statistic(asked.definitions)
    period = asked.period(one, statistic)
    nothing = Estimate.not_assessed(reason or one.nothing)
    estimate, variants, statistics = found or (nothing, {}, {})
    points = score(one, estimate)
    return Result(
        indicator=one,
        segment={**asked.where, **dict(zip(asked.by, segment, strict=True))},
        from_on=period.from_on,
        to_on=min(period.to_on, local_day(asked.ends_at(period), asked.zone)),
        estimate=estimate,
        score=points,
        stage=None if points is None else Stage.of_score(points),
        variants=variants,
        statistics=statistics.get(""),
        beside={name: part for name, part in statistics.items() if name},
    )


_INNER = ("cluster", "as_of")


def records(
    facts: Facts,
    indicator_id: str,
    definitions: Definitions,
    *,
    as_of: datetime,
    window: Period | None = None,
    where: Mapping[str, str] | None = None,
    run: Run,
) -> pa.Table:
    """The rows behind an indicator, in the order of their dates: the fact's columns (ids, dates,
    owners, flags), `counted`, and the `reason` why a row is left out (null where it counts).

    Raises KeyError for an indicator that is not in the catalogue. An indicator that cannot be
    split by a dimension of `where` has no rows there.
    """
    one = _found(indicator_id, definitions)
    asked = Asked(definitions, as_of, window, (), dict(where or {}))
    statistic = _own_days(one.statistic(definitions), one)
    fact = facts[one.fact]
    if any(dimension not in SEGMENTS[one.fact] for dimension in asked.where):
        return run(_with_reasons(fact.limit(0), one, statistic))
    rows = _rows(one, statistic, fact, asked)
    if isinstance(statistic, GapQuantile) and one.placed_by:
        since = asked.starts_at(asked.period(one, statistic))
        rows = rows.filter(rows[one.placed_by] >= since)
    listed = _with_reasons(rows, one, statistic)
    return run(listed.order_by([one.placed_by] if one.placed_by else listed.columns[:1]))


def _found(name: str, definitions: Definitions) -> Measure:
    """The figure of that name; KeyError where there is none that counts records."""
    if name in CATALOGUE:
        return CATALOGUE[name].under(definitions)
    one = {**OUTCOMES, **EVIDENCE}[name]
    if isinstance(one, Gauge):
        raise KeyError(name)
    return one


def _with_reasons(rows: ir.Table, one: Measure, statistic: Statistic) -> ir.Table:
    none = ibis.null("string")
    reasons = [
        ibis.ifelse(rows[name].isnull(), one.left_out or f"has no {name.replace('_', ' ')}", none)
        for name in statistic.columns
    ]
    given = rows.mutate(reason=ibis.coalesce(*reasons) if reasons else none)
    return given.mutate(counted=given.reason.isnull()).drop(*_INNER)


def shown(
    facts: Facts,
    availability: Availability,
    definitions: Definitions,
    *,
    as_of: datetime,
    window: Period | None = None,
    by: Sequence[str] = (),
    where: Mapping[str, str] | None = None,
    only: Sequence[str] = (),
    run: Run,
    counted: Mapping[str, tuple[int, int]] | None = None,
) -> tuple[list[Shown], list[Shown]]:
    """The outcomes, for the whole or `where`, split `by` dimensions as indicators are; and the
    measures of evidence quality, never split.

    `counted` has by table the records that are seen and those that the sources say they hold.
    """
    asked = Asked(definitions, as_of, window, tuple(by), dict(where or {}))
    context = context_of(facts, availability, definitions, as_of, run, counted)

    def found(one: Measure, whole: Asked) -> tuple[Measure, dict[Segment, Found], str | None]:
        return one, *_of_measure(one, facts, context, whole, run)

    outcomes = [found(one, asked) for one in OUTCOMES.values() if _wanted(one, only)]
    segments = sorted({segment for _, estimates, _ in outcomes for segment in estimates})
    whole = replace(asked, by=())
    quality = [
        _gauged(one, context, whole)
        if isinstance(one, Gauge)
        else _shown(*found(one, whole), (), whole)
        for one in EVIDENCE.values()
        if _wanted(one, only)
    ]
    return [
        _shown(*one, segment, asked) for one in outcomes for segment in (segments if by else [()])
    ], quality


def _wanted(one: Measure | Gauge, only: Sequence[str]) -> bool:
    return not only or one.id in only


def _gauged(one: Gauge, context: Context, asked: Asked) -> Shown:
    day = local_day(asked.as_of, asked.zone)
    return Shown(one, {}, day, day, one.estimate(context))


def _shown(
    one: Measure,
    found: Mapping[Segment, Found],
    reason: str | None,
    segment: Segment,
    asked: Asked,
) -> Shown:
    nothing = Estimate.not_assessed(reason or one.nothing)
    estimate, variants, statistics = found.get(segment, (nothing, {}, {}))
    period = asked.period(one, one.statistic(asked.definitions))
    to_on = min(period.to_on, local_day(asked.ends_at(period), asked.zone))
    named = {**asked.where, **dict(zip(asked.by, segment, strict=True))}
    own = statistics.pop("", None)
    return Shown(one, named, period.from_on, to_on, estimate, variants, own, statistics)


def gates(
    facts: Facts,
    availability: Availability,
    definitions: Definitions,
    *,
    as_of: datetime,
    where: Mapping[str, str] | None = None,
    run: Run,
) -> dict[str, Estimate]:
    """What the gates of the stage ask: `handoffs_recorded` and `decisions_recorded`, the shares of
    the MQLs of the last 90 days that have one; `shared_metrics`, how many metrics carry targets
    of both functions (for the whole company whatever the segment).
    """
    asked = Asked(definitions, as_of, None, (), dict(where or {}))
    return _gates(facts, availability, asked, run, [()])[()]


def gates_by(
    facts: Facts,
    availability: Availability,
    definitions: Definitions,
    *,
    as_of: datetime,
    by: str,
    values: Sequence[str],
    run: Run,
) -> dict[str, dict[str, Estimate]]:
    """The same for each of the `values` of the dimension `by`."""
    asked = Asked(definitions, as_of, None, (by,), {})
    found = _gates(facts, availability, asked, run, [(value,) for value in values])
    return {value: gates for (value,), gates in found.items()}


def _gates(
    facts: Facts, availability: Availability, asked: Asked, run: Run, segments: Sequence[Segment]
) -> dict[Segment, dict[str, Estimate]]:
    context = context_of(facts, availability, asked.definitions, asked.as_of, run)
    period = Period.trailing(GATE_DAYS, local_day(asked.as_of, asked.zone))
    rows = _segmented(facts["decisions"], asked)
    recent = rows.filter(rows.mql_at.between(asked.starts_at(period), asked.as_of))

    def shares(event: str, *conditions: Callable[[Context], str | None]) -> list[Estimate]:
        reasons = [said for condition in conditions if (said := condition(context))]
        if reasons:
            return [Estimate.not_assessed("; ".join(dict.fromkeys(reasons)))] * len(segments)
        statistic = Proportion(event)
        counted = run(_ordered(statistic.aggregate(recent, asked.by)))
        parts, nothing = _split(counted, asked.by), counted.slice(0, 0)
        return [
            statistic.estimate(parts.get(one, nothing), minimum_n=GATE_MINIMUM) for one in segments
        ]

    handed = shares("has_handoff", mqls_known, sales_is_known, handoffs_known)
    decided = shares("is_decided", mqls_known, decisions_known)
    shared = _shared_count(facts["metrics"], context, run)
    names = ("handoffs_recorded", "decisions_recorded", "shared_metrics")
    each = zip(segments, handed, decided, strict=True)
    return {one: dict(zip(names, (h, d, shared), strict=True)) for one, h, d in each}


def _shared_count(metrics: ir.Table, context: Context, run: Run) -> Estimate:
    reasons = context.availability.lacks(CATALOGUE["shared_metric_coverage"].needs)
    reasons += [said] if (said := targets_are_recorded(context)) else []
    if reasons:
        return Estimate.not_assessed("; ".join(reasons))
    counted = metrics.aggregate(n=metrics.count(), k=metrics.is_shared.sum())
    row = run(counted).to_pylist()[0]
    found = Estimate(float(row["k"] or 0), None, None, int(row["n"]))
    return replace(found, declared=bool(context.declared_metrics))


def people(
    tables: Mapping[str, ir.Table], definitions: Definitions, as_of: datetime, run: Run
) -> dict[str, int]:
    """How many people each side has as of the instant: active users, automation left out."""
    users = tables["users"]
    gone = (users.deactivated_at <= as_of).fill_null(False)
    future = (users.created_at > as_of).fill_null(False)
    own = owners(users.filter(~gone & ~future), tables["queues"], definitions.functions)
    human = own.filter((own.owner_kind == "user") & ~own.is_automation & own.side.notnull())
    counted = run(human.group_by("side").aggregate(n=human.count()))
    sides = {row["side"]: int(row["n"]) for row in counted.to_pylist()}
    return {side: sides.get(side, 0) for side in ("sales", "marketing")}
