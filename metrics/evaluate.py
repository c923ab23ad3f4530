"""From facts to results: which rows a figure looks at, and what they say.

Every figure is made here and nowhere else. One that lacks what it needs is not assessed, with
every reason in plain words; it is never a zero.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import numpy as np

from metrics.asked import Asked, Segment
from metrics.context import (
    READS,
    READS_LATELY,
    Condition,
    Context,
    context_of,
    decisions_known,
    handoffs_known,
    mqls_known,
)
from metrics.context import sales_known as sales_is_known
from metrics.context import targets_recorded as targets_are_recorded
from metrics.declaration import EVIDENCE, OUTCOMES, Gauge, Indicator, Measure, Result, Shown
from metrics.estimate import Estimate
from metrics.facts import SEGMENTS
from metrics.indicators import CATALOGUE
from metrics.loaded import Facts, Loaded, Memory, Needed, Run, Span, instant
from metrics.rows import Array, Rows, combined
from metrics.scoring import score
from metrics.statistics import GapQuantile, Proportion, Statistic
from metrics.statistics.base import NOTHING, Sums
from model.availability import Availability
from model.definitions import Definitions
from model.periods import Period
from model.stages import Stage

GATE_DAYS = 90
GATE_MINIMUM = 20
EVER = np.datetime64("0001-01-01", "us")
HANDED, DECIDED = Proportion("has_handoff"), Proportion("is_decided")  # what the gates ask

Found = tuple[Estimate, dict[str, Estimate], dict[str, Sums]]


def loaded(
    facts: Callable[[], Facts],
    availability: Availability,
    definitions: Definitions,
    as_of: datetime,
    run: Run,
    memory: Memory | None = None,
    few: Mapping[str, Needed] | None = None,
) -> Loaded:
    """`facts`, built as of `as_of` under `definitions`, to be asked for figures; of a `few` of them
    (as `needed` gives) where the facts have no more. With the `memory` of an earlier one over the
    same facts, nothing is loaded twice.
    """
    every = needed(definitions) if few is None else few
    return Loaded(facts, run, availability, definitions, as_of, every, memory or Memory())


def _measures() -> list[Measure]:
    declared = [*CATALOGUE.values(), *OUTCOMES.values(), *EVIDENCE.values()]
    return [one for one in declared if isinstance(one, Measure)]


def _spans(asked: Asked) -> dict[str, Span]:
    """By fact, the instants that the figures of a question look at."""
    found: dict[str, Span] = {}
    for one in _measures():
        measure = one.under(asked.definitions) if isinstance(one, Indicator) else one
        statistic = measure.statistic(asked.definitions)
        period = asked.whole(measure, statistic)
        span = Span(asked.starts_at(period), asked.ends_at(period))
        if isinstance(statistic, GapQuantile):
            span = Span(span.last - timedelta(days=measure.window_days), span.last)
        found[one.fact] = span.with_(found.get(one.fact, span))
    return found


def needed(definitions: Definitions, only: Sequence[str] = ()) -> dict[str, Needed]:
    """What the declared figures and the gates look at, by fact; or `only` some indicators of the
    whole company. The rows have the same order either way, and so sums the same last digit.
    """
    columns: dict[str, dict[str, None]] = {}
    placed: dict[str, dict[str | None, None]] = {}
    for one in _measures():
        if one.fact not in placed or _in(one.id, only):
            placed.setdefault(one.fact, {})[one.placed_by] = None
        for statistic in (one.statistic, *one.variants.values()) if _in(one.id, only) else ():
            reads = statistic(definitions).reads
            columns.setdefault(one.fact, {}).update(dict.fromkeys(reads))
    if not only:
        columns["decisions"].update(dict.fromkeys((*HANDED.reads, *DECIDED.reads)))
    for fact in columns if only else ():
        columns[fact].update(dict.fromkeys(READS.get(fact, ())))
    return {
        fact: Needed(
            tuple(read),
            tuple(at for at in placed[fact] if at),
            None in placed[fact],
            () if only else SEGMENTS[fact],
            READS_LATELY.get(fact, ()) if only else (),
        )
        for fact, read in columns.items()
    }


def evaluate(
    facts: Loaded,
    *,
    window: Period | None = None,
    by: Sequence[str] = (),
    where: Mapping[str, str] | None = None,
    only: Sequence[str] = (),
    keep: bool = False,
) -> list[Result]:
    """Every indicator of the catalogue (or `only` some, by id), in its order, for the whole or
    `where` (dimension to value), split `by` dimensions and one of `asked.PERIODS`: then each
    indicator has a result for every segment that occurs, and those that cannot be split say so.

    Without a `window` each indicator looks back over its own days. A row without a value of a
    dimension is in the segment "(none)". With `keep` the results carry their statistics.
    """
    asked = Asked(facts.definitions, facts.as_of, window, tuple(by), dict(where or {}))
    figures = _Figures(facts, asked, context_of(facts), keep)
    wanted = [one.under(facts.definitions) for id_, one in CATALOGUE.items() if _in(id_, only)]
    found = figures.of_all(wanted)
    segments = _segments(asked, (results for results, _ in found))
    return [
        _result(one, segment, results.get(segment), reason, asked)
        for one, (results, reason) in zip(wanted, found, strict=True)
        for segment in segments
    ]


def _in(name: str, only: Sequence[str]) -> bool:
    return not only or name in only


def _segments(asked: Asked, found: Iterable[Mapping[Segment, Found]]) -> list[Segment]:
    """The segments to tell of: the one whole, every period, or whatever occurs."""
    if not asked.dimensions:
        return [(name,) for name in asked.periods] if asked.split else [()]
    return sorted({segment for results in found for segment in results})


class _Figures:
    """The figures of one question; those on the same rows share them."""

    def __init__(self, facts: Loaded, asked: Asked, context: Context, keep: bool = False) -> None:
        self._facts, self._asked, self._context, self._keep = facts, asked, context, keep
        self._parts: dict[tuple[object, ...], dict[Segment, Rows]] = {}
        self._spans = _spans(asked)

    def of_all(self, wanted: Sequence[Measure]) -> list[tuple[dict[Segment, Found], str | None]]:
        """As `of` each of them, a fact at a time: what its rows were made into is then let go."""
        found = {}
        for fact in dict.fromkeys(one.fact for one in wanted):
            found.update({one.id: self.of(one) for one in wanted if one.fact == fact})
            self._parts.clear()
        return [found[one.id] for one in wanted]

    def of(self, one: Measure) -> tuple[dict[Segment, Found], str | None]:
        """The estimates by segment, or the reason why there is none."""
        if reason := _obstacle(one, self._context, self._asked):
            return {}, reason
        doubts = [said for doubt in one.doubts if (said := doubt(self._context))]
        doubts += self._context.availability.weakens(one.needs)
        estimates: dict[Segment, dict[str, Estimate]] = {}
        kept: dict[Segment, dict[str, Sums]] = {}
        for name, make in {"": one.statistic, **one.variants}.items():
            statistic = _own_days(make(self._asked.definitions), one)
            for segment, rows, ends_at in self._split(one, statistic):
                sums = statistic.sums(rows)
                estimate = _estimated(one, statistic, sums, ends_at)
                if estimate.reason == one.nothing and self._asked.dimensions:
                    continue  # a part in which nothing counts is none
                estimate = _doubted(_declared(estimate, one, self._context), doubts)
                estimates.setdefault(segment, {})[name] = estimate
                if self._keep:
                    kept.setdefault(segment, {})[name] = sums
        return {
            segment: (named.pop(""), named, kept.get(segment, {}))
            for segment, named in estimates.items()
            if "" in named
        }, None

    def _split(
        self, one: Measure, statistic: Statistic
    ) -> Iterator[tuple[Segment, Rows, datetime]]:
        """The rows that the figure looks at, by segment, and when their period ends."""
        asked = self._asked
        if asked.split is None:
            period = asked.period(one, statistic)
            for segment, rows in self._rows(one, statistic, asked).items():
                yield segment, rows, asked.ends_at(period)
        elif isinstance(statistic, GapQuantile):  # its periods overlap
            for name in asked.periods:
                within = asked.within(name)
                ends_at = within.ends_at(within.period(one, statistic))
                for segment, rows in self._rows(one, statistic, within).items():
                    yield asked.named(segment, name), rows, ends_at
        else:
            for segment, rows in self._rows(one, statistic, asked).items():
                yield segment, rows, asked.as_of

    def _rows(self, one: Measure, statistic: Statistic, asked: Asked) -> dict[Segment, Rows]:
        period = asked.whole(one, statistic) if one.placed_by else None
        open_ended = isinstance(statistic, GapQuantile)  # it knows its own days, to the instant
        key = (one.fact, one.placed_by, period, open_ended, asked.by)
        if key not in self._parts:
            self._parts[key] = self._sliced(one, asked, period, open_ended)
        return self._parts[key]

    def _sliced(
        self, one: Measure, asked: Asked, period: Period | None, open_ended: bool
    ) -> dict[Segment, Rows]:
        """The fact's rows in the period and segment, split as asked."""
        if period is None or one.placed_by is None:
            rows = self._facts.rows(one.fact)
        else:
            rows = self._facts.rows(one.fact, self._spans[one.fact])
            first = EVER if open_ended else instant(asked.starts_at(period))
            rows = rows.between(one.placed_by, first, instant(asked.ends_at(period)))
        return _parts(rows.within(asked.where), one, asked)


def _parts(rows: Rows, one: Measure, asked: Asked) -> dict[Segment, Rows]:
    """The rows by segment; one that no row is in is left out."""
    if not asked.by:
        return {(): rows}
    labels: list[Array] = []
    codes: list[Array] = []
    for name in asked.by:
        if name == asked.split and one.placed_by is not None:
            begins = [instant(asked.starts_at(period)) for period in asked.periods.values()]
            codes.append(np.searchsorted(np.array(begins), rows[one.placed_by], side="right") - 1)
            labels.append(np.array(list(asked.periods), dtype=object))
        else:
            codes.append(rows[name])
            labels.append(rows.labels(name))
    found, place = combined(codes, [len(names) for names in labels])
    texts = []
    for names in reversed(labels):
        found, at = np.divmod(found, max(len(names), 1))
        texts.append(names[at])
    segments = list(zip(*reversed(texts), strict=True))
    parts = {segments[code]: part for code, part in rows.split(place, len(segments)).items()}
    if not asked.dimensions:  # a period in which there is nothing is one
        nothing = Rows(rows.whole, slice(0, 0))
        parts = {(name,): parts.get((name,), nothing) for name in asked.periods}
    return parts


def estimate_again(
    one: Measure,
    variant: str,
    statistics: Sums,
    definitions: Definitions,
    ends_at: datetime,
) -> Estimate:
    """The estimate of a figure (`variant`: of one beside it, "" for itself) from its sufficient
    statistics. What only the context tells (declared, doubts) is not in it.
    """
    make = one.variants[variant] if variant else one.statistic
    return _estimated(one, _own_days(make(definitions), one), statistics, ends_at)


def _estimated(one: Measure, statistic: Statistic, statistics: Sums, ends_at: datetime) -> Estimate:
    estimate = statistic.estimate(statistics, minimum_n=one.minimum_n, ends_at=ends_at)
    return Estimate.not_assessed(one.nothing) if estimate.reason == NOTHING else estimate


def _obstacle(one: Measure, context: Context, asked: Asked) -> str | None:
    """Why the figure cannot be assessed at all, every reason, or None."""
    reasons = context.availability.lacks(one.needs)
    reasons += [said for condition in one.conditions if (said := condition(context))]
    unknown = [d for d in (*asked.dimensions, *asked.where) if d not in SEGMENTS[one.fact]]
    if unknown:
        reasons.append(f"cannot be split by {' or '.join(unknown)}: see the whole company")
    if asked.split and one.placed_by is None:
        reasons.append(
            f"cannot be split by {asked.split}: it is taken as of a day, so ask `--as-of` that day"
        )
    return "; ".join(dict.fromkeys(reasons)) or None


def _own_days(statistic: Statistic, one: Measure) -> Statistic:
    if isinstance(statistic, GapQuantile):
        return replace(statistic, over_days=one.window_days)
    return statistic


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
    estimate, variants, statistics = found or _nothing(one, reason)
    points = score(one, estimate)
    period = _days(one, segment, asked)
    return Result(
        indicator=one,
        segment={**asked.where, **dict(zip(asked.by, segment, strict=True))},
        from_on=period.from_on,
        to_on=period.to_on,
        estimate=estimate,
        score=points,
        stage=None if points is None else Stage.of_score(points),
        variants=variants,
        statistics=statistics.get(""),
        beside={name: part for name, part in statistics.items() if name},
    )


def _nothing(one: Measure, reason: str | None) -> Found:
    return Estimate.not_assessed(reason or one.nothing), {}, {}


def _days(one: Measure, segment: Segment, asked: Asked) -> Period:
    """The local days that the figure of a segment covers, none after the as-of."""
    period = asked.period_of(one, one.statistic(asked.definitions), segment)
    return Period(period.from_on, min(period.to_on, asked.today))


def shown(
    facts: Loaded,
    *,
    window: Period | None = None,
    by: Sequence[str] = (),
    where: Mapping[str, str] | None = None,
    only: Sequence[str] = (),
    counted: Mapping[str, tuple[int, int]] | None = None,
    keep: bool = False,
) -> tuple[list[Shown], list[Shown]]:
    """The outcomes, for the whole or `where`, split `by` as indicators are; and the measures of
    evidence quality, never split. With `keep` they carry their statistics.

    `counted` has by table the records that are seen and those that the sources say they hold.
    """
    asked = Asked(facts.definitions, facts.as_of, window, tuple(by), dict(where or {}))
    whole = replace(asked, by=())
    context = context_of(facts, counted)
    split, unsplit = (_Figures(facts, one, context, keep) for one in (asked, whole))
    wanted = [one for one in OUTCOMES.values() if _in(one.id, only)]
    found = split.of_all(wanted)
    outcomes = [(one, *told) for one, told in zip(wanted, found, strict=True)]
    segments = _segments(asked, (results for _, results, _ in outcomes))
    quality = [
        _gauged(one, context, whole)
        if isinstance(one, Gauge)
        else _shown(one, *unsplit.of(one), (), whole)
        for one in EVIDENCE.values()
        if _in(one.id, only)
    ]
    return [_shown(*one, segment, asked) for one in outcomes for segment in segments], quality


def _gauged(one: Gauge, context: Context, asked: Asked) -> Shown:
    return Shown(one, {}, asked.today, asked.today, one.estimate(context))


def _shown(
    one: Measure,
    found: Mapping[Segment, Found],
    reason: str | None,
    segment: Segment,
    asked: Asked,
) -> Shown:
    estimate, variants, kept = found.get(segment) or _nothing(one, reason)
    period = _days(one, segment, asked)
    named = {**asked.where, **dict(zip(asked.by, segment, strict=True))}
    beside = {name: part for name, part in kept.items() if name}
    days = (period.from_on, period.to_on)
    return Shown(one, named, *days, estimate, variants, kept.get(""), beside)


def gates(facts: Loaded, *, where: Mapping[str, str] | None = None) -> dict[str, Estimate]:
    """What the gates of the stage ask: `handoffs_recorded` and `decisions_recorded`, the shares of
    the MQLs of the last 90 days that have one; `shared_metrics`, how many metrics carry targets
    of both functions (for the whole company whatever the segment).
    """
    asked = Asked(facts.definitions, facts.as_of, None, (), dict(where or {}))
    return _gates(facts, asked, lambda rows: [rows])[0]


def gates_by(
    facts: Loaded, dimension: str, values: Sequence[str]
) -> dict[str, dict[str, Estimate]]:
    """The same for each of the `values` of a dimension."""
    asked = Asked(facts.definitions, facts.as_of, None, (), {})
    found = _gates(facts, asked, lambda rows: [rows.within({dimension: v}) for v in values])
    return dict(zip(values, found, strict=True))


def _gates(
    facts: Loaded, asked: Asked, parts_of: Callable[[Rows], list[Rows]]
) -> list[dict[str, Estimate]]:
    """What the gates ask of each part of the MQLs of the last days."""
    context = context_of(facts)
    span = Span(asked.starts_at(Period.trailing(GATE_DAYS, asked.today)), facts.as_of)
    rows = facts.rows("decisions", span)
    rows = rows.between("mql_at", instant(span.first), instant(span.last)).within(asked.where)

    def share(part: Rows, statistic: Statistic, *conditions: Condition) -> Estimate:
        reasons = [said for condition in conditions if (said := condition(context))]
        if reasons:
            return Estimate.not_assessed("; ".join(dict.fromkeys(reasons)))
        return statistic.estimate(statistic.sums(part), minimum_n=GATE_MINIMUM)

    shared = _shared_count(facts, context)
    return [
        {
            "handoffs_recorded": share(part, HANDED, mqls_known, sales_is_known, handoffs_known),
            "decisions_recorded": share(part, DECIDED, mqls_known, decisions_known),
            "shared_metrics": shared,
        }
        for part in parts_of(rows)
    ]


def _shared_count(facts: Loaded, context: Context) -> Estimate:
    reasons = context.availability.lacks(CATALOGUE["shared_metric_coverage"].needs)
    reasons += [said] if (said := targets_are_recorded(context)) else []
    if reasons:
        return Estimate.not_assessed("; ".join(reasons))
    shared = facts.rows("metrics")["is_shared"]
    found = Estimate(float(np.count_nonzero(shared > 0)), None, None, len(shared))
    return replace(found, declared=bool(context.declared_metrics))
