"""What people say beside what the CRM shows, statement by statement."""

from metrics.belief.compared import Compared, Difference, Opinion, compared, contradictions, splits
from metrics.belief.record import Bearing, Record, bearing, record_of, side

__all__ = [
    "Bearing",
    "Compared",
    "Difference",
    "Opinion",
    "Record",
    "bearing",
    "compared",
    "contradictions",
    "record_of",
    "side",
    "splits",
]
