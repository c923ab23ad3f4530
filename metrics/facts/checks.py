"""The organisation's own rules of engagement, checked: a row per rule and record."""

from functools import reduce

import ibis
import ibis.expr.types as ir
import pyarrow as pa

from metrics.facts.sides import Known
from model.definitions import Rule

SEGMENTS = ("region", "business_unit", "source", "industry", "segment", "team", "owner")
COLUMNS = (
    "rule_id",
    "record_id",
    "placed_at",
    "owner_id",
    "is_kept",
    *SEGMENTS,
    "cluster",
    "as_of",
)
_TIMED = {
    "first_response": ("is_responded", "response_business_hours"),
    "decision": ("is_decided", "decision_business_hours"),
}
_AT_CLOSE = {
    "contact_role": "has_contact_role",
    "marketer_met": "marketer_met_at",
    "marketer_on_team": "has_marketer",
    "campaign": "is_touched",
}
_NONE = pa.schema(
    [
        (name, {"placed_at": pa.timestamp("us"), "is_kept": pa.bool_()}.get(name, pa.string()))
        for name in COLUMNS[:-1]
    ]
).empty_table()


def checks(known: Known, handed: ir.Table, deals: ir.Table) -> ir.Table:
    """The fact `checks`, from the facts `handoffs` and `opportunities`.

    A handoff is placed at its instant, and `is_kept` is null while the time for it still runs; an
    opportunity at its close, and is not checked before.
    """
    parts = [
        _of_handoffs(rule, handed) if rule.applies_to == "handoffs" else _of_deals(rule, deals)
        for rule in known.definitions.rules
    ]
    if not parts:
        parts = [ibis.memtable(_NONE)]
    every = parts[0].union(*parts[1:]) if len(parts) > 1 else parts[0]
    return every.mutate(as_of=known.now).select(*COLUMNS)


def _of_handoffs(rule: Rule, handed: ir.Table) -> ir.Table:
    done, hours = _TIMED[rule.requires]
    rows = _where(handed, rule)
    in_time = rows[done] & (rows[hours] <= rule.within_hours)
    running = ~rows[done] & (rows[hours] < rule.within_hours)
    judged = rows.mutate(is_kept=ibis.ifelse(running, ibis.null("boolean"), in_time))
    return _rows(judged, rule.id, "handoff_id", "handed_off_at")


def _of_deals(rule: Rule, deals: ir.Table) -> ir.Table:
    rows = _where(deals, rule)
    closed = rows.filter(rows.is_closed)
    if rule.amount is not None:
        closed = closed.filter(closed.amount.cast("float64") >= rule.amount)
    given = closed[_AT_CLOSE[rule.requires]]
    kept = given.notnull() if rule.requires == "marketer_met" else given.fill_null(False)
    return _rows(closed.mutate(is_kept=kept), rule.id, "opportunity_id", "closed_at")


def _where(rows: ir.Table, rule: Rule) -> ir.Table:
    conditions = [rows[name].fill_null("") == value for name, value in rule.where.items()]
    return rows.filter(reduce(lambda a, b: a & b, conditions)) if conditions else rows


def _rows(judged: ir.Table, rule_id: str, key: str, at: str) -> ir.Table:
    return judged.select(
        *SEGMENTS,
        "owner_id",
        "is_kept",
        "cluster",
        rule_id=ibis.literal(rule_id),
        record_id=judged[key],
        placed_at=judged[at],
    )
