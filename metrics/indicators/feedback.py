"""Dimension 4: the feedback loop."""

from functools import partial

from metrics.context import (
    decisions_known,
    handoffs_known,
    loss_reasons_agreed,
    returns_known,
    sales_known,
    tracked,
)
from metrics.declaration import Subject, convention, indicator
from metrics.statistics import (
    Proportion,
    QuarterAccuracy,
    Statistic,
    SurvivalQuantile,
    SurvivalShare,
)
from model.definitions import Definitions
from model.stages import Dimension

HANDOFFS = Subject(
    "handoffs",
    "handed_off_at",
    "no lead was handed to Sales in this period",
    needs=("users.user_id", "leads.created_at"),
    conditions=(sales_known, handoffs_known, decisions_known),
)
CLOSED = Subject(
    "opportunities",
    "closed_at",
    "no opportunity was lost in this period",
    needs=("opportunities.created_at", "opportunities.is_closed"),
    minimum_n=5,
)
RETURNED = Subject(
    "returned",
    "returned_at",
    "no lead was rejected or recycled in this period",
    needs=("leads.created_at", "campaign_members.added_at"),
    conditions=(returns_known,),
)
FORECASTS = Subject(
    "forecasts",
    "quarter_ended_at",
    "no quarter with a forecast or a win ended in this period",
    needs=(
        "opportunities.amount",
        "opportunities.is_won",
        "opportunities.close_on",
        "opportunity_changes.new",
        "opportunity_changes.changed_at",
    ),
    conditions=(tracked("opportunity", "forecast", "the forecast category"),),
    minimum_n=5,
    window_days=365,
)
declare = partial(indicator, dimension=Dimension.FEEDBACK)


def _wall_median(_: Definitions) -> Statistic:
    return SurvivalQuantile("decision_wall_hours", "is_decided", q=0.5)


@declare(
    HANDOFFS,
    title="Hours to a decision",
    unit="hours",
    better="lower",
    clock="business",
    anchors=convention(120, 48, 16),
    statements={6: "measured"},
    variants={"wall_median": _wall_median},
)
def decision_hours(_: Definitions) -> Statistic:
    """The business hours after which Sales had recorded for half of the leads handed over whether
    it accepts or rejects them.

    Leads without a decision count for as long as they have waited (Kaplan–Meier median); if fewer
    than half were ever decided the figure is "more than" the longest wait. A conversion accepts.
    Variant: the same on the wall clock.
    """
    return SurvivalQuantile("decision_business_hours", "is_decided", q=0.5)


@declare(
    CLOSED,
    title="Lost opportunities with an agreed reason",
    needs=("opportunities.loss_reason",),
    conditions=(loss_reasons_agreed,),
    anchors=convention(0.50, 0.80, 0.95),
    statements={6: "measured"},
    left_out="was not lost",
)
def loss_reason_rate(_: Definitions) -> Statistic:
    """Of the opportunities lost in the period, the share that carries one of the agreed loss
    reasons.

    An empty reason, "Other" and free text are no agreed reason, unless you list them as such.
    """
    return Proportion("is_loss_reason_agreed")


@declare(
    RETURNED,
    title="Returned leads that Marketing takes up again",
    clock="wall",
    anchors=convention(0.15, 0.40, 0.70),
)
def recycle_return_rate(_: Definitions) -> Statistic:
    """The share of leads that were rejected or recycled in the period and that Marketing put in a
    campaign again within 60 days.

    Leads that went back less than 60 days ago count for as long as they have been watched
    (Kaplan–Meier). What somebody in Sales adds to a campaign does not count. A lead that goes back
    twice counts twice.
    """
    return SurvivalShare("again_days", "is_touched_again", at=60.0)


@declare(
    FORECASTS,
    title="Results close to forecast",
    anchors=convention(0.60, 0.75, 0.90),
    statements={1: "measured"},
)
def forecast_accuracy(_: Definitions) -> Statistic:
    """How close the amount won in a quarter came to what was forecast as the quarter began: 1 less
    the distance between the two, as a share of the amount won, and never below 0. Over the quarters
    that ended in the last 365 days, the distances and the amounts are each added up.

    The forecast is the amount of the opportunities that were open then, with a close date in the
    quarter and a forecast category that Sales stands by (commit and best case, unless you set
    others), all from their history. Nothing won against a forecast is 0.
    """
    return QuarterAccuracy("quarter", "forecast_amount", "won_amount")
