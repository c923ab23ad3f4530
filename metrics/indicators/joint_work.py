"""Dimension 3: joint work and disciplined communication."""

from metrics.context import key_known, marketing_known, sales_known
from metrics.declaration import Anchor, convention, indicator
from metrics.statistics import GapQuantile, Proportion, Statistic
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


@indicator(
    title="Marketers in meetings with key customers",
    dimension=Dimension.JOINT_WORK,
    unit="share",
    better="higher",
    fact="opportunities",
    placed_by="closed_at",
    needs=(
        "opportunities.created_at",
        "opportunities.is_closed",
        *MEETINGS,
        "activities.opportunity_id",
    ),
    conditions=(key_known, marketing_known),
    anchors=convention(0.10, 0.30, 0.60),
    statements={3: "measured"},
    minimum_n=5,
)
def marketing_in_key_meetings(_: Definitions) -> Statistic:
    """Of the key opportunities that were closed in the period, won or lost, the share in which
    somebody from Marketing attended at least one customer meeting before the close.

    Key is what the CRM flags, or what reaches the amount you set. A meeting counts when it is on
    the opportunity, or during its life on its account or with one of its contacts; internal
    meetings do not count.
    """
    return Proportion("is_key_with_marketer")


@indicator(
    title="Days between joint meetings",
    dimension=Dimension.JOINT_WORK,
    unit="days",
    better="lower",
    clock="wall",
    fact="meetings",
    placed_by="occurred_at",
    needs=MEETINGS,
    conditions=(sales_known, marketing_known),
    anchors=(Anchor(92, "published", ARTICLE), Anchor(31, "published", ARTICLE), Anchor(14)),
    statements={8: "proxy"},
    window_days=365,
    minimum_n=1,
    cannot_split=("region", "business_unit", "source", "industry", "segment", "team", "owner"),
)
def joint_meeting_cadence(_: Definitions) -> Statistic:
    """The days that pass between internal meetings attended by both Sales and Marketing: three
    quarters of the gaps in the last 365 days were no longer than this.

    The stretch since the last meeting counts as a gap, so that meetings that stopped do not look
    regular. A year without any joint meeting is a gap of 365 days.
    """
    return GapQuantile("occurred_at", q=0.75, over_days=365)
