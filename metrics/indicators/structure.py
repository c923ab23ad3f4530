"""Dimension 6: shared metrics, targets and structure."""

from functools import partial

from metrics.context import (
    marketing_known,
    moves_recorded,
    sales_known,
    targets_recorded,
    watched_for_long,
)
from metrics.declaration import Subject, convention, indicator
from metrics.statistics import (
    CountShare,
    Level,
    QuarterGap,
    Quotient,
    SharedUse,
    Statistic,
)
from model.definitions import Definitions
from model.stages import Dimension

TARGETS = ("targets.metric", "targets.function", "targets.period")
METRICS = Subject(
    "metrics",
    None,
    "no metric is in the catalogue",
    needs=TARGETS,
    conditions=(targets_recorded,),
    minimum_n=1,
    declared=lambda context: bool(context.declared_metrics),
)
SHARED_TARGETS = Subject(
    "shared_targets",
    None,
    "no target for revenue or pipeline holds now",
    needs=(*TARGETS, "targets.amount"),
    conditions=(targets_recorded,),
    minimum_n=1,
    declared=lambda context: bool(context.declared_targets),
)
ATTAINMENT = Subject(
    "attainment",
    "quarter_ended_at",
    "no quarter that ended in this period had a target",
    needs=(*TARGETS, "targets.amount", "opportunities.amount"),
    minimum_n=1,
    window_days=365,
    declared=lambda context: bool(context.declared_targets),
)
REPORTS = Subject(
    "report_uses",
    "used_at",
    "neither function used a report in this period",
    needs=("report_uses.report_id", "report_uses.user_id", "report_uses.used_at"),
    conditions=(sales_known, marketing_known),
    minimum_n=3,
)
STRUCTURE = Subject(
    "structure",
    None,
    "the chain of managers does not lead most of both functions to one common head, and none is "
    "declared (`structure.common_head`)",
    conditions=(sales_known, marketing_known),
    minimum_n=1,
    declared=lambda context: context.is_head_declared,
)
MOVES = Subject(
    "people",
    None,
    "nobody is known to be in Sales or Marketing",
    needs=("users.user_id", "user_functions.function"),
    conditions=(sales_known, marketing_known, moves_recorded),
    doubts=(watched_for_long,),
    minimum_n=5,
)
declare = partial(indicator, dimension=Dimension.STRUCTURE)


@declare(
    METRICS,
    title="Metrics that both functions are held to",
    anchors=convention(0.25, 0.50, 0.80),
    statements={12: "measured"},
)
def shared_metric_coverage(_: Definitions) -> Statistic:
    """Of the metrics that a joint funnel needs (MQLs, acceptance, response time, pipeline created,
    win rate, revenue, cycle length, cost of acquisition, unless you name others), the share that
    can be computed from shared records and for which both Sales and Marketing carry a target now.

    Targets come from the CRM's quotas or are declared. CRMs hold only Sales' quotas: until
    somebody declares Marketing's targets this is not assessed.
    """
    return CountShare("is_shared")


@declare(
    SHARED_TARGETS,
    title="Target that both functions are held to",
    anchors=convention(0.10, 0.40, 0.75),
    statements={16: "proxy"},
)
def shared_target_share(_: Definitions) -> Statistic:
    """The share of the revenue target, or of the pipeline target, that both Sales and Marketing
    are held to now: the lesser of the two functions' targets over the greater.

    Of revenue and pipeline the one of which more is shared counts. A target that is marked as
    shared holds both functions.
    """
    return Quotient("shared_amount", "held_amount")


@declare(
    ATTAINMENT,
    title="Gap between the functions' attainment",
    better="lower",
    anchors=convention(0.40, 0.20, 0.10),
    statements={16: "proxy"},
)
def attainment_gap(_: Definitions) -> Statistic:
    """How far Sales and Marketing lie apart in the share of their targets that they attained:
    the absolute difference in each quarter that ended in the last 365 days, and the mean of those.

    Each target is set against the sum of its quarter: MQLs, pipeline created, revenue won. A
    function with several targets has the mean of their attainment. A shared target is attained by
    both alike. A year's target counts by quarters; targets for rates do not add up and are left
    out.
    """
    return QuarterGap("quarter", "side", "attained")


@declare(
    REPORTS,
    title="Reports and dashboards used by both functions",
    anchors=convention(0.20, 0.50, 0.80),
    statements={12: "measured"},
)
def shared_dashboard_use(_: Definitions) -> Statistic:
    """Of the reports and dashboards that Sales or Marketing used in the period, the share that
    people from both functions used.
    """
    return SharedUse("report_id", "side")


@declare(
    STRUCTURE,
    title="The nearest common head",
    unit="level",
    anchors=convention(40, 60, 80),
    statements={17: "measured"},
    left_out="there is no common head on record",
)
def common_head(_: Definitions) -> Statistic:
    """Who the nearest common manager of Sales and Marketing is, as a level: 40 the head of the
    company, 70 an executive below, 100 somebody who by title answers for revenue or customers as a
    whole.

    The CRM's managers tell, or you declare it. A head of a function has more than half of its
    people below. Where the chain of managers is not kept, this is not assessed, and not low.
    """
    return Level("level")


@declare(
    MOVES,
    title="People who moved between the functions",
    anchors=convention(0.01, 0.03, 0.06),
    statements={18: "measured"},
    left_out="is not active in Sales or Marketing",
)
def people_interchange(_: Definitions) -> Statistic:
    """Of the people now in Sales or Marketing, the share that moved from one of the two functions
    to the other in the last 730 days.

    No CRM keeps who used to be where: moves are known from the first sync on, and until 730 days
    have been recorded the figure is weak.
    """
    return CountShare("is_moved")
