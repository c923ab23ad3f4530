"""What is known as of an instant: rows recorded by then, and on whose side each owner is."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property

import ibis
import ibis.expr.types as ir

from metrics.facts.then import TRACKED, as_they_stood
from model.definitions import Definitions, FunctionRules
from model.stages import Function

Keep = Callable[[str, ir.Table], ir.Table]
SALES, MARKETING = Function.SALES.value, Function.MARKETING.value
USER, QUEUE = "user", "queue"


@dataclass(frozen=True)
class Known:
    """The canonical tables as of an instant.

    A row counts when it was recorded by `as_of` and not deleted by then. `with_deleted` keeps the
    deleted ones, for leads that were at risk until their deletion.

    Several facts rest on the same steps (who owned a lead when, which activity is a touch). `keep`
    gets each such step once, by name, and may return it computed.

    `recorded_until` says by table by when all rows were recorded, where that is known: then nobody
    need look.
    """

    tables: Mapping[str, ir.Table]
    definitions: Definitions
    as_of: datetime
    keep: Keep = lambda _, rows: rows
    recorded_until: Mapping[str, datetime] = field(default_factory=dict)
    _kept: dict[str, ir.Table] = field(default_factory=dict, init=False, repr=False)

    def once(self, name: str, make: Callable[[], ir.Table]) -> ir.Table:
        """The step `name`, made the first time it is asked for."""
        if name not in self._kept:
            self._kept[name] = self.keep(name, make())
        return self._kept[name]

    def all(self, table: str) -> ir.Table:
        """Every row, whatever its clocks: what the CRM says today about the past."""
        return self.tables[table]

    def with_deleted(self, table: str) -> ir.Table:
        """Rows recorded by the as-of, as they stood then where the CRM tracks it; a later deletion
        or merging is not yet known.
        """
        rows = recorded = self.tables[table]
        if self.recorded_until.get(table, datetime.max) > self.as_of:
            recorded = rows.filter(rows.recorded_at.isnull() | (rows.recorded_at <= self.as_of))
        known = {"deleted_at": self.if_by_now(recorded.deleted_at)}
        if "merged_into" in recorded.columns:
            later = (recorded.deleted_at > self.as_of).fill_null(False)
            known["merged_into"] = ibis.ifelse(later, ibis.null("string"), recorded.merged_into)
        found = recorded.mutate(**known)
        tracked = TRACKED.get(table)
        if tracked is None:
            return found
        return as_they_stood(found, self.tables[tracked.changes], tracked, self.as_of)

    def deals(self) -> ir.Table:
        """The opportunities as of the instant, once each."""
        return self.once("deals", lambda: latest(self.rows("opportunities"), "opportunity_id"))

    def rows(self, table: str) -> ir.Table:
        """Rows recorded by the as-of and not deleted by then."""
        known = self.with_deleted(table)
        return known.filter(known.deleted_at.isnull())

    def if_by_now(self, at: ir.TimestampValue) -> ir.TimestampValue:
        """The instant, or null where it had not come by the as-of."""
        return ibis.ifelse(at <= self.as_of, at, ibis.null("timestamp(6)"))

    @cached_property
    def owners(self) -> ir.Table:
        """One row per user and queue: owner_id, owner_kind, side, is_automation, owner_region,
        team. `side` is sales, marketing or null (nobody has said, or another function).
        """
        return owners(self.tables["users"], self.tables["queues"], self.definitions.functions)

    @cached_property
    def people(self) -> ir.Table:
        """Who is on a side and no machine: user_id, user_side."""
        own = self.owners
        sided = own.filter((own.owner_kind == USER) & own.side.notnull() & ~own.is_automation)
        return sided.select(user_id="owner_id", user_side="side")

    @property
    def now(self) -> ir.TimestampValue:
        """The as-of, as a value."""
        return ibis.literal(self.as_of, "timestamp(6)")


def owners(users: ir.Table, queues: ir.Table, rules: FunctionRules) -> ir.Table:
    """Users and queues as owners, one row each; see `Known.owners`."""
    people = latest(users, "user_id")
    groups = latest(queues, "queue_id")
    return people.select(
        owner_id=people.user_id,
        owner_kind=ibis.literal(USER),
        side=side_of(people.function, rules),
        is_automation=people.is_automation.fill_null(False),
        owner_region=people.region,
        team=people.team,
    ).union(
        groups.select(
            owner_id=groups.queue_id,
            owner_kind=ibis.literal(QUEUE),
            side=side_of(groups.function, rules),
            is_automation=ibis.literal(False),
            owner_region=ibis.null("string"),
            team=ibis.null("string"),
        )
    )


def side_of(function: ir.StringValue, rules: FunctionRules) -> ir.StringValue:
    """`sales`, `marketing` or null; an SDR is on the side that the configuration says."""
    named = function.lower()
    return ibis.cases(
        (named == Function.SDR.value, rules.side(Function.SDR.value)),
        (named.isin([SALES, MARKETING]), named),
    ).cast("string")


def latest(rows: ir.Table, key: str, nth: int = 0) -> ir.Table:
    """One row per `key`, the one recorded last: a duplicated id must not count twice. With an
    `nth`, the one recorded so many before the last, where there are as many.
    """
    order = [ibis.desc(rows.recorded_at), ibis.desc(rows.deleted_at)]
    numbered = rows.mutate(_copy=ibis.row_number().over(group_by=key, order_by=order))
    return numbered.filter(numbered._copy == nth).drop("_copy")


def one_of(value: ir.StringValue, words: tuple[str, ...]) -> ir.BooleanValue:
    """Whether `value` is one of `words`, whatever the case and the space around; false for null."""
    return among(folded(value), words)


def folded(value: ir.StringValue) -> ir.StringValue:
    """`value` without the case and the space around."""
    return value.strip().lower()


def among(value: ir.StringValue, words: tuple[str, ...]) -> ir.BooleanValue:
    """As `one_of`, for a `value` that is folded."""
    known = sorted({word.strip().lower() for word in words})
    if not known:
        return ibis.literal(False)
    return value.isin(known).fill_null(False)


def cluster(
    owner_id: ir.StringValue, owner_kind: ir.StringValue, at: ir.TimestampValue
) -> ir.StringValue:
    """The cluster of a row for its interval: its owner; for a queue, the queue and the week."""
    week = at.truncate("W").date().cast("string")
    queued = owner_id.concat("/", week)
    return ibis.coalesce(ibis.ifelse(owner_kind == QUEUE, queued, owner_id), ibis.literal("nobody"))
