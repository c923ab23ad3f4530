"""Made-up indicators, results and rows that the tests of metrics share."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Literal

import pyarrow as pa

from metrics.declaration import Indicator, Result, Unit, convention
from metrics.estimate import Estimate
from metrics.rows import Rows
from metrics.scoring import score
from metrics.statistics import Proportion, Statistic, Sums
from model.stages import DIMENSIONS, Dimension, Stage


def indicator(
    name: str,
    dimension: Dimension = Dimension.HANDOFF,
    *,
    anchors: tuple[float, float, float] = (0.5, 0.75, 0.9),
    unit: Unit = "share",
    better: Literal["higher", "lower"] = "higher",
    weight: float = 1.0,
) -> Indicator:
    return Indicator(
        id=name,
        title=name.title(),
        definition=name,
        dimension=dimension,
        unit=unit,
        better=better,
        clock=None,
        fact="rows",
        placed_by=None,
        needs=(),
        anchors=convention(*anchors),
        statistic=lambda _: Proportion("event"),
        weight=weight,
    )


def catalogue(each: int = 1) -> dict[str, Indicator]:
    names = [(f"{d.value}_{i}", d) for d in DIMENSIONS for i in range(each)]
    return {name: indicator(name, dimension) for name, dimension in names}


def result(one: Indicator, estimate: Estimate) -> Result:
    got = score(one, estimate)
    stage = None if got is None else Stage.of_score(got)
    day = date(2026, 6, 30)
    return Result(one, {}, day, day, estimate, got, stage)


def estimated(
    rows: Mapping[str, object], statistic: Statistic, ends_at: datetime | None = None
) -> Estimate:
    """The estimate of raw rows (lists by column)."""
    sums = statistic.sums(Rows.of(pa.table(dict(rows))))
    return statistic.estimate(sums, ends_at=ends_at)


def numbers(*values: float | None) -> list[float]:
    """The values, none of which may be None."""
    found = [value for value in values if value is not None]
    assert len(found) == len(values)
    return found


def counts(sizes: Sequence[int], events: Sequence[int]) -> Sums:
    """Statistics of a proportion, one row per cluster."""
    names = [f"o{i}" for i in range(len(sizes))]
    return Sums.of(pa.table({"cluster": names, "n": list(sizes), "k": list(events)}))
