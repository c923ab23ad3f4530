"""Dimension 2: shared language."""

from functools import partial

from metrics.context import (
    decisions_known,
    mqls_known,
    order_agreed,
    rejection_reasons_agreed,
    scores_tracked,
)
from metrics.declaration import Anchor, Subject, convention, indicator
from metrics.statistics import Auc, Kappa, Proportion, Statistic, SurvivalShare
from model.definitions import Definitions
from model.stages import Dimension

BANDS = (
    "Landis, Koch: The Measurement of Observer Agreement for Categorical Data, Biometrics 1977 "
    "(bands for kappa)"
)
DECISIONS = Subject(
    "decisions",
    "mql_at",
    "no lead became an MQL in this period",
    needs=("leads.created_at",),
    conditions=(mqls_known, decisions_known),
)
LEADS = Subject(
    "leads",
    "created_at",
    "no lead of this period ever changed its status",
    needs=("leads.created_at", "leads.status", "lead_changes.new", "lead_changes.changed_at"),
    conditions=(order_agreed,),
)
PAIRS = Subject(
    "segment_pairs",
    "converted_at",
    "no lead of this period was converted into an account that was there before",
    needs=(
        "leads.converted_at",
        "leads.account_id",
        "leads.segment",
        "accounts.created_at",
        "accounts.segment",
    ),
)
UNDECIDED = "no decision is recorded"
declare = partial(indicator, dimension=Dimension.LANGUAGE)


@declare(
    DECISIONS,
    title="MQLs that Sales accepts",
    anchors=convention(0.50, 0.70, 0.85),
    statements={7: "measured"},
    nothing="Sales recorded no decision on an MQL of this period",
    left_out=UNDECIDED,
)
def mql_acceptance_rate(_: Definitions) -> Statistic:
    """Of the leads that Marketing judged ready (MQLs) and on which Sales recorded a decision, the
    share that Sales accepted.

    The first decision after the lead became an MQL counts: an accepted or rejected status or
    date; a conversion accepts. MQLs belong to the period in which they became MQLs. Those without
    a decision are left out here and counted in decision_rate.
    """
    return Proportion("is_accepted")


@declare(
    DECISIONS,
    title="MQLs with a decision in 14 days",
    clock="wall",
    anchors=convention(0.50, 0.75, 0.90),
)
def decision_rate(_: Definitions) -> Statistic:
    """The share of leads that Marketing judged ready (MQLs) on which Sales recorded any decision,
    to accept or to reject, within 14 days.

    MQLs that are not yet 14 days old count for as long as they have been watched (Kaplan–Meier).
    """
    return SurvivalShare("decision_days", "is_decided", at=14.0)


@declare(
    LEADS,
    title="Leads that keep to the agreed statuses",
    anchors=convention(0.70, 0.90, 0.98),
    statements={7: "measured"},
    left_out="its status never changed",
)
def status_vocabulary_rate(_: Definitions) -> Statistic:
    """Of the leads created in the period whose status has changed since, the share that went only
    through agreed statuses in the agreed order.

    A lead starts at the first status or as an MQL and goes one step at a time. It may leave at any
    point as rejected, unreachable or recycled, and comes back only from recycled, to no later than
    an MQL: a step that is left out and a silent return both count as breaks.
    """
    return Proportion("is_vocabulary_kept")


@declare(
    DECISIONS,
    title="Rejections with an agreed reason",
    anchors=convention(0.50, 0.80, 0.95),
    statements={6: "measured"},
    needs=("leads.rejection_reason",),
    conditions=(rejection_reasons_agreed,),
    nothing="Sales rejected no MQL of this period",
    left_out="was not rejected",
)
def rejection_reason_rate(_: Definitions) -> Statistic:
    """Of the MQLs of the period that Sales rejected, the share that carries one of the agreed
    reasons.

    An empty reason, "Other" and free text are no agreed reason, unless you list them as such.
    """
    return Proportion("is_reason_agreed")


@declare(
    PAIRS,
    title="Agreement on customer segments",
    anchors=(
        Anchor(0.40, "published", BANDS),
        Anchor(0.60, "published", BANDS),
        Anchor(0.80, "published", BANDS),
    ),
    statements={9: "proxy"},
    left_out="lead or account has no segment",
)
def segment_agreement(_: Definitions) -> Statistic:
    """How far Marketing's segment on a lead agrees with Sales' segment on the account that the
    lead became, beyond what chance would give (Cohen's kappa: 1 is full agreement, 0 is chance).

    Only accounts that were there before the lead was converted count, because a new account
    copies the lead. Moderate agreement starts at 0.40, substantial at 0.60, almost perfect at 0.80
    (Landis and Koch 1977).
    """
    return Kappa("marketing_segment", "sales_segment")


@declare(
    DECISIONS,
    title="How well the lead score foretells acceptance",
    anchors=convention(0.55, 0.65, 0.75),
    statements={15: "proxy"},
    conditions=(scores_tracked,),
    nothing="Sales recorded no decision on an MQL of this period",
    left_out="it had no score, or no decision is recorded",
)
def score_discrimination(_: Definitions) -> Statistic:
    """The chance that a lead which Sales accepted had a higher score from Marketing than one which
    Sales rejected (area under the ROC curve: 0.5 is a coin, 1 is certainty).

    The score, or the rating (hot, warm, cold), counts as it stood at the decision, from its
    history: today's would know how the lead ended. Where the history is not tracked this is not
    assessed.
    """
    return Auc("score_at_decision", "is_accepted")
