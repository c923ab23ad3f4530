"""Days between dated events, such as meetings that both functions attend."""

from dataclasses import dataclass
from datetime import datetime

import numpy as np
from scipy import special

from metrics.estimate import Estimate
from metrics.rows import Rows
from metrics.statistics.base import Statistic, Sums

DAY = np.timedelta64(1, "D") / np.timedelta64(1, "us")


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
        """Linear-interpolated quantile; the interval is that of the order statistics (binomial),
        within the gaps seen. `n` counts events; `minimum_n` does not apply, since the calendar is
        watched whether or not anything happened. Raises ValueError without `ends_at`.
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
        ordered = np.sort(gaps)
        first, last = (_binomial(p, len(gaps), self.q) for p in (0.025, 0.975))
        low = float(ordered[max(first - 1, 0)])
        high = float(ordered[min(last, len(gaps) - 1)])
        above = (gaps > value).astype(np.float64)
        weights = (above - above.mean()) / len(gaps)
        names = [str(stop) for stop in stops[1:]]
        names[-1] = "open"
        return Estimate(
            value,
            min(low, value),
            max(high, value),
            len(events),
            len(gaps),
            influence=dict(zip(names, map(float, weights), strict=True)),
        )


def _binomial(p: float, n: int, q: float) -> int:
    """The least k at which n trials of chance q have at most k successes with probability p."""
    return int(np.searchsorted(special.bdtr(np.arange(n + 1), n, q), p))
