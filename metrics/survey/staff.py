"""The anonymous responses of one function as arrays, and the figures they give."""

from collections.abc import Mapping, Sequence

import numpy as np

from metrics.survey.disclosure import Flags, shown_cells, shown_statements
from metrics.survey.questionnaire import STATEMENTS
from metrics.survey.scoring import Ratings, Response
from model.definitions import SurveySettings

FEWEST_FOR_SPREAD = 10


class Staff:
    """A function's scored staff. `ratings` is response × statement, NaN where there is no answer;
    `scores` their prorated sums; `shown` which statements may be shown; `cells` maps a dimension
    to the rows that may be; `unscored` counts responses with too few answers.
    """

    def __init__(
        self, responses: Sequence[Response], dimensions: Sequence[str], settings: SurveySettings
    ) -> None:
        self.floor = settings.floor
        table = np.array([r.answers for r in responses], float).reshape(-1, len(STATEMENTS))
        counts = (~np.isnan(table)).sum(axis=1)
        scored = counts >= settings.minimum_answers
        self.ratings: Ratings = table[scored]
        self.scores: Ratings = np.nansum(table[scored], axis=1) * len(STATEMENTS) / counts[scored]
        self.unscored = int((~scored).sum())
        kept = [r for r, is_scored in zip(responses, scored, strict=True) if is_scored]
        self.fresh: Flags = np.array([not r.is_repeated for r in kept], bool)
        self.values = {name: [r.segment.get(name) for r in kept] for name in dimensions}
        self.shown: Flags = np.zeros(len(STATEMENTS), bool)
        self.cells: Mapping[str, set[str]] = {name: set() for name in dimensions}
        if self.why_hidden is None:
            self.cells, parts = shown_cells(self.values, self.fresh, self.floor)
            given = ~np.isnan(self.ratings)
            self.shown = shown_statements(given, self.fresh, parts, self.floor)

    @property
    def n(self) -> int:
        """How many were scored."""
        return len(self.scores)

    @property
    def is_small(self) -> bool:
        """Whether the mean alone is shown."""
        return self.n < FEWEST_FOR_SPREAD

    @property
    def why_hidden(self) -> str | None:
        """Why nothing is shown; None where it may be."""
        if self.n < self.floor:
            return f"fewer than {self.floor} scored responses"
        if int(self.fresh.sum()) < self.floor:
            return (
                f"fewer than {self.floor} responses that an earlier wave did not hold already; "
                "the difference between the waves would give them away"
            )
        return None

    def scores_of(self, dimension: str, value: str) -> Ratings:
        """The scores of one row of a segment's table."""
        is_there: Flags = np.array([one == value for one in self.values[dimension]], bool)
        found: Ratings = self.scores[is_there]
        return found

    def answers(self, number: int) -> Ratings:
        """A statement's answers, where they may be shown; none where not."""
        column: Ratings = self.ratings[:, number - 1]
        return column[~np.isnan(column)] if self.shown[number - 1] else column[:0]

    def root_means(self, numbers: Sequence[int]) -> Ratings:
        """Each response's mean over these statements, where it answered any of them."""
        part = self.ratings[:, [number - 1 for number in numbers]]
        part = part[~np.isnan(part).all(axis=1)]
        means: Ratings = np.nanmean(part, axis=1)
        return means

    def straight(self) -> int:
        """How many gave the same answer to all statements that they answered."""
        if not self.n:
            return 0
        return int((np.nanmax(self.ratings, axis=1) == np.nanmin(self.ratings, axis=1)).sum())
