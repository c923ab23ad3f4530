"""`detente rules check`: how far the rules of engagement are kept, and which records break them."""

from collections.abc import Mapping
from datetime import date
from typing import TypedDict

import ibis.expr.types as ir
import pyarrow as pa

from metrics import rules as metrics_rules
from metrics.cells import within
from metrics.rules import Compliance
from model.errors import ConfigurationError
from model.periods import Period, end_of, start_of
from model.rules import Rule
from model.validation import suggest
from monitor.reading import Reading
from monitor.report import EstimateForm, estimate_form, instant
from monitor.workspace import Workspace

DAYS = 90


class BrokenForm(TypedDict):
    """A record that breaks a rule. `placed_at`: its handoff, its creation or reaching of the sales
    stage, or its close; `due_at` where there is a day, `done_at` where it was done after all.
    """

    record_id: str
    placed_at: str
    due_at: str | None
    done_at: str | None
    owner_id: str | None
    url: str | None


class RuleForm(EstimateForm):
    """One rule. `value` is the share of records that keep it, of `n`; `running` are those whose
    time still runs or that cannot be told; `broken` the records that break it, newest first, all
    `n_broken` of them unless the newest were asked for.
    """

    id: str
    title: str
    says: str
    applies_to: str
    running: int
    n_broken: int
    broken: list[BrokenForm]


class RulesForm(TypedDict):
    """`detente rules check --json`. `window` has the keys from and to: local days."""

    as_of: str
    definitions: str
    segment: dict[str, str]
    window: dict[str, str]
    rules: list[RuleForm]


def check(
    workspace: Workspace,
    only: str | None = None,
    where: Mapping[str, str] | None = None,
    day: date | None = None,
    window: str | None = None,
    most: int | None = None,
) -> RulesForm:
    """Every rule, or `only` one, over the window or the last 90 days; of the records that break a
    rule the newest `most`, or all.
    """
    rules = _chosen(workspace.definitions.rules, only)
    segment = dict(where or {})
    with Reading.open(workspace, day) as reading:
        _check_segments(reading, segment)
        period = _period(reading, window)
        rows = within(_placed(reading, window), segment)
        found = metrics_rules.compliance(rows, rules, reading.availability)
        return {
            "as_of": instant(reading.as_of),
            "definitions": workspace.definitions_version,
            "segment": segment,
            "window": {"from": period.from_on.isoformat(), "to": period.to_on.isoformat()},
            "rules": [_form(reading, one, most) for one in found],
        }


def _period(reading: Reading, window: str | None) -> Period:
    return reading.period(window) or Period.trailing(DAYS, reading.as_of_on)


def _placed(reading: Reading, window: str | None) -> pa.Table:
    """The checks of a window, newest first; those of the last days stay in memory for segments."""

    def placed() -> ir.Table:
        period = _period(reading, window)
        first, last = start_of(period.from_on, reading.zone), end_of(period.to_on, reading.zone)
        checks, dimensions = reading.facts["checks"], reading.dimensions("checks")
        return metrics_rules.placed(checks, dimensions, first, min(last, reading.as_of))

    return reading.held("checks", placed) if window is None else reading.engine.run(placed())


def _chosen(rules: tuple[Rule, ...], only: str | None) -> list[Rule]:
    chosen = [rule for rule in rules if only in (None, rule.id)]
    if only is not None and not chosen:
        todo = suggest(only, [rule.id for rule in rules]) if rules else "No rule is written yet."
        raise ConfigurationError(f"no rule {only!r}", "--rule", todo)
    return chosen


def _check_segments(reading: Reading, where: Mapping[str, str]) -> None:
    known = reading.dimensions("checks")
    for name in where:
        if name not in known:
            raise ConfigurationError(f"no dimension {name!r}", "--where", suggest(name, known))


def _form(reading: Reading, one: Compliance, most: int | None) -> RuleForm:
    table = one.broken
    rows = table.slice(0, most).to_pylist() if table is not None else []
    broken: list[BrokenForm] = [
        {
            "record_id": row["record_id"],
            "placed_at": instant(row["placed_at"]),
            "due_at": instant(row["due_at"]) if row["due_at"] else None,
            "done_at": instant(row["done_at"]) if row["done_at"] else None,
            "owner_id": row["owner_id"],
            # a handoff is its lead and a number
            "url": reading.record_url(row["record_id"].partition(":")[0]),
        }
        for row in rows
    ]
    return {
        **estimate_form(one.estimate),
        "id": one.rule.id,
        "title": one.rule.title,
        "says": says(one.rule),
        "applies_to": one.rule.applies_to,
        "running": one.running,
        "n_broken": table.num_rows if table is not None else 0,
        "broken": broken,
    }


REQUIRED = {
    "first_response": "a first response",
    "decision": "a decision",
    "contact_role": "a contact role",
    "marketer_met": "a marketer in a customer meeting",
    "marketer_on_team": "a marketer on the team",
    "campaign": "a campaign that touched it",
}


def says(rule: Rule) -> str:
    """The rule in a sentence: `handoffs with source Fair need a first response within 4 hours`."""
    when = [f"{name} {value}" for name, value in rule.when.where.items()]
    when += [f"an amount of at least {rule.when.amount:,.0f}"] if rule.when.amount else []
    when += [f"sales stage {' or '.join(rule.when.stage)} reached"] if rule.when.stage else []
    who = rule.who
    required = (
        " or ".join([*who.roles, *who.titles, *who.users])
        if who is not None
        else REQUIRED[rule.require]
    )
    of = f"key {rule.applies_to}" if rule.when.key else rule.applies_to
    told = f"{of} with {' and '.join(when)}" if when else of
    need = f"{told} need {required}" + (" involved" if who is not None else "")
    if rule.applies_to == "handoffs":
        unit = "business hour" if rule.span == 1 else "business hours"
        return f"{need} within {rule.span:g} {unit}"
    if rule.within is None:
        return need + (" by the close" if rule.applies_to == "opportunities" else "")
    return need + (
        f" within {rule.within}"
        if rule.applies_to == "opportunities"
        else f" in the last {rule.within}"
    )
