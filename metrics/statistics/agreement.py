"""Agreement of two classifications of the same records, beyond chance: Cohen's kappa."""

import math
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pyarrow as pa

from metrics.estimate import Estimate
from metrics.rows import Array, Ints, Rows, counted
from metrics.statistics.base import (
    Statistic,
    Sums,
    critical,
    design_effect,
    shortfall,
    wilson,
)


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

    def sums(self, rows: Rows) -> Sums:
        """cluster, first, second, n: the cells of the table of labels that occur."""
        given = np.flatnonzero(rows.given(self.first) & rows.given(self.second))
        names, clusters = rows.clusters()
        labels = rows.labels(self.first), rows.labels(self.second)
        parts = [column[given] for column in (clusters, rows[self.first], rows[self.second])]
        found, n = counted(parts, [len(names), *map(len, labels)])
        rest, second = np.divmod(found, max(len(labels[1]), 1))
        cluster, first = np.divmod(rest, max(len(labels[0]), 1))
        columns = {
            "first": labels[0][first],
            "second": labels[1][second],
            "n": n.astype(np.float64),
        }
        return Sums(columns, cluster, names)

    def estimate(
        self, sums: Sums, *, minimum_n: int = 1, ends_at: datetime | None = None
    ) -> Estimate:
        """The interval is Fleiss, Cohen and Everitt's (1969) on Fisher's z scale, widened by the
        design effect; where all agree, Wilson's for the agreement. Not assessed where every
        record has one and the same label: then chance alone gives full agreement.
        """
        counts = sums["n"]
        n = float(counts.sum())
        if few := shortfall(round(n), minimum_n):
            return few
        first, second = _codes(sums["first"], sums["second"])
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
        influence = sums.by_cluster(each * counts) / n
        sizes = sums.by_cluster(counts)
        simple = float((each**2) @ counts) / n**2
        deff = design_effect(influence, sizes, simple, n)
        crit = critical(sizes)
        if observed >= 1:
            low = (wilson(1.0, n / deff, crit)[0] - chance) / (1 - chance)
            high = 1.0
        else:
            low, high = _fisher(value, simple * deff, crit)
        return sums.figure(value, low, high, n, influence)


def _codes(first: Array, second: Array) -> tuple[Ints, Ints]:
    """Labels as whole numbers, the same ones for both columns."""
    both = pa.chunked_array([pa.array(first, pa.string()), pa.array(second, pa.string())])
    found = both.dictionary_encode().unify_dictionaries()
    labels = found.chunk(0).dictionary.to_numpy(zero_copy_only=False)
    place = np.empty(len(labels), dtype=np.int64)
    place[np.argsort(labels)] = np.arange(len(labels))
    one, other = (place[chunk.indices.to_numpy()] for chunk in found.chunks)
    return one, other


def _fisher(value: float, variance: float, crit: float) -> tuple[float, float]:
    """An interval of a coefficient between −1 and 1, on the scale of its hyperbolic arctangent."""
    inside = min(max(value, -1 + 1e-9), 1 - 1e-9)
    half = crit * math.sqrt(variance) / (1 - inside * inside)
    at = math.atanh(inside)
    return min(math.tanh(at - half), value), max(math.tanh(at + half), value)
