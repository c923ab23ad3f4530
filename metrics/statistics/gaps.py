"""Days between dated events, such as meetings that both functions attend."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
from scipy import special

from metrics.estimate import Estimate
from metrics.statistics.base import Statistic

if TYPE_CHECKING:
    import ibis.expr.types as ir

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

    def aggregate(self, rows: "ir.Table", by: Sequence[str] = ()) -> "ir.Table":
        """`by`, at: one row for each distinct instant."""
        given = rows.filter(rows[self.at].notnull())
        return given.select(*by, at=given[self.at]).distinct()

    def estimate(
        self, statistics: pa.Table, *, minimum_n: int = 1, ends_at: datetime | None = None
    ) -> Estimate:
        """Linear-interpolated quantile; the interval is that of the order statistics (binomial),
        within the gaps seen. `n` counts events; `minimum_n` does not apply, since the calendar is
        watched whether or not anything happened. Raises ValueError without `ends_at`.
        """
        if ends_at is None:
            raise ValueError("gaps need the end of the window")
        end = np.datetime64(ends_at, "us")
        start = end - np.timedelta64(self.over_days, "D")
        at = statistics.column("at").to_numpy().astype("datetime64[us]")
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
