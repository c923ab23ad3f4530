"""The self-assessment: twenty statements, scored and shown without giving anybody away."""

from metrics.survey.anonymity import Gap, Group, Head, SurveyResult, results
from metrics.survey.questionnaire import STATEMENTS, Statement
from metrics.survey.scoring import Response, score

__all__ = [
    "STATEMENTS",
    "Gap",
    "Group",
    "Head",
    "Response",
    "Statement",
    "SurveyResult",
    "results",
    "score",
]
