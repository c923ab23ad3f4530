"""The organisation's own rules of engagement, checked: a row per rule and record."""

import re
from datetime import timedelta
from functools import reduce

import ibis
import ibis.expr.types as ir
import pyarrow as pa

from metrics.facts.meetings import held
from metrics.facts.opportunities import reached
from metrics.facts.sides import MARKETING, Known, latest
from model.availability import Availability
from model.rules import Requirement, Rule, Who

SEGMENTS = ("region", "business_unit", "source", "industry", "segment", "team", "owner")
COLUMNS = (
    "rule_id",
    "record_id",
    "placed_at",
    "due_at",
    "done_at",
    "owner_id",
    "is_kept",
    *SEGMENTS,
    "cluster",
    "as_of",
)
HANDOFFS = ("users.user_id", "leads.created_at")
TEAMS = ("users.user_id", "team_members.user_id")
MEETINGS = ("users.user_id", "activities.kind", "activities.occurred_at", "attendees.user_id")
NEEDS: dict[Requirement, tuple[str, ...]] = {
    "first_response": (*HANDOFFS, "activities.occurred_at", "activities.performed_by"),
    "decision": HANDOFFS,
    "contact_role": ("contact_roles.opportunity_id",),
    "marketer_met": MEETINGS,
    "marketer_on_team": TEAMS,
    "campaign": ("campaign_members.added_at",),
    "involved": (*TEAMS, *MEETINGS, "activities.performed_by"),
}
_TIMED = {
    "first_response": ("is_responded", "response_business_hours", "first_response_at"),
    "decision": ("is_decided", "decision_business_hours", "decided_at"),
}
_INSTANTS = ("placed_at", "due_at", "done_at")
_NONE = pa.schema(
    [
        (name, pa.timestamp("us") if name in _INSTANTS else pa.string())
        if name != "is_kept"
        else (name, pa.bool_())
        for name in COLUMNS[:-1]
    ]
).empty_table()


def checks(known: Known, availability: Availability, handed: ir.Table, deals: ir.Table) -> ir.Table:
    """The fact `checks`, from the facts `handoffs` and `opportunities`.

    `is_kept` is null while the time still runs, and where it cannot be told. A record is placed
    where its time begins (a handoff, an opportunity with a time), else at the opportunity's close,
    before which it is not checked; accounts are a stock. Rules whose tables no source gives have
    no rows.
    """
    parts = [
        _checked(known, rule, handed, deals)
        for rule in known.definitions.rules
        if not availability.lacks(NEEDS[rule.require])
    ]
    if not parts:
        parts = [ibis.memtable(_NONE)]
    every = parts[0].union(*parts[1:]) if len(parts) > 1 else parts[0]
    return every.mutate(as_of=known.now).select(*COLUMNS)


def _checked(known: Known, rule: Rule, handed: ir.Table, deals: ir.Table) -> ir.Table:
    if rule.applies_to == "handoffs":
        return _of_handoffs(rule, _where(handed, rule))
    if rule.applies_to == "opportunities":
        return _of_deals(known, rule, _where(deals, rule))
    return _of_accounts(known, rule)


def _of_handoffs(rule: Rule, rows: ir.Table) -> ir.Table:
    done, hours, at = _TIMED[rule.require]
    in_time = rows[done] & (rows[hours] <= rule.span)
    running = ~rows[done] & (rows[hours] < rule.span)
    never = ibis.null("timestamp(6)")
    judged = rows.mutate(
        is_kept=ibis.ifelse(running, ibis.null("boolean"), in_time),
        due_at=never,
        done_at=ibis.ifelse(rows[done], rows[at], never),
    )
    return _rows(judged, rule.id, "handoff_id", "handed_off_at")


def _of_deals(known: Known, rule: Rule, rows: ir.Table) -> ir.Table:
    if rule.when.amount is not None:
        rows = rows.filter(rows.amount.cast("float64") >= rule.when.amount)
    if rule.when.key:
        rows = rows.filter(rows.is_key)
    began = rows.mutate(_began_at=rows.created_at)
    if rule.when.stage:
        at = reached(known, rule.when.stage)
        began = rows.inner_join(at, "opportunity_id").mutate(_began_at=at.reached_at)
    joined = _with_done(known, rule, began)
    if rule.within is None:
        closed = joined.filter(joined.is_closed)
        judged = closed.mutate(due_at=closed.closed_at, placed_at=closed.closed_at)
        running: ir.BooleanValue = ibis.literal(False)
    else:
        due = joined._began_at + ibis.interval(hours=round(24 * rule.span))
        judged = joined.mutate(due_at=due, placed_at=joined._began_at)
        running = ~judged.is_closed & (judged.due_at > known.now) & ~judged._done.fill_null(False)
    # what was done on a day that nobody recorded counts as done in time
    in_time = judged._done.fill_null(False) & (
        judged.done_at.isnull() | (judged.done_at <= judged.due_at)
    )
    return _rows(_told(known, rule, judged, running, in_time), rule.id, "opportunity_id")


_OF_FACT = {"marketer_met": "marketer_met_at", "campaign": "campaign_touched_at"}


def _with_done(known: Known, rule: Rule, rows: ir.Table) -> ir.Table:
    """The opportunities with whether and when it was done: _done, done_at."""
    if rule.require in _OF_FACT:
        at = rows[_OF_FACT[rule.require]]
        return rows.mutate(_done=at.notnull(), done_at=at)
    done = _done(known, rule, "opportunity_id")
    return rows.left_join(done, "opportunity_id").drop("opportunity_id_right")


def _of_accounts(known: Known, rule: Rule) -> ir.Table:
    accounts = latest(known.rows("accounts"), "account_id")
    rows = accounts.filter(accounts.created_at.isnull() | (accounts.created_at <= known.as_of))
    if rule.when.key:
        rows = rows.filter(rows.is_key_account.fill_null(False))
    rows = _where(rows.mutate(owner=rows.owner_id), rule)
    done = _done(known, rule, "account_id")
    joined = rows.left_join(done, "account_id").drop("account_id_right")
    kept = joined._done.fill_null(False)
    if rule.within is not None:
        since = known.as_of - timedelta(days=rule.span)
        kept = kept & (joined.done_at >= since).fill_null(False)
    none = ibis.null("string")
    judged = joined.mutate(
        placed_at=known.now,
        due_at=ibis.null("timestamp(6)"),
        source=none,
        team=none,
        cluster=ibis.coalesce(joined.owner_id, ibis.literal("nobody")),
    )
    return _rows(_told(known, rule, judged, ibis.literal(False), kept), rule.id, "account_id")


def _told(
    known: Known, rule: Rule, rows: ir.Table, running: ir.BooleanValue, kept: ir.BooleanValue
) -> ir.Table:
    """`is_kept`: null while the time runs; and of marketers, where nobody is known to be one."""
    untold = running
    if rule.require in ("marketer_met", "marketer_on_team"):
        marketers = known.people.filter(known.people.user_side == MARKETING).count().name("_n")
        rows = rows.cross_join(marketers.as_table())
        untold = running | (rows._n == 0)
    return rows.mutate(is_kept=ibis.ifelse(untold, ibis.null("boolean"), kept))


def _done(known: Known, rule: Rule, key: str) -> ir.Table:
    """What is required, where it was done: `key`, _done (true), done_at: the first time for an
    opportunity, the last for an account; null where no day is recorded.
    """
    found = _doings(known, rule, key)
    by_now = found.filter(found.done_at.isnull() | (found.done_at <= known.as_of))
    at = by_now.done_at.min() if key == "opportunity_id" else by_now.done_at.max()
    return by_now.group_by(key).aggregate(done_at=at).mutate(_done=ibis.literal(True))


def _doings(known: Known, rule: Rule, key: str) -> ir.Table:
    """Every time that it was done: `key`, done_at."""
    if rule.require == "contact_role":
        roles = known.rows("contact_roles")
        return roles.select(key, done_at="added_at")
    if rule.require == "involved" and rule.who is not None:
        people = _matching(known, rule.who)
        return _joined(known, key, people).union(
            _met(known, key, people, internal=True), _logged(known, key, people)
        )
    marketers = known.people.filter(known.people.user_side == MARKETING).select("user_id")
    if rule.require == "marketer_on_team":
        return _joined(known, key, marketers)
    return _met(known, key, marketers, internal=False)


def _joined(known: Known, key: str, people: ir.Table) -> ir.Table:
    rows = known.rows("team_members")
    return (
        rows.filter(rows[key].notnull())
        .semi_join(people, "user_id")
        .select(key, done_at="added_at")
    )


def _met(known: Known, key: str, people: ir.Table, *, internal: bool) -> ir.Table:
    rows = held(known)
    if not internal:
        rows = rows.filter(~rows.is_internal.fill_null(False))
    there = known.rows("attendees").semi_join(people, "user_id")
    attended = rows.filter(rows[key].notnull()).semi_join(there, "activity_id")
    return attended.select(key, done_at="occurred_at")


def _logged(known: Known, key: str, people: ir.Table) -> ir.Table:
    rows = known.rows("activities")
    done = rows.filter(
        rows[key].notnull() & rows.is_completed.fill_null(False) & rows.occurred_at.notnull()
    )
    by = done.semi_join(people, [("performed_by", "user_id")])
    return by.select(key, done_at="occurred_at")


def _matching(known: Known, who: Who) -> ir.Table:
    """The users whom `who` names: user_id."""
    users = latest(known.all("users"), "user_id")
    patterns = {"role": who.roles, "title": who.titles, "user_id": who.users}
    fits = [
        users[column].lower().re_search(_pattern(text)).fill_null(False)
        for column, texts in patterns.items()
        for text in texts
    ]
    return users.filter(reduce(lambda a, b: a | b, fits)).select("user_id")


def _pattern(text: str) -> str:
    return "^" + ".*".join(re.escape(part) for part in text.strip().lower().split("*")) + "$"


def _where(rows: ir.Table, rule: Rule) -> ir.Table:
    where = rule.when.where
    conditions = [rows[name].fill_null("") == value for name, value in where.items()]
    return rows.filter(reduce(lambda a, b: a & b, conditions)) if conditions else rows


def _rows(judged: ir.Table, rule_id: str, key: str, at: str = "placed_at") -> ir.Table:
    return judged.select(
        *SEGMENTS,
        "owner_id",
        "is_kept",
        "cluster",
        "due_at",
        "done_at",
        rule_id=ibis.literal(rule_id),
        record_id=judged[key],
        placed_at=judged[at],
    )
