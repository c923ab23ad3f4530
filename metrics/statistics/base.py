"""What every statistic shares: the two steps, and the rules for 95 % intervals."""

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Hashable, Mapping
from datetime import datetime
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from scipy import special

from metrics.blocks import blocks
from metrics.estimate import Estimate, Influence, Status
from metrics.rows import Array, Ints, Rows

Floats = NDArray[np.float64]
NOBODY = np.zeros(0, dtype=np.int64)
NO_NAMES = np.zeros(0, dtype=object)
FEWEST_CLUSTERS = 8
LEAST_EFFECT = 0.25
TINY = 1e-12
NOTHING = "no record to count in this period"


class Sums:
    """Sufficient statistics: columns of equal length, numbers as float64, text as it is.

    `clusters` is each line's place among the sorted `names` of the clusters that occur; both are
    empty for a complete count.
    """

    def __init__(
        self,
        columns: Mapping[str, Array],
        clusters: Ints | None = None,
        names: Array | None = None,
    ) -> None:
        self._columns = columns
        self._clusters, self.names = NOBODY, NO_NAMES
        if clusters is not None and names is not None:
            occurs = np.bincount(clusters, minlength=len(names)) > 0
            self.names, self._clusters = names, clusters
            if not occurs.all():
                self.names, self._clusters = names[occurs], (np.cumsum(occurs) - 1)[clusters]
        self._made: dict[Hashable, Any] = {}

    @property
    def columns(self) -> Mapping[str, Array]:
        """The lines, column by column."""
        return self._columns

    @property
    def clusters(self) -> Ints:
        """Each line's place among the names."""
        return self._clusters

    @classmethod
    def of(cls, table: pa.Table) -> "Sums":
        """As `table` gave them."""
        columns: dict[str, Array] = {}
        clusters = names = None
        for name in table.column_names:
            column = table.column(name)
            if name == "cluster":
                labels = np.array([str(c) for c in column.to_pylist()], dtype=object)
                names, clusters = np.unique(labels, return_inverse=True)
            elif pa.types.is_timestamp(column.type):
                columns[name] = column.to_numpy().astype("datetime64[us]")
            elif pa.types.is_string(column.type):
                columns[name] = np.array(column.to_pylist(), dtype=object)
            else:
                columns[name] = column.cast("float64").fill_null(0.0).to_numpy()
        return cls(columns, clusters, names)

    @classmethod
    def complete(cls, **totals: float) -> "Sums":
        """One line of totals, of no cluster."""
        return cls({name: np.array([total]) for name, total in totals.items()})

    def __getitem__(self, name: str) -> Array:
        return self.columns[name]

    def total(self, name: str) -> float:
        """The sum of a column."""
        return float(self[name].sum())

    def table(self) -> pa.Table:
        """To be kept: the columns, and `cluster` by name."""
        columns = {name: pa.array(values) for name, values in self.columns.items()}
        if len(self.names):
            places, names = pa.array(self.clusters.astype(np.int32)), pa.array(self.names)
            columns = {"cluster": pa.DictionaryArray.from_arrays(places, names), **columns}
        return pa.table(columns)

    def once(self, key: Hashable, make: Callable[[], Any]) -> Any:
        """What `make` gives, made the first time that `key` is asked for."""
        if key not in self._made:
            self._made[key] = make()
        return self._made[key]

    def __len__(self) -> int:
        """How many clusters there are."""
        return len(self.names)

    def by_cluster(self, values: Floats) -> Floats:
        """One sum per name of `values`, which has one entry per line."""
        return np.bincount(self.clusters, weights=values, minlength=len(self)).astype(np.float64)

    def figure(
        self, value: float, low: float | None, high: float | None, n: float, influence: Floats
    ) -> Estimate:
        """The estimate over these clusters. `influence` (one per name) is centred, so that it
        sums to zero.
        """
        status, reason = self.trust()
        by_name = Influence(self.names, influence - influence.mean())
        clusters = len(self)
        return Estimate(value, low, high, round(n), clusters, status, reason, influence=by_name)

    def trust(self) -> tuple[Status, str | None]:
        """Weak, with the reason, where there are too few clusters for the interval to hold."""
        if len(self) >= FEWEST_CLUSTERS:
            return "ok", None
        owners = "1 owner" if len(self) == 1 else f"{len(self)} owners"
        return "weak", f"from {owners} only; under {FEWEST_CLUSTERS} the interval is rough"


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

    @property
    def reads(self) -> tuple[str, ...]:
        """Every column that it looks at, `cluster` aside."""
        return self.columns

    @abstractmethod
    def sums(self, rows: Rows) -> Sums:
        """The sufficient statistics of one segment's rows."""

    @abstractmethod
    def estimate(
        self, sums: Sums, *, minimum_n: int = 1, ends_at: datetime | None = None
    ) -> Estimate:
        """The estimate from one segment's `sums`. Not assessed under `minimum_n` records.
        `ends_at` is the window's end, which only gaps between dates need.
        """


def shortfall(n: int, minimum_n: int) -> Estimate | None:
    """The not-assessed estimate where `n` records are too few, else None."""
    if n == 0:
        return Estimate.not_assessed(NOTHING)
    if n < minimum_n:
        count = "1 record" if n == 1 else f"{n} records"
        return Estimate.not_assessed(f"only {count}; at least {minimum_n} are needed", n)
    return None


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
    exactly 1 when every record is its own cluster. Where records of an owner do not resemble each
    other, it scatters like chi-square over its degrees of freedom: of 8 owners, one draw in 40 is
    below `LEAST_EFFECT`, of more owners fewer. It is held there, so that a lucky draw cannot make
    the interval much narrower; Student's t (`critical`) allows for the rest. Held at 0.5, 8 such
    owners cover up to 97.5 %, at 1 even 98–99 % (bench/intervals.py). Never over n. One cluster
    says nothing about its like, so the effect is n; where there is no variance to compare, it is 1.
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


def count(rows: Rows, event: str) -> Sums:
    """cluster, n, k: the rows whose flag `event` is given, and those where it is true."""
    (names, clusters), flags = rows.clusters(), rows[event]
    cells = np.zeros(3 * len(names), dtype=np.int64)
    for block in blocks(len(rows)):
        np.add.at(cells, 3 * clusters[block].astype(np.int64) + 1 + flags[block], 1)
    _, missed, k = cells.reshape(len(names), 3).T.astype(np.float64)
    n = missed + k
    occurs = np.flatnonzero(n)
    return Sums({"n": n[occurs], "k": k[occurs]}, occurs, names)
