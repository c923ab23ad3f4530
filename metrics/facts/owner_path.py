"""Who owned a lead when, and where that path passes to Sales."""

import ibis
import ibis.expr.types as ir

from metrics.facts.sides import MARKETING, QUEUE, SALES, USER, Known, latest


def leads(known: Known) -> ir.Table:
    """The leads as of the instant, once each, deleted ones included (they were at risk until
    then), with `ends_at`: when the watch on them ended by deletion or merging, or null.

    `converted_at` is from history, which has the time, or else from the lead; before it, it is
    null, and so is what the lead is to become.
    """
    return known.once("leads", lambda: _leads(known))


def _leads(known: Known) -> ir.Table:
    rows = latest(known.with_deleted("leads"), "lead_id")
    by_now = rows.filter(rows.created_at.isnull() | (rows.created_at <= known.as_of))
    changes = changes_of(known, "lead_changes", "converted")
    timed = changes.group_by("lead_id").aggregate(_at=changes.changed_at.min())
    joined = by_now.left_join(timed, "lead_id").drop("lead_id_right")
    at = ibis.coalesce(joined._at, joined.converted_at)
    is_ahead, none = (at > known.as_of).fill_null(False), ibis.null("string")
    became = {
        name: ibis.ifelse(is_ahead, none, joined[name])
        for name in ("opportunity_id", "account_id", "contact_id")
    }
    found = joined.mutate(**became, converted_at=known.if_by_now(at), ends_at=joined.deleted_at)
    return found.drop("_at")


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
    current: str,
    kind: str | None = None,
    at: str = "changed_at",
) -> ir.Table:
    """The values that a field of `base` went through: `key`, position (0, 1, …), at, value, kind.

    First the value at creation: the old value of the earliest change, or today's (the column
    `current`) where nothing ever changed. Then each change up to the as-of; changes in the same
    second by their id. With `kind` only changes to a user or a queue count: a change of owner may
    come as two rows, names and ids.
    """
    typed = "old_kind" in changes.columns and kind is not None
    if typed:
        changes = changes.filter(changes.new_kind.isin([USER, QUEUE]))
    none = ibis.null("string")
    order = [changes.changed_at, changes.change_id]
    numbered = changes.select(
        key,
        at=at,
        old="old",
        value="new",
        old_kind=changes.old_kind if typed else none,
        kind=changes.new_kind if typed else none,
        position=(ibis.row_number().over(group_by=key, order_by=order) + 1).cast("int64"),
    )
    first = numbered.filter(numbered.position == 1).select(
        _key=key, _old="old", _old_kind="old_kind", _changed=ibis.literal(True)
    )
    start = base.left_join(first, [(key, "_key")])
    changed = start._changed.fill_null(False)
    at_creation = start.select(
        key,
        at=start.created_at,
        value=ibis.ifelse(changed, start._old, start[current]),
        kind=ibis.ifelse(changed, start._old_kind, start[kind] if kind else none),
        position=ibis.literal(0).cast("int64"),
    )
    by_now = numbered.filter(numbered["at"] <= known.as_of)
    return at_creation.union(by_now.select(*at_creation.columns))


def owner_path(known: Known) -> ir.Table:
    """The owners a lead went through: lead_id, position, at, owner_id, owner_kind, side,
    is_human, owner_region, team. Instants before the lead's creation are moved to it.
    """
    return known.once("owner_path", lambda: _owner_path(known))


def _owner_path(known: Known) -> ir.Table:
    rows = leads(known)
    born = rows.select(_lead="lead_id", _created_at="created_at")
    changes = changes_of(known, "lead_changes", "owner").inner_join(born, [("lead_id", "_lead")])
    is_early = changes.changed_at < changes._created_at
    changes = changes.mutate(since=ibis.ifelse(is_early, changes._created_at, changes.changed_at))
    path = path_of(
        known, rows, "lead_id", changes, current="owner_id", kind="owner_kind", at="since"
    )
    own = known.owners.rename(_owner="owner_id", _kind="owner_kind")
    joined = path.left_join(own, [("value", "_owner"), ("kind", "_kind")])
    return joined.select(
        "lead_id",
        "position",
        "at",
        owner_id=joined.value,
        owner_kind=joined.kind,
        side=joined.side,
        is_human=(joined.kind == USER) & ~joined.is_automation.fill_null(False),
        owner_region=joined.owner_region,
        team=joined.team,
    )


def passages(known: Known, path: ir.Table) -> ir.Table:
    """One row per handoff: what `path` says of its owner, and sequence (1, 2, …), handed_off_at,
    next_handed_off_at, next_position (both null for the last one).

    By rule `owner`: each time the lead comes to Sales from nobody or from Marketing. Owners with
    no known side change nothing. By rule `field`: the source's own `handed_off_at`, once a lead.
    """
    if known.definitions.handoff.rule == "field":
        found = _from_field(known, path)
    else:
        found = _from_owners(path)
    dated = found.filter(found.handed_off_at.notnull())
    window = ibis.window(group_by="lead_id", order_by="position")
    return dated.mutate(
        sequence=(ibis.row_number().over(window) + 1).cast("int64"),
        next_handed_off_at=dated.handed_off_at.lead().over(window),
        next_position=dated.position.lead().over(window),
    )


def _from_owners(path: ir.Table) -> ir.Table:
    sided = path.filter(path.side.notnull())
    window = ibis.window(group_by="lead_id", order_by="position")
    before = sided.mutate(_before=sided.side.lag().over(window))
    entered = before.filter(
        (before.side == SALES) & (before._before.isnull() | (before._before == MARKETING))
    )
    return entered.mutate(handed_off_at=entered["at"]).drop("_before")


def _from_field(known: Known, path: ir.Table) -> ir.Table:
    rows = leads(known)
    given = rows.filter(rows.handed_off_at <= known.as_of).select(
        "lead_id",
        handed_off_at=ibis.ifelse(
            rows.handed_off_at < rows.created_at, rows.created_at, rows.handed_off_at
        ),
    )
    steps = path.select(_lead="lead_id", _position="position", _at="at")
    joined = given.left_join(steps, [("lead_id", "_lead")])
    begun = ibis.ifelse(joined._at <= joined.handed_off_at, joined._position, 0)
    found = joined.group_by("lead_id", "handed_off_at").aggregate(position=begun.max())
    return path.inner_join(found, ["lead_id", "position"])
