"""The kinds of statistic an indicator can be made of.

Each is declared by column names, reduces rows to sufficient statistics and estimates from those
alone, in numpy.
"""

from metrics.statistics.agreement import Kappa
from metrics.statistics.amounts import Average, Velocity
from metrics.statistics.base import Statistic, Sums
from metrics.statistics.complete import CountShare, Level, Quotient, SharedUse
from metrics.statistics.discrimination import Auc
from metrics.statistics.gaps import GapQuantile
from metrics.statistics.quarters import QuarterAccuracy, QuarterGap
from metrics.statistics.shares import Proportion, RatioOfSums
from metrics.statistics.survival import SurvivalQuantile, SurvivalShare

__all__ = [
    "Auc",
    "Average",
    "CountShare",
    "GapQuantile",
    "Kappa",
    "Level",
    "Proportion",
    "QuarterAccuracy",
    "QuarterGap",
    "Quotient",
    "RatioOfSums",
    "SharedUse",
    "Statistic",
    "Sums",
    "SurvivalQuantile",
    "SurvivalShare",
    "Velocity",
]
