"""Agreement of two classifications of the same records, beyond chance: Cohen's kappa."""

import math
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
    Statistic,
    column,
    critical,
    design_effect,
    shortfall,
    wilson,
)

if TYPE_CHECKING:
    import ibis.expr.types as ir


@dataclass(frozen=True)
class Kappa(Statistic):
    """Cohen's kappa of the labels `first` and `second` (Cohen 1960): 1 is full agreement, 0 what
    chance alone would give. Rows where either is null do not count.
    """

    first: str
    second: str

    @property
    def formula(self) -> str:
        """In words."""
        return f"(observed − chance) / (1 − chance) agreement of {self.first} and {self.second}"

    @property
    def columns(self) -> tuple[str, ...]:
        """Both labels."""
        return self.first, self.second

    def aggregate(self, rows: "ir.Table", by: Sequence[str] = ()) -> "ir.Table":
        """`by`, cluster, first, second, n: the cells of the table of labels that occur."""
        given = rows.filter(rows[self.first].notnull() & rows[self.second].notnull())
        named = given.mutate(first=given[self.first], second=given[self.second])
        return named.group_by([*by, "cluster", "first", "second"]).aggregate(n=named.count())

    def estimate(
        self, statistics: pa.Table, *, minimum_n: int = 1, ends_at: datetime | None = None
    ) -> Estimate:
        """The interval is Fleiss, Cohen and Everitt's (1969) on Fisher's z scale, widened by the
        design effect; where all agree, Wilson's for the agreement. Not assessed where every
        record has one and the same label: then chance alone gives full agreement.
        """
        counts = column(statistics, "n")
        n = float(counts.sum())
        if few := shortfall(round(n), minimum_n):
            return few
        first, second = (_codes(statistics, name) for name in ("first", "second"))
        labels = int(max(first.max(), second.max())) + 1
        rows, columns = (np.bincount(codes, counts, labels) / n for codes in (first, second))
        agrees = (first == second).astype(np.float64)
        observed, chance = float(agrees @ counts) / n, float(rows @ columns)
        if chance >= 1:
            return Estimate.not_assessed("every record has one and the same label", round(n))
        value = (observed - chance) / (1 - chance)
        each = ((agrees - observed) * (1 - chance)) - (1 - observed) * (
            columns[first] + rows[second] - 2 * chance
        )
        each = each / (1 - chance) ** 2
        clusters = Clusters(statistics)
        influence = clusters.sums(each * counts) / n
        sizes = clusters.sums(counts)
        simple = float((each**2) @ counts) / n**2
        deff = design_effect(influence, sizes, simple, n)
        crit = critical(sizes)
        if observed >= 1:
            low = (wilson(1.0, n / deff, crit)[0] - chance) / (1 - chance)
            high = 1.0
        else:
            low, high = _fisher(value, simple * deff, crit)
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


def _codes(statistics: pa.Table, name: str) -> NDArray[np.int64]:
    """Labels as whole numbers, the same ones for both columns."""
    both = {str(x) for c in ("first", "second") for x in statistics.column(c).to_pylist()}
    place = {label: i for i, label in enumerate(sorted(both))}
    labels = [place[str(x)] for x in statistics.column(name).to_pylist()]
    return np.array(labels, dtype=np.int64)


def _fisher(value: float, variance: float, crit: float) -> tuple[float, float]:
    """An interval of a coefficient between −1 and 1, on the scale of its hyperbolic arctangent."""
    inside = min(max(value, -1 + 1e-9), 1 - 1e-9)
    half = crit * math.sqrt(variance) / (1 - inside * inside)
    at = math.atanh(inside)
    return min(math.tanh(at - half), value), max(math.tanh(at + half), value)
