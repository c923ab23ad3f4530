"""Dimension 6: shared metrics, targets and structure."""

from metrics.context import targets_recorded
from metrics.declaration import convention, indicator
from metrics.statistics import CountShare, Statistic
from model.definitions import Definitions
from model.stages import Dimension


@indicator(
    title="Metrics that both functions are held to",
    dimension=Dimension.STRUCTURE,
    unit="share",
    better="higher",
    fact="metrics",
    placed_by=None,
    needs=("targets.metric", "targets.function", "targets.period"),
    conditions=(targets_recorded,),
    anchors=convention(0.25, 0.50, 0.80),
    statements={12: "measured"},
    minimum_n=1,
    cannot_split=("region", "business_unit", "source", "industry", "segment", "team", "owner"),
)
def shared_metric_coverage(_: Definitions) -> Statistic:
    """Of the metrics that a joint funnel needs (MQLs, acceptance, response time, pipeline created,
    win rate, revenue, cycle length, cost of acquisition, unless you name others), the share that
    can be computed from shared records and for which both Sales and Marketing carry a target now.

    Targets come from the CRM's quotas or are declared. CRMs hold only Sales' quotas: until
    somebody declares Marketing's targets this is not assessed.
    """
    return CountShare("is_shared")
