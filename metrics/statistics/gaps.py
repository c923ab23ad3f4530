"""Days between dated events, such as meetings that both functions attend."""

import math
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from scipy import special

from metrics.estimate import Estimate
from metrics.rows import Rows
from metrics.statistics.base import FEWEST_CLUSTERS, Floats, Statistic, Sums

DAY = np.timedelta64(1, "D") / np.timedelta64(1, "us")
HOUR = 1 / 24


@dataclass(frozen=True)
class GapQuantile(Statistic):
    """A quantile of the days between consecutive events over the last `over_days` days.

    The stretch before the first event and the open one since the last count as gaps too, so one
    meeting long ago is not a short gap, and no event at all is one gap of `over_days`.
    """

    at: str
    q: float = 0.75
    over_days: int = 365

    @property
    def formula(self) -> str:
        """In words."""
        return (
            f"{self.q:.0%} quantile of the days between one {self.at} and the next, "
            "the open stretch included"
        )

    @property
    def columns(self) -> tuple[str, ...]:
        """The instant."""
        return (self.at,)

    def sums(self, rows: Rows) -> Sums:
        """at: a line for each distinct instant."""
        return Sums({"at": np.unique(rows[self.at][rows.given(self.at)])})

    def estimate(
        self, sums: Sums, *, minimum_n: int = 1, ends_at: datetime | None = None
    ) -> Estimate:
        """Linear-interpolated quantile. The interval is that of the order statistics at fractional
        ranks (Hutson 1999). With so few gaps that even the longest may be too short for an upper
        end, that is a normal quantile's (by the noncentral t) of the gaps' cube roots, as gamma
        gaps have them (Krishnamoorthy, Mathew and Mukherjee 2008), or under 8 gaps of their
        logarithms, which reach further; at least the longest, up to `over_days`. `n` counts
        events; `minimum_n` does not apply, since the calendar is watched whether or not anything
        happened. Raises ValueError without `ends_at`.
        """
        if ends_at is None:
            raise ValueError("gaps need the end of the window")
        end = np.datetime64(ends_at, "us")
        start = end - np.timedelta64(self.over_days, "D")
        at = sums["at"]
        events = np.unique(at[(at > start) & (at <= end)])
        stops = np.concatenate([[start], events, [end]])
        gaps = np.diff(stops).astype(np.float64) / DAY
        value = float(np.quantile(gaps, self.q))
        low, high = _interval(np.sort(gaps), self.q, self.over_days)
        above = (gaps > value).astype(np.float64)
        weights = (above - above.mean()) / len(gaps)
        names = np.datetime_as_string(stops[1:]).tolist()
        names[-1] = "open"
        return Estimate(
            value,
            min(low, value),
            max(high, value),
            len(events),
            len(gaps),
            influence=dict(zip(names, weights.tolist(), strict=True)),
        )


def _interval(gaps: Floats, q: float, longest: float) -> tuple[float, float]:
    """A 95 % interval of the quantile from sorted gaps; none is over `longest`."""
    count = len(gaps)
    first, last = (float(special.bdtrik(p, count, q)) for p in (0.025, 0.975))  # ranks less one
    places = np.arange(count)
    low, high = (float(np.interp(rank, places, gaps)) for rank in (first, last))
    if count == 1:
        return low, longest
    if last > count - 1 and count < FEWEST_CLUSTERS:
        log_end = _normal_end(np.log(np.maximum(gaps, HOUR)), q)
        high = max(high, math.exp(min(log_end, math.log(longest))))
    elif last > count - 1:
        high = max(high, min(_normal_end(np.cbrt(gaps), q) ** 3, longest))
    return low, high


def _normal_end(values: Floats, q: float) -> float:
    """The upper end of the 95 % interval of a quantile of normal values."""
    root = math.sqrt(len(values))
    shift = float(special.ndtri(q)) * root
    reach = float(special.nctdtrit(len(values) - 1, shift, 0.975)) / root
    return float(values.mean()) + reach * float(values.std(ddof=1))
