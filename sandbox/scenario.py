"""What a generated company does, as absolute rates of its population.

Nothing here knows how an indicator is judged. A preset is how a company of that kind behaves;
`Scenario.mixed` takes each dimension from a preset of its own.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Literal, Self

from model.errors import ConfigurationError
from model.stages import Dimension, Stage

METRICS = (
    "pipeline_created",
    "mqls",
    "revenue",
    "win_rate",
    "acceptance",
    "response_time",
    "cycle_length",
    "cost_of_acquisition",
)
"""The metrics a joint funnel needs, in the order in which companies come to share them."""


@dataclass(frozen=True)
class HandoffRates:
    """How Sales follows up what it is handed. Hours are business hours of the owner's region."""

    touched_within_8_hours: float
    never_touched: float
    median_response_hours: float  # over all handoffs, those never touched included
    bounced: float  # two or more changes of person, or back to a queue, within 30 days
    first_to_queue: float  # handed to a queue before a person
    six_attempts: float  # of the leads given up as unreachable
    rating: float  # mean rating, 1 to 5, of the survey statements about it


@dataclass(frozen=True)
class LanguageRates:
    """Whether both functions mean the same by an MQL, a status, a segment, a score."""

    mql_accepted: float  # of those decided on
    decided_within_14_days: float  # of all MQLs, from the day they became one
    decided_later: float  # of those not decided within 14 days
    agreed_statuses: float
    rejection_reason: float
    segment_agreed: float  # of conversions into an account that existed before
    score_shift: float  # standard deviations between the scores of accepted and other MQLs
    rating: float


@dataclass(frozen=True)
class JointWorkRates:
    """How often the two functions work on the same thing."""

    marketing_in_key_meetings: float
    marketing_on_key_teams: float
    sales_in_campaigns: float
    meeting_gap_days: float  # 75th percentile of days between internal joint meetings
    trained_together: float
    content_used: float  # opportunities past qualification with a document that Marketing wrote
    rating: float


@dataclass(frozen=True)
class FeedbackRates:
    """What Sales tells Marketing."""

    decision_hours: float  # median business hours, of the decisions made within 14 days
    loss_reason: float
    recycled: float  # of handed-off leads that came to nothing
    recycled_touched: float  # by a campaign within 60 days
    forecast_error: float  # standard deviation of the logarithm of the quota over what was won
    rating: float


@dataclass(frozen=True)
class ProcessRates:
    """Whether one process carries a lead from campaign to close."""

    from_leads: float  # opportunities that came from a lead
    campaign_first: float  # of those, with a campaign membership before conversion
    contact_role: float
    source_recorded: float
    tidy: float  # open opportunities whose close date is kept in the future
    shared_records: float  # opportunities on which Marketing logs an activity
    rating: float


@dataclass(frozen=True)
class StructureRates:
    """Shared targets and heads."""

    shared_metrics: int  # of METRICS, with a target for either function
    shared_target: float  # of the revenue target
    common_head: str  # "ceo", "executive" or "revenue"
    rating: float


@dataclass(frozen=True)
class Scenario:
    """A company: its rates in each of the six dimensions, and how its CRM is set up: one currency
    or `multi`; mails as records of their own (Enhanced Email) or as tasks only.

    `regions`: those that behave like another company, each with its scenario. What is of the whole
    company (its structure and targets, the meetings of both heads, the CRM) stays as it is.
    """

    name: str
    handoff: HandoffRates
    language: LanguageRates
    joint_work: JointWorkRates
    feedback: FeedbackRates
    process: ProcessRates
    structure: StructureRates
    currencies: Literal["single", "multi"] = "single"
    enhanced_email: bool = True
    regions: tuple[tuple[str, "Scenario"], ...] = ()

    def within(self, **regions: "Scenario") -> Self:
        """The company with regions that behave like another one."""
        return replace(self, regions=tuple(regions.items()))

    def of(self, region: str) -> "Scenario":
        """How a region behaves."""
        return dict(self.regions).get(region, self)

    @property
    def has_currencies(self) -> bool:
        """Whether amounts are in the currency of their record."""
        return self.currencies == "multi"

    @classmethod
    def preset(cls, name: str) -> Self:
        """The company at one level in every dimension.

        Raises ConfigurationError for a name that is not a stage.
        """
        return cls.mixed(dict.fromkeys(Dimension, name), name)

    @classmethod
    def mixed(
        cls, levels: Mapping[str, str], name: str = "", *, otherwise: str = Stage.DEFINED
    ) -> Self:
        """The company whose dimensions are each at the level named in `levels`.

        Dimensions that `levels` leaves out are at `otherwise`. Raises ConfigurationError for a
        dimension or a level that does not exist.
        """
        for dimension in levels:
            if dimension not in tuple(Dimension):
                _unknown("dimension", dimension, [d.value for d in Dimension])
        chosen = {d.value: str(levels.get(d, otherwise)) for d in Dimension}
        for level in chosen.values():
            if level not in _PRESETS:
                _unknown("level", level, list(_PRESETS))
        label = name or "+".join(f"{d}={chosen[d]}" for d in chosen if d in levels) or otherwise
        rates = [getattr(_PRESETS[chosen[f.name]], f.name) for f in fields(_Rates)]
        return cls(label, *rates)

    def population(self) -> dict[str, float]:
        """The planted value of each indicator that the generator controls, by indicator id; of a
        region that behaves otherwise, see its own scenario.
        """
        handoff, language, joint = self.handoff, self.language, self.joint_work
        return {
            "lead_followup_rate": handoff.touched_within_8_hours,
            "never_touched_rate": handoff.never_touched,
            "first_response_hours": handoff.median_response_hours,
            "ownership_bounce_rate": handoff.bounced,
            "mql_acceptance_rate": language.mql_accepted,
            "decision_rate": language.decided_within_14_days,
            "joint_meeting_cadence": joint.meeting_gap_days,
            "content_use_rate": joint.content_used,
            "marketing_in_key_meetings": joint.marketing_in_key_meetings,
            "rejection_reason_rate": language.rejection_reason,
            "loss_reason_rate": self.feedback.loss_reason,
            "funnel_continuity": self.process.from_leads * self.process.campaign_first,
            "contact_role_coverage": self.process.contact_role,
            "shared_metric_coverage": self.structure.shared_metrics / len(METRICS),
        }

    def to_json(self) -> dict[str, object]:
        """A JSON-ready form of every rate."""
        return asdict(self)


@dataclass(frozen=True)
class _Rates:
    handoff: HandoffRates
    language: LanguageRates
    joint_work: JointWorkRates
    feedback: FeedbackRates
    process: ProcessRates
    structure: StructureRates


def _unknown(kind: str, value: str, known: list[str]) -> None:
    raise ConfigurationError(
        f"no {kind} {value!r}", "sandbox scenario", f"Write one of {', '.join(known)}."
    )


_PRESETS: dict[str, _Rates] = {
    Stage.UNDEFINED.value: _Rates(
        HandoffRates(0.25, 0.40, 48.0, 0.50, 0.70, 0.05, 1.55),
        LanguageRates(0.28, 0.25, 0.15, 0.40, 0.25, 0.40, 0.05, 1.55),
        JointWorkRates(0.05, 0.04, 0.08, 180.0, 0.04, 0.07, 1.5),
        FeedbackRates(24.0, 0.25, 0.08, 0.08, 0.60, 1.6),
        ProcessRates(0.30, 0.40, 0.20, 0.35, 0.25, 0.08, 1.5),
        StructureRates(1, 0.0, "ceo", 1.5),
    ),
    Stage.DEFINED.value: _Rates(
        HandoffRates(0.62, 0.16, 6.2, 0.17, 0.50, 0.34, 2.5),
        LanguageRates(0.60, 0.62, 0.15, 0.80, 0.64, 0.66, 0.35, 2.5),
        JointWorkRates(0.20, 0.19, 0.27, 55.0, 0.24, 0.35, 2.45),
        FeedbackRates(20.0, 0.64, 0.25, 0.27, 0.32, 2.55),
        ProcessRates(0.60, 2 / 3, 0.54, 0.72, 0.52, 0.25, 2.5),
        StructureRates(3, 0.25, "ceo", 2.45),
    ),
    Stage.ALIGNED.value: _Rates(
        HandoffRates(0.82, 0.06, 2.8, 0.06, 0.30, 0.64, 3.5),
        LanguageRates(0.77, 0.82, 0.20, 0.94, 0.87, 0.80, 0.75, 3.55),
        JointWorkRates(0.45, 0.44, 0.55, 21.0, 0.55, 0.65, 3.5),
        FeedbackRates(14.0, 0.87, 0.45, 0.55, 0.20, 3.45),
        ProcessRates(0.80, 0.875, 0.80, 0.91, 0.75, 0.47, 3.5),
        StructureRates(5, 0.55, "executive", 3.5),
    ),
    Stage.INTEGRATED.value: _Rates(
        HandoffRates(0.95, 0.015, 0.5, 0.015, 0.10, 0.90, 4.45),
        LanguageRates(0.92, 0.95, 0.30, 0.99, 0.975, 0.93, 1.20, 4.4),
        JointWorkRates(0.80, 0.80, 0.85, 7.0, 0.85, 0.90, 4.4),
        FeedbackRates(6.0, 0.975, 0.60, 0.85, 0.08, 4.45),
        ProcessRates(0.95, 0.97, 0.95, 0.985, 0.93, 0.80, 4.4),
        StructureRates(7, 0.90, "revenue", 4.4),
    ),
}
