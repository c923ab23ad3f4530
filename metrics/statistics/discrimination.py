"""How well a score tells two outcomes apart: the area under the ROC curve."""

from dataclasses import dataclass
from datetime import datetime

import numpy as np

from metrics.estimate import Estimate
from metrics.rows import Ints, Rows, counted
from metrics.statistics.base import (
    Floats,
    Statistic,
    Sums,
    critical,
    design_effect,
    logit_interval,
    shortfall,
    wilson,
)


@dataclass(frozen=True)
class Auc(Statistic):
    """The chance that a row with the event has a higher `score` than one without it; ties count
    half (Mann and Whitney). Rows where score or event is null do not count.
    """

    score: str
    event: str

    @property
    def formula(self) -> str:
        """In words."""
        return f"area under the ROC curve of {self.score} for {self.event}"

    @property
    def columns(self) -> tuple[str, ...]:
        """The event and the score."""
        return self.event, self.score

    def sums(self, rows: Rows) -> Sums:
        """cluster, score, is_event, n: a line for each score of a cluster with either outcome."""
        given = np.flatnonzero(rows.given(self.score) & rows.given(self.event))
        scores, ranks = rows.ranked(self.score)
        names, clusters = rows.clusters()
        parts = [clusters[given], ranks[given], rows[self.event][given] > 0]
        found, n = counted(parts, [len(names), len(scores), 2])
        line, is_event = np.divmod(found, 2)
        cluster, score = np.divmod(line, max(len(scores), 1))
        columns = {"score": scores[score], "is_event": is_event > 0, "n": n.astype(np.float64)}
        return Sums(columns, cluster, names)

    def estimate(
        self, sums: Sums, *, minimum_n: int = 1, ends_at: datetime | None = None
    ) -> Estimate:
        """The interval is DeLong's (1988) on the logit scale, widened by the design effect of
        clustering (Obuchowski 1997). Not assessed where all rows had the same outcome.
        """
        counts, score = sums["n"], sums["score"]
        is_event = sums["is_event"] > 0
        n = float(counts.sum())
        if few := shortfall(round(n), minimum_n):
            return few
        events = np.where(is_event, counts, 0.0)
        others = counts - events
        m, k = float(events.sum()), float(others.sum())
        if not m or not k:
            which = "no" if not m else "every"
            return Estimate.not_assessed(f"{which} record had the outcome to be told", round(n))
        at = np.searchsorted(np.unique(score), score)
        below_others = _ranked(at, others) / k
        above_events = 1 - _ranked(at, events) / m
        value = float(below_others @ events) / m
        each = np.where(is_event, (below_others - value) / m, (above_events - value) / k)
        influence = sums.by_cluster(each * counts)
        sizes = sums.by_cluster(counts)
        simple = float((each**2) @ counts)
        deff = design_effect(influence, sizes, simple, n)
        crit = critical(sizes)
        if 0 < value < 1 and simple > 0:
            low, high = logit_interval(value, simple * deff, crit)
        else:
            low, high = wilson(value, max(min(m, k) / deff, 1.0), crit)
        return sums.figure(value, low, high, n, influence)


def _ranked(at: Ints, counts: Floats) -> Floats:
    """For each row, how many `counts` lie below its level `at`, those at it counting half."""
    by_level = np.bincount(at, counts).astype(np.float64)
    return np.asarray((np.cumsum(by_level) - by_level / 2)[at])
