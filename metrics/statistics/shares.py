"""Shares of records and of amounts."""

from dataclasses import dataclass
from datetime import datetime

import numpy as np

from metrics.estimate import Estimate
from metrics.rows import Rows
from metrics.statistics.base import (
    Statistic,
    Sums,
    count,
    critical,
    design_effect,
    logit_interval,
    shortfall,
    wilson,
)


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

    def sums(self, rows: Rows) -> Sums:
        """cluster, n, k."""
        found: Sums = rows.once(("counts", self.event), lambda: count(rows, self.event))
        return found

    def estimate(
        self, sums: Sums, *, minimum_n: int = 1, ends_at: datetime | None = None
    ) -> Estimate:
        """Wilson on the effective n: n over the design effect of clustering."""
        counts, events = sums["n"], sums["k"]
        n = float(counts.sum())
        if few := shortfall(round(n), minimum_n):
            return few
        share = float(events.sum()) / n
        influence = sums.by_cluster(events - share * counts) / n
        sizes = sums.by_cluster(counts)
        deff = design_effect(influence, sizes, share * (1 - share) / n, n)
        low, high = wilson(share, n / deff, critical(sizes))
        return sums.figure(share, low, high, n, influence)


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

    def sums(self, rows: Rows) -> Sums:
        """cluster, n, numerator, denominator, and the sums of their squares and product."""
        given = np.flatnonzero(rows.given(self.numerator) & rows.given(self.denominator))
        top, bottom = rows[self.numerator][given], rows[self.denominator][given]
        names, clusters = rows.clusters()
        clusters = clusters[given]
        n = np.bincount(clusters, minlength=len(names)).astype(np.float64)
        occurs = np.flatnonzero(n)
        summed = {
            "numerator": top,
            "denominator": bottom,
            "numerator_squares": top * top,
            "denominator_squares": bottom * bottom,
            "products": top * bottom,
        }
        columns = {
            name: np.bincount(clusters, values, len(names))[occurs]
            for name, values in summed.items()
        }
        return Sums({"n": n[occurs], **columns}, occurs, names)

    def estimate(
        self, sums: Sums, *, minimum_n: int = 1, ends_at: datetime | None = None
    ) -> Estimate:
        """Cluster-robust linearised variance on the logit scale; where the amounts show no
        variance (a share of 0 or 1), Wilson on Kish's effective number of amounts.
        """
        n = round(sums.total("n"))
        if few := shortfall(n, minimum_n):
            return few
        tops, bottoms = sums["numerator"], sums["denominator"]
        total = float(bottoms.sum())
        if total <= 0:
            return Estimate.not_assessed("the amounts add up to nothing", n)
        share = float(tops.sum()) / total
        if not 0 <= share <= 1:
            return Estimate.not_assessed("the amounts contradict each other (negative?)", n)
        influence = sums.by_cluster(tops - share * bottoms) / total
        squares = sums.total("denominator_squares")
        residuals = (
            sums.total("numerator_squares")
            - 2 * share * sums.total("products")
            + share * share * squares
        )
        simple = max(residuals, 0.0) / total**2
        sizes = sums.by_cluster(bottoms)
        variance = simple * design_effect(influence, sizes, simple, n)
        kish = total**2 / squares if len(sums) > 1 else 1.0
        low, high = _share_of_amount(share, variance, kish, critical(sizes))
        return sums.figure(share, low, high, n, influence)


def _share_of_amount(
    share: float, variance: float, kish: float, crit: float
) -> tuple[float, float]:
    spread = share * (1 - share)
    if variance <= 1e-12 * spread or spread == 0:
        return wilson(share, kish, crit)
    return logit_interval(share, variance, crit)
