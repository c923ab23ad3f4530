"""The metrics that a joint funnel needs, and which function carries a target for each."""

from datetime import date

import ibis
import ibis.expr.types as ir
import pyarrow as pa

from metrics.facts.sides import MARKETING, SALES, Known, side_of
from model.availability import Availability
from model.definitions import Definitions, Metric
from model.periods import local_day

SEGMENTS: tuple[str, ...] = ()  # targets are set for the whole company
COLUMNS = (
    "metric_id",
    "title",
    "missing",
    "is_computable",
    "has_sales_target",
    "has_marketing_target",
    "is_shared",
    "is_declared",
    "company_marketing_targets",
    "company_declared_targets",
    "cluster",
    "as_of",
)

# `a|b`: either will do.
_USUAL = (
    Metric(
        id="mqls",
        title="Marketing-qualified leads",
        needs=("leads.lead_id", "leads.mql_at|lead_changes.new"),
    ),
    Metric(
        id="acceptance",
        title="Acceptance by Sales",
        needs=(
            "leads.mql_at|lead_changes.new",
            "leads.accepted_at|lead_changes.new",
            "leads.rejected_at|lead_changes.new",
        ),
    ),
    Metric(
        id="response_time",
        title="Response time",
        needs=("leads.handed_off_at|lead_changes.new", "activities.occurred_at"),
    ),
    Metric(
        id="pipeline_created",
        title="Pipeline created",
        needs=("opportunities.amount", "opportunities.created_at"),
    ),
    Metric(
        id="win_rate",
        title="Win rate",
        needs=("opportunities.is_won", "opportunities.is_closed"),
    ),
    Metric(
        id="revenue", title="Revenue won", needs=("opportunities.amount", "opportunities.is_won")
    ),
    Metric(
        id="cycle_length",
        title="Length of the sales cycle",
        needs=("opportunities.created_at", "opportunities.closed_at|opportunities.close_on"),
    ),
    Metric(
        id="cost_of_acquisition",
        title="Cost of acquisition",
        needs=("campaigns.actual_cost", "opportunities.is_won"),
    ),
)


def catalogue(definitions: Definitions) -> tuple[Metric, ...]:
    """The organisation's metrics, or the eight usual ones."""
    return definitions.metrics_catalogue or _USUAL


def lacking(availability: Availability, needs: tuple[str, ...]) -> list[str]:
    """A reason for each of `needs` that no source gives; `a|b` asks for either."""
    reasons: dict[str, None] = {}
    for need in needs:
        either = need.split("|")
        if not any(availability.has(one) for one in either):
            reasons.update(dict.fromkeys(availability.lacks(either[:1])))
    return list(reasons)


def periods_on(day: date) -> tuple[str, ...]:
    """The names of the year, quarter, month and week that a day is in: 2026, 2026-Q3, 2026-08,
    2026-W33.
    """
    week = day.isocalendar()
    return (
        str(day.year),
        f"{day.year}-Q{(day.month + 2) // 3}",
        f"{day:%Y-%m}",
        f"{week.year}-W{week.week:02}",
    )


def shared_metrics(known: Known, availability: Availability) -> ir.Table:
    """The fact `metrics`: one row per metric of the catalogue.

    `is_shared` needs all three: it can be computed from the sources, and Sales and Marketing each
    carry a target for it (a shared target counts for both) in a period that contains the as-of.
    `company_…_targets` count the targets of any metric: none at all means that nobody recorded
    any, which is not the same as having none.
    """
    wanted = catalogue(known.definitions)
    missing = ["; ".join(lacking(availability, metric.needs)) for metric in wanted]
    listed = ibis.memtable(
        pa.table(
            {
                "metric_id": pa.array([metric.id for metric in wanted], pa.string()),
                "title": pa.array([metric.title for metric in wanted], pa.string()),
                "missing": pa.array(missing, pa.string()),
            }
        )
    )
    targets = _targets(known)
    marketing = (targets.side == MARKETING) | targets.is_shared
    total = targets.aggregate(
        company_marketing_targets=targets.count(where=marketing),
        company_declared_targets=targets.count(where=targets.is_declared),
    )
    by_metric = targets.group_by("metric").aggregate(
        _sales=((targets.side == SALES) | targets.is_shared).any(),
        _marketing=marketing.any(),
        _declared=targets.is_declared.any(),
    )
    joined = listed.left_join(by_metric, [("metric_id", "metric")]).cross_join(total)
    computable = joined.missing == ""
    sales, both = joined._sales.fill_null(False), joined._marketing.fill_null(False)
    return joined.mutate(
        is_computable=computable,
        has_sales_target=sales,
        has_marketing_target=both,
        is_shared=computable & sales & both,
        is_declared=joined._declared.fill_null(False),
        cluster=joined.metric_id,
        as_of=ibis.literal(known.as_of, "timestamp(6)"),
    ).select(*COLUMNS)


def _targets(known: Known) -> ir.Table:
    """The targets that hold on the day of the as-of: metric, side, is_shared, is_declared."""
    rows = known.rows("targets")
    day = local_day(known.as_of, known.definitions.calendar.default.timezone)
    first, last = rows.period.substr(0, 10), rows.period.substr(12, 10)  # 2026-02-01..2026-04-30
    within = (rows.period.length() == 22) & (first <= f"{day}") & (last >= f"{day}")
    current = rows.filter(rows.period.upper().isin(periods_on(day)) | within)
    return current.select(
        metric=current.metric.strip().lower(),
        side=side_of(current.function, known.definitions.functions).fill_null(""),
        is_shared=current.is_shared.fill_null(False),
        is_declared=(current.provenance == "declared").fill_null(False),
    )
