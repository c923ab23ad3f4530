"""The self-assessment: twenty statements, scored and shown without giving anybody away."""

from metrics.survey.anonymity import (
    Cell,
    Gap,
    Group,
    Head,
    RootGap,
    SurveyResult,
    results,
)
from metrics.survey.questionnaire import STATEMENTS, Statement
from metrics.survey.scoring import Response, score

__all__ = [
    "STATEMENTS",
    "Cell",
    "Gap",
    "Group",
    "Head",
    "Response",
    "RootGap",
    "Statement",
    "SurveyResult",
    "results",
    "score",
]
