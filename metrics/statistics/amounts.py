"""Amounts per thing, and the speed of the pipeline: outcomes that are no shares."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from metrics.estimate import Estimate
from metrics.statistics.base import Clusters, Statistic, column, critical, shortfall

if TYPE_CHECKING:
    import ibis.expr.types as ir


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

    def aggregate(self, rows: "ir.Table", by: Sequence[str] = ()) -> "ir.Table":
        """`by`, cluster, n, total."""
        given = rows.filter(rows[self.amount].notnull())
        total = given[self.amount].cast("float64").sum()
        return given.group_by([*by, "cluster"]).aggregate(n=given.count(), total=total)

    def estimate(
        self, statistics: pa.Table, *, minimum_n: int = 1, ends_at: datetime | None = None
    ) -> Estimate:
        """The interval is the jackknife's over owners, on the logarithmic scale."""
        counts, totals = column(statistics, "n"), column(statistics, "total")
        n = float(counts.sum())
        if few := shortfall(round(n), minimum_n):
            return few
        value = float(totals.sum()) / n
        clusters = Clusters(statistics)
        sizes, sums = clusters.sums(counts), clusters.sums(totals)
        influence = (sums - value * sizes) / n
        low: float | None = None
        high: float | None = None
        if len(clusters) > 1 and value > 0:
            left_out = (totals.sum() - sums) / (n - sizes)
            groups = len(clusters)
            variance = (groups - 1) / groups * float(((left_out - value) ** 2).sum())
            reach = math.exp(critical(sizes) * math.sqrt(variance) / value)
            low, high = value / reach, value * reach
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

    def aggregate(self, rows: "ir.Table", by: Sequence[str] = ()) -> "ir.Table":
        """`by`, n, open, won, lost, amount, days."""
        sums = {
            "n": rows.count(),
            "open": rows[self.is_open].cast("int64").sum(),
            "won": rows[self.is_won].cast("int64").sum(),
            "lost": rows[self.is_lost].cast("int64").sum(),
            "amount": rows[self.amount].cast("float64").sum(),
            "days": rows[self.days].cast("float64").sum(),
        }
        return rows.group_by(list(by)).aggregate(**sums) if by else rows.aggregate(**sums)

    def estimate(
        self, statistics: pa.Table, *, minimum_n: int = 1, ends_at: datetime | None = None
    ) -> Estimate:
        """The product; no interval is claimed for it. `n` counts what was closed."""
        names = ("open", "won", "lost", "amount", "days")
        opened, won, lost, amount, days = (float(column(statistics, x).sum()) for x in names)
        closed = round(won + lost)
        if few := shortfall(closed, minimum_n):
            return few
        if not won or not days:
            return Estimate(0.0, None, None, closed)
        value = opened * (won / closed) * (amount / won) / (days / won)
        return Estimate(float(np.float64(value)), None, None, closed)
