"""Shares of records and of amounts."""

from dataclasses import dataclass
from datetime import datetime

import numpy as np

from metrics.blocks import blocks
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

SUMMED = ("numerator", "denominator", "numerator_squares", "denominator_squares", "products")


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
        given = rows.given(self.numerator) & rows.given(self.denominator)
        over, under = rows[self.numerator], rows[self.denominator]
        names, clusters = rows.clusters()
        n, summed = np.zeros(len(names), dtype=np.int64), np.zeros((len(SUMMED), len(names)))
        for block in blocks(len(rows)):
            of = given[block]
            at, top, bottom = (column[block][of] for column in (clusters, over, under))
            at = at.astype(np.int64)
            np.add.at(n, at, 1)
            each = (top, bottom, top * top, bottom * bottom, top * bottom)
            for sums, values in zip(summed, each, strict=True):
                np.add.at(sums, at, values)
        occurs = np.flatnonzero(n)
        columns = dict(zip(SUMMED, summed[:, occurs], strict=True))
        return Sums({"n": n[occurs].astype(np.float64), **columns}, occurs, names)

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
