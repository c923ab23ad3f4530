"""One row per use of a report or dashboard by Sales or Marketing."""

import ibis.expr.types as ir

from metrics.facts.sides import Known, latest

SEGMENTS: tuple[str, ...] = ()  # a report is the whole company's
COLUMNS = ("use_id", "report_id", "user_id", "side", "used_at", "cluster", "as_of")


def report_uses(known: Known) -> ir.Table:
    """The fact `report_uses`. Uses by others than the two functions, or by nobody known, are not
    in it.
    """
    rows = latest(known.rows("report_uses"), "use_id")
    by_now = rows.filter(rows.used_at <= known.as_of)
    people = known.people.select(_user="user_id", side="user_side")
    joined = by_now.inner_join(people, [("user_id", "_user")])
    return joined.mutate(cluster=joined.report_id, as_of=known.now).select(*COLUMNS)
