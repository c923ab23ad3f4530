"""Sums per fixed quarter, then the difference: forecasts and targets against what came."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from metrics.estimate import Estimate
from metrics.statistics.base import (
    Clusters,
    Floats,
    Statistic,
    column,
    critical,
    shortfall,
)

if TYPE_CHECKING:
    import ibis.expr.types as ir


@dataclass(frozen=True)
class QuarterAccuracy(Statistic):
    """1 − Σ|won − forecast| / Σ won over quarters, each a sum over its rows; never below 0."""

    quarter: str
    forecast: str
    won: str

    @property
    def formula(self) -> str:
        """In words."""
        return (
            f"1 − Σ|{self.won} − {self.forecast}| / Σ {self.won}, "
            f"each a sum by {self.quarter}; never below 0"
        )

    @property
    def columns(self) -> tuple[str, ...]:
        """Both amounts."""
        return self.forecast, self.won

    def aggregate(self, rows: "ir.Table", by: Sequence[str] = ()) -> "ir.Table":
        """`by`, cluster, quarter, n, forecast, won."""
        given = rows.filter(rows[self.forecast].notnull() & rows[self.won].notnull())
        named = given.mutate(quarter=given[self.quarter])
        return named.group_by([*by, "cluster", "quarter"]).aggregate(
            n=named.count(),
            forecast=named[self.forecast].cast("float64").sum(),
            won=named[self.won].cast("float64").sum(),
        )

    def estimate(
        self, statistics: pa.Table, *, minimum_n: int = 1, ends_at: datetime | None = None
    ) -> Estimate:
        """Nothing won against a forecast is 0. The interval is the jackknife's over owners. Not
        assessed where nothing was forecast and nothing won.
        """
        n = round(float(column(statistics, "n").sum()))
        if few := shortfall(n, minimum_n):
            return few
        clusters = Clusters(statistics)
        won, forecast = _by_quarter(statistics, clusters, "won", "forecast")
        if not won.sum() and not forecast.sum():
            return Estimate.not_assessed("nothing was forecast and nothing won", n)
        value = _accuracy(won.sum(axis=0), forecast.sum(axis=0))
        influence = _influence(won, forecast)
        low, high = _jackknife(won, forecast, value)
        status, reason = clusters.trust()
        return Estimate(
            value,
            low,
            high,
            n,
            len(clusters),
            status,
            reason,
            influence=clusters.influence(influence),
        )


def _by_quarter(statistics: pa.Table, clusters: Clusters, *names: str) -> list[Floats]:
    """For each column, its sums by cluster (rows) and quarter (columns)."""
    labels = [str(q) for q in statistics.column("quarter").to_pylist()]
    found = []
    for name in names:
        values = column(statistics, name)
        sums = [
            clusters.sums(np.where([label == q for label in labels], values, 0.0))
            for q in sorted(set(labels))
        ]
        found.append(np.array(sums).T)
    return found


def _accuracy(won: Floats, forecast: Floats) -> float:
    total = float(won.sum())
    return max(1 - float(np.abs(won - forecast).sum()) / total, 0.0) if total > 0 else 0.0


def _influence(won: Floats, forecast: Floats) -> Floats:
    """The derivative over a cluster's weight; zero where the accuracy is held at 0."""
    total = float(won.sum())
    missed = won.sum(axis=0) - forecast.sum(axis=0)
    if total <= 0 or np.abs(missed).sum() >= total:
        return np.zeros(len(won))
    error = float(np.abs(missed).sum()) / total
    change = ((won - forecast) * np.sign(missed)).sum(axis=1) - error * won.sum(axis=1)
    return np.asarray(-change / total)


def _jackknife(won: Floats, forecast: Floats, value: float) -> tuple[float, float]:
    """Leaving one owner out at a time, within 0 and 1; one owner says nothing about the rest."""
    groups = len(won)
    if groups < 2:
        return 0.0, 1.0
    wins, promised = won.sum(axis=0), forecast.sum(axis=0)
    left_out = np.array([_accuracy(wins - won[i], promised - forecast[i]) for i in range(groups)])
    variance = (groups - 1) / groups * float(((left_out - left_out.mean()) ** 2).sum())
    half = critical(won.sum(axis=1)) * math.sqrt(variance)
    return max(value - half, 0.0), min(value + half, 1.0)


@dataclass(frozen=True)
class QuarterGap(Statistic):
    """The absolute difference between two sides' attainment, mean over the quarters in which both
    had a target. Rows are a side's targets in a quarter with what was attained of each (1: all);
    a side with several has their mean, since MQLs and money do not add up. A complete count.
    """

    quarter: str
    side: str
    attained: str

    @property
    def formula(self) -> str:
        """In words."""
        return f"mean over {self.quarter} of the distance between both sides' mean {self.attained}"

    @property
    def columns(self) -> tuple[str, ...]:
        """The attainment."""
        return (self.attained,)

    def aggregate(self, rows: "ir.Table", by: Sequence[str] = ()) -> "ir.Table":
        """`by`, quarter, side, n, attained (a sum)."""
        given = rows.filter(rows[self.attained].notnull())
        named = given.mutate(quarter=given[self.quarter], side=given[self.side])
        return named.group_by([*by, "quarter", "side"]).aggregate(
            n=named.count(), attained=named[self.attained].cast("float64").sum()
        )

    def estimate(
        self, statistics: pa.Table, *, minimum_n: int = 1, ends_at: datetime | None = None
    ) -> Estimate:
        """The mean gap; `n` counts quarters."""
        sides: dict[str, dict[str, float]] = {}
        for row in statistics.to_pylist():
            mean = float(row["attained"]) / float(row["n"])
            sides.setdefault(str(row["quarter"]), {})[str(row["side"])] = mean
        gaps = [max(s.values()) - min(s.values()) for s in sides.values() if len(s) == 2]
        if not gaps:
            return Estimate.not_assessed("in no quarter did both functions have a target")
        if few := shortfall(len(gaps), minimum_n):
            return few
        return Estimate(float(np.mean(gaps)), None, None, len(gaps))
