"""The rows behind a figure, and the people behind the facts."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import ibis
import ibis.expr.types as ir
import pyarrow as pa

from metrics.asked import Asked
from metrics.declaration import EVIDENCE, OUTCOMES, Gauge, Measure
from metrics.facts import SEGMENTS
from metrics.facts.sides import owners
from metrics.indicators import CATALOGUE
from metrics.loaded import UNSET, Facts, Run
from metrics.statistics import GapQuantile, Statistic
from model.definitions import Definitions
from model.periods import Period

_INNER = ("cluster", "as_of")
WORKPLACES = ("region", "business_unit", "team")


def records(
    facts: Facts,
    indicator_id: str,
    definitions: Definitions,
    *,
    as_of: datetime,
    window: Period | None = None,
    where: Mapping[str, str] | None = None,
    run: Run,
) -> pa.Table:
    """The rows behind an indicator, in the order of their dates: the fact's columns (ids, dates,
    owners, flags), `counted`, and the `reason` why a row is left out (null where it counts).

    Raises KeyError for an indicator that is not in the catalogue. An indicator that cannot be
    split by a dimension of `where` has no rows there.
    """
    one = _found(indicator_id, definitions)
    asked = Asked(definitions, as_of, window, (), dict(where or {}))
    statistic = one.statistic(definitions)
    fact = facts[one.fact]
    if any(dimension not in SEGMENTS[one.fact] for dimension in asked.where):
        return run(_with_reasons(fact.limit(0), one, statistic))
    listed = _with_reasons(_rows(one, statistic, fact, asked), one, statistic)
    return run(listed.order_by([one.placed_by] if one.placed_by else listed.columns[:1]))


def _rows(one: Measure, statistic: Statistic, fact: ir.Table, asked: Asked) -> ir.Table:
    """The fact's rows in the window and segment, segments without a value named."""
    rows = fact
    for dimension, value in asked.where.items():
        named = rows.mutate(**{dimension: rows[dimension].nullif("").fill_null(UNSET)})
        rows = named.filter(named[dimension] == value)
    if one.placed_by is None:
        return rows
    period = asked.period(one, statistic)
    begins_at, ends_at = asked.starts_at(period), asked.ends_at(period)
    if isinstance(statistic, GapQuantile):  # to the instant
        begins_at = ends_at - timedelta(days=one.window_days) + timedelta(microseconds=1)
    return rows.filter(rows[one.placed_by].between(begins_at, ends_at))


def _found(name: str, definitions: Definitions) -> Measure:
    """The figure of that name; KeyError where there is none that counts records."""
    if name in CATALOGUE:
        return CATALOGUE[name].under(definitions)
    one = {**OUTCOMES, **EVIDENCE}[name]
    if isinstance(one, Gauge):
        raise KeyError(name)
    return one


def _with_reasons(rows: ir.Table, one: Measure, statistic: Statistic) -> ir.Table:
    none = ibis.null("string")
    reasons = [
        ibis.ifelse(rows[name].isnull(), one.left_out or f"has no {name.replace('_', ' ')}", none)
        for name in statistic.columns
    ]
    given = rows.mutate(reason=ibis.coalesce(*reasons) if reasons else none)
    return given.mutate(counted=given.reason.isnull()).drop(*_INNER)


@dataclass(frozen=True)
class Headcount:
    """The active people of each side, by what is recorded of where they work: `counts` has
    (side, a value or None for each of WORKPLACES, number).
    """

    counts: tuple[tuple[str, tuple[str | None, ...], int], ...]

    def of(self, where: Mapping[str, str] | None = None) -> dict[str, int]:
        """How many people each side has: of the company, or of the segment `where`.

        Somebody without a region on record may work for any, and counts in each. A segment that
        is recorded of nobody (a lead source, a region that users do not have) has the company's.
        """
        held = self.counts
        for place, dimension in enumerate(WORKPLACES):
            value = (where or {}).get(dimension)
            if any(at[place] == value for _, at, _ in held) and value is not None:
                held = tuple(one for one in held if one[1][place] in (value, None))
        found = Counter[str]()
        for side, _, number in held:
            found[side] += number
        return {side: found[side] for side in ("sales", "marketing")}


def people(
    tables: Mapping[str, ir.Table], definitions: Definitions, as_of: datetime, run: Run
) -> Headcount:
    """How many people each side has as of the instant: active users, automation left out."""
    users = tables["users"]
    gone = (users.deactivated_at <= as_of).fill_null(False)
    future = (users.created_at > as_of).fill_null(False)
    own = owners(users.filter(~gone & ~future), tables["queues"], definitions.functions)
    human = own.filter((own.owner_kind == "user") & ~own.is_automation & own.side.notnull())
    placed = human.inner_join(users.select("user_id", *WORKPLACES), [("owner_id", "user_id")])
    named = placed.mutate(**{name: placed[name].nullif("") for name in WORKPLACES})
    counted = run(named.group_by(["side", *WORKPLACES]).aggregate(n=named.count()))
    return Headcount(
        tuple(
            (row["side"], tuple(row[name] for name in WORKPLACES), int(row["n"]))
            for row in counted.to_pylist()
        )
    )
