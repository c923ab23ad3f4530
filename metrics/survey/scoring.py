"""From twenty answers to a score of 20–100, and from scores to a group's figures."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy import special

from metrics.survey.questionnaire import HIGHEST, LOWEST, STATEMENTS
from model.errors import SurveyError
from model.stages import STAGES, Stage

Answers = tuple[int | None, ...]
Ratings = npt.NDArray[np.float64]
FUNCTIONS = ("marketing", "sales", "other")
_RATINGS = frozenset([None, *range(LOWEST, HIGHEST + 1)])


@dataclass(frozen=True)
class Response:
    """One person's answers, in the order of the statements; None for one left open.

    `function` is marketing, sales or other. `named` is the name under which a head agreed to
    answer; a head without one counts among the anonymous staff. `segment` says where, such as
    region → EMEA. `is_repeated`: an earlier wave held the same answers. Raises SurveyError for a
    number of answers other than twenty, an answer outside 1–5, or another function.
    """

    function: str
    level: Literal["head", "staff"]
    named: str | None
    answers: Answers
    segment: Mapping[str, str] = field(default_factory=dict)
    is_repeated: bool = False

    def __post_init__(self) -> None:
        if self.function not in FUNCTIONS:
            raise SurveyError(
                f"no function {self.function!r}",
                "survey response",
                f"Use {', '.join(FUNCTIONS)}.",
            )
        if len(self.answers) != len(STATEMENTS):
            raise SurveyError(
                f"{len(self.answers)} answers where there are {len(STATEMENTS)} statements",
                "survey response",
                "Leave an unanswered statement empty.",
            )
        if _RATINGS.issuperset(self.answers):
            return
        for number, answer in enumerate(self.answers, start=1):
            if answer not in _RATINGS:
                raise SurveyError(
                    f"statement {number} is answered {answer}, which is not {LOWEST} to {HIGHEST}",
                    "survey response",
                    "Correct the answer, or leave it empty.",
                )

    @property
    def is_by_name(self) -> bool:
        """Whether the ratings are shown with a name."""
        return self.level == "head" and bool(self.named)


def score(answers: Answers, minimum_answers: int) -> float | None:
    """The sum prorated to twenty statements (20–100); None under `minimum_answers` answers."""
    given = [answer for answer in answers if answer is not None]
    if len(given) < max(minimum_answers, 1):
        return None
    return sum(given) * len(STATEMENTS) / len(given)


@dataclass(frozen=True)
class Mean:
    """A mean with its standard error (None for one value)."""

    value: float
    error: float | None
    n: int

    @classmethod
    def of(cls, values: Sequence[float] | Ratings) -> "Mean":
        """From at least one value."""
        n = len(values)
        error = float(np.std(values, ddof=1)) / math.sqrt(n) if n > 1 else None
        return cls(float(np.mean(values)), error, n)

    def interval(self) -> tuple[float, float] | None:
        """Student's 95 % interval; None for one value."""
        if self.error is None:
            return None
        half = float(special.stdtrit(self.n - 1, 0.975)) * self.error
        return self.value - half, self.value + half


def combined(first: Mean, second: Mean, weights: tuple[float, float]) -> tuple[float, float]:
    """95 % interval of a weighted sum of two independent means with errors (Welch's t)."""
    terms = [
        ((w * (m.error or 0.0)) ** 2, m.n) for w, m in zip(weights, (first, second), strict=True)
    ]
    variance = sum(part for part, _ in terms)
    value = weights[0] * first.value + weights[1] * second.value
    if variance == 0:
        return value, value
    freedom = variance**2 / sum(part**2 / (n - 1) for part, n in terms)
    half = float(special.stdtrit(freedom, 0.975)) * math.sqrt(variance)
    return value - half, value + half


def distribution(scores: Sequence[float] | Ratings) -> dict[Stage, float]:
    """The share of respondents at each stage."""
    counts = np.bincount([Stage.of_score(s).rank for s in scores], minlength=len(STAGES))
    return {stage: float(counts[stage.rank] / len(scores)) for stage in STAGES}
