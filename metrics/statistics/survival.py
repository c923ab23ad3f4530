"""Time to an event with censoring: Kaplan–Meier over exact times, clustered by owner."""

import math
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from metrics.estimate import Estimate
from metrics.rows import Rows
from metrics.statistics.base import (
    Floats,
    Statistic,
    Sums,
    critical,
    design_effect,
    shortfall,
    wilson,
)
from metrics.statistics.lines import Times, Weighted

SLACK = 1e-12
STRETCH = 1024


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

    @property
    def reads(self) -> tuple[str, ...]:
        """The duration and the event."""
        return self.duration, self.event

    def sums(self, rows: Rows) -> Sums:
        """cluster, duration, is_event, n."""
        return _times(rows, self.duration, self.event)

    def estimate(
        self, sums: Sums, *, minimum_n: int = 1, ends_at: datetime | None = None
    ) -> Estimate:
        """Log–log Greenwood times the design effect. Not assessed where every row was watched
        for less than `at` and some never had the event.
        """
        n = round(sums.total("n"))
        if few := shortfall(n, minimum_n):
            return few
        curve = Curve.of(sums)
        if curve.longest < self.at and curve.survival_at(self.at) > 0:
            watched = f"{_number(curve.longest)} of {_number(self.at)}"
            return Estimate.not_assessed(f"no record was watched that long yet ({watched})", n)
        left = curve.survival_at(self.at)
        low, high = curve.band_at(self.at)
        influence = curve.influence_at(self.at)
        if not self.complement:
            left, low, high, influence = 1 - left, 1 - high, 1 - low, -influence
        return sums.figure(left, low, high, n, influence)


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

    @property
    def reads(self) -> tuple[str, ...]:
        """The duration and the event."""
        return self.duration, self.event

    def sums(self, rows: Rows) -> Sums:
        """cluster, duration, is_event, n."""
        return _times(rows, self.duration, self.event)

    def estimate(
        self, sums: Sums, *, minimum_n: int = 1, ends_at: datetime | None = None
    ) -> Estimate:
        """The interval is where the log–log band crosses 1 − q (Brookmeyer and Crowley 1982), the
        band widened by the design effect at the estimate.
        """
        n = round(sums.total("n"))
        if few := shortfall(n, minimum_n):
            return few
        curve = Curve.of(sums)
        value = curve.first_at_or_below(1 - self.q)
        at = curve.longest if value is None else value
        low, high = curve.crossings(1 - self.q, at)
        if value is None:
            status, reason = sums.trust()
            bound = f">{_number(curve.longest)}"
            return Estimate(None, low, None, n, len(sums), status, reason, bound)
        return sums.figure(value, low, high, n, _in_time(curve, value, low, high))


class Curve:
    """Kaplan–Meier from lines of (cluster, duration, is_event, n).

    `times` are the distinct times with an event, `survival` is S just after each, `greenwood` the
    variance of log S for independent records (infinite where S is 0), `longest` the longest time
    watched, `critical` Student's t for these clusters.
    """

    def __init__(self, sums: Sums) -> None:
        self._lines = lines = sums.lines if isinstance(sums, Times) else Weighted(sums)
        self.n = float(lines.sizes.sum())
        self.critical = critical(lines.sizes)
        self.longest, self.times = lines.longest, lines.times
        at_risk = self.n - lines.before
        rate = lines.events / at_risk
        with np.errstate(divide="ignore"):
            self._jump = 1 / (at_risk - lines.events)
        self.survival = np.cumprod(1 - rate).astype(np.float64)
        self.greenwood = np.cumsum(rate * self._jump)
        self._influences: dict[float, Floats] = {}

    @classmethod
    def of(cls, sums: Sums) -> "Curve":
        """The curve of these lines, worked out once."""
        found: Curve = sums.once("curve", lambda: cls(sums))
        return found

    def _index(self, at: float) -> int:
        """How many event times are at or before `at`."""
        return int(np.searchsorted(self.times, at, side="right"))

    def survival_at(self, at: float) -> float:
        """S just after `at`."""
        index = self._index(at)
        return float(self.survival[index - 1]) if index else 1.0

    def influence_at(self, at: float) -> Floats:
        """dS(at)/dw by cluster, in the clusters' order: the derivative of the product over the
        lines' weights. Zero where S is 0 or 1.
        """
        if at not in self._influences:
            self._influences[at] = self._influence(self.survival_at(at), self._index(at))
        return self._influences[at]

    def _influence(self, left: float, index: int) -> Floats:
        if left in (0.0, 1.0):
            return np.zeros(len(self._lines.sizes))
        lines, until = self._lines, self.greenwood[:index]
        within, seen = lines.summed(until, self._jump)
        return np.asarray(left * (within + until[-1] * (lines.sizes - seen)))

    def design_effect_at(self, at: float) -> float:
        """The design effect of S at `at`; 1 where S is 0 or 1 and so shows no variance."""
        left = self.survival_at(at)
        simple = left * left * float(self.greenwood[self._index(at) - 1]) if 0 < left < 1 else 0.0
        return design_effect(self.influence_at(at), self._lines.sizes, simple, self.n)

    def band_at(self, at: float) -> tuple[float, float]:
        """The 95 % band at one time. Where S is 0 or 1, Wilson on the records watched that far."""
        left, crit = self.survival_at(at), self.critical
        deff = self.design_effect_at(at)
        if left in (0.0, 1.0):
            return wilson(left, max(self._lines.watched(at) / deff, 1.0), crit)
        reach = _reach(left, deff * self.greenwood[self._index(at) - 1], crit)
        return float(left**reach), float(left ** (1 / reach))

    def first_at_or_below(self, level: float) -> float | None:
        """The first event time at which S is at or below `level`, or None."""
        return self._time_of(self.survival <= level + SLACK)

    def crossings(self, level: float, at: float) -> tuple[float | None, float | None]:
        """The first event times at which the lower and the upper end of the band are at or below
        `level`, or None; the band with the design effect at `at`.
        """
        with np.errstate(divide="ignore", invalid="ignore"):
            variance = self.design_effect_at(at) * self.greenwood
            left = np.flatnonzero(self.survival <= level + SLACK)
            reached = int(left[0]) if len(left) else len(self.times)
            return self._lower(level, variance, reached), self._upper(level, variance, reached)

    def _lower(self, level: float, variance: Floats, reached: int) -> float | None:
        """The lower end crosses before S itself. Stretches of time that cannot hold the crossing,
        by the least S and the widest band in them, are passed over.
        """
        stop = min(reached + 1, len(self.times))
        starts = np.arange(0, stop, STRETCH)
        lasts = np.minimum(starts + STRETCH, stop) - 1
        least = self.survival[lasts]
        lowest = least ** _reach(self.survival[starts], variance[lasts], self.critical)
        for start in starts[(lowest <= level + SLACK) | (least <= level + SLACK)]:
            part = slice(start, min(start + STRETCH, stop))
            left = self.survival[part]
            ends = left ** _reach(left, variance[part], self.critical)
            if (
                found := self._time_of((ends <= level + SLACK) | (left <= 0), part.start)
            ) is not None:
                return found
        return None

    def _upper(self, level: float, variance: Floats, reached: int) -> float | None:
        """The upper end crosses after S itself."""
        for start in range(reached, len(self.times), STRETCH):
            left = self.survival[start : start + STRETCH]
            reach = _reach(left, variance[start : start + STRETCH], self.critical)
            ends = left ** (1 / reach)
            if (found := self._time_of((ends <= level + SLACK) | (left <= 0), start)) is not None:
                return found
        return None

    def _time_of(self, reached: NDArray[np.bool_], start: int = 0) -> float | None:
        place = int(np.argmax(reached)) if len(reached) else 0
        return float(self.times[start + place]) if len(reached) and reached[place] else None


def _times(rows: Rows, duration: str, event: str) -> Sums:
    """cluster, duration, is_event, n: a line for each row whose duration is given, sorted."""
    found: Sums = rows.once(("times", duration, event), lambda: Times(rows, duration, event))
    return found


def _reach(left: Floats | float, variance: Floats | float, crit: float) -> Floats:
    """Both ends of the band of S as powers of it, S ** reach and S ** (1 / reach), from the
    variance of log S on the log(−log S) scale (Kalbfleisch and Prentice).
    """
    power = crit * np.sqrt(variance) / np.abs(np.log(left))
    return np.asarray(np.exp(np.minimum(power, 700.0)))


def _in_time(curve: Curve, value: float, low: float | None, high: float | None) -> Floats:
    """The influence on a quantile: that on S, rescaled so that its spread is the interval's."""
    level = curve.influence_at(value)
    if np.all(np.abs(level) < SLACK):  # owners who are all alike then
        level = curve.influence_at(np.nextafter(value, -np.inf))
    spread = math.sqrt(float(level @ level))
    reach = 2 * (value - low) if low is not None and high is None else (high or 0) - (low or 0)
    half = max(reach, 0.0) / 2 / curve.critical
    return level * (half / spread) if spread > 0 else level


def _number(value: float) -> str:
    return f"{value:.0f}" if value >= 10 else f"{value:.1f}"
