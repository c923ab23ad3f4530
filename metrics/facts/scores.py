"""A lead's score as it stood at an instant: today's already knows how things ended."""

import ibis
import ibis.expr.types as ir

from metrics.facts.owner_path import leads
from metrics.facts.paths import changes_of, path_of
from metrics.facts.sides import Known

_RATINGS = {"hot": 3.0, "warm": 2.0, "cold": 1.0, "a": 3.0, "b": 2.0, "c": 1.0, "d": 0.0}


def score_at(known: Known, decided: ir.Table) -> ir.Table:
    """lead_id, score_at_decision, from the history of the score, or of the rating where that of
    the score is not tracked: the last value no later than `decided_at`.
    """
    rows = leads(known)
    scores = changes_of(known, "lead_changes", "score")
    ratings = changes_of(known, "lead_changes", "rating")
    tracked = scores.aggregate(
        _scores=scores.count(where=scores.changed_at <= known.as_of)
    ).cross_join(ratings.aggregate(_ratings=ratings.count(where=ratings.changed_at <= known.as_of)))
    by_score = path_of(known, rows, "lead_id", scores, current=ibis._.score.cast("string"))
    by_rating = path_of(known, rows, "lead_id", ratings, current=ibis._.rating)
    scored, rated = by_score.cross_join(tracked), by_rating.cross_join(tracked)
    own = (
        scored.filter(scored._scores > 0)
        .select("lead_id", "position", "at", number=scored.value.try_cast("float64"))
        .union(
            rated.filter((rated._scores == 0) & (rated._ratings > 0)).select(
                "lead_id", "position", "at", number=_rated(rated.value)
            )
        )
    )
    when = decided.filter(decided.decided_at.notnull()).select(_lead="lead_id", _when="decided_at")
    pairs = own.inner_join(when, [("lead_id", "_lead")])
    seen = pairs.filter(pairs["at"] <= pairs._when)
    order = ibis.desc(seen.position)
    ranked = seen.mutate(_nth=ibis.row_number().over(group_by="lead_id", order_by=order))
    return ranked.filter(ranked._nth == 0).select("lead_id", score_at_decision="number")


def _rated(rating: ir.StringValue) -> ir.FloatingValue:
    named = rating.strip().lower()
    numbers = ((named == word, ibis.literal(n, "float64")) for word, n in _RATINGS.items())
    return ibis.cases(*numbers, else_=ibis.null("float64"))
