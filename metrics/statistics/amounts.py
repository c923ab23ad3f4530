"""Amounts per thing, and the speed of the pipeline: outcomes that are no shares."""

import math
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from metrics.estimate import Estimate
from metrics.rows import Rows
from metrics.statistics.base import Statistic, Sums, critical, shortfall


@dataclass(frozen=True)
class Average(Statistic):
    """The mean of an `amount` that is not negative. Rows where it is null do not count."""

    amount: str

    @property
    def formula(self) -> str:
        """In words."""
        return f"sum of {self.amount} / rows where it is known"

    @property
    def columns(self) -> tuple[str, ...]:
        """The amount."""
        return (self.amount,)

    def sums(self, rows: Rows) -> Sums:
        """cluster, n, total."""
        given = np.flatnonzero(rows.given(self.amount))
        names, clusters = rows.clusters()
        n = np.bincount(clusters[given], minlength=len(names)).astype(np.float64)
        total = np.bincount(clusters[given], rows[self.amount][given], len(names))
        occurs = np.flatnonzero(n)
        return Sums({"n": n[occurs], "total": total[occurs]}, occurs, names)

    def estimate(
        self, sums: Sums, *, minimum_n: int = 1, ends_at: datetime | None = None
    ) -> Estimate:
        """The interval is the jackknife's over owners, on the logarithmic scale."""
        counts, totals = sums["n"], sums["total"]
        n = float(counts.sum())
        if few := shortfall(round(n), minimum_n):
            return few
        value = float(totals.sum()) / n
        sizes, amounts = sums.by_cluster(counts), sums.by_cluster(totals)
        influence = (amounts - value * sizes) / n
        low: float | None = None
        high: float | None = None
        if len(sums) > 1 and value > 0:
            left_out = (totals.sum() - amounts) / (n - sizes)
            groups = len(sums)
            variance = (groups - 1) / groups * float(((left_out - value) ** 2).sum())
            reach = math.exp(critical(sizes) * math.sqrt(variance) / value)
            low, high = value / reach, value * reach
        return sums.figure(value, low, high, n, influence)


@dataclass(frozen=True)
class Velocity(Statistic):
    """What the open pipeline brings per day: open opportunities × win rate × average won amount
    over the average days of the won. `is_open` and `is_won` are flags, `is_lost` null while open.
    """

    is_open: str
    is_won: str
    is_lost: str
    amount: str
    days: str

    @property
    def formula(self) -> str:
        """In words."""
        return (
            f"rows with {self.is_open} × share with {self.is_won} of those closed × "
            f"mean {self.amount} / mean {self.days} of the won"
        )

    @property
    def columns(self) -> tuple[str, ...]:
        """None: every row counts as open, won or lost."""
        return ()

    @property
    def reads(self) -> tuple[str, ...]:
        """All five."""
        return self.is_open, self.is_won, self.is_lost, self.amount, self.days

    def sums(self, rows: Rows) -> Sums:
        """n, open, won, lost, amount, days."""
        flags = {"open": self.is_open, "won": self.is_won, "lost": self.is_lost}
        found = {name: float(np.count_nonzero(rows[flag] > 0)) for name, flag in flags.items()}
        amounts = {"amount": self.amount, "days": self.days}
        found |= {name: float(np.nansum(rows[column])) for name, column in amounts.items()}
        return Sums.complete(n=float(len(rows)), **found)

    def estimate(
        self, sums: Sums, *, minimum_n: int = 1, ends_at: datetime | None = None
    ) -> Estimate:
        """The product; no interval is claimed for it. `n` counts what was closed."""
        names = ("open", "won", "lost", "amount", "days")
        opened, won, lost, amount, days = (sums.total(x) for x in names)
        closed = round(won + lost)
        if few := shortfall(closed, minimum_n):
            return few
        if not won or not days:
            return Estimate(0.0, None, None, closed)
        value = opened * (won / closed) * (amount / won) / (days / won)
        return Estimate(float(np.float64(value)), None, None, closed)
