"""What takes a company from one stage to the next: the article's moves, tied to indicators."""

from collections.abc import Mapping
from dataclasses import dataclass

from metrics.declaration import Result
from model.stages import Stage


@dataclass(frozen=True)
class Move:
    """A move from stage `at` to the next one; `indicators` are the ids that show whether it is
    called for, and later whether it worked.
    """

    id: str
    at: Stage
    title: str
    text: str
    indicators: tuple[str, ...]


MOVES: tuple[Move, ...] = (
    Move(
        "rules_of_engagement",
        Stage.UNDEFINED,
        "Write down the rules of engagement",
        "Agree what a lead is, who does what with it and by when, and what happens if not. Write "
        "the rules into the configuration, so that they are checked.",
        (
            "rules_compliance_rate",
            "mql_acceptance_rate",
            "status_vocabulary_rate",
            "ownership_bounce_rate",
        ),
    ),
    Move(
        "handoff_points",
        Stage.UNDEFINED,
        "Fix the hand-off points for the tasks that matter",
        "Begin with following up a lead: to whom it goes, how fast it is answered, and who answers "
        "for those that nobody has touched.",
        (
            "lead_followup_rate",
            "never_touched_rate",
            "first_response_hours",
            "queue_wait_share",
            "decision_rate",
        ),
    ),
    Move(
        "regular_meeting",
        Stage.DEFINED,
        "Hold a regular joint meeting",
        "At least every quarter, on the largest opportunities and the problems; it ends with "
        "actions that are due by the next one. The review pack is its agenda.",
        ("joint_meeting_cadence",),
    ),
    Move(
        "joint_assignments",
        Stage.DEFINED,
        "Give people joint assignments, and let them change sides",
        "Put salespeople into the planning of campaigns and marketers into the teams of key "
        "accounts; train together; rotate people for a while.",
        (
            "sales_in_campaigns",
            "marketing_on_key_accounts",
            "joint_training_rate",
            "people_interchange",
        ),
    ),
    Move(
        "liaison",
        Stage.DEFINED,
        "Appoint a liaison from Marketing who lives with Sales",
        "Somebody who goes to customers with Sales, sits where Sales sits, and brings back what "
        "helps to sell. Say who is called when.",
        ("marketing_in_key_meetings", "content_use_rate", "shared_record_use"),
    ),
    Move(
        "cheap_feedback",
        Stage.DEFINED,
        "Make feedback cheap for Sales",
        "Short picklists in place of reports; and read what the CRM already holds before asking.",
        ("decision_hours", "loss_reason_rate", "rejection_reason_rate", "recycle_return_rate"),
    ),
    Move(
        "common_head",
        Stage.ALIGNED,
        "Name one head for revenue or customers",
        "One person to whom both functions answer, short of the head of the company.",
        ("common_head",),
    ),
    Move(
        "one_funnel",
        Stage.ALIGNED,
        "Define one funnel with the steps of both functions",
        "From the first campaign to service after the sale, every step with an owner and a date, "
        "kept in one system.",
        (
            "funnel_continuity",
            "campaign_touch_coverage",
            "source_capture_rate",
            "contact_role_coverage",
            "pipeline_hygiene",
        ),
    ),
    Move(
        "split_marketing",
        Stage.ALIGNED,
        "Split Marketing into a strategic and a tactical part",
        "The strategic part looks at markets and segments ahead of the sale; the tactical part "
        "works on accounts and deals, next to Sales.",
        ("segment_agreement", "score_discrimination", "marketing_on_key_accounts"),
    ),
    Move(
        "shared_targets",
        Stage.ALIGNED,
        "Share revenue targets and rewards",
        "Hold both functions to the same target for revenue or pipeline, and pay by it.",
        ("shared_target_share", "attainment_gap"),
    ),
    Move(
        "integrated_metrics",
        Stage.ALIGNED,
        "Measure both functions by the same metrics",
        "One set of metrics with a target for each side, on dashboards that both look at.",
        ("shared_metric_coverage", "shared_dashboard_use"),
    ),
)


@dataclass(frozen=True)
class Call:
    """An indicator that calls for a move, and the value (its unit) at which the next stage begins.

    `gain`: the points that the total would gain if it scored 100. `closes_the_gap`: the target
    alone reaches the next stage of the whole.
    """

    result: Result
    target: float
    gain: float
    closes_the_gap: bool


@dataclass(frozen=True)
class Recommended:
    """A move with what calls for it, the most worthwhile first; `unknown` are the ids of those of
    its indicators that are not assessed.
    """

    move: Move
    calls: tuple[Call, ...]
    unknown: tuple[str, ...]


def recommended(
    stage: Stage,
    results: Mapping[str, Result],
    gains: Mapping[str, float],
    alone: Mapping[str, float],
) -> list[Recommended]:
    """The moves from `stage` that some indicator calls for (it scores below the next stage), the
    most worthwhile first; those that cannot be judged for want of evidence come last, and what
    the records show to be there already is left out. None at the highest stage.

    By indicator, `gains` are the points that the total would gain if it scored 100, and `alone`
    the values that would by themselves reach the next stage of the whole, as far as there are any.
    """
    found = []
    for move in MOVES:
        if move.at is not stage:
            continue
        known = [results[name] for name in move.indicators if name in results]
        calls = [_call(one, stage, gains, alone) for one in known if _is_below(one, stage)]
        assessed = {one.indicator.id for one in known if one.score is not None}
        unknown = tuple(name for name in move.indicators if name not in assessed)
        if calls or not assessed:
            calls.sort(key=lambda call: (-call.gain, call.result.indicator.id))
            found.append(Recommended(move, tuple(calls), unknown))
    return sorted(found, key=lambda one: -max((call.gain for call in one.calls), default=-1.0))


def _is_below(one: Result, stage: Stage) -> bool:
    return one.stage is not None and one.stage.rank <= stage.rank


def _call(
    one: Result, stage: Stage, gains: Mapping[str, float], alone: Mapping[str, float]
) -> Call:
    name = one.indicator.id
    target = alone.get(name, one.indicator.anchors[stage.rank].value)
    return Call(one, target, gains.get(name, 0.0), name in alone)
