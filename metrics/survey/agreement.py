"""How far the members of a group agree: r_wg.

James, Demaree and Wolf, "Estimating within-group interrater reliability with and without response
bias", Journal of Applied Psychology 69 (1984): 1 less the observed variance over the one that
answers at random would have, (A² − 1)/12 with A answers to choose from. 1 is full agreement, 0 is
no more than chance; less than chance is set to 0, as is usual.
"""

import numpy as np

from metrics.survey.questionnaire import HIGHEST, LOWEST
from metrics.survey.scoring import Ratings

AT_RANDOM = ((HIGHEST - LOWEST + 1) ** 2 - 1) / 12


def agreement(ratings: Ratings) -> float:
    """r_wg of at least two ratings of one statement, 0–1."""
    return _within(float(np.var(ratings, ddof=1)))


def agreement_of_both(first: Ratings, second: Ratings) -> float:
    """r_wg of two groups that weigh equally whatever their n; their difference lowers it too."""
    within = (float(np.var(first, ddof=1)) + float(np.var(second, ddof=1))) / 2
    between = (float(np.mean(first)) - float(np.mean(second))) ** 2 / 4
    return _within(within + between)


def _within(variance: float) -> float:
    return max(0.0, 1.0 - variance / AT_RANDOM)
