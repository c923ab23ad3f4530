"""The nearest common manager of the two functions, from the chain of managers."""

import ibis
import ibis.expr.types as ir

from metrics.facts.evidence import people
from metrics.facts.sides import MARKETING, SALES, Known, latest
from model.definitions import Structure

SEGMENTS: tuple[str, ...] = ()  # the structure is the whole company's
COLUMNS = (
    "head_id",
    "head_title",
    "kind",
    "level",
    "is_declared",
    "sales_with_manager",
    "marketing_with_manager",
    "cluster",
    "as_of",
)
DEPTH = 10
LEVELS = {"top": 40.0, "executive": 70.0, "joint": 100.0}


def structure(known: Known) -> ir.Table:
    """The fact `structure`, one row: who the nearest common head of Sales and Marketing is.

    A person heads a function when more than half of its active people are below that person. Of
    those who head both, the nearest counts: the fewest steps above all of them. `kind` is top
    (nobody above), executive, or joint (by title). `level` is null where the chain does not tell
    and nobody declared it.
    """
    users = latest(known.all("users"), "user_id").select("user_id", "manager_id", "title")
    everybody = people(known)
    active = everybody.filter(everybody.is_active & everybody.side.notnull()).select(
        _person="owner_id", _side="side"
    )
    above = _above(users, active)
    sizes = active.group_by("_side").aggregate(_size=active.count())
    counted = above.group_by(["_head", "_side"]).aggregate(
        _below=above._person.nunique(), _steps=above._step.sum()
    )
    led = counted.inner_join(sizes, "_side")
    most = led.filter(led._below * 2 > led._size)
    both = most.group_by("_head").aggregate(
        _sides=most._side.nunique(), _below=most._below.sum(), _steps=most._steps.sum()
    )
    heads = both.filter(both._sides == 2)
    near = heads._steps.cast("float64") / heads._below.cast("float64")
    order = [near, ibis.desc(heads._below), heads._head]
    ranked = heads.mutate(_nth=ibis.row_number().over(order_by=order))
    head = ranked.filter(ranked._nth == 0).select("_head")
    named = head.inner_join(users, [("_head", "user_id")])
    told = named.select(
        head_id="_head",
        head_title="title",
        kind=_kind(named, known.definitions.structure),
        told_here=ibis.literal("company"),
    )
    company = _managed(users, active).mutate(_here=ibis.literal("company"))
    found = company.left_join(told, [("_here", "told_here")])
    kind = ibis.coalesce(
        found.kind, ibis.literal(known.definitions.structure.common_head, "string")
    )
    levels = [(kind == name, ibis.literal(level)) for name, level in LEVELS.items()]
    return found.mutate(
        kind=kind,
        level=ibis.cases(*levels, else_=ibis.null("float64")),
        is_declared=found.kind.isnull() & kind.notnull(),
        cluster=ibis.literal("company"),
        as_of=known.now,
    ).select(*COLUMNS)


def _above(users: ir.Table, active: ir.Table) -> ir.Table:
    """Everybody above each person, and the person: _person, _side, _head, _step (0: the person)."""
    managers = users.filter(users.manager_id.notnull() & (users.manager_id != users.user_id))
    up = managers.select(_from="user_id", _to="manager_id")
    at = active.mutate(_head=active._person, _step=ibis.literal(0).cast("int64"))
    parts = [at]
    for step in range(1, DEPTH + 1):
        joined = at.inner_join(up, [("_head", "_from")])
        at = joined.select("_person", "_side", _head="_to", _step=ibis.literal(step).cast("int64"))
        parts.append(at)
    every = parts[0].union(*parts[1:])
    # a chain that runs in a circle meets everybody again and again: the first time counts
    return every.group_by(["_person", "_side", "_head"]).aggregate(_step=every._step.min())


def _managed(users: ir.Table, active: ir.Table) -> ir.Table:
    """One row: how many active people of each side have a manager on record."""
    joined = active.left_join(users, [("_person", "user_id")])
    known = joined.manager_id.notnull()
    return joined.aggregate(
        sales_with_manager=joined.count(where=known & (joined._side == SALES)),
        marketing_with_manager=joined.count(where=known & (joined._side == MARKETING)),
    )


def _kind(head: ir.Table, words: Structure) -> ir.StringValue:
    title = head.title.fill_null("").strip().lower()
    joint: ir.BooleanValue = ibis.literal(False)
    for pattern in words.joint_titles:
        joint = joint | title.like(pattern.strip().lower().replace("*", "%"))
    return ibis.cases((joint, "joint"), (head.manager_id.isnull(), "top"), else_="executive")
