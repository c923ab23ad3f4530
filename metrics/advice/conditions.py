"""When a stage is good enough, and when it is not: the article's sidebar as data, in our words.

Every condition is a question that the heads can answer; some are answered by the records (`by`
names how, see `answers`), with the heads' answer standing in where the records say nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from model.stages import Stage

Way = Literal["leave", "move"]
By = Literal["people", "dropped_tasks", "common_head", "cycle", "cycle_trend"]


@dataclass(frozen=True)
class Condition:
    """`text` is how it reads where it holds, `question` what is asked. `is_sign`: the records
    only hint at it, so that an answer of the heads goes before them.
    """

    id: str
    question: str
    text: str
    by: By | None = None
    is_sign: bool = False


CONDITIONS: dict[str, Condition] = {
    one.id: one
    for one in (
        Condition(
            "small_company",
            "Do fewer than about ten people work in Sales and Marketing together?",
            "the two functions are small",
            by="people",
        ),
        Condition(
            "good_relations",
            "Do people in the two functions get on well and settle things among themselves?",
            "people get on well and settle things among themselves",
        ),
        Condition(
            "marketing_supports",
            "Is Marketing here to support Sales, and meant to be no more?",
            "Marketing is meant to support Sales and no more",
        ),
        Condition(
            "conflicts",
            "Do conflicts between Sales and Marketing come up again and again?",
            "conflicts come up again and again",
        ),
        Condition(
            "duplicated_work",
            "Do both functions do the same work twice?",
            "work is done twice",
        ),
        Condition(
            "dropped_tasks",
            "Do tasks fall between the two functions, such as leads that nobody follows up?",
            "tasks fall between the two functions",
            by="dropped_tasks",
        ),
        Condition(
            "competing_for_means",
            "Do the two functions compete for budget or people?",
            "the two functions compete for budget or people",
        ),
        Condition(
            "plain_products",
            "Are your products standard, so that customers buy them as they are?",
            "products are standard and bought as they are",
        ),
        Condition(
            "traditional_roles",
            "Do the traditional roles of Sales and Marketing still work in your market?",
            "the traditional roles work in this market",
        ),
        Condition(
            "nothing_compels",
            "Is there no sign that your market will force a change?",
            "nothing in the market compels a change",
        ),
        Condition(
            "market_turns",
            "Is your market turning into a commodity business, or into custom work?",
            "the market is turning into a commodity business or into custom work",
        ),
        Condition(
            "made_during_sale",
            "Are products built or adapted while they are being sold?",
            "products are built or adapted during the sale",
        ),
        Condition(
            "shorter_lives",
            "Are the lives of your products getting shorter?",
            "product lives are getting shorter",
            by="cycle_trend",
            is_sign=True,
        ),
        Condition(
            "no_shared_responsibility",
            "Would a culture of shared responsibility for results be foreign to your company?",
            "shared responsibility is foreign to the company",
        ),
        Condition(
            "separate_heads",
            "Do Sales and Marketing report to different people, up to the head of the company?",
            "the functions report to different people",
            by="common_head",
        ),
        Condition(
            "short_cycle",
            "Is a typical sale closed within about a month?",
            "the sales cycle is short",
            by="cycle",
        ),
        Condition(
            "one_funnel_possible",
            "Could one funnel be built that manages and measures how revenue is made, from the "
            "first contact to service?",
            "one funnel could manage and measure how revenue is made",
        ),
    )
}
QUESTIONS: tuple[str, ...] = tuple(CONDITIONS)
TABLE: Mapping[Stage, Mapping[Way, tuple[str, ...]]] = {
    Stage.UNDEFINED: {
        "leave": ("small_company", "good_relations", "marketing_supports"),
        "move": ("conflicts", "duplicated_work", "dropped_tasks", "competing_for_means"),
    },
    Stage.DEFINED: {
        "leave": ("plain_products", "traditional_roles", "nothing_compels"),
        "move": (
            "duplicated_work",
            "dropped_tasks",
            "market_turns",
            "made_during_sale",
            "shorter_lives",
        ),
    },
    Stage.ALIGNED: {
        "leave": ("no_shared_responsibility", "separate_heads", "short_cycle"),
        "move": ("one_funnel_possible",),
    },
    Stage.INTEGRATED: {"leave": (), "move": ()},
}


def conditions_at(stage: Stage) -> list[tuple[Way, Condition]]:
    """The conditions that decide at a stage, those to leave it first."""
    return [(way, CONDITIONS[name]) for way, names in TABLE[stage].items() for name in names]
