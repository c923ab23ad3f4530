"""Shares of records and of amounts."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

import pyarrow as pa

from metrics.estimate import Estimate
from metrics.statistics.base import (
    Clusters,
    Statistic,
    column,
    count,
    critical,
    design_effect,
    logit_interval,
    shortfall,
    wilson,
)

if TYPE_CHECKING:
    import ibis.expr.types as ir


@dataclass(frozen=True)
class Proportion(Statistic):
    """Share of rows whose flag `event` is true; rows with a null flag do not count."""

    event: str

    @property
    def formula(self) -> str:
        """In words."""
        return f"rows with {self.event} / rows where it is known"

    @property
    def columns(self) -> tuple[str, ...]:
        """The flag."""
        return (self.event,)

    def aggregate(self, rows: "ir.Table", by: Sequence[str] = ()) -> "ir.Table":
        """`by`, cluster, n, k."""
        return count(rows, self.event, [*by, "cluster"])

    def estimate(
        self, statistics: pa.Table, *, minimum_n: int = 1, ends_at: datetime | None = None
    ) -> Estimate:
        """Wilson on the effective n: n over the design effect of clustering."""
        counts, events = column(statistics, "n"), column(statistics, "k")
        n = float(counts.sum())
        if few := shortfall(round(n), minimum_n):
            return few
        clusters = Clusters(statistics)
        share = float(events.sum()) / n
        influence = clusters.sums(events - share * counts) / n
        sizes = clusters.sums(counts)
        deff = design_effect(influence, sizes, share * (1 - share) / n, n)
        low, high = wilson(share, n / deff, critical(sizes))
        status, reason = clusters.trust()
        return Estimate(
            share,
            low,
            high,
            round(n),
            len(clusters),
            status,
            reason,
            influence=clusters.influence(influence),
        )


@dataclass(frozen=True)
class RatioOfSums(Statistic):
    """Sum of `numerator` over sum of `denominator`: a share of an amount. Rows where either is
    null do not count.
    """

    numerator: str
    denominator: str

    @property
    def formula(self) -> str:
        """In words."""
        return f"sum of {self.numerator} / sum of {self.denominator}"

    @property
    def columns(self) -> tuple[str, ...]:
        """Both amounts."""
        return self.numerator, self.denominator

    def aggregate(self, rows: "ir.Table", by: Sequence[str] = ()) -> "ir.Table":
        """`by`, cluster, n, numerator, denominator, and the sums of their squares and product."""
        given = rows.filter(rows[self.numerator].notnull() & rows[self.denominator].notnull())
        top = given[self.numerator].cast("float64")
        bottom = given[self.denominator].cast("float64")
        return given.group_by([*by, "cluster"]).aggregate(
            n=given.count(),
            numerator=top.sum(),
            denominator=bottom.sum(),
            numerator_squares=(top * top).sum(),
            denominator_squares=(bottom * bottom).sum(),
            products=(top * bottom).sum(),
        )

    def estimate(
        self, statistics: pa.Table, *, minimum_n: int = 1, ends_at: datetime | None = None
    ) -> Estimate:
        """Cluster-robust linearised variance on the logit scale; where the amounts show no
        variance (a share of 0 or 1), Wilson on Kish's effective number of amounts.
        """
        n = round(float(column(statistics, "n").sum()))
        if few := shortfall(n, minimum_n):
            return few
        tops, bottoms = column(statistics, "numerator"), column(statistics, "denominator")
        total = float(bottoms.sum())
        if total <= 0:
            return Estimate.not_assessed("the amounts add up to nothing", n)
        share = float(tops.sum()) / total
        if not 0 <= share <= 1:
            return Estimate.not_assessed("the amounts contradict each other (negative?)", n)
        clusters = Clusters(statistics)
        influence = clusters.sums(tops - share * bottoms) / total
        squares = float(column(statistics, "denominator_squares").sum())
        residuals = (
            float(column(statistics, "numerator_squares").sum())
            - 2 * share * float(column(statistics, "products").sum())
            + share * share * squares
        )
        simple = max(residuals, 0.0) / total**2
        sizes = clusters.sums(bottoms)
        variance = simple * design_effect(influence, sizes, simple, n)
        kish = total**2 / squares if len(clusters) > 1 else 1.0
        low, high = _share_of_amount(share, variance, kish, critical(sizes))
        status, reason = clusters.trust()
        return Estimate(
            share,
            low,
            high,
            n,
            len(clusters),
            status,
            reason,
            influence=clusters.influence(influence),
        )


def _share_of_amount(
    share: float, variance: float, kish: float, crit: float
) -> tuple[float, float]:
    spread = share * (1 - share)
    if variance <= 1e-12 * spread or spread == 0:
        return wilson(share, kish, crit)
    return logit_interval(share, variance, crit)
