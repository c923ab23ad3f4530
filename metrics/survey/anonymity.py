"""What a survey wave may show, in fixed tables that give nobody away.

Staff are shown as a group of at least `floor`, and only after the close; under ten responses the
mean alone, to one decimal. The total is of Sales and Marketing, which weigh equally, and is
hidden whenever either is, since the other could be subtracted from it. Heads who agreed answer by
name and are shown apart, never inside a group.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from metrics.survey.questionnaire import STATEMENTS
from metrics.survey.scoring import FUNCTIONS, Answers, Mean, Response, combined, distribution, score
from model.definitions import SurveySettings
from model.stages import STAGES, Stage

WaveState = Literal["planned", "open", "closed"]
FEWEST_FOR_SPREAD = 10
NOT_CLOSED = "results appear after the wave closes"


@dataclass(frozen=True)
class Group:
    """The staff of a function, or both functions together (`all`).

    `n` responses were scored, `unscored` had too few answers. `hidden` says why there is no
    result. Under ten responses `low`, `high`, `sd` and `stages` are None and means have one
    decimal. `statements` maps a statement's number to its mean, None where hidden.
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


@dataclass(frozen=True)
class Head:
    """A head's ratings, by name; `score` is None under the least number of answers."""

    name: str
    function: str
    score: float | None
    stage: Stage | None
    answers: Answers


@dataclass(frozen=True)
class Gap:
    """Sales minus Marketing; the interval is None where either has under ten responses."""

    value: float
    low: float | None
    high: float | None


@dataclass(frozen=True)
class SurveyResult:
    """A wave's results: `groups` by function and `all`, the heads by name, and the gap.

    `statement_gaps` maps a statement's number to Sales minus Marketing.
    """

    groups: Mapping[str, Group]
    heads: tuple[Head, ...] = ()
    gap: Gap | None = None
    statement_gaps: Mapping[int, float | None] | None = None


def results(
    responses: Sequence[Response],
    settings: SurveySettings,
    wave_state: WaveState,
    invited: Mapping[str, int] | None = None,
) -> SurveyResult:
    """What may be shown of a wave. `invited` is how many staff were asked, by function.

    Until the close everything but the counts is hidden.
    """
    staff = {f: [r for r in responses if r.function == f and not r.is_by_name] for f in FUNCTIONS}
    found = {f: _Staff(f, staff[f], settings) for f in FUNCTIONS}
    asked = invited or {}
    closed = wave_state == "closed"
    groups = {f: found[f].group(asked.get(f), closed) for f in FUNCTIONS}
    sales, marketing = found["sales"], found["marketing"]
    groups["all"] = _both(groups["sales"], groups["marketing"], sales, marketing)
    if not closed:
        return SurveyResult(groups)
    shown = groups["all"].hidden is None
    return SurveyResult(
        groups,
        heads=_heads(responses, settings),
        gap=_gap(groups["sales"], groups["marketing"], sales, marketing) if shown else None,
        statement_gaps=_statement_gaps(groups["sales"], groups["marketing"]) if shown else None,
    )


class _Staff:
    """The anonymous responses of one function."""

    def __init__(self, name: str, responses: Sequence[Response], settings: SurveySettings) -> None:
        self.name, self.floor = name, settings.floor
        pairs = [(score(r.answers, settings.minimum_answers), r.answers) for r in responses]
        self.scores = sorted(s for s, _ in pairs if s is not None)
        self.answers = [answers for s, answers in pairs if s is not None]
        self.unscored = len(pairs) - len(self.scores)

    @property
    def is_small(self) -> bool:
        return len(self.scores) < FEWEST_FOR_SPREAD

    def group(self, invited: int | None, closed: bool) -> Group:
        n = len(self.scores)
        rate = min((n + self.unscored) / invited, 1.0) if invited else None
        hidden = None
        if not closed:
            hidden = NOT_CLOSED
        elif n < self.floor:
            hidden = f"fewer than {self.floor} scored responses"
        if hidden:
            return Group(self.name, n, self.unscored, invited, rate, hidden)
        mean = Mean.of(self.scores)
        value = _shown(mean.value, self.is_small)
        interval = None if self.is_small else mean.interval()
        return Group(
            group=self.name,
            n=n,
            unscored=self.unscored,
            invited=invited,
            response_rate=rate,
            hidden=None,
            mean=value,
            low=interval and interval[0],
            high=interval and interval[1],
            sd=None if self.is_small else float(np.std(self.scores, ddof=1)),
            stage=Stage.of_score(value),
            stages=None if self.is_small else distribution(self.scores),
            statements={s.number: self._statement(s.number) for s in STATEMENTS},
        )

    def _statement(self, number: int) -> float | None:
        given = [a for answers in self.answers if (a := answers[number - 1]) is not None]
        if len(given) < self.floor:
            return None
        return _shown(float(np.mean(given)), len(given) < FEWEST_FOR_SPREAD)


def _shown(value: float, is_small: bool) -> float:
    return round(value, 1) if is_small else value


def _both(sales: Group, marketing: Group, of_sales: _Staff, of_marketing: _Staff) -> Group:
    """Sales and Marketing together, made from what each may show, so that it adds nothing."""
    n, unscored = sales.n + marketing.n, sales.unscored + marketing.unscored
    known = sales.invited is not None and marketing.invited is not None
    asked = (sales.invited or 0) + (marketing.invited or 0) if known else None
    rate = min((n + unscored) / asked, 1.0) if asked else None
    hidden = sales.hidden or marketing.hidden
    if hidden or sales.mean is None or marketing.mean is None:
        why = hidden if hidden == NOT_CLOSED else "one of the two functions is hidden"
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
    )


def _statements(sales: Group, marketing: Group, is_small: bool) -> dict[int, float | None]:
    found: dict[int, float | None] = {}
    for number, (first, second) in _pairs(sales, marketing).items():
        if first is None or second is None:
            found[number] = None
        else:
            found[number] = _shown((first + second) / 2, is_small)
    return found


def _statement_gaps(sales: Group, marketing: Group) -> dict[int, float | None]:
    return {
        number: None if first is None or second is None else first - second
        for number, (first, second) in _pairs(sales, marketing).items()
    }


def _pairs(sales: Group, marketing: Group) -> dict[int, tuple[float | None, float | None]]:
    first, second = sales.statements or {}, marketing.statements or {}
    return {s.number: (first.get(s.number), second.get(s.number)) for s in STATEMENTS}


def _gap(sales: Group, marketing: Group, of_sales: _Staff, of_marketing: _Staff) -> Gap | None:
    if sales.mean is None or marketing.mean is None:
        return None
    if of_sales.is_small or of_marketing.is_small:
        return Gap(round(sales.mean - marketing.mean, 1), None, None)
    means = Mean.of(of_sales.scores), Mean.of(of_marketing.scores)
    low, high = combined(*means, (1.0, -1.0))
    return Gap(sales.mean - marketing.mean, low, high)


def _heads(responses: Sequence[Response], settings: SurveySettings) -> tuple[Head, ...]:
    found = []
    for response in responses:
        if response.is_by_name and response.named:
            value = score(response.answers, settings.minimum_answers)
            stage = None if value is None else Stage.of_score(value)
            found.append(Head(response.named, response.function, value, stage, response.answers))
    return tuple(sorted(found, key=lambda head: (head.function, head.name)))
