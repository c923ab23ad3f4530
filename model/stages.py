"""The four stages of the relationship and the words for functions and dimensions."""

from enum import StrEnum


class Stage(StrEnum):
    """The stage of the relationship between Sales and Marketing, lowest first."""

    UNDEFINED = "undefined"
    DEFINED = "defined"
    ALIGNED = "aligned"
    INTEGRATED = "integrated"

    @property
    def rank(self) -> int:
        """0 for undefined to 3 for integrated."""
        return STAGES.index(self)

    @classmethod
    def of_score(cls, score: float) -> "Stage":
        """The stage of a score on 20–100: cuts at 40, 60 and 80, `>=`, unrounded."""
        return STAGES[sum(score >= cut for cut in CUTS)]


STAGES: tuple[Stage, ...] = tuple(Stage)
CUTS: tuple[float, ...] = (40.0, 60.0, 80.0)


class Function(StrEnum):
    """Who somebody works for. An SDR counts as Sales unless configured otherwise."""

    MARKETING = "marketing"
    SALES = "sales"
    SDR = "sdr"
    OTHER = "other"


class Dimension(StrEnum):
    """What separates the four stages, in the order of the article."""

    HANDOFF = "handoff"
    LANGUAGE = "language"
    JOINT_WORK = "joint_work"
    FEEDBACK = "feedback"
    PROCESS = "process"
    STRUCTURE = "structure"

    @property
    def label(self) -> str:
        """The name on screen."""
        return {
            "handoff": "Handoff and rules of engagement",
            "language": "Shared language",
            "joint_work": "Joint work and communication",
            "feedback": "Feedback loop",
            "process": "One process, shared systems",
            "structure": "Shared metrics, targets, structure",
        }[self.value]


DIMENSIONS: tuple[Dimension, ...] = tuple(Dimension)
