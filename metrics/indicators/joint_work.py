"""Dimension 3: joint work and disciplined communication."""

from functools import partial

from metrics.context import (
    key_known,
    keys_known,
    marketing_known,
    sales_known,
    trainings_recorded,
)
from metrics.declaration import Anchor, Subject, convention, indicator
from metrics.statistics import CountShare, GapQuantile, Proportion, Statistic
from model.definitions import Definitions
from model.stages import Dimension

ARTICLE = (
    "Kotler, Rackham, Krishnaswamy: Ending the War Between Sales and Marketing, HBR July 2006 "
    "(meet at least quarterly, better monthly)"
)
MEETINGS = (
    "users.user_id",
    "activities.occurred_at",
    "activities.kind",
    "activities.is_internal",
    "attendees.activity_id",
    "attendees.user_id",
)
CLOSED = Subject(
    "opportunities",
    "closed_at",
    "no key opportunity was closed in this period",
    needs=("opportunities.created_at", "opportunities.is_closed"),
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
KEYS = Subject(
    "keys",
    None,
    "there is no key account and no open key opportunity",
    conditions=(keys_known, marketing_known),
    minimum_n=5,
)
CAMPAIGNS = Subject(
    "campaigns",
    "started_at",
    "no campaign started in this period",
    needs=("campaigns.campaign_id", "campaigns.created_at"),
    conditions=(sales_known,),
    minimum_n=5,
)
MET = Subject(
    "meetings",
    "occurred_at",
    "no record to count in this period",
    needs=MEETINGS,
    conditions=(sales_known, marketing_known),
    minimum_n=1,
    window_days=365,
)
PEOPLE = Subject(
    "people",
    None,
    "nobody is known to be in Sales or Marketing",
    needs=("users.user_id",),
    conditions=(sales_known, marketing_known),
    minimum_n=5,
)
declare = partial(indicator, dimension=Dimension.JOINT_WORK)


@declare(
    CLOSED,
    title="Marketers in meetings with key customers",
    needs=(*MEETINGS, "activities.opportunity_id"),
    conditions=(key_known, marketing_known),
    anchors=convention(0.10, 0.30, 0.60),
    statements={3: "measured"},
    left_out="is not key, or not closed",
)
def marketing_in_key_meetings(_: Definitions) -> Statistic:
    """Of the key opportunities that were closed in the period, won or lost, the share in which
    somebody from Marketing attended at least one customer meeting before the close.

    Key is what the CRM flags, or what reaches the amount you set. A meeting counts when it is on
    the opportunity, or during its life on its account or with one of its contacts; internal
    meetings do not count.
    """
    return Proportion("is_key_with_marketer")


@declare(
    KEYS,
    title="Marketers on the teams of key accounts",
    needs=("team_members.user_id",),
    anchors=convention(0.10, 0.30, 0.60),
    statements={13: "measured"},
)
def marketing_on_key_accounts(_: Definitions) -> Statistic:
    """Of the key accounts, and the open key opportunities of other accounts, the share with
    somebody from Marketing on the team.

    Key is what the CRM flags, or an opportunity that reaches the amount you set. A marketer on the
    team of an open opportunity is on the account's, too. Taken as of the day, not over a period.
    """
    return Proportion("has_marketer")


@declare(
    CAMPAIGNS,
    title="Campaigns that Sales has a part in",
    needs=("campaigns.owner_id", "campaign_members.added_by"),
    anchors=convention(0.15, 0.40, 0.70),
    statements={4: "proxy"},
)
def sales_in_campaigns(_: Definitions) -> Statistic:
    """Of the campaigns that started in the period, the share in which somebody from Sales owns the
    campaign, added members to it, or attended a meeting about it.
    """
    return Proportion("has_sales")


@declare(
    MET,
    title="Days between joint meetings",
    unit="days",
    better="lower",
    clock="wall",
    anchors=(Anchor(92, "published", ARTICLE), Anchor(31, "published", ARTICLE), Anchor(14)),
    statements={8: "proxy"},
)
def joint_meeting_cadence(_: Definitions) -> Statistic:
    """The days that pass between internal meetings attended by both Sales and Marketing: three
    quarters of the gaps in the last 365 days were no longer than this.

    The stretch since the last meeting counts as a gap, so that meetings that stopped do not look
    regular. A year without any joint meeting is a gap of 365 days.
    """
    return GapQuantile("occurred_at", q=0.75, over_days=365)


@declare(
    PEOPLE,
    title="People in joint trainings",
    needs=(*MEETINGS, "activities.type"),
    conditions=(trainings_recorded,),
    anchors=convention(0.10, 0.40, 0.70),
    statements={19: "measured"},
    left_out="is not active in Sales or Marketing",
)
def joint_training_rate(_: Definitions) -> Statistic:
    """Of the people now in Sales or Marketing, the share that in the last 365 days attended a
    training which both functions attended.

    A training is a meeting whose type you name as one ("Training" unless you set others). Where no
    training is recorded at all, this is not assessed.
    """
    return CountShare("is_trained")


@declare(
    QUALIFIED,
    title="Opportunities that carry Marketing's material",
    needs=("content_links.opportunity_id", "content_links.author_id"),
    conditions=(marketing_known,),
    anchors=convention(0.20, 0.50, 0.80),
    statements={5: "proxy"},
    left_out="is not past qualification",
)
def content_use_rate(_: Definitions) -> Statistic:
    """Of the opportunities that passed qualification in the period, the share that carries at
    least one document written by somebody in Marketing.
    """
    return Proportion("has_content")
