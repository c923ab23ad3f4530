"""Sums per fixed quarter, then the difference: forecasts and targets against what came."""

import math
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from metrics.estimate import Estimate
from metrics.rows import Rows, combined
from metrics.statistics.base import Floats, Statistic, Sums, critical, shortfall


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

    @property
    def reads(self) -> tuple[str, ...]:
        """The amounts and the quarter."""
        return self.forecast, self.won, self.quarter

    def sums(self, rows: Rows) -> Sums:
        """cluster, quarter, n, forecast, won."""
        given = rows.given(self.forecast) & rows.given(self.won) & rows.given(self.quarter)
        (names, clusters), labels = rows.clusters(), rows.labels(self.quarter)
        parts = [clusters[given], rows[self.quarter][given]]
        found, line = combined(parts, [len(names), len(labels)])
        cluster, quarter = np.divmod(found, max(len(labels), 1))
        columns = {
            "quarter": labels[quarter],
            "n": np.bincount(line, minlength=len(found)).astype(np.float64),
            "forecast": np.bincount(line, rows[self.forecast][given], len(found)),
            "won": np.bincount(line, rows[self.won][given], len(found)),
        }
        return Sums(columns, cluster, names)

    def estimate(
        self, sums: Sums, *, minimum_n: int = 1, ends_at: datetime | None = None
    ) -> Estimate:
        """Nothing won against a forecast is 0. The interval is the jackknife's over owners. Not
        assessed where nothing was forecast and nothing won.
        """
        n = round(sums.total("n"))
        if few := shortfall(n, minimum_n):
            return few
        won, forecast = _by_quarter(sums, "won"), _by_quarter(sums, "forecast")
        if not won.sum() and not forecast.sum():
            return Estimate.not_assessed("nothing was forecast and nothing won", n)
        value = _accuracy(won.sum(axis=0), forecast.sum(axis=0))
        influence = _influence(won, forecast)
        low, high = _jackknife(won, forecast, value)
        return sums.figure(value, low, high, n, influence)


def _by_quarter(sums: Sums, name: str) -> Floats:
    """A column's sums by cluster (rows) and quarter (columns)."""
    labels, quarter = np.unique(sums["quarter"], return_inverse=True)
    cells = np.bincount(sums.clusters * len(labels) + quarter, sums[name], len(sums) * len(labels))
    return cells.reshape(len(sums), len(labels)).astype(np.float64)


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
    total, missed = (wins - won).sum(axis=1), np.abs(wins - won - (promised - forecast)).sum(axis=1)
    kept = np.maximum(1 - missed / np.where(total > 0, total, 1.0), 0.0)
    left_out = np.where(total > 0, kept, 0.0)
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

    @property
    def reads(self) -> tuple[str, ...]:
        """The attainment, the quarter and the side."""
        return self.attained, self.quarter, self.side

    def sums(self, rows: Rows) -> Sums:
        """quarter, side, n, attained (a sum)."""
        given = rows.given(self.attained) & rows.given(self.quarter) & rows.given(self.side)
        pairs = np.stack([rows[self.quarter][given], rows[self.side][given]])
        cells, line, n = np.unique(pairs, axis=1, return_inverse=True, return_counts=True)
        return Sums(
            {
                "quarter": rows.labels(self.quarter)[cells[0]],
                "side": rows.labels(self.side)[cells[1]],
                "n": n.astype(np.float64),
                "attained": np.bincount(line, rows[self.attained][given], len(n)),
            }
        )

    def estimate(
        self, sums: Sums, *, minimum_n: int = 1, ends_at: datetime | None = None
    ) -> Estimate:
        """The mean gap; `n` counts quarters."""
        sides: dict[str, dict[str, float]] = {}
        means = sums["attained"] / sums["n"]
        for quarter, side, mean in zip(sums["quarter"], sums["side"], means, strict=True):
            sides.setdefault(quarter, {})[side] = float(mean)
        gaps = [max(s.values()) - min(s.values()) for s in sides.values() if len(s) == 2]
        if not gaps:
            return Estimate.not_assessed("in no quarter did both functions have a target")
        if few := shortfall(len(gaps), minimum_n):
            return few
        return Estimate(float(np.mean(gaps)), None, None, len(gaps))
