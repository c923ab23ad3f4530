"""Who owned a lead when, and where that path passes to Sales."""

import ibis
import ibis.expr.types as ir

from metrics.facts.paths import changes_of, path_of
from metrics.facts.sides import MARKETING, SALES, USER, Known, latest


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


def owner_path(known: Known) -> ir.Table:
    """The owners a lead went through: lead_id, position, at (which may lie before the lead's
    creation), owner_id, owner_kind, side, side_before (that of the last owner before whose side is
    known), is_human, owner_region, team.
    """
    return known.once("owner_path", lambda: _owner_path(known))


def _owner_path(known: Known) -> ir.Table:
    own = known.owners
    before = own.select(_old="owner_id", _kind="owner_kind", side_of_old="side")
    after = own.select(_new="owner_id", _kind="owner_kind", side_of_new="side")
    changes = (
        changes_of(known, "lead_changes", "owner")
        .left_join(before, [("old", "_old"), ("old_kind", "_kind")])
        .drop("_old", "_kind")
        .left_join(after, [("new", "_new"), ("new_kind", "_kind")])
    )
    path = path_of(
        known,
        leads(known),
        "lead_id",
        changes,
        current=ibis._.owner_id,
        kind="owner_kind",
        seen=("side_of_old", "side_of_new"),
    )
    joined = path.left_join(own, [("value", "owner_id"), ("kind", "owner_kind")])
    return joined.select(
        "lead_id",
        "position",
        "at",
        owner_id=joined.value,
        owner_kind=joined.kind,
        side=joined.side,
        side_before=joined.before,
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
        entered = path.side_before.isnull() | (path.side_before == MARKETING)
        found = path.filter((path.side == SALES) & entered).mutate(handed_off_at=path["at"])
    dated = found.filter(found.handed_off_at.notnull())
    window = ibis.window(group_by="lead_id", order_by="position")
    return dated.mutate(
        sequence=(ibis.row_number().over(window) + 1).cast("int64"),
        next_handed_off_at=dated.handed_off_at.lead().over(window),
        next_position=dated.position.lead().over(window),
    )


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
