"""Dimension 5: one process, shared systems."""

from functools import partial

from metrics.context import marketing_known, sales_known
from metrics.declaration import Subject, convention, indicator
from metrics.statistics import Proportion, RatioOfSums, Statistic
from model.definitions import Definitions
from model.stages import Dimension

WON = Subject(
    "opportunities",
    "closed_at",
    "nothing was won in this period",
    needs=("opportunities.created_at", "opportunities.is_won", "opportunities.amount"),
    minimum_n=5,
)
QUALIFIED = Subject(
    "opportunities",
    "qualified_at",
    "no opportunity passed qualification in this period",
    needs=(
        "opportunities.created_at",
        "opportunities.sales_stage",
        "sales_stages.is_qualified",
    ),
    minimum_n=5,
)
CREATED = Subject(
    "opportunities",
    "created_at",
    "no opportunity was created in this period",
    needs=("opportunities.created_at",),
    minimum_n=5,
)
OPEN = Subject(
    "opportunities",
    None,
    "no opportunity is open",
    needs=("opportunities.created_at", "opportunities.is_closed", "opportunities.close_on"),
    minimum_n=5,
)
NOT_WON = "was not won"
declare = partial(indicator, dimension=Dimension.PROCESS)


@declare(
    WON,
    title="Revenue traceable from campaign to close",
    needs=("leads.opportunity_id", "leads.converted_at", "campaign_members.added_at"),
    anchors=convention(0.25, 0.55, 0.85),
    statements={14: "measured"},
    left_out=NOT_WON,
)
def funnel_continuity(_: Definitions) -> Statistic:
    """The share of the amount won in the period that can be traced from a campaign to a lead, to
    the opportunity it became, to the close, with every step dated and in order.

    The lead (or the contact it became) must have been in a campaign before it was converted, and
    its conversion must have made the opportunity. An opportunity counts once, however many leads
    and campaigns lead to it.
    """
    return RatioOfSums("traceable_amount", "won_amount")


@declare(
    WON,
    title="Revenue with a campaign touch before the close",
    needs=("campaign_members.added_at", "contact_roles.opportunity_id"),
    anchors=convention(0.25, 0.50, 0.75),
    statements={14: "measured"},
    left_out=NOT_WON,
)
def campaign_touch_coverage(_: Definitions) -> Statistic:
    """The share of the amount won in the period on which a campaign touched the customer before
    the close.

    A touch is a campaign membership of the lead that became the opportunity, of its contact, or of
    a contact with a role on it, or a campaign that the CRM itself credits. An opportunity counts
    once, however many campaigns touched it.
    """
    return RatioOfSums("touched_amount", "won_amount")


@declare(
    QUALIFIED,
    title="Opportunities with a contact role",
    needs=("contact_roles.opportunity_id",),
    anchors=convention(0.40, 0.70, 0.90),
    left_out="is not past qualification",
)
def contact_role_coverage(_: Definitions) -> Statistic:
    """Of the opportunities that passed qualification in the period, the share on which at least
    one contact carries a role, so that both functions know who is being sold to.

    Where the CRM keeps no history of sales stages, an opportunity whose present stage is past
    qualification counts from its creation.
    """
    return Proportion("has_contact_role")


@declare(
    CREATED,
    title="Opportunities whose origin is recorded",
    needs=("opportunities.source",),
    anchors=convention(0.60, 0.85, 0.97),
)
def source_capture_rate(_: Definitions) -> Statistic:
    """Of the opportunities created in the period, the share whose origin is recorded: a source or
    a primary campaign.
    """
    return Proportion("is_source_known")


@declare(
    OPEN,
    title="Open opportunities that are up to date",
    needs=("users.user_id", "activities.occurred_at", "activities.opportunity_id"),
    conditions=(sales_known,),
    anchors=convention(0.40, 0.65, 0.85),
    left_out="is not open",
)
def pipeline_hygiene(_: Definitions) -> Statistic:
    """Of the opportunities that are open, the share with a close date that has not passed and with
    a call, e-mail or meeting in the last 30 days, on it or with one of its contacts.

    Taken as of the day, with the close date as it stood then, not over a period.
    """
    return Proportion("is_clean")


@declare(
    CREATED,
    title="Opportunities that both functions work on",
    needs=(
        "users.user_id",
        "activities.performed_by",
        "activities.opportunity_id",
        "opportunity_changes.changed_by",
        "campaign_members.added_by",
    ),
    conditions=(sales_known, marketing_known),
    anchors=convention(0.15, 0.35, 0.60),
)
def shared_record_use(_: Definitions) -> Statistic:
    """Of the opportunities created in the period, the share on which people from both functions
    logged something: an activity, an edit, or a campaign membership of one of its contacts.

    What machines log belongs to neither function.
    """
    return Proportion("is_shared")
