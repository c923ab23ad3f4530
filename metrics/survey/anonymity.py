"""What a survey wave may show, in fixed tables that give nobody away.

Staff are shown as a group of at least `floor`, and only after the close; under ten responses the
mean alone, to one decimal. The total is of Sales and Marketing, which weigh equally, and is
hidden whenever either is, since the other could be subtracted from it. Heads who agreed answer by
name and are shown apart, never inside a group. `disclosure` decides what can stand side by side.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from metrics.survey.agreement import agreement, agreement_of_both
from metrics.survey.questionnaire import STATEMENTS, Root
from metrics.survey.scoring import FUNCTIONS, Answers, Mean, Response, combined, distribution, score
from metrics.survey.staff import FEWEST_FOR_SPREAD, Staff
from model.definitions import SurveySettings
from model.stages import STAGES, Stage

WaveState = Literal["planned", "open", "closed"]
NOT_CLOSED = "results appear after the wave closes"
ONE_HIDDEN = "one of the two functions is hidden"
TOO_FEW = "too few responses"
ROOTS: tuple[Root, ...] = ("economic", "cultural")


@dataclass(frozen=True)
class Group:
    """The staff of a function, or both functions together (`all`).

    `n` responses were scored, `unscored` had too few answers, `straight` gave one answer to all
    statements. `hidden` says why there is no result. Under ten responses `low`, `high`, `sd`,
    `stages` and `agreement` are None and means have one decimal. `statements` maps a statement's
    number to its mean, None where hidden, `agreements` to its r_wg; `agreement` is their mean.
    """

    group: str
    n: int
    unscored: int
    invited: int | None
    response_rate: float | None
    hidden: str | None
    mean: float | None = None
    low: float | None = None
    high: float | None = None
    sd: float | None = None
    stage: Stage | None = None
    stages: Mapping[Stage, float] | None = None
    statements: Mapping[int, float | None] | None = None
    agreement: float | None = None
    agreements: Mapping[int, float | None] | None = None
    straight: int | None = None


@dataclass(frozen=True)
class Head:
    """A head's ratings, by name; `score` is None under the least number of answers."""

    name: str
    function: str
    score: float | None
    stage: Stage | None
    answers: Answers
    segment: Mapping[str, str]


@dataclass(frozen=True)
class Gap:
    """Sales minus Marketing; the interval is None where either has under ten responses."""

    value: float
    low: float | None
    high: float | None


@dataclass(frozen=True)
class RootGap:
    """The mean rating (1–5) of one root's shown statements, by function, and their difference."""

    root: Root
    sales: float
    marketing: float
    gap: Gap


@dataclass(frozen=True)
class Cell:
    """A function's staff in one row of a segment's table: the mean alone, to one decimal."""

    n: int | None
    mean: float | None
    stage: Stage | None
    hidden: str | None


@dataclass(frozen=True)
class SurveyResult:
    """A wave's results: `groups` by function and `all`, the heads by name, and the gaps.

    `statement_gaps` maps a statement's number to Sales minus Marketing. `segments` maps a dimension
    to its values, and those to sales and marketing; a value stands there if either may be shown.
    """

    groups: Mapping[str, Group]
    heads: tuple[Head, ...] = ()
    gap: Gap | None = None
    statement_gaps: Mapping[int, Gap | None] | None = None
    roots: tuple[RootGap, ...] = ()
    segments: Mapping[str, Mapping[str, Mapping[str, Cell]]] | None = None


def results(
    responses: Sequence[Response],
    settings: SurveySettings,
    wave_state: WaveState,
    invited: Mapping[str, int] | None = None,
    dimensions: Sequence[str] = (),
) -> SurveyResult:
    """What may be shown of a wave. `invited` is how many staff were asked, by function;
    `dimensions` are the segments with a table of their own, the most important first.

    Until the close everything but the counts is hidden.
    """
    found = {
        f: Staff(
            [r for r in responses if r.function == f and not r.is_by_name], dimensions, settings
        )
        for f in FUNCTIONS
    }
    asked = invited or {}
    closed = wave_state == "closed"
    groups = {f: _group(f, found[f], asked.get(f), closed) for f in FUNCTIONS}
    sales, marketing = found["sales"], found["marketing"]
    groups["all"] = _both(groups["sales"], groups["marketing"], sales, marketing)
    if not closed:
        return SurveyResult(groups)
    shown = groups["all"].hidden is None
    return SurveyResult(
        groups,
        heads=_heads(responses, settings),
        gap=_gap(groups["sales"], groups["marketing"], sales, marketing) if shown else None,
        statement_gaps=_statement_gaps(groups, sales, marketing) if shown else None,
        roots=_roots(groups, sales, marketing) if shown else (),
        segments={name: _cells(name, sales, marketing) for name in dimensions},
    )


def _group(name: str, staff: Staff, invited: int | None, closed: bool) -> Group:
    answered = staff.n + staff.unscored
    rate = min(answered / invited, 1.0) if invited else None
    hidden = staff.why_hidden if closed else NOT_CLOSED
    if hidden:
        return Group(name, staff.n, staff.unscored, invited, rate, hidden)
    mean = Mean.of(staff.scores)
    value = _shown(mean.value, staff.is_small)
    interval = None if staff.is_small else mean.interval()
    agreements = {s.number: _agreement(staff, s.number) for s in STATEMENTS}
    return Group(
        group=name,
        n=staff.n,
        unscored=staff.unscored,
        invited=invited,
        response_rate=rate,
        hidden=None,
        mean=value,
        low=interval and interval[0],
        high=interval and interval[1],
        sd=None if staff.is_small else float(np.std(staff.scores, ddof=1)),
        stage=Stage.of_score(value),
        stages=None if staff.is_small else distribution(staff.scores),
        statements={s.number: _statement(staff, s.number) for s in STATEMENTS},
        agreement=_mean_of(agreements),
        agreements=agreements,
        straight=None if staff.is_small else staff.straight(),
    )


def _statement(staff: Staff, number: int) -> float | None:
    given = staff.answers(number)
    if not len(given):
        return None
    return _shown(float(np.mean(given)), len(given) < FEWEST_FOR_SPREAD)


def _agreement(staff: Staff, number: int) -> float | None:
    given = staff.answers(number)
    return None if len(given) < FEWEST_FOR_SPREAD else agreement(given)


def _mean_of(values: Mapping[int, float | None]) -> float | None:
    known = [value for value in values.values() if value is not None]
    return float(np.mean(known)) if known else None


def _shown(value: float, is_small: bool) -> float:
    return round(value, 1) if is_small else value


def _both(sales: Group, marketing: Group, of_sales: Staff, of_marketing: Staff) -> Group:
    """Sales and Marketing together, made from what each may show, so that it adds nothing."""
    n, unscored = sales.n + marketing.n, sales.unscored + marketing.unscored
    known = sales.invited is not None and marketing.invited is not None
    asked = (sales.invited or 0) + (marketing.invited or 0) if known else None
    rate = min((n + unscored) / asked, 1.0) if asked else None
    hidden = sales.hidden or marketing.hidden
    if hidden or sales.mean is None or marketing.mean is None:
        why = hidden if hidden == NOT_CLOSED else ONE_HIDDEN
        return Group("all", n, unscored, asked, rate, why)
    is_small = of_sales.is_small or of_marketing.is_small
    value = _shown((sales.mean + marketing.mean) / 2, is_small)
    interval = None
    if not is_small:
        means = Mean.of(of_sales.scores), Mean.of(of_marketing.scores)
        interval = combined(*means, (0.5, 0.5))
    stages = None
    if sales.stages is not None and marketing.stages is not None:
        stages = {s: (sales.stages[s] + marketing.stages[s]) / 2 for s in STAGES}
    agreements = {
        s.number: _agreement_of_both(of_sales, of_marketing, s.number) for s in STATEMENTS
    }
    return Group(
        group="all",
        n=n,
        unscored=unscored,
        invited=asked,
        response_rate=rate,
        hidden=None,
        mean=value,
        low=interval and interval[0],
        high=interval and interval[1],
        sd=None,
        stage=Stage.of_score(value),
        stages=stages,
        statements=_statements(sales, marketing, is_small),
        agreement=_mean_of(agreements),
        agreements=agreements,
    )


def _agreement_of_both(sales: Staff, marketing: Staff, number: int) -> float | None:
    first, second = sales.answers(number), marketing.answers(number)
    if min(len(first), len(second)) < FEWEST_FOR_SPREAD:
        return None
    return agreement_of_both(first, second)


def _statements(sales: Group, marketing: Group, is_small: bool) -> dict[int, float | None]:
    found: dict[int, float | None] = {}
    for number, (first, second) in _pairs(sales, marketing).items():
        if first is None or second is None:
            found[number] = None
        else:
            found[number] = _shown((first + second) / 2, is_small)
    return found


def _statement_gaps(
    groups: Mapping[str, Group], sales: Staff, marketing: Staff
) -> dict[int, Gap | None]:
    return {
        number: None
        if first is None or second is None
        else _difference(
            (first, second), Mean.of(sales.answers(number)), Mean.of(marketing.answers(number))
        )
        for number, (first, second) in _pairs(groups["sales"], groups["marketing"]).items()
    }


def _difference(means: tuple[float, float], sales: Mean, marketing: Mean) -> Gap:
    """The difference of two shown means; its interval (Welch) where both rest on enough."""
    value = means[0] - means[1]
    if min(sales.n, marketing.n) < FEWEST_FOR_SPREAD:
        return Gap(round(value, 1), None, None)
    low, high = combined(sales, marketing, (1.0, -1.0))
    half = (high - low) / 2
    return Gap(value, value - half, value + half)


def _pairs(sales: Group, marketing: Group) -> dict[int, tuple[float | None, float | None]]:
    first, second = sales.statements or {}, marketing.statements or {}
    return {s.number: (first.get(s.number), second.get(s.number)) for s in STATEMENTS}


def _gap(sales: Group, marketing: Group, of_sales: Staff, of_marketing: Staff) -> Gap | None:
    if sales.mean is None or marketing.mean is None:
        return None
    means = Mean.of(of_sales.scores), Mean.of(of_marketing.scores)
    return _difference((sales.mean, marketing.mean), *means)


def _roots(groups: Mapping[str, Group], sales: Staff, marketing: Staff) -> tuple[RootGap, ...]:
    """By root, from the statements' shown means alone, so that they add nothing; the interval's
    width is that of the difference between the respondents' own means over the same statements.
    """
    found = []
    for root in ROOTS:
        numbers = [
            number
            for number, pair in _pairs(groups["sales"], groups["marketing"]).items()
            if STATEMENTS[number - 1].root == root and None not in pair
        ]
        if not numbers:
            continue
        first, second = (
            float(np.mean([(groups[f].statements or {})[number] for number in numbers]))
            for f in ("sales", "marketing")
        )
        spreads = Mean.of(sales.root_means(numbers)), Mean.of(marketing.root_means(numbers))
        found.append(RootGap(root, first, second, _difference((first, second), *spreads)))
    return tuple(found)


def _cells(dimension: str, sales: Staff, marketing: Staff) -> dict[str, Mapping[str, Cell]]:
    values = sorted(sales.cells[dimension] | marketing.cells[dimension])
    return {
        value: {
            "sales": _cell(sales, dimension, value),
            "marketing": _cell(marketing, dimension, value),
        }
        for value in values
    }


def _cell(staff: Staff, dimension: str, value: str) -> Cell:
    if value not in staff.cells[dimension]:
        return Cell(None, None, None, TOO_FEW)
    scores = staff.scores_of(dimension, value)
    mean = round(float(np.mean(scores)), 1)
    return Cell(len(scores), mean, Stage.of_score(mean), None)


def _heads(responses: Sequence[Response], settings: SurveySettings) -> tuple[Head, ...]:
    found = []
    for one in responses:
        if one.is_by_name and one.named:
            value = score(one.answers, settings.minimum_answers)
            stage = None if value is None else Stage.of_score(value)
            found.append(Head(one.named, one.function, value, stage, one.answers, one.segment))
    return tuple(sorted(found, key=lambda head: (head.function, head.name)))
