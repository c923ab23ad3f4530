"""What the Pipeline page shows: coverage, hygiene, forecast and result, what Marketing began."""

from collections.abc import Mapping
from typing import TypedDict

import ibis.expr.types as ir
import pyarrow as pa
from ibis import _

from metrics.cells import added, cells, in_segment
from metrics.facts import SEGMENTS
from monitor.reading import Reading
from monitor.report import IndicatorForm, ShownForm, indicator_form, instant, shown_form
from monitor.views import reading
from monitor.workspace import Workspace

INDICATORS = (
    "pipeline_hygiene",
    "forecast_accuracy",
    "funnel_continuity",
    "campaign_touch_coverage",
    "contact_role_coverage",
    "source_capture_rate",
    "attainment_gap",
)
OUTCOMES = (
    "pipeline_coverage",
    "win_rate",
    "average_deal_amount",
    "sales_cycle_days",
    "pipeline_velocity",
    "marketing_sourced_share",
    "marketing_influenced_share",
    "loss_by_no_decision_rate",
)


class QuarterForm(TypedDict):
    """A completed quarter: what was forecast as it began, what was won in it, and over how many
    opportunities; amounts in corporate currency.
    """

    quarter: str
    forecast: float
    won: float
    n: int


class StageRow(TypedDict):
    """The open opportunities in one sales stage. `overdue`: with a close date that has passed;
    `clean`: with a close date to come and a touch in the last 30 days.
    """

    sales_stage: str
    n: int
    amount: float
    overdue: int
    clean: int


class PipelineForm(TypedDict):
    """Everything of the page."""

    as_of: str
    indicators: dict[str, IndicatorForm]
    outcomes: dict[str, ShownForm]
    quarters: list[QuarterForm]
    open: list[StageRow]


def form(workspace: Workspace, where: Mapping[str, str]) -> PipelineForm:
    """The pipeline as of now, for the whole or a segment."""
    with reading(workspace) as opened:
        outcomes = opened.shown(where=where)[0]
        return {
            "as_of": instant(opened.as_of),
            "indicators": {
                one.indicator.id: indicator_form(one)
                for one in opened.indicators(where=where, only=INDICATORS)
            },
            "outcomes": {
                one.measure.id: shown_form(one) for one in outcomes if one.measure.id in OUTCOMES
            },
            "quarters": _quarters(opened, where),
            "open": _open(opened, where),
        }


def open_opportunities(workspace: Workspace, where: Mapping[str, str]) -> pa.Table:
    """Those that the table of what is open counts: opportunity_id, sales_stage, owner_id,
    created_at, close_on, amount, is_clean, link; the ones to be closed first come first.
    """
    with reading(workspace) as opened:
        rows = in_segment(opened.facts["opportunities"], where)
        columns = ("opportunity_id", "sales_stage", "owner_id", "created_at", "close_on", "amount")
        listed = rows.filter(rows.is_open).select(*columns, "is_clean")
        found = opened.engine.run(listed.order_by("close_on", "opportunity_id"))
        return opened.with_links(found, "opportunity_id")


def _quarters(opened: Reading, where: Mapping[str, str]) -> list[QuarterForm]:
    if any(name not in SEGMENTS["forecasts"] for name in where):
        return []
    amounts = {"forecast": _.forecast_amount.sum(), "won": _.won_amount.sum(), "n": _.count()}
    by = ("quarter_began_at", "quarter")
    found = opened.held(
        "forecasts",
        lambda: cells(opened.facts["forecasts"], by, opened.dimensions("forecasts"), **amounts),
    )
    return [
        {"quarter": r["quarter"], "forecast": r["forecast"], "won": r["won"], "n": r["n"]}
        for r in added(found, by, list(amounts), where).to_pylist()
    ]


def _open(opened: Reading, where: Mapping[str, str]) -> list[StageRow]:
    """In the order of the sales stages."""
    if any(name not in SEGMENTS["opportunities"] for name in where):
        return []
    counts = {
        "n": _.count(),
        "amount": _.amount.cast("float64").sum().fill_null(0.0),
        "overdue": _.count(where=(_.close_on < opened.as_of_on).fill_null(False)),
        "clean": _.count(where=_.is_clean.fill_null(False)),
    }
    by = ("place", "sales_stage")

    def counted() -> ir.Table:
        rows, stages = opened.facts["opportunities"], opened.tables["sales_stages"]
        order = stages.group_by("sales_stage").aggregate(place=stages.position.min())
        placed = rows.filter(rows.is_open).left_join(order, "sales_stage")
        return cells(placed, by, opened.dimensions("opportunities"), **counts)

    return [
        {
            "sales_stage": r["sales_stage"] or "(none)",
            "n": r["n"],
            "amount": r["amount"],
            "overdue": r["overdue"],
            "clean": r["clean"],
        }
        for r in added(
            opened.held("open opportunities", counted), by, list(counts), where
        ).to_pylist()
    ]
