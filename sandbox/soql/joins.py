"""Semi-joins: `Id IN (SELECT LeadId FROM CampaignMember)`, with the service's many restrictions."""

from collections.abc import Iterator

from sandbox.soql.errors import SoqlError
from sandbox.soql.tree import Call, Comparison, Condition, Junction, Not, Path, Query

MOST_JOINS = 2
_NO_INNER = frozenset({"task", "event"})


def check(query: Query) -> None:
    """SoqlError MALFORMED_QUERY where the query joins in a way that the service refuses."""
    joins = list(_joins(query.where, ()))
    if len(joins) > MOST_JOINS:
        raise _error(query, joins[-1][0], f"Maximum {MOST_JOINS} semi join sub-selects are allowed")
    for join, above in joins:
        word = next((word for word in ("OR", "NOT") if word in above), None)
        if word:
            reason = f"Semi join sub-selects are not allowed with the '{word}' operator"
            raise _error(query, join, reason)
        _check_inner(query, join)


def selected(query: Query) -> Path:
    """The one field that the inner query of a join selects; `check` says that there is one."""
    value = query.items[0].value
    assert isinstance(value, Path)  # noqa: S101
    return value


def _check_inner(query: Query, join: Comparison) -> None:
    inner = join.query
    assert inner is not None  # noqa: S101  it is what makes the comparison a join
    if len(inner.items) != 1 or not isinstance(inner.items[0].value, Path):
        raise _error(query, join, "semi join sub-selects must select one field")
    if inner.group or inner.having or inner.order or inner.limit is not None or inner.offset:
        raise _error(query, join, "semi join sub-selects may have a WHERE clause alone")
    if inner.source.text.casefold() == query.source.text.casefold():
        reason = "The inner and outer selects should not be on the same object type"
        raise _error(query, join, reason)
    if inner.source.text.casefold() in _NO_INNER:
        reason = f"Entity '{inner.source.text}' is not supported for semi join inner selects"
        raise _error(query, join, reason)
    if list(_joins(inner.where, ())):
        raise _error(query, join, "Nested semi join sub-selects are not supported")


def _joins(
    condition: Condition | None, above: tuple[str, ...]
) -> Iterator[tuple[Comparison, tuple[str, ...]]]:
    if isinstance(condition, Junction):
        for operand in condition.operands:
            yield from _joins(operand, (*above, condition.word))
    elif isinstance(condition, Not):
        yield from _joins(condition.operand, (*above, "NOT"))
    elif condition is not None and condition.query is not None:
        yield condition, above


def _error(query: Query, join: Comparison, reason: str) -> SoqlError:
    at = join.left.at
    return SoqlError("MALFORMED_QUERY", reason, query.text, at)


def needs_id(query: Query, names: tuple[str, ...]) -> None:
    """SoqlError unless the query keeps to records of one or more ids in one of these fields."""
    where = query.where
    joined = isinstance(where, Junction) and where.word == "AND"
    parts = where.operands if isinstance(where, Junction) and joined else (where,)
    for each in parts:
        if isinstance(each, Comparison) and each.operator in ("=", "IN"):
            left = each.left
            if not isinstance(left, Call) and left.parts[-1].casefold() in map(str.casefold, names):
                return
    listed = " or ".join(names)
    reason = (
        f"Implementation restriction: {query.source.text} requires a filter by a single Id on "
        f"{listed} using the equals operator or multiple Id's using the IN operator."
    )
    raise SoqlError("MALFORMED_QUERY", reason)
