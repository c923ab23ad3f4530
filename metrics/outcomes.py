"""Outcomes: shown, never scored. They depend on definitions, and serve to check the rest."""

from metrics.context import mqls_known, no_decision_named
from metrics.declaration import Subject, outcome
from metrics.statistics import (
    Average,
    Proportion,
    Quotient,
    RatioOfSums,
    Statistic,
    SurvivalQuantile,
    SurvivalShare,
    Velocity,
)
from model.definitions import Definitions

DEALS = ("opportunities.created_at", "opportunities.is_closed", "opportunities.is_won")
MONEY = (*DEALS, "opportunities.amount")
CLOSED = Subject(
    "opportunities",
    "closed_at",
    "no opportunity was closed in this period",
    needs=DEALS,
    minimum_n=5,
)
WON = Subject(
    "opportunities", "closed_at", "nothing was won in this period", needs=MONEY, minimum_n=5
)
PIPELINE = Subject(
    "opportunities",
    "seen_at",
    "no opportunity was closed in this period",
    needs=MONEY,
    minimum_n=5,
)
COHORT_DAYS = 90
LEADS = Subject(
    "leads",
    "created_at",
    "no lead was created in this period",
    needs=("leads.created_at", "leads.opportunity_id", "leads.converted_at"),
    window_days=2 * COHORT_DAYS,
)
MQLS = Subject(
    "leads",
    "mql_at",
    "no lead became an MQL in this period",
    needs=(
        "leads.created_at",
        "leads.opportunity_id",
        "opportunities.sales_stage",
        "sales_stages.is_qualified",
    ),
    conditions=(mqls_known,),
    window_days=2 * COHORT_DAYS,
)
COVERAGE = Subject(
    "coverage",
    None,
    "no revenue target of Sales holds for this quarter",
    needs=("targets.amount", "targets.period", "opportunities.amount", "opportunities.close_on"),
    minimum_n=1,
)
COSTS = Subject(
    "costs",
    "at",
    "no cost of a campaign and no win is recorded in this period",
    needs=("campaigns.actual_cost", "opportunities.is_won"),
    minimum_n=5,
    window_days=365,
)
NOT_WON, NOT_CLOSED = "was not won", "is not closed"


def _by_amount(_: Definitions) -> Statistic:
    return RatioOfSums("won_of_closed", "closed_amount")


@outcome(
    CLOSED,
    title="Win rate",
    needs=("opportunities.amount",),
    variants={"by_amount": _by_amount},
    left_out=NOT_CLOSED,
)
def win_rate(_: Definitions) -> Statistic:
    """Of the opportunities closed in the period, the share that was won, by number. Variant: by
    amount.
    """
    return Proportion("won_or_lost")


@outcome(MQLS, title="MQLs that become sales-qualified", left_out="was not an MQL")
def mql_to_sales_qualified_rate(_: Definitions) -> Statistic:
    """Of the leads that became MQLs in the last 180 days, the share whose opportunity passed
    qualification within 90 days of that (Kaplan–Meier). By cohort: an MQL belongs to the period in
    which it became one.
    """
    return SurvivalShare("qualified_days", "is_qualified", at=float(COHORT_DAYS))


@outcome(LEADS, title="Leads that become opportunities")
def lead_to_opportunity_rate(_: Definitions) -> Statistic:
    """Of the leads created in the last 180 days, the share that was converted into an opportunity
    within 90 days (Kaplan–Meier). By cohort: a lead belongs to the period of its creation.
    """
    return SurvivalShare("opportunity_days", "is_opportunity", at=float(COHORT_DAYS))


@outcome(WON, title="Length of the sales cycle", unit="days", left_out=NOT_WON)
def sales_cycle_days(_: Definitions) -> Statistic:
    """The median days from creation to close of the opportunities won in the period."""
    return SurvivalQuantile("cycle_days", "is_won", q=0.5)


@outcome(
    COVERAGE,
    title="Pipeline coverage",
    unit="times",
    left_out="the target of the quarter is met",
    nothing="the revenue target of this quarter is met, or there is none",
)
def pipeline_coverage(_: Definitions) -> Statistic:
    """The amount of the open opportunities that are due by the end of the present quarter, over
    what is still missing of Sales' revenue target for it.
    """
    return Quotient("open_amount", "remaining_amount")


@outcome(PIPELINE, title="Pipeline velocity", unit="amount per day")
def pipeline_velocity(_: Definitions) -> Statistic:
    """What the open opportunities bring in a day at the present pace: their number, times the win
    rate and the average amount won in the period, over the average days that the won ones took.
    """
    return Velocity("is_open", "is_won", "is_lost", "won_amount", "cycle_days")


@outcome(WON, title="Average amount of a won opportunity", unit="amount", left_out=NOT_WON)
def average_deal_amount(_: Definitions) -> Statistic:
    """The mean amount of the opportunities won in the period, in corporate currency."""
    return Average("won_amount")


def _traceable(_: Definitions) -> Statistic:
    return RatioOfSums("traceable_amount", "won_amount")


def _touched_first(_: Definitions) -> Statistic:
    return RatioOfSums("begun_amount", "won_amount")


@outcome(
    WON,
    title="Revenue sourced by Marketing",
    needs=("opportunities.campaign_id",),
    variants={"by_traceable_lead": _traceable, "by_touch_before_creation": _touched_first},
    left_out=NOT_WON,
)
def marketing_sourced_share(_: Definitions) -> Statistic:
    """The share of the amount won in the period that Marketing began, by three definitions side by
    side: the opportunity names a primary campaign; it can be traced from a campaign through a lead;
    a campaign touched one of its contacts before it was created.
    """
    return RatioOfSums("sourced_amount", "won_amount")


def _by_member(_: Definitions) -> Statistic:
    return RatioOfSums("member_amount", "won_amount")


def _by_credit(_: Definitions) -> Statistic:
    return RatioOfSums("influenced_amount", "won_amount")


@outcome(
    WON,
    title="Revenue influenced by Marketing",
    needs=("campaign_members.added_at",),
    variants={"by_membership": _by_member, "by_the_crms_credit": _by_credit},
    left_out=NOT_WON,
)
def marketing_influenced_share(_: Definitions) -> Statistic:
    """The share of the amount won in the period that a campaign touched before the close, by three
    definitions side by side: any campaign touch; a campaign membership of one of its leads or
    contacts; a campaign that the CRM itself credits.
    """
    return RatioOfSums("touched_amount", "won_amount")


@outcome(
    CLOSED,
    title="Losses without a decision",
    needs=("opportunities.loss_reason",),
    conditions=(no_decision_named,),
    nothing="no opportunity was lost in this period",
    left_out="was not lost",
)
def loss_by_no_decision_rate(_: Definitions) -> Statistic:
    """Of the opportunities lost in the period, the share whose reason says that the customer bought
    from nobody.
    """
    return Proportion("is_no_decision")


@outcome(COSTS, title="Campaign cost of a won opportunity", unit="amount")
def cost_of_acquisition(_: Definitions) -> Statistic:
    """The cost of the campaigns that started in the last 365 days over the number of opportunities
    won in them. Other costs of Sales and Marketing are not in the CRM.
    """
    return Quotient("cost", "won", unrecorded="no campaign of this period says what it cost")
