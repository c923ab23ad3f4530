"""Whether to change anything, and what: the article's sidebar and its moves, answered by data."""

from metrics.advice.answers import Answer, Given, Known, answered
from metrics.advice.conditions import CONDITIONS, QUESTIONS, Condition, conditions_at
from metrics.advice.moves import MOVES, Call, Move, Recommended, recommended
from metrics.advice.verdict import Advice, advise

__all__ = [
    "CONDITIONS",
    "MOVES",
    "QUESTIONS",
    "Advice",
    "Answer",
    "Call",
    "Condition",
    "Given",
    "Known",
    "Move",
    "Recommended",
    "advise",
    "answered",
    "conditions_at",
    "recommended",
]
