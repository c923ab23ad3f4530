"""The twenty statements, in our words, and the evidence in the CRM that bears on each.

The topics are those of Kotler, Rackham and Krishnaswamy (2006). `root` is which of the article's
two roots of the strain a statement touches: money, plans and targets (economic), or people and
habits (cultural).
"""

from dataclasses import dataclass
from typing import Literal

Root = Literal["economic", "cultural"]
Bearing = Literal["measured", "proxy"]
LOWEST, HIGHEST = 1, 5
ANSWERS = {
    1: "strongly disagree",
    2: "disagree",
    3: "neither agree nor disagree",
    4: "agree",
    5: "strongly agree",
}


@dataclass(frozen=True)
class Statement:
    """One statement, rated 1 (strongly disagree) to 5 (strongly agree).

    `bearing` maps the ids of the indicators that bear on it to how: as the thing itself
    (measured) or as a sign of it (proxy). Empty: a CRM cannot show it.
    """

    number: int
    topic: str
    text: str
    root: Root
    measured: tuple[str, ...] = ()
    proxy: tuple[str, ...] = ()

    @property
    def bearing(self) -> dict[str, Bearing]:
        """Indicator id → measured or proxy."""
        found: dict[str, Bearing] = dict.fromkeys(self.measured, "measured")
        return found | dict.fromkeys(self.proxy, "proxy")

    @property
    def is_observable(self) -> bool:
        """Whether any indicator bears on it."""
        return bool(self.measured or self.proxy)


STATEMENTS: tuple[Statement, ...] = (
    Statement(
        1,
        "Results against forecast",
        "What we sell in a period usually comes out close to what was forecast for it.",
        "economic",
        measured=("forecast_accuracy",),
    ),
    Statement(
        2,
        "No blame",
        "When results disappoint, neither function puts the fault on the other.",
        "cultural",
        proxy=("ownership_bounce_rate",),
    ),
    Statement(
        3,
        "Marketers meet key customers",
        "People from Marketing meet our most important customers while a sale is under way.",
        "cultural",
        measured=("marketing_in_key_meetings",),
    ),
    Statement(
        4,
        "Sales in Marketing's planning",
        "Marketing asks Sales to contribute when it draws up its plans.",
        "cultural",
        proxy=("sales_in_campaigns",),
    ),
    Statement(
        5,
        "Useful material",
        "The material that Marketing provides helps our salespeople to sell.",
        "cultural",
        proxy=("content_use_rate",),
    ),
    Statement(
        6,
        "Feedback on request",
        "When Marketing asks Sales for feedback, Sales gives it readily.",
        "cultural",
        measured=("decision_hours", "loss_reason_rate", "rejection_reason_rate"),
    ),
    Statement(
        7,
        "A common language",
        "Both functions use the same words and mean the same by them.",
        "cultural",
        measured=("mql_acceptance_rate", "status_vocabulary_rate"),
    ),
    Statement(
        8,
        "Heads confer on what lies ahead",
        "The heads of both functions talk regularly about early questions such as markets, "
        "ideas and product plans.",
        "cultural",
        proxy=("joint_meeting_cadence",),
    ),
    Statement(
        9,
        "Segments defined together",
        "Both functions work out together how each customer segment buys.",
        "economic",
        proxy=("segment_agreement",),
    ),
    Statement(
        10,
        "Little time lost on disputes",
        "In our joint meetings little time goes into settling disputes.",
        "cultural",
        proxy=("ownership_bounce_rate",),
    ),
    Statement(
        11,
        "Planning far ahead",
        "The heads of both functions plan together for products that will come out in two years "
        "or later.",
        "economic",
    ),
    Statement(
        12,
        "Common metrics",
        "We have agreed measures of success for both functions, and we discuss and use them.",
        "economic",
        measured=("shared_metric_coverage", "shared_dashboard_use"),
    ),
    Statement(
        13,
        "Strategy for key accounts",
        "Marketing has an active part in setting and carrying out the strategy for individual "
        "key accounts.",
        "economic",
        measured=("marketing_on_key_accounts",),
    ),
    Statement(
        14,
        "Jointly built funnels",
        "Both functions run their work along funnels that they built together, from the first "
        "reading of the market to service after the sale.",
        "economic",
        measured=("funnel_continuity", "campaign_touch_coverage"),
    ),
    Statement(
        15,
        "Funnel data put to use",
        "Marketing studies the data of the funnel and makes it more predictable.",
        "economic",
        proxy=("score_discrimination",),
    ),
    Statement(
        16,
        "Rise or fall together",
        "In our company Sales and Marketing succeed together or fail together.",
        "cultural",
        proxy=("shared_target_share", "attainment_gap"),
    ),
    Statement(
        17,
        "One head",
        "Sales and Marketing answer to one person who is responsible for revenue or for customers.",
        "economic",
        measured=("common_head",),
    ),
    Statement(
        18,
        "People change sides",
        "People move from one of the two functions to the other.",
        "cultural",
        measured=("people_interchange",),
    ),
    Statement(
        19,
        "Joint training and events",
        "Sales and Marketing take part in training and events together.",
        "cultural",
        measured=("joint_training_rate",),
    ),
    Statement(
        20,
        "Plans presented together",
        "Each function helps to prepare the other's plans and to present them to top management.",
        "economic",
    ),
)
