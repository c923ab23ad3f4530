"""Complete counts: what is listed in full has no sampling, and so no interval."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from metrics.estimate import Estimate
from metrics.statistics.base import Statistic, column, count, shortfall

if TYPE_CHECKING:
    import ibis.expr.types as ir


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

    def aggregate(self, rows: "ir.Table", by: Sequence[str] = ()) -> "ir.Table":
        """`by`, n, k."""
        return count(rows, self.event, by)

    def estimate(
        self, statistics: pa.Table, *, minimum_n: int = 1, ends_at: datetime | None = None
    ) -> Estimate:
        """The share itself."""
        n = round(float(column(statistics, "n").sum()))
        if few := shortfall(n, minimum_n):
            return few
        return Estimate(float(column(statistics, "k").sum()) / n, None, None, n)


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

    def aggregate(self, rows: "ir.Table", by: Sequence[str] = ()) -> "ir.Table":
        """`by`, n, numerator, denominator."""
        given = rows.filter(rows[self.numerator].notnull() & rows[self.denominator].notnull())
        sums = {
            "n": given.count(),
            "numerator": given[self.numerator].cast("float64").sum(),
            "denominator": given[self.denominator].cast("float64").sum(),
        }
        return given.group_by(list(by)).aggregate(**sums) if by else given.aggregate(**sums)

    def estimate(
        self, statistics: pa.Table, *, minimum_n: int = 1, ends_at: datetime | None = None
    ) -> Estimate:
        """The quotient itself; not assessed over nothing."""
        n = round(float(column(statistics, "n").sum()))
        if few := shortfall(n, minimum_n):
            return few
        under = float(column(statistics, "denominator").sum())
        if under <= 0:
            return Estimate.not_assessed("there is nothing to divide by", n)
        over = float(column(statistics, "numerator").sum())
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

    def aggregate(self, rows: "ir.Table", by: Sequence[str] = ()) -> "ir.Table":
        """`by`, n, value."""
        given = rows.filter(rows[self.value].notnull())
        found = {"n": given.count(), "value": given[self.value].cast("float64").min()}
        return given.group_by(list(by)).aggregate(**found) if by else given.aggregate(**found)

    def estimate(
        self, statistics: pa.Table, *, minimum_n: int = 1, ends_at: datetime | None = None
    ) -> Estimate:
        """The level itself."""
        n = round(float(column(statistics, "n").sum()))
        if few := shortfall(n, minimum_n):
            return few
        values = statistics.column("value").drop_null().to_numpy()
        return Estimate(float(np.min(values)), None, None, n)


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

    def aggregate(self, rows: "ir.Table", by: Sequence[str] = ()) -> "ir.Table":
        """`by`, n, k: things, and those that both sides used."""
        given = rows.filter(rows[self.thing].notnull() & rows[self.side].notnull())
        sides = given.group_by([*by, self.thing]).aggregate(_sides=given[self.side].nunique())
        sums = {"n": sides.count(), "k": (sides._sides > 1).cast("int64").sum()}
        return sides.group_by(list(by)).aggregate(**sums) if by else sides.aggregate(**sums)

    def estimate(
        self, statistics: pa.Table, *, minimum_n: int = 1, ends_at: datetime | None = None
    ) -> Estimate:
        """The share itself; `n` counts things."""
        n = round(float(column(statistics, "n").sum()))
        if few := shortfall(n, minimum_n):
            return few
        return Estimate(float(column(statistics, "k").sum()) / n, None, None, n)
