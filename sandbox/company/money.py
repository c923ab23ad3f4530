"""Currencies: which records are in which, and what they are worth. The corporate one is first."""

from datetime import UTC, date, datetime

import numpy as np

from sandbox.company.clock import DAY, Floats
from sandbox.company.ids import Ints
from sandbox.company.ledger import Column, Ledger
from sandbox.company.people import user_key
from sandbox.company.world import World
from sandbox.company.write import Coded, Out, system

CODES = ("USD", "EUR", "GBP", "JPY")
_RATES = np.array([1.0, 0.92, 0.79, 151.0])  # of one unit of the corporate currency
_DECIMALS = np.array([2, 2, 2, 0])
_IN_REGION = ((0.0, 0.7, 0.3, 0.0), (1.0, 0.0, 0.0, 0.0), (0.4, 0.0, 0.0, 0.6))
_DRIFT = 0.012  # standard deviation of a month's change of a rate
_BEFORE = 400 * DAY
_STILL = (date(9999, 12, 31) - date(1970, 1, 1)).days


def currency_of(world: World, name: str, region: Ints) -> Ints:
    """The currency of each record of a region; everywhere the corporate one where there is one."""
    if not world.scenario.has_currencies:
        return np.zeros(len(region), np.int64)
    bounds = np.cumsum(_IN_REGION, axis=1)[:, :-1][region]
    draw = world.chance(f"currency {name}").random(len(region))
    chosen: Ints = np.sum(draw[:, None] >= bounds, axis=1, dtype=np.int64)
    return chosen


def local(amount: Floats, currency: Ints) -> Floats:
    """An amount of the corporate currency in another, as people round it."""
    scale = 10.0 ** _DECIMALS[currency]
    rounded: Floats = np.round(amount * _RATES[currency] * scale) / scale
    return rounded


def write_currencies(out: Out, world: World) -> None:
    """CurrencyType, and a DatedConversionRate of each currency and month, entered on the first."""
    if not world.scenario.has_currencies:
        return
    count = len(CODES)
    top = int(user_key(np.array([world.people.top]))[0])
    out.write(
        "CurrencyType",
        count,
        {
            **system("CurrencyType", np.full(count, world.start - 2000 * DAY), top),
            "IsoCode": Coded(np.arange(count), CODES),
            "ConversionRate": _RATES,
            "DecimalPlaces": _DECIMALS,
            "IsActive": np.ones(count, bool),
            "IsCorporate": np.arange(count) == 0,
        },
    )
    _write_rates(out, world, top)


def _write_rates(out: Out, world: World, top: int) -> None:
    day = _first_days(world.start - _BEFORE, world.horizon)
    months, count = len(day), len(CODES)
    steps = world.common_chance("rates").normal(0, _DRIFT, (months, count))
    steps[:, 0] = 0
    rate = np.round(_RATES * np.exp(np.cumsum(steps, axis=0) - steps[:1]), 4).ravel()
    currency, month = np.tile(np.arange(count), months), np.repeat(np.arange(months), count)
    entered = day * DAY + 300
    ledger = Ledger(months * count)
    by = np.full(months * count, top)
    start: dict[str, Column] = {
        "StartDate": day[month],
        "NextStartDate": np.full(months * count, _STILL),
    }
    ledger.change(np.arange(months * count), entered[month], by, start)
    old = np.flatnonzero(month < months - 1)
    following: dict[str, Column] = {"NextStartDate": day[month[old] + 1]}
    ledger.change(old, entered[month[old] + 1], by[old], following)
    versions = ledger.versions(world.horizon)
    place = versions.record
    out.write_versions(
        "DatedConversionRate",
        versions,
        {"IsoCode": Coded(currency[place], CODES), "ConversionRate": rate[place]},
    )


def _first_days(first: int, last: int) -> Ints:
    begin, end = (datetime.fromtimestamp(at, UTC) for at in (first, last))
    months = range(begin.year * 12 + begin.month - 1, end.year * 12 + end.month)
    starts = [date(m // 12, m % 12 + 1, 1) for m in months]
    return np.array([(start - date(1970, 1, 1)).days for start in starts], np.int64)
