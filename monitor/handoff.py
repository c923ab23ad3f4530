"""What the Handoff page shows: how far leads get, how fast Sales answers, and where it differs."""

from collections.abc import Mapping
from datetime import timedelta
from typing import TypedDict

import pyarrow as pa

from metrics import journey
from metrics.cells import in_segment
from metrics.facts import SEGMENTS
from metrics.journey import STEPS, Clock
from metrics.rows import Rows
from model.periods import Period
from monitor.reading import Reading
from monitor.report import IndicatorForm, indicator_form, instant
from monitor.views import reading
from monitor.workspace import Workspace

COHORTS = 7  # the month that is under way, and six before it
SPLITS = ("team", "region")
BY_GROUP = (
    "lead_followup_rate",
    "first_response_hours",
    "queue_wait_share",
    "ownership_bounce_rate",
    "never_touched_rate",
)


class CohortForm(TypedDict):
    """The leads created in `month` (2026-08) and how many of them reached each step; `is_young`:
    the newest of them are not 90 days old and may still get further.
    """

    month: str
    counts: dict[str, int]
    is_young: bool


class CurveForm(TypedDict):
    """Shares of handoffs touched after so many hours, with the 95 % band; empty where `reason`
    says why. `n` counts handoffs.
    """

    clock: str
    hours: list[float]
    share: list[float]
    low: list[float]
    high: list[float]
    n: int
    reason: str | None


class HandoffForm(TypedDict):
    """Everything of the page. `figures`: the indicators of BY_GROUP by id; `groups`: the same by
    team and by region; `unsplit` names dimensions of the segment that cohorts cannot be cut by.
    """

    as_of: str
    window: dict[str, str]
    steps: list[str]
    cohorts: list[CohortForm]
    unsplit: list[str]
    curves: list[CurveForm]
    figures: dict[str, IndicatorForm]
    groups: dict[str, list[IndicatorForm]]


def form(workspace: Workspace, where: Mapping[str, str]) -> HandoffForm:
    """The handoff as of now, for the whole or a segment."""
    with reading(workspace) as opened:
        rows = {one.indicator.id: one for one in opened.indicators(where=where, only=BY_GROUP)}
        answered = rows["first_response_hours"]
        window = Period(answered.from_on, answered.to_on)
        handoffs = opened.handoffs(window, where)
        why = None if answered.estimate.is_assessed else answered.estimate.reason
        unsplit = [name for name in where if name not in SEGMENTS["leads"]]
        return {
            "as_of": instant(opened.as_of),
            "window": {"from": window.from_on.isoformat(), "to": window.to_on.isoformat()},
            "steps": list(STEPS),
            "cohorts": [] if unsplit else _cohorts(opened, where),
            "unsplit": unsplit,
            "curves": [_curve(handoffs, clock, why) for clock in ("business", "wall")],
            "figures": {name: indicator_form(one) for name, one in rows.items()},
            "groups": {split: _groups(opened, where, split) for split in SPLITS},
        }


def cohort_leads(workspace: Workspace, where: Mapping[str, str]) -> pa.Table:
    """The leads of the cohorts: lead_id, created_at, owner_id, the steps reached as flags, link."""
    with reading(workspace) as opened:
        cut = {**opened.facts, "leads": in_segment(opened.facts["leads"], where)}
        rows = journey.cohort_leads(cut, _months(opened, COHORTS), opened.zone)
        return opened.with_links(opened.engine.run(rows), "lead_id")


def _cohorts(opened: Reading, where: Mapping[str, str]) -> list[CohortForm]:
    months = _months(opened, COHORTS)
    counted = opened.held(
        "cohorts",
        lambda: journey.steps(opened.facts, months, opened.zone, opened.dimensions("leads")),
    )
    return [
        {
            "month": f"{one.period.from_on:%Y-%m}",
            "counts": dict(one.counts),
            "is_young": one.is_young,
        }
        for one in journey.cohorts(counted, months, opened.as_of, opened.zone, where)
    ]


def _months(opened: Reading, count: int) -> list[Period]:
    """The month of the as-of and those before it, oldest first."""
    found, last = [], opened.as_of_on
    for _ in range(count):
        found.append(Period(last.replace(day=1), last))
        last = last.replace(day=1) - timedelta(days=1)
    return found[::-1]


def _curve(handoffs: Rows, clock: Clock, why: str | None) -> CurveForm:
    empty = journey.Response(clock, (), (), (), (), 0)
    drawn = empty if why else journey.response(handoffs, clock)
    return {
        "clock": clock,
        "hours": list(drawn.hours),
        "share": list(drawn.share),
        "low": list(drawn.low),
        "high": list(drawn.high),
        "n": drawn.n,
        "reason": why,
    }


def _groups(opened: Reading, where: Mapping[str, str], split: str) -> list[IndicatorForm]:
    if split in where:
        return []
    found = opened.indicators(by=[split], where=where, only=BY_GROUP)
    return [indicator_form(one) for one in found]
