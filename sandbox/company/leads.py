"""Leads as they arrive: when, from where, and how far each one will get."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from sandbox.company import world as w
from sandbox.company.clock import DAY, HOUR, NEVER, REGIONS, Floats
from sandbox.company.ids import Ints
from sandbox.company.people import pick
from sandbox.company.world import World
from sandbox.scenario import Scenario

Flags = NDArray[np.bool_]
MQL_SHARE = 0.45
HANDED_SHARE = 0.97  # of MQLs
OPPORTUNITIES_PER_HANDOFF = 0.33
DIRECT_CONVERSION = 0.6
_MOST_CONVERSION = 0.80
_LEAST_DIRECT = 0.10  # of the conversions
_GROWTH = 0.35
_WEEKEND = 0.25
_LARGE_SHOW, _SHOWN_FOR = 60 * DAY, 77 * DAY
_IMPORT_SOURCE = w.SOURCES.index("Trade Show")


@dataclass(frozen=True)
class Demand:
    """How many leads turn into opportunities, so that the planted share of opportunities comes
    from leads: `conversion` of the MQLs that Sales accepted, and `direct_share` of all leads
    that reach Sales without being an MQL, of which DIRECT_CONVERSION convert.
    """

    conversion: float
    direct_share: float


def demand(scenario: Scenario) -> Demand:
    """The demand that the scenario's rates imply."""
    language, process = scenario.language, scenario.process
    decided = language.decided_within_14_days
    decided += (HANDED_SHARE - decided) * language.decided_later
    accepted = decided * language.mql_accepted
    wanted = OPPORTUNITIES_PER_HANDOFF * process.from_leads
    conversion = min(_MOST_CONVERSION, wanted * (1 - _LEAST_DIRECT) / accepted)
    direct = max(0.0, wanted - accepted * conversion) / DIRECT_CONVERSION
    return Demand(conversion, MQL_SHARE * direct)


@dataclass(frozen=True)
class Leads:
    """Every lead, in order of creation; parallel arrays. Users and queues are numbers.

    `mql_at` and `handed_at` are NEVER where the lead does not get so far; a direct lead belongs
    to a seller from its creation on and never becomes an MQL.
    """

    created_at: Ints
    region: Ints
    unit: Ints
    source: Ints
    industry: Ints
    segment: Ints
    created_by: Ints
    marketer: Ints
    is_direct: Flags
    is_queued: Flags  # in the nurture queue rather than with a marketer
    mql_at: Ints
    mql_by: Ints
    handed_at: Ints
    handed_by: Ints
    first_score: Floats
    score_noise: Floats

    @property
    def count(self) -> int:
        """How many."""
        return len(self.created_at)


@dataclass(frozen=True)
class Arrivals:
    """When and whence every lead comes, in order of creation; parallel arrays, kept small."""

    created_at: Ints
    region: NDArray[np.int8]
    source: NDArray[np.int8]
    is_mql: Flags
    is_direct: Flags

    @property
    def count(self) -> int:
        """How many."""
        return len(self.created_at)


def arrive(world: World) -> Arrivals:
    """The leads created until the horizon."""
    chance = world.chance("leads")
    past = _arrivals(world, chance, world.start, world.now, world.leads)
    coming = (
        world.leads
        * _weight(world, world.now, world.horizon)
        / _weight(world, world.start, world.now)
    )
    future = _arrivals(world, chance, world.now + 1, world.horizon, round(coming))
    created = np.concatenate([past, future])
    del past, future
    count = len(created)
    region = chance.choice(len(REGIONS), count, p=w.REGION_SHARES).astype(np.int8)
    kind = chance.random(count)
    direct_share = world.rates(region.astype(np.int64), lambda s: demand(s).direct_share)
    is_mql = kind < MQL_SHARE
    is_direct = (kind >= MQL_SHARE) & (kind < MQL_SHARE + direct_share)
    del kind
    source = chance.choice(len(w.SOURCES), count, p=(0.3, 0.2, 0.12, 0.2, 0.1, 0.08))
    own = len(w.SOURCES) + chance.integers(len(w.DIRECT_SOURCES), size=count)
    source = np.where(is_direct, own, source)
    is_import = source == _IMPORT_SOURCE
    created[is_import] = _import_time(created[is_import], world)
    by_hand = source == w.ALL_SOURCES.index("Sales Prospecting")
    at, at_region = created[by_hand], region[by_hand]
    created[by_hand] = world.clock.after(at, np.zeros(len(at)), at_region)
    keep = created <= world.horizon
    order = np.flatnonzero(keep)[np.argsort(created[keep], kind="stable")]
    return Arrivals(
        created[order],
        region[order],
        source[order].astype(np.int8),
        is_mql[order],
        is_direct[order],
    )


def develop(world: World, arrivals: Arrivals, rows: slice) -> Leads:
    """The leads of one cohort: the arrivals at `rows`."""
    return _develop(
        world,
        world.chance("lead lives"),
        created=arrivals.created_at[rows],
        region=arrivals.region[rows].astype(np.int64),
        source=arrivals.source[rows].astype(np.int64),
        is_mql=arrivals.is_mql[rows],
        is_direct=arrivals.is_direct[rows],
    )


def _develop(
    world: World,
    chance: np.random.Generator,
    *,
    created: Ints,
    region: Ints,
    source: Ints,
    is_mql: Flags,
    is_direct: Flags,
) -> Leads:
    count = len(created)
    marketer = pick(chance, world.people.marketers, region)
    integration = np.full(count, world.people.integration)
    is_import = source == _IMPORT_SOURCE
    soon = chance.random(count) < 0.25
    days = np.where(
        soon, chance.uniform(0.01, 0.4, count), np.exp(chance.normal(np.log(6), 1.1, count))
    )
    mql_at = created + (np.minimum(days, 150) * DAY).astype(np.int64) + 30
    by_person = chance.random(count) < 0.4
    mql_at = np.where(by_person, world.clock.after(mql_at, np.zeros(count), region) + 17, mql_at)
    quick = mql_at + chance.integers(20, HOUR, count)
    slow = world.clock.after(mql_at, chance.uniform(0.1, 4.0, count), region)
    handed_at = np.where(by_person, slow, quick)
    is_handed = is_mql & (chance.random(count) < HANDED_SHARE)
    handed_at = np.where(is_direct, created, np.where(is_handed, handed_at, NEVER))
    actor = np.where(by_person, marketer, integration)
    return Leads(
        created_at=created,
        region=region,
        unit=chance.choice(len(w.UNITS), count, p=w.UNIT_SHARES),
        source=source,
        industry=chance.integers(len(w.INDUSTRIES), size=count),
        segment=chance.choice(len(w.SEGMENTS), count, p=w.SEGMENT_SHARES),
        created_by=np.where(is_import, marketer, integration),
        marketer=marketer,
        is_direct=is_direct,
        is_queued=chance.random(count) < 0.6,
        mql_at=np.where(is_mql, mql_at, NEVER),
        mql_by=actor,
        handed_at=handed_at,
        handed_by=actor,
        first_score=np.round(chance.uniform(5, 40, count)),
        score_noise=chance.normal(size=count),
    )


def _weights(world: World, first: int, last: int) -> tuple[Ints, Floats]:
    days = np.arange(first // DAY, last // DAY + 1)
    progress = (days - world.start // DAY) * DAY / max(world.now - world.start, 1)
    weekday = (days + 3) % 7  # 1970-01-01 was a Thursday
    season = 1 - 0.35 * np.isin(_month(days), (8, 12))
    weights = (1 + _GROWTH * progress) * np.where(weekday >= 5, _WEEKEND, 1.0) * season
    begin, end = np.maximum(days * DAY, first), np.minimum((days + 1) * DAY, last)
    return days, weights * np.maximum(end - begin, 0) / DAY


def _weight(world: World, first: int, last: int) -> float:
    return float(_weights(world, first, last)[1].sum())


def _month(days: Ints) -> Ints:
    return days.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64) % 12 + 1


def _arrivals(world: World, chance: np.random.Generator, first: int, last: int, count: int) -> Ints:
    days, weights = _weights(world, first, last)
    if not count or not weights.sum():
        return np.zeros(0, np.int64)
    day = chance.choice(days, count, p=weights / weights.sum())
    hour = 24 * ndtr(chance.normal(0.15, 0.75, count))  # most around two in the afternoon UTC
    at = day * DAY + (hour * HOUR).astype(np.int64)
    begin, end = np.maximum(day * DAY, first), np.minimum((day + 1) * DAY, last)
    anywhere = begin + ((end - begin) * chance.random(count)).astype(np.int64)
    found: Ints = np.where((at < begin) | (at > end), anywhere, at)
    return found


def _import_time(created: Ints, world: World) -> Ints:
    """Trade show leads come as a list, on the Wednesday after, all in the same second; those of
    one large show come weeks later, some dozens at once whatever the size of the company.
    """
    week = 7 * DAY
    wednesday = 6 * DAY + 10 * HOUR
    batch = (created - wednesday + week - 1) // week * week + wednesday
    shown_until = (world.now - _LARGE_SHOW - wednesday) // week * week + wednesday
    at_large_show = (batch <= shown_until) & (batch > shown_until - _SHOWN_FOR)
    batch = np.where(at_large_show, shown_until, batch)
    return np.where(batch > world.horizon, created, batch)
