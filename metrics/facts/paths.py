"""The values that a record's field went through, from the history that the CRM keeps of it."""

from typing import Any

import ibis
import ibis.expr.datatypes as dt
import ibis.expr.operations as ops
import ibis.expr.rules as rlz
import ibis.expr.types as ir
import sqlglot.expressions as sge
from ibis.backends.sql.compilers.base import SQLGlotCompiler

from metrics.facts.sides import QUEUE, USER, Known


# Ibis' own functions pass nulls over in some engines and not in others.
class LastKnown(ops.Analytic):  # type: ignore[misc]
    """The value of the row before, or of the nearest before it that has one."""

    arg: ops.Column[dt.Any]
    dtype = rlz.dtype_like("arg")


class OfFirst(ops.Analytic):  # type: ignore[misc]
    """The value of the first row, which may be null."""

    arg: ops.Column[dt.Any]
    dtype = rlz.dtype_like("arg")


def _visit_last_known(compiler: Any, _: LastKnown, *, arg: sge.Expression) -> sge.Expression:
    return sge.IgnoreNulls(this=compiler.f.lag(arg))


def _visit_of_first(compiler: Any, _: OfFirst, *, arg: sge.Expression) -> sge.Expression:
    return sge.FirstValue(this=arg)


SQLGlotCompiler.visit_LastKnown = _visit_last_known
SQLGlotCompiler.visit_OfFirst = _visit_of_first


def changes_of(known: Known, table: str, field: str) -> ir.Table:
    """Every recorded change of one field, later than the as-of included, because the first change
    says what the field held at creation.
    """
    rows = known.all(table)
    return rows.filter(
        (rows.field == field)
        & rows.changed_at.notnull()
        & (rows.deleted_at.isnull() | (rows.deleted_at > known.as_of))
    )


def path_of(
    known: Known,
    base: ir.Table,
    key: str,
    changes: ir.Table,
    *,
    current: ibis.Deferred,
    kind: str | None = None,
    seen: tuple[str, str] = ("old", "new"),
    is_seen_always: bool = False,
    is_numbered: bool = True,
) -> ir.Table:
    """The values that a field of `base` went through: `key`, position (0, 1, …), at, value, kind,
    before.

    First the value at creation: the old value of the earliest change, or today's (`current`, of
    `base`) where nothing ever changed. Then each change up to the as-of; changes in the same
    second by their id. With `kind` only changes to a user or a queue count: a change of owner may
    come as two rows, names and ids.

    `before` is what `seen` (columns of `changes`, of the old value and of the new) was last known
    to be before the change; null where it never was, and at creation. It is found more cheaply
    where neither of `seen` is ever null (`is_seen_always`). Without `is_numbered` the value at
    creation is found without numbering: cheaper where nobody looks at positions.
    """
    typed = "old_kind" in changes.columns and kind is not None
    if typed:
        changes = changes.filter(changes.new_kind.isin([USER, QUEUE]))
    none = ibis.null("string")
    order = [changes.changed_at, changes.change_id]
    in_order = ibis.window(group_by=key, order_by=order)
    old, new = (changes[name] for name in seen)
    at_first = old if is_seen_always else OfFirst(old).to_expr().over(in_order)
    numbered = changes.select(
        key,
        at="changed_at",
        old="old",
        value="new",
        old_kind=changes.old_kind if typed else none,
        kind=changes.new_kind if typed else none,
        position=(ibis.row_number().over(in_order) + 1).cast("int64"),
        before=ibis.coalesce(LastKnown(new).to_expr().over(in_order), at_first),
    )
    if is_numbered:
        first = numbered.filter(numbered.position == 1)
    else:
        earliest = ibis.struct({"at": changes.changed_at, "id": changes.change_id})
        first = changes.group_by(key).aggregate(old=changes.old.argmin(earliest), old_kind=none)
    first = first.select(_key=key, _old="old", _old_kind="old_kind", _changed=ibis.literal(True))
    start = base.left_join(first, [(key, "_key")])
    changed = start._changed.fill_null(False)
    at_creation = start.select(
        key,
        at=start.created_at,
        value=ibis.ifelse(changed, start._old, current),
        kind=ibis.ifelse(changed, start._old_kind, start[kind] if kind else none),
        position=ibis.literal(0).cast("int64"),
        before=none,
    )
    by_now = numbered.filter(numbered["at"] <= known.as_of)
    return at_creation.union(by_now.select(*at_creation.columns))
