"""How far leads got, by the month in which they were created, and how fast Sales answered them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

import ibis
import ibis.expr.types as ir
import numpy as np
import pyarrow as pa
from ibis import _

from metrics.cells import added, cells
from metrics.facts import SEGMENTS
from metrics.rows import Rows
from metrics.statistics import SurvivalShare
from metrics.statistics.survival import Curve
from model.periods import Period, end_of, start_of

Clock = Literal["business", "wall"]
STEPS = ("created", "mql", "handed_off", "responded", "accepted", "opportunity", "won")
YOUNG_DAYS = 90
POINTS = 97
REACH_HOURS: Mapping[Clock, float] = {"business": 48.0, "wall": 168.0}


@dataclass(frozen=True)
class Cohort:
    """The leads created in `period`, and how many of them reached each of `STEPS` by the as-of:
    each lead once in each step, whatever steps it skipped. `is_young`: some were created less
    than 90 days before the as-of and may still get further.
    """

    period: Period
    counts: Mapping[str, int]
    is_young: bool


@dataclass(frozen=True)
class Response:
    """The share of handoffs that Sales had touched after so many hours (Kaplan–Meier), with its
    95 % band: arrays of one length. `n` counts handoffs; no points where there is none.
    """

    clock: Clock
    hours: Sequence[float]
    share: Sequence[float]
    low: Sequence[float]
    high: Sequence[float]
    n: int


def steps(
    facts: Mapping[str, ir.Table], months: Sequence[Period], zone: str, dimensions: Sequence[str]
) -> ir.Table:
    """How many of the leads created in each of `months` (local, not overlapping) reached each of
    STEPS, by `cohort` (the month's place) and the `dimensions`: what `cohorts` adds up.
    """
    reached = {
        "created": _.count(),
        "mql": _.mql_at.count(),
        "handed_off": _.handed_off.count(),
        "responded": _.responded.count(),
        "accepted": _.accepted.count(),
        "opportunity": _.count(where=_.is_opportunity),
        "won": _.won.count(),
    }
    return cells(_placed(facts, months, zone), ["cohort"], dimensions, **reached)


def cohorts(
    counted: pa.Table,
    months: Sequence[Period],
    as_of: datetime,
    zone: str,
    where: Mapping[str, str],
) -> list[Cohort]:
    """A cohort for each of `months`, in their order, from the `steps` that were counted of them."""
    rows = added(counted, ["cohort"], STEPS, where).to_pylist()
    found = {row.pop("cohort"): row for row in rows}
    return [
        Cohort(
            month,
            {step: int(found.get(i, {}).get(step, 0)) for step in STEPS},
            end_of(month.to_on, zone) + timedelta(days=YOUNG_DAYS) > as_of,
        )
        for i, month in enumerate(months)
    ]


def cohort_leads(facts: Mapping[str, ir.Table], months: Sequence[Period], zone: str) -> ir.Table:
    """The leads that `cohorts` counts, oldest first, and which of `STEPS` each of them reached."""
    placed = _placed(facts, months, zone)
    reached = {
        step: placed[step].fill_null(False) for step in ("handed_off", "responded", "accepted")
    }
    return placed.select(
        "lead_id",
        "created_at",
        "owner_id",
        mql=placed.mql_at.notnull(),
        **reached,
        opportunity=placed.is_opportunity,
        won=placed.won.fill_null(False),
    ).order_by("created_at", "lead_id")


def _placed(facts: Mapping[str, ir.Table], months: Sequence[Period], zone: str) -> ir.Table:
    """The leads created in `months`, the number of their month, and the steps that they reached."""
    columns = ("lead_id", "owner_id", "created_at", "mql_at", "is_opportunity", "opportunity_id")
    leads = facts["leads"].select(*columns, *SEGMENTS["leads"])
    created = leads.created_at
    number = ibis.cases(
        *(
            (created.between(start_of(p.from_on, zone), end_of(p.to_on, zone)), i)
            for i, p in enumerate(months)
        ),
        else_=ibis.null("int64"),
    )
    placed = leads.mutate(cohort=number.cast("int64"))
    placed = placed.filter(placed.cohort.notnull())
    for flag, having in _flags(facts).items():
        key = "opportunity_id" if flag == "won" else "lead_id"
        marked = (
            having.select(_id=having.columns[0]).distinct().mutate(**{flag: ibis.literal(True)})
        )
        placed = placed.left_join(marked, [(key, "_id")]).drop("_id")
    return placed


def _flags(facts: Mapping[str, ir.Table]) -> dict[str, ir.Table]:
    """By step, the ids of those that reached it, in the first column."""
    handed, decided, deals = facts["handoffs"], facts["decisions"], facts["opportunities"]
    return {
        "handed_off": handed.select("lead_id"),
        "responded": handed.filter(handed.is_responded).select("lead_id"),
        "accepted": decided.filter(decided.is_accepted.fill_null(False)).select("lead_id"),
        "won": deals.filter(deals.is_won).select("opportunity_id"),
    }


def response(handoffs: Rows, clock: Clock) -> Response:
    """The curve of the first response over `handoffs` (the fact's rows that are to count)."""
    statistic = SurvivalShare(f"response_{clock}_hours", "is_responded", at=REACH_HOURS[clock])
    sums = statistic.sums(handoffs)
    if not len(sums):
        return Response(clock, (), (), (), (), 0)
    curve = Curve.of(sums)
    reach = min(REACH_HOURS[clock], curve.longest)
    hours = np.linspace(0.0, reach, POINTS)
    bands = np.array([curve.band_at(float(at)) for at in hours])
    left = np.array([curve.survival_at(float(at)) for at in hours])
    return Response(
        clock,
        hours.tolist(),
        (1 - left).tolist(),
        (1 - bands[:, 1]).tolist(),
        (1 - bands[:, 0]).tolist(),
        round(curve.n),
    )
