"""The small vectorised functions that declarations use: typed rows in, one column out."""

from collections.abc import Callable
from datetime import date, timedelta
from itertools import pairwise
from typing import cast

import pyarrow as pa
import pyarrow.compute as pc

from connectors.salesforce.shapes import Column, Kind, Lookup, where
from model.errors import DataError


def money(name: str) -> Column:
    """An amount in corporate currency: divided by the rate of the record's own currency on its
    day, or by the static rate where dated rates are not in use.

    A record that names a currency without a known rate has no amount: a wrong sum is worse.
    """

    def make(rows: pa.Table) -> pa.ChunkedArray:
        converted = pc.divide(rows[name], pc.coalesce(rows["DatedRate"], rows["ConversionRate"]))
        return pc.if_else(pc.is_null(rows["CurrencyIsoCode"]), rows[name], converted)

    return Column((name,), make, besides={"CurrencyIsoCode": ("ConversionRate",)})


def rates(on_day: str) -> tuple[Lookup, Lookup]:
    """The static rates, and the dated ones by the `on_day` of a record."""
    rate = {"ConversionRate": ("ConversionRate", Kind.NUMBER)}
    dated = {"ConversionRate": ("DatedRate", Kind.NUMBER)}
    return (
        Lookup("CurrencyType", on="CurrencyIsoCode", key="IsoCode", fields=rate),
        Lookup(
            "DatedConversionRate",
            on="CurrencyIsoCode",
            key="IsoCode",
            fields=dated,
            on_day=on_day,
        ),
    )


def inactive_since(rows: pa.Table) -> pa.ChunkedArray:
    """The last change of a user who is not active."""
    return where(pc.invert(pc.fill_null(rows["IsActive"], True)), rows["LastModifiedDate"])


def closed_at(rows: pa.Table) -> pa.ChunkedArray:
    """Since when a closed opportunity has been in its present stage, from its history."""
    settled = pc.and_(
        pc.fill_null(rows["IsClosed"], False),
        pc.fill_null(pc.equal(rows["StageName"], rows["LastStage"]), False),
    )
    return where(settled, rows["LastStageSince"])


def period(rows: pa.Table) -> pa.ChunkedArray:
    """The period that a quota's first day opens: `2026`, `2026-Q3`, `2026-08`, or first..last day.

    How long it is says the period's type, or, where that cannot be read, the shortest distance
    between the first days of all quotas (a month if there is only one).
    """
    starts = rows["StartDate"].to_pylist()
    by_distance = _months_between(sorted({start for start in starts if start}))
    months = [_MONTHS.get(kind, by_distance) for kind in rows["PeriodType"].to_pylist()]
    names = [start and _period(start, n) for start, n in zip(starts, months, strict=True)]
    return pa.chunked_array([pa.array(names, pa.string())])


_MONTHS = {"Month": 1, "Quarter": 3, "Year": 12}


def _months_between(starts: list[date]) -> int:
    shortest = min(((b - a).days for a, b in pairwise(starts)), default=30)
    return 1 if shortest < 85 else 3 if shortest < 360 else 12


def _period(start: date, months: int) -> str:
    if start.day == 1 and months == 1:
        return f"{start:%Y-%m}"
    if start.day == 1 and months == 3 and start.month % 3 == 1:
        return f"{start.year}-Q{start.month // 3 + 1}"
    if start.day == 1 and months == 12 and start.month == 1:
        return f"{start.year}"
    years, month = divmod(start.month - 1 + months, 12)
    last = start.replace(year=start.year + years, month=month + 1) - timedelta(days=1)
    return f"{start}..{last}"


def is_qualified(first: str) -> Callable[[pa.Table], pa.ChunkedArray]:
    """Whether a sales stage stands at or after the stage `first`; a lost one does not.

    Raises DataError where no stage is called that.
    """

    def make(rows: pa.Table) -> pa.ChunkedArray:
        at = rows.filter(pc.equal(rows["ApiName"], first))["SortOrder"]
        if not at.length():
            known = ", ".join(rows["ApiName"].to_pylist())
            raise DataError(f"no sales stage {first!r}", "qualified_from", f"There are {known}.")
        lost = pc.and_(rows["IsClosed"], pc.invert(rows["IsWon"]))
        reached = pc.greater_equal(rows["SortOrder"], at[0])
        return cast(pa.ChunkedArray, pc.and_(reached, pc.invert(lost)))

    return make
