"""Dimension 1: handoff and rules of engagement."""

from metrics.context import capture, handoffs_known, sales_known
from metrics.declaration import Anchor, convention, indicator
from metrics.statistics import Statistic, SurvivalQuantile, SurvivalShare
from model.definitions import Definitions
from model.stages import Dimension

AUDIT = (
    "Oldroyd, McElheran, Elkington: The Short Life of Online Sales Leads, HBR 2011 "
    "(2,241 US firms, one test lead each, wall clock)"
)
TOUCHES = (
    "users.user_id",
    "leads.created_at",
    "activities.occurred_at",
    "activities.performed_by",
    "activities.kind",
    "activities.is_completed",
)


def _within_a_day(_: Definitions) -> Statistic:
    return SurvivalShare("response_wall_hours", "is_responded", at=24.0)


def _ninety_percent(_: Definitions) -> Statistic:
    return SurvivalQuantile("response_business_hours", "is_responded", q=0.9)


def _wall_median(_: Definitions) -> Statistic:
    return SurvivalQuantile("response_wall_hours", "is_responded", q=0.5)


def _wall_ninety_percent(_: Definitions) -> Statistic:
    return SurvivalQuantile("response_wall_hours", "is_responded", q=0.9)


@indicator(
    title="Leads followed up in time",
    dimension=Dimension.HANDOFF,
    unit="share",
    better="higher",
    clock="business",
    fact="handoffs",
    placed_by="handed_off_at",
    needs=TOUCHES,
    conditions=(sales_known, handoffs_known),
    doubts=(capture,),
    anchors=convention(0.50, 0.75, 0.90),
    variants={"within_24_wall_hours": _within_a_day},
)
def lead_followup_rate(_: Definitions) -> Statistic:
    """The share of leads handed to Sales that a salesperson called, wrote to or met within the
    agreed response time (8 business hours unless you set another; it may differ by segment).

    Every handoff counts, also those nobody has touched: a lead handed over an hour ago is still
    waiting, not a failure (Kaplan–Meier at the agreed time). Automated and inbound messages do
    not count. Variant: within 24 hours on the wall clock; 53 % of 2,241 firms managed that in an
    audit (HBR 2011).
    """
    return SurvivalShare("response_over_sla", "is_responded", at=1.0)


@indicator(
    title="Leads never touched",
    dimension=Dimension.HANDOFF,
    unit="share",
    better="lower",
    clock="wall",
    fact="handoffs",
    placed_by="handed_off_at",
    needs=TOUCHES,
    conditions=(sales_known, handoffs_known),
    doubts=(capture,),
    anchors=(Anchor(0.23, "published", AUDIT), Anchor(0.10), Anchor(0.03)),
)
def never_touched_rate(_: Definitions) -> Statistic:
    """The share of leads handed to Sales that no salesperson has called, written to or met within
    30 days.

    Leads that are not yet 30 days old count for as long as they have been watched
    (Kaplan–Meier). A lead rejected without a touch is one that was never touched. In an audit of
    2,241 firms 23 % never answered (HBR 2011).
    """
    return SurvivalShare("response_wall_days", "is_responded", at=30.0, complement=True)


@indicator(
    title="Hours to the first response",
    dimension=Dimension.HANDOFF,
    unit="hours",
    better="lower",
    clock="business",
    fact="handoffs",
    placed_by="handed_off_at",
    needs=TOUCHES,
    conditions=(sales_known, handoffs_known),
    doubts=(capture,),
    anchors=convention(24, 8, 1),
    variants={
        "p90": _ninety_percent,
        "wall_median": _wall_median,
        "wall_p90": _wall_ninety_percent,
    },
)
def first_response_hours(_: Definitions) -> Statistic:
    """The business hours after which half of the leads handed to Sales had their first call,
    e-mail or meeting from a salesperson.

    Business hours are those of the owner's region, without its public holidays. Leads that are
    still waiting count for as long as they have waited (Kaplan–Meier median); if fewer than half
    were ever touched the figure is "more than" the longest wait. Variants: the hours for 90 % of
    the leads, and both on the wall clock, where firms that answered within an hour were about
    seven times as likely to qualify the lead (HBR 2011).
    """
    return SurvivalQuantile("response_business_hours", "is_responded", q=0.5)


@indicator(
    title="Leads passed around after the handoff",
    dimension=Dimension.HANDOFF,
    unit="share",
    better="lower",
    clock="wall",
    fact="handoffs",
    placed_by="handed_off_at",
    needs=("users.user_id", "leads.created_at", "lead_changes.new", "lead_changes.changed_at"),
    conditions=(sales_known, handoffs_known),
    anchors=convention(0.25, 0.10, 0.03),
    statements={2: "proxy", 10: "proxy"},
)
def ownership_bounce_rate(_: Definitions) -> Statistic:
    """The share of leads handed to Sales that, within 30 days, changed from one person to another
    at least twice, or went from a person back to a queue.

    A queue giving the lead to its first person is no bounce. Leads handed over less than 30 days
    ago count for as long as they have been watched (Kaplan–Meier at 30 days).
    """
    return SurvivalShare("bounce_days", "is_bounced", at=30.0)
