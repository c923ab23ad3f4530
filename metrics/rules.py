"""Compliance with the organisation's own rules of engagement, and the records that break each."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import ibis.expr.types as ir
import pyarrow as pa
import pyarrow.compute as pc

from metrics.estimate import Estimate
from metrics.facts.checks import NEEDS
from metrics.rows import Rows
from metrics.statistics import Proportion
from model.availability import Availability
from model.rules import Rule

Run = Callable[[ir.Table], pa.Table]
MINIMUM = 5
NOTHING = "no record of this period falls under the rule"
UNTOLD = "it cannot be told of any record: is anybody known to be in Marketing?"
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


def compliance(
    checks: ir.Table,
    rules: Sequence[Rule],
    availability: Availability,
    *,
    from_at: datetime,
    to_at: datetime,
    where: Mapping[str, str],
    run: Run,
) -> list[Compliance]:
    """Each of `rules` over the checks placed from `from_at` to `to_at`, within the segment `where`.
    A rule whose tables no source gives is not assessed.
    """
    rows = checks.filter(checks.placed_at.between(from_at, to_at))
    for name, value in where.items():
        rows = rows.filter(rows[name] == value)
    statistic = Proportion("is_kept")
    told = Rows.of(run(rows.select("rule_id", *statistic.reads, "cluster")))
    open_ = run(
        rows.group_by("rule_id").aggregate(n=rows.count(), running=rows.is_kept.isnull().sum())
    ).to_pylist()
    seen = {row["rule_id"]: (int(row["n"]), int(row["running"])) for row in open_}
    broke = rows.filter(~rows.is_kept)
    broken = run(broke.select("rule_id", *SHOWN).order_by([broke.placed_at.desc(), "record_id"]))
    found = []
    for rule in rules:
        lacking = availability.lacks(NEEDS[rule.require])
        n, running = seen.get(rule.id, (0, 0))
        if lacking:
            estimate = Estimate.not_assessed("; ".join(lacking))
        elif n == running:
            estimate = Estimate.not_assessed(UNTOLD if _never_told(rule, n) else NOTHING)
        else:
            own = told.within({"rule_id": rule.id})
            estimate = statistic.estimate(statistic.sums(own), minimum_n=1)
            if estimate.n < MINIMUM:
                few = f"{estimate.n} records are too few for an interval to hold"
                estimate = Estimate(**{**vars(estimate), "status": "weak", "reason": few})
        records = broken.filter(pc.equal(broken["rule_id"], rule.id)).drop_columns(["rule_id"])
        found.append(Compliance(rule, estimate, running, records))
    return found


def _never_told(rule: Rule, n: int) -> bool:
    return n > 0 and rule.require in ("marketer_met", "marketer_on_team")
