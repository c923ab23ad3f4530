"""Complete counts: what is listed in full has no sampling, and so no interval."""

from dataclasses import dataclass
from datetime import datetime

import numpy as np

from metrics.estimate import Estimate
from metrics.rows import Rows, counted
from metrics.statistics.base import Statistic, Sums, shortfall


@dataclass(frozen=True)
class CountShare(Statistic):
    """Share of rows whose flag `event` is true, over a complete list."""

    event: str

    @property
    def formula(self) -> str:
        """In words."""
        return f"rows with {self.event} / rows where it is known, a complete count"

    @property
    def columns(self) -> tuple[str, ...]:
        """The flag."""
        return (self.event,)

    def sums(self, rows: Rows) -> Sums:
        """n, k."""
        flags = rows[self.event]
        n, k = np.count_nonzero(flags >= 0), np.count_nonzero(flags > 0)
        return Sums.complete(n=float(n), k=float(k))

    def estimate(
        self, sums: Sums, *, minimum_n: int = 1, ends_at: datetime | None = None
    ) -> Estimate:
        """The share itself."""
        n = round(sums.total("n"))
        if few := shortfall(n, minimum_n):
            return few
        return Estimate(sums.total("k") / n, None, None, n)


@dataclass(frozen=True)
class Quotient(Statistic):
    """Sum of `numerator` over sum of `denominator`, both complete. Rows where either is null do
    not count. With `unrecorded` a sum of 0 above means that nobody recorded it, and is said so.
    """

    numerator: str
    denominator: str
    unrecorded: str | None = None

    @property
    def formula(self) -> str:
        """In words."""
        return f"sum of {self.numerator} / sum of {self.denominator}, a complete count"

    @property
    def columns(self) -> tuple[str, ...]:
        """Both amounts."""
        return self.numerator, self.denominator

    def sums(self, rows: Rows) -> Sums:
        """n, numerator, denominator."""
        given = rows.given(self.numerator) & rows.given(self.denominator)
        over, under = rows[self.numerator][given].sum(), rows[self.denominator][given].sum()
        n = np.count_nonzero(given)
        return Sums.complete(n=float(n), numerator=float(over), denominator=float(under))

    def estimate(
        self, sums: Sums, *, minimum_n: int = 1, ends_at: datetime | None = None
    ) -> Estimate:
        """The quotient itself; not assessed over nothing."""
        n = round(sums.total("n"))
        if few := shortfall(n, minimum_n):
            return few
        under = sums.total("denominator")
        if under <= 0:
            return Estimate.not_assessed("there is nothing to divide by", n)
        over = sums.total("numerator")
        if over == 0 and self.unrecorded is not None:
            return Estimate.not_assessed(self.unrecorded, n)
        return Estimate(over / under, None, None, n)


@dataclass(frozen=True)
class Level(Statistic):
    """A level on an ordinal scale: the lowest of the rows' `value`."""

    value: str

    @property
    def formula(self) -> str:
        """In words."""
        return f"the lowest {self.value}"

    @property
    def columns(self) -> tuple[str, ...]:
        """The level."""
        return (self.value,)

    def sums(self, rows: Rows) -> Sums:
        """n, value."""
        levels = rows[self.value][rows.given(self.value)]
        lowest = float(levels.min()) if len(levels) else 0.0
        return Sums.complete(n=float(len(levels)), value=lowest)

    def estimate(
        self, sums: Sums, *, minimum_n: int = 1, ends_at: datetime | None = None
    ) -> Estimate:
        """The level itself."""
        n = round(sums.total("n"))
        if few := shortfall(n, minimum_n):
            return few
        return Estimate(float(sums["value"].min()), None, None, n)


@dataclass(frozen=True)
class SharedUse(Statistic):
    """Share of the things in use (`thing`) that both sides used. Rows are uses, by `side`."""

    thing: str
    side: str

    @property
    def formula(self) -> str:
        """In words."""
        return f"{self.thing} values used by both sides / all {self.thing} values used"

    @property
    def columns(self) -> tuple[str, ...]:
        """The thing and the side."""
        return self.thing, self.side

    def sums(self, rows: Rows) -> Sums:
        """n, k: things, and those that both sides used."""
        given = rows.given(self.thing) & rows.given(self.side)
        parts = [rows[self.thing][given], rows[self.side][given]]
        counts = [len(rows.labels(name)) for name in (self.thing, self.side)]
        uses, _ = counted(parts, counts)
        _, sides = np.unique(uses // max(counts[1], 1), return_counts=True)
        return Sums.complete(n=float(len(sides)), k=float(np.count_nonzero(sides > 1)))

    def estimate(
        self, sums: Sums, *, minimum_n: int = 1, ends_at: datetime | None = None
    ) -> Estimate:
        """The share itself; `n` counts things."""
        n = round(sums.total("n"))
        if few := shortfall(n, minimum_n):
            return few
        return Estimate(sums.total("k") / n, None, None, n)
