"""How well a score tells two outcomes apart: the area under the ROC curve."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from metrics.estimate import Estimate
from metrics.statistics.base import (
    Clusters,
    Floats,
    Statistic,
    column,
    critical,
    design_effect,
    logit_interval,
    shortfall,
    wilson,
)

if TYPE_CHECKING:
    import ibis.expr.types as ir

Ints = NDArray[np.int64]


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

    def aggregate(self, rows: "ir.Table", by: Sequence[str] = ()) -> "ir.Table":
        """`by`, cluster, score, is_event, n."""
        given = rows.filter(rows[self.score].notnull() & rows[self.event].notnull())
        named = given.mutate(score=given[self.score].cast("float64"), is_event=given[self.event])
        return named.group_by([*by, "cluster", "score", "is_event"]).aggregate(n=named.count())

    def estimate(
        self, statistics: pa.Table, *, minimum_n: int = 1, ends_at: datetime | None = None
    ) -> Estimate:
        """The interval is DeLong's (1988) on the logit scale, widened by the design effect of
        clustering (Obuchowski 1997). Not assessed where all rows had the same outcome.
        """
        counts, score = column(statistics, "n"), column(statistics, "score")
        is_event = column(statistics, "is_event") > 0
        n = float(counts.sum())
        if few := shortfall(round(n), minimum_n):
            return few
        events = np.where(is_event, counts, 0.0)
        others = counts - events
        m, k = float(events.sum()), float(others.sum())
        if not m or not k:
            which = "no" if not m else "every"
            return Estimate.not_assessed(f"{which} record had the outcome to be told", round(n))
        _, at = np.unique(score, return_inverse=True)
        below_others = _ranked(at, others) / k
        above_events = 1 - _ranked(at, events) / m
        value = float(below_others @ events) / m
        each = np.where(is_event, (below_others - value) / m, (above_events - value) / k)
        clusters = Clusters(statistics)
        influence = clusters.sums(each * counts)
        sizes = clusters.sums(counts)
        simple = float((each**2) @ counts)
        deff = design_effect(influence, sizes, simple, n)
        crit = critical(sizes)
        if 0 < value < 1 and simple > 0:
            low, high = logit_interval(value, simple * deff, crit)
        else:
            low, high = wilson(value, max(min(m, k) / deff, 1.0), crit)
        status, reason = clusters.trust()
        return Estimate(
            value,
            low,
            high,
            round(n),
            len(clusters),
            status,
            reason,
            influence=clusters.influence(influence),
        )


def _ranked(at: Ints, counts: Floats) -> Floats:
    """For each row, how many `counts` lie below its level `at`, those at it counting half."""
    by_level = np.bincount(at, counts).astype(np.float64)
    return np.asarray((np.cumsum(by_level) - by_level / 2)[at])
