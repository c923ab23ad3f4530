"""What every statistic shares: the two steps, and the rules for 95 % intervals."""

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from scipy import special

from metrics.estimate import Estimate, Status

if TYPE_CHECKING:
    import ibis.expr.types as ir

Floats = NDArray[np.float64]
FEWEST_CLUSTERS = 8
LEAST_EFFECT = 0.5
TINY = 1e-12
NOTHING = "no record to count in this period"


class Statistic(ABC):
    """A kind of statistic over rows that carry a text column `cluster` (owner, or queue and week).

    Rows whose event (or duration, or amount) is null do not count: null means "not applicable".
    """

    @property
    @abstractmethod
    def formula(self) -> str:
        """How it is computed from the fact's columns, in words."""

    @property
    @abstractmethod
    def columns(self) -> tuple[str, ...]:
        """The columns that must be given for a row to count, the most telling first."""

    @abstractmethod
    def aggregate(self, rows: "ir.Table", by: Sequence[str] = ()) -> "ir.Table":
        """Sufficient statistics per cluster and per value of `by`, as an expression that both
        engines run. Columns: `by`, `cluster`, then the statistic's own.
        """

    @abstractmethod
    def estimate(
        self, statistics: pa.Table, *, minimum_n: int = 1, ends_at: datetime | None = None
    ) -> Estimate:
        """The estimate for one segment's statistics (as `aggregate` returns them; `by` columns are
        ignored). Not assessed under `minimum_n` records. `ends_at` is the window's end, which
        only gaps between dates need.
        """


def shortfall(n: int, minimum_n: int) -> Estimate | None:
    """The not-assessed estimate where `n` records are too few, else None."""
    if n == 0:
        return Estimate.not_assessed(NOTHING)
    if n < minimum_n:
        count = "1 record" if n == 1 else f"{n} records"
        return Estimate.not_assessed(f"only {count}; at least {minimum_n} are needed", n)
    return None


def column(statistics: pa.Table, name: str) -> Floats:
    """A numeric column as float64, null as 0."""
    return np.asarray(statistics.column(name).cast("float64").fill_null(0.0).to_numpy())


class Clusters:
    """Sums by cluster. `names` are sorted, so that nothing depends on the order of rows."""

    def __init__(self, statistics: pa.Table) -> None:
        labels = [str(c) for c in statistics.column("cluster").to_pylist()]
        self.names, self._index = np.unique(np.array(labels, dtype=object), return_inverse=True)

    def __len__(self) -> int:
        return len(self.names)

    def sums(self, values: Floats) -> Floats:
        """One sum per name of `values`, which has one entry per row."""
        return np.bincount(self._index, weights=values, minlength=len(self)).astype(np.float64)

    def influence(self, sums: Floats) -> Mapping[str, float]:
        """`sums` (one per name) by name, centred so that they sum to zero."""
        centred = sums - sums.mean()
        return dict(zip(map(str, self.names), map(float, centred), strict=True))

    def trust(self) -> tuple[Status, str | None]:
        """Weak, with the reason, where there are too few clusters for the interval to hold."""
        if len(self) >= FEWEST_CLUSTERS:
            return "ok", None
        owners = "1 owner" if len(self) == 1 else f"{len(self)} owners"
        return "weak", f"from {owners} only; under {FEWEST_CLUSTERS} the interval is rough"


def critical(weights: Floats) -> float:
    """Student's t for 95 %: as many degrees of freedom as there are effective owners, less one.

    `weights` (records or amounts by cluster) of equal size count one owner each; a few big ones
    count for less than their number (Kish), as Carter, Schnepel and Steigerwald (2017) advise.
    """
    squares = float(weights @ weights)
    owners = float(weights.sum()) ** 2 / squares if squares > 0 else 1.0
    return float(special.stdtrit(max(owners - 1, 1.0), 0.975))


def design_effect(influence: Floats, weights: Floats, simple: float, n: float) -> float:
    """How many times clustering multiplies the variance.

    `influence` and `weights` hold one sum per cluster, `simple` is the variance for n independent
    records. The cluster-robust variance is the jackknife's: each cluster's influence over the
    share of the weight outside it, with the factor (G−1)/G · (n−1)/n, which makes the effect
    exactly 1 when every record is its own cluster. `LEAST_EFFECT` keeps a lucky draw from making
    the interval much narrower than for independent records: held at 1 instead, 8 to 12 unlike
    owners cover 98–99 % (bench/intervals.py). Never over n. One cluster says nothing about its
    like, so the effect is n; where there is no variance to compare, it is 1.
    """
    clusters = len(influence)
    if clusters < 2:
        return max(n, 1.0)
    if simple <= 0:
        return 1.0
    outside = np.maximum(1 - weights / weights.sum(), TINY)
    change = influence / outside
    robust = float(change @ change) * (clusters - 1) / clusters * (n - 1) / n
    return float(np.clip(robust / simple, LEAST_EFFECT, max(n, 1.0)))


def wilson(share: float, n: float, crit: float) -> tuple[float, float]:
    """Wilson's score interval for a share of `n` effective records (Wilson 1927)."""
    square = crit * crit
    middle = (share + square / (2 * n)) / (1 + square / n)
    half = crit / (1 + square / n) * math.sqrt(share * (1 - share) / n + square / (4 * n * n))
    return min(max(middle - half, 0.0), share), max(min(middle + half, 1.0), share)


def logit_interval(share: float, variance: float, crit: float) -> tuple[float, float]:
    """An interval of a share between 0 and 1 (neither) from its variance, on the logit scale."""
    logit = math.log(share / (1 - share))
    half = crit * math.sqrt(variance) / (share * (1 - share))
    return _expit(logit - half), _expit(logit + half)


def _expit(x: float) -> float:
    return 1 / (1 + math.exp(-x)) if x > -700 else 0.0


def count(rows: "ir.Table", event: str, by: Sequence[str]) -> "ir.Table":
    """`by`, n, k: the rows whose flag `event` is given, and those where it is true."""
    given = rows.filter(rows[event].notnull())
    sums = {"n": given.count(), "k": given[event].cast("int64").sum()}
    return given.group_by(list(by)).aggregate(**sums) if by else given.aggregate(**sums)
