"""Dimension 1: handoff and rules of engagement."""

from functools import partial

from metrics.context import (
    capture,
    handoffs_known,
    rules_written,
    sales_known,
    unreachable_named,
)
from metrics.declaration import Anchor, Subject, convention, indicator
from metrics.statistics import (
    Proportion,
    RatioOfSums,
    Statistic,
    SurvivalQuantile,
    SurvivalShare,
)
from model.definitions import Definitions
from model.stages import Dimension

AUDIT = (
    "Oldroyd, McElheran, Elkington: The Short Life of Online Sales Leads, HBR 2011 "
    "(2,241 US firms, one test lead each, wall clock)"
)
ADVICE = "vendors advise six attempts and find 1.3 made on average (lead response studies, 2009–14)"
LEADS = ("users.user_id", "leads.created_at")
ACTIVITIES = (
    "activities.occurred_at",
    "activities.performed_by",
    "activities.kind",
    "activities.is_completed",
)
OWNERS = Subject(
    "handoffs",
    "handed_off_at",
    "no lead was handed to Sales in this period",
    needs=LEADS,
    conditions=(sales_known, handoffs_known),
)
HANDOFFS = Subject(
    "handoffs",
    "handed_off_at",
    "no lead was handed to Sales in this period",
    needs=(*LEADS, *ACTIVITIES),
    conditions=(sales_known, handoffs_known),
    doubts=(capture,),
)
GIVEN_UP = Subject(
    "handoffs",
    "given_up_at",
    "no lead was closed as unreachable in this period",
    needs=(*LEADS, *ACTIVITIES),
    conditions=(sales_known, handoffs_known, unreachable_named),
    doubts=(capture,),
)
RULES = Subject(
    "checks",
    "placed_at",
    "no record of this period falls under a rule",
    conditions=(rules_written,),
)
declare = partial(indicator, dimension=Dimension.HANDOFF)


def _within_a_day(_: Definitions) -> Statistic:
    return SurvivalShare("response_wall_hours", "is_responded", at=24.0)


def _ninety_percent(_: Definitions) -> Statistic:
    return SurvivalQuantile("response_business_hours", "is_responded", q=0.9)


def _wall_median(_: Definitions) -> Statistic:
    return SurvivalQuantile("response_wall_hours", "is_responded", q=0.5)


def _wall_ninety_percent(_: Definitions) -> Statistic:
    return SurvivalQuantile("response_wall_hours", "is_responded", q=0.9)


@declare(
    HANDOFFS,
    title="Leads followed up in time",
    anchors=convention(0.50, 0.75, 0.90),
    clock="business",
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


@declare(
    HANDOFFS,
    title="Leads never touched",
    better="lower",
    clock="wall",
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


@declare(
    HANDOFFS,
    title="Hours to the first response",
    unit="hours",
    better="lower",
    clock="business",
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


@declare(
    HANDOFFS,
    title="Waiting time spent in a queue",
    better="lower",
    clock="business",
    anchors=convention(0.60, 0.30, 0.10),
    needs=("leads.owner_kind", "lead_changes.new"),
)
def queue_wait_share(_: Definitions) -> Statistic:
    """Of all the business hours that leads handed to Sales waited for their first response, the
    share that passed before a person owned them.

    Leads that nobody has answered yet count with what they have waited so far, and none with
    more than 30 days. A lead handed to a person at once waits in no queue.
    """
    return RatioOfSums("queue_business_hours", "waited_business_hours")


@declare(
    OWNERS,
    title="Leads passed around after the handoff",
    better="lower",
    clock="wall",
    needs=("lead_changes.new", "lead_changes.changed_at"),
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


@declare(
    GIVEN_UP,
    title="Six attempts before giving up",
    anchors=(Anchor(0.20, "vendor", ADVICE), Anchor(0.50), Anchor(0.80)),
    left_out="was not closed as unreachable",
)
def attempts_before_giving_up(_: Definitions) -> Statistic:
    """Of the leads that were closed as unreachable in the period, the share that salespeople had
    called, written to or met at least six times since the handoff.

    Only what is logged counts, and no automated message. Vendors advise six attempts and find
    that 1.3 are made on average.
    """
    return Proportion("is_tried_enough")


@declare(
    RULES,
    title="Rules of engagement kept",
    anchors=convention(0.60, 0.80, 0.95),
    left_out="the time for it still runs",
)
def rules_compliance_rate(_: Definitions) -> Statistic:
    """Of the checks of your own rules of engagement in the period, the share that passed.

    A rule says what it applies to, what is required and within which time; each record that it
    applies to is one check. Checks whose time still runs are left out. Without written rules this
    is not assessed.
    """
    return Proportion("is_kept")
