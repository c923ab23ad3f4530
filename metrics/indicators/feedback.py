"""Dimension 4: the feedback loop."""

from metrics.context import loss_reasons_agreed
from metrics.declaration import convention, indicator
from metrics.statistics import Proportion, Statistic
from model.definitions import Definitions
from model.stages import Dimension


@indicator(
    title="Lost opportunities with an agreed reason",
    dimension=Dimension.FEEDBACK,
    unit="share",
    better="higher",
    fact="opportunities",
    placed_by="closed_at",
    needs=("opportunities.created_at", "opportunities.is_closed", "opportunities.loss_reason"),
    conditions=(loss_reasons_agreed,),
    anchors=convention(0.50, 0.80, 0.95),
    statements={6: "measured"},
    minimum_n=5,
)
def loss_reason_rate(_: Definitions) -> Statistic:
    """Of the opportunities lost in the period, the share that carries one of the agreed loss
    reasons.

    An empty reason, "Other" and free text are no agreed reason, unless you list them as such.
    """
    return Proportion("is_loss_reason_agreed")
