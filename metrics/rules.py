"""Compliance with the organisation's own rules of engagement, and the records that break each."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

import ibis.expr.types as ir
import pyarrow as pa
import pyarrow.compute as pc

from metrics.cells import named
from metrics.estimate import Estimate
from metrics.facts.checks import NEEDS
from metrics.rows import Rows
from metrics.statistics import Proportion
from model.availability import Availability
from model.rules import Rule

MINIMUM = 5
NOTHING = "no record of this period falls under the rule"
UNTOLD = "it cannot be told of any record: is anybody known to be in Marketing?"
STATISTIC = Proportion("is_kept")
SHOWN = ("record_id", "placed_at", "due_at", "done_at", "owner_id")


@dataclass(frozen=True)
class Compliance:
    """One rule: the share of its records that keep it, how many are still `running` (or cannot be
    told), and the records that break it, newest first (columns `SHOWN`).
    """

    rule: Rule
    estimate: Estimate
    running: int
    broken: pa.Table | None = field(default=None, repr=False)


def placed(
    checks: ir.Table, dimensions: Sequence[str], from_at: datetime, to_at: datetime
) -> ir.Table:
    """The checks placed from `from_at` to `to_at`, newest first, with `dimensions` to cut by."""
    rows = named(checks, dimensions).filter(checks.placed_at.between(from_at, to_at))
    return rows.select("rule_id", *SHOWN, *STATISTIC.reads, "cluster", *dimensions).order_by(
        [rows.placed_at.desc(), "record_id"]
    )


def compliance(
    rows: pa.Table, rules: Sequence[Rule], availability: Availability
) -> list[Compliance]:
    """Each of `rules` over the checks `placed` in a window, of all or of a segment. A rule whose
    tables no source gives is not assessed.
    """
    told = Rows.of(rows.select(["rule_id", *STATISTIC.reads, "cluster"]))
    broken = rows.filter(pc.equal(rows["is_kept"], False))
    found = []
    for rule in rules:
        own = told.within({"rule_id": rule.id})
        lacking = availability.lacks(NEEDS[rule.require])
        n, running = len(own), len(own) - int(own.given("is_kept").sum())
        if lacking:
            estimate = Estimate.not_assessed("; ".join(lacking))
        elif n == running:
            estimate = Estimate.not_assessed(UNTOLD if _never_told(rule, n) else NOTHING)
        else:
            estimate = STATISTIC.estimate(STATISTIC.sums(own), minimum_n=1)
            if estimate.n < MINIMUM:
                few = f"{estimate.n} records are too few for an interval to hold"
                estimate = Estimate(**{**vars(estimate), "status": "weak", "reason": few})
        records = broken.filter(pc.equal(broken["rule_id"], rule.id)).select(SHOWN)
        found.append(Compliance(rule, estimate, running, records))
    return found


def _never_told(rule: Rule, n: int) -> bool:
    return n > 0 and rule.require in ("marketer_met", "marketer_on_team")
