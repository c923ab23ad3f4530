"""Dimension 2: shared language."""

from metrics.context import decisions_known, mqls_known
from metrics.declaration import convention, indicator
from metrics.statistics import Proportion, Statistic, SurvivalShare
from model.definitions import Definitions
from model.stages import Dimension


@indicator(
    title="MQLs that Sales accepts",
    dimension=Dimension.LANGUAGE,
    unit="share",
    better="higher",
    fact="decisions",
    placed_by="mql_at",
    needs=("leads.created_at",),
    conditions=(mqls_known, decisions_known),
    anchors=convention(0.50, 0.70, 0.85),
    statements={7: "measured"},
)
def mql_acceptance_rate(_: Definitions) -> Statistic:
    """Of the leads that Marketing judged ready (MQLs) and on which Sales recorded a decision, the
    share that Sales accepted.

    The first decision after the lead became an MQL counts: an accepted or rejected status or
    date; a conversion accepts. MQLs belong to the period in which they became MQLs. Those without
    a decision are left out here and counted in decision_rate.
    """
    return Proportion("is_accepted")


@indicator(
    title="MQLs with a decision in 14 days",
    dimension=Dimension.LANGUAGE,
    unit="share",
    better="higher",
    clock="wall",
    fact="decisions",
    placed_by="mql_at",
    needs=("leads.created_at",),
    conditions=(mqls_known, decisions_known),
    anchors=convention(0.50, 0.75, 0.90),
)
def decision_rate(_: Definitions) -> Statistic:
    """The share of leads that Marketing judged ready (MQLs) on which Sales recorded any decision,
    to accept or to reject, within 14 days.

    MQLs that are not yet 14 days old count for as long as they have been watched (Kaplan–Meier).
    """
    return SurvivalShare("decision_days", "is_decided", at=14.0)
