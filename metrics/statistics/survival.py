"""Time to an event with censoring: Kaplan–Meier over exact times, clustered by owner."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from metrics.estimate import Estimate
from metrics.statistics.base import (
    Clusters,
    Floats,
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
class SurvivalShare(Statistic):
    """Share that had the event by the time `at` (Kaplan–Meier, 1 − S); with `complement`, the
    share that had not (S).

    `duration` is the time to the event, or for how long the row has been watched without it;
    `event` says which. Rows with a null duration do not count.
    """

    duration: str
    event: str
    at: float
    complement: bool = False

    @property
    def formula(self) -> str:
        """In words."""
        what = "without" if self.complement else "with"
        return (
            f"share {what} {self.event} by {self.duration} = {self.at:g} "
            "(Kaplan–Meier, rows still without it censored)"
        )

    @property
    def columns(self) -> tuple[str, ...]:
        """The duration."""
        return (self.duration,)

    def aggregate(self, rows: "ir.Table", by: Sequence[str] = ()) -> "ir.Table":
        """`by`, cluster, duration, is_event, n."""
        return _times(rows, self.duration, self.event, by)

    def estimate(
        self, statistics: pa.Table, *, minimum_n: int = 1, ends_at: datetime | None = None
    ) -> Estimate:
        """Log–log Greenwood times the design effect. Not assessed where every row was watched
        for less than `at` and some never had the event.
        """
        n = round(float(column(statistics, "n").sum()))
        if few := shortfall(n, minimum_n):
            return few
        curve = Curve(statistics)
        if curve.longest < self.at and curve.survival_at(self.at) > 0:
            watched = f"{_number(curve.longest)} of {_number(self.at)}"
            return Estimate.not_assessed(f"no record was watched that long yet ({watched})", n)
        left = curve.survival_at(self.at)
        low, high = curve.band_at(self.at)
        influence = curve.influence_at(self.at)
        status, reason = curve.clusters.trust()
        if not self.complement:
            left, low, high, influence = 1 - left, 1 - high, 1 - low, -influence
        return Estimate(
            left,
            low,
            high,
            n,
            len(curve.clusters),
            status,
            reason,
            influence=curve.clusters.influence(influence),
        )


@dataclass(frozen=True)
class SurvivalQuantile(Statistic):
    """The time by which a share `q` had the event: the first time with S ≤ 1 − q.

    Never reached: `value` None, `bound` the longest time watched (">720").
    """

    duration: str
    event: str
    q: float = 0.5

    @property
    def formula(self) -> str:
        """In words."""
        return (
            f"the {self.duration} by which {self.q:.0%} have {self.event} "
            "(Kaplan–Meier, rows still without it censored)"
        )

    @property
    def columns(self) -> tuple[str, ...]:
        """The duration."""
        return (self.duration,)

    def aggregate(self, rows: "ir.Table", by: Sequence[str] = ()) -> "ir.Table":
        """`by`, cluster, duration, is_event, n."""
        return _times(rows, self.duration, self.event, by)

    def estimate(
        self, statistics: pa.Table, *, minimum_n: int = 1, ends_at: datetime | None = None
    ) -> Estimate:
        """The interval is where the log–log band crosses 1 − q (Brookmeyer and Crowley 1982), the
        band widened by the design effect at the estimate.
        """
        n = round(float(column(statistics, "n").sum()))
        if few := shortfall(n, minimum_n):
            return few
        curve = Curve(statistics)
        value = curve.first_at_or_below(curve.survival, 1 - self.q)
        lower, upper = curve.bands(curve.longest if value is None else value)
        low = curve.first_at_or_below(lower, 1 - self.q)
        high = curve.first_at_or_below(upper, 1 - self.q)
        status, reason = curve.clusters.trust()
        if value is None:
            bound = f">{_number(curve.longest)}"
            return Estimate(None, low, None, n, len(curve.clusters), status, reason, bound)
        return Estimate(
            value,
            low,
            high,
            n,
            len(curve.clusters),
            status,
            reason,
            influence=curve.clusters.influence(_in_time(curve, value, low, high)),
        )


class Curve:
    """Kaplan–Meier from rows of (cluster, duration, is_event, n).

    `times` are the distinct times with an event, `survival` is S just after each, `greenwood` the
    variance of log S for independent records (infinite where S is 0), `longest` the longest time
    watched, `critical` Student's t for these clusters.
    """

    def __init__(self, statistics: pa.Table) -> None:
        self.clusters = Clusters(statistics)
        self._duration = column(statistics, "duration")
        self._weight = column(statistics, "n")
        self._is_event = column(statistics, "is_event") > 0
        self.n = float(self._weight.sum())
        self._sizes = self.clusters.sums(self._weight)
        self.critical = critical(self._sizes)
        self.longest = float(self._duration.max())
        self.times, where = np.unique(self._duration[self._is_event], return_inverse=True)
        events = np.bincount(where, self._weight[self._is_event], len(self.times))
        order = np.argsort(self._duration, kind="stable")
        left = self.n - np.concatenate([[0.0], np.cumsum(self._weight[order])])
        at_risk = left[np.searchsorted(self._duration[order], self.times, side="left")]
        with np.errstate(divide="ignore"):
            self._jump = 1 / (at_risk - events)
            self._hazard = events / at_risk * self._jump
        self.survival = np.cumprod(1 - events / at_risk).astype(np.float64)
        self.greenwood = np.cumsum(self._hazard)

    def _index(self, at: float) -> int:
        """How many event times are at or before `at`."""
        return int(np.searchsorted(self.times, at, side="right"))

    def survival_at(self, at: float) -> float:
        """S just after `at`."""
        index = self._index(at)
        return float(self.survival[index - 1]) if index else 1.0

    def influence_at(self, at: float) -> Floats:
        """dS(at)/dw by cluster, in the clusters' order: the derivative of the product over the
        rows' weights. Zero where S is 0 or 1.
        """
        left = self.survival_at(at)
        if left in (0.0, 1.0):
            return np.zeros(len(self.clusters))
        until = np.searchsorted(self.times, np.minimum(self._duration, at), side="right")
        at_risk = np.concatenate([[0.0], self.greenwood])[until]
        happened = self._is_event & (self._duration <= at)
        had = np.zeros(len(self._duration))
        had[happened] = self._jump[np.searchsorted(self.times, self._duration[happened])]
        return self.clusters.sums(left * self._weight * (at_risk - had))

    def design_effect_at(self, at: float) -> float:
        """The design effect of S at `at`; 1 where S is 0 or 1 and so shows no variance."""
        left = self.survival_at(at)
        simple = left * left * float(self.greenwood[self._index(at) - 1]) if 0 < left < 1 else 0.0
        return design_effect(self.influence_at(at), self._sizes, simple, self.n)

    def band_at(self, at: float) -> tuple[float, float]:
        """The 95 % band at one time. Where S is 0 or 1, Wilson on the records watched that far."""
        left, crit = self.survival_at(at), self.critical
        deff = self.design_effect_at(at)
        if left in (0.0, 1.0):
            seen = float(self._weight[(self._duration >= at) | self._is_event].sum())
            return wilson(left, max(seen / deff, 1.0), crit)
        return _log_log(left, deff * float(self.greenwood[self._index(at) - 1]), crit)

    def bands(self, at: float) -> tuple[Floats, Floats]:
        """The band at all event times, with the design effect at `at`."""
        deff, crit = self.design_effect_at(at), self.critical
        pairs = [
            _log_log(s, deff * g, crit) if s > 0 else (0.0, 0.0)
            for s, g in zip(self.survival.tolist(), self.greenwood.tolist(), strict=True)
        ]
        lower, upper = np.array(pairs).reshape(-1, 2).T
        return lower, upper

    def first_at_or_below(self, curve: Floats, level: float) -> float | None:
        """The first event time at which `curve` is at or below `level`, or None."""
        reached = np.flatnonzero(curve <= level + 1e-12)
        return float(self.times[reached[0]]) if len(reached) else None


def _times(rows: "ir.Table", duration: str, event: str, by: Sequence[str]) -> "ir.Table":
    given = rows.filter(rows[duration].notnull())
    timed = given.mutate(
        duration=given[duration].cast("float64"), is_event=given[event].fill_null(False)
    )
    return timed.group_by([*by, "cluster", "duration", "is_event"]).aggregate(n=timed.count())


def _log_log(left: float, variance: float, crit: float) -> tuple[float, float]:
    """Band of S from the variance of log S, on the log(−log S) scale (Kalbfleisch and Prentice)."""
    power = min(crit * math.sqrt(variance) / abs(math.log(left)), 700.0)
    return left ** math.exp(power), left ** math.exp(-power)


def _in_time(curve: Curve, value: float, low: float | None, high: float | None) -> Floats:
    """The influence on a quantile: that on S, rescaled so that its spread is the interval's."""
    level = curve.influence_at(value)
    if not level.any():
        level = curve.influence_at(np.nextafter(value, -np.inf))
    spread = math.sqrt(float(level @ level))
    reach = 2 * (value - low) if low is not None and high is None else (high or 0) - (low or 0)
    half = max(reach, 0.0) / 2 / curve.critical
    return level * (half / spread) if spread > 0 else level


def _number(value: float) -> str:
    return f"{value:.0f}" if value >= 10 else f"{value:.1f}"
