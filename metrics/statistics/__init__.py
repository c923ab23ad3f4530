"""The kinds of statistic an indicator can be made of.

Each is declared by column names, aggregates rows to sufficient statistics per cluster (on any
engine) and estimates from those alone (in numpy).
"""

from metrics.statistics.base import Statistic
from metrics.statistics.gaps import GapQuantile
from metrics.statistics.shares import CountShare, Proportion, RatioOfSums
from metrics.statistics.survival import SurvivalQuantile, SurvivalShare

__all__ = [
    "CountShare",
    "GapQuantile",
    "Proportion",
    "RatioOfSums",
    "Statistic",
    "SurvivalQuantile",
    "SurvivalShare",
]
