"""What the other facts rest on: who is in which function and logs anything, what is tracked."""

from datetime import timedelta

import ibis
import ibis.expr.types as ir

from metrics.facts.meetings import attendance, held
from metrics.facts.sides import SALES, USER, Known, latest, one_of, side_of
from metrics.facts.touches import recent_touches, sales_touches

SEGMENTS = ("region", "team")
CAPTURE_DAYS = 90
TRAINING_DAYS = 365
MOVE_DAYS = 730
PEOPLE = (
    "owner_id",
    "owner_kind",
    "function",
    "side",
    "is_active",
    "is_automation",
    "last_touch_at",
    "is_touching",
    "is_trained",
    "is_moved",
    "functions_since_at",
    "trainings",
    *SEGMENTS,
    "cluster",
    "as_of",
)
HISTORY = ("entity", "field", "changes", "first_at", "as_of")


def people(known: Known) -> ir.Table:
    """The fact `people`: one row per user and queue, a stock.

    `last_touch_at` is the last touch somebody in Sales logged, `is_touching` whether in the last 90
    days (null unless active in Sales). `is_trained`: attended a training of the last 365 days that
    both functions attended; `is_moved`: changed side in the last 730 days, as far as functions
    were recorded, since `functions_since_at`; both null unless active and on a side. `trainings`
    counts the trainings recorded at all, whoever attended.
    """
    return known.once("people", lambda: _people(known))


def _people(known: Known) -> ir.Table:
    touches = sales_touches(known)
    last = touches.group_by(owner_id="performed_by").aggregate(
        last_touch_at=touches.occurred_at.max()
    )
    users = latest(known.all("users"), "user_id").select(
        "function", "region", "created_at", "deactivated_at", "recorded_at", _user="user_id"
    )
    joined = known.owners.left_join(users, [("owner_id", "_user")])
    recent = recent_touches(known, known.as_of - timedelta(days=CAPTURE_DAYS))
    touching = recent.select(owner_id="performed_by").distinct().mutate(_recent=ibis.literal(True))
    for other in (last, touching, _trained(known), _moved(known)):
        joined = joined.left_join(other, "owner_id").drop("owner_id_right")
    joined = joined.cross_join(_recorded_since(known)).cross_join(_trainings_held(known))
    gone = (joined.deactivated_at <= known.as_of).fill_null(False)
    future = (joined.created_at > known.as_of).fill_null(False)
    active = (joined.owner_kind == USER) & ~joined.is_automation & ~gone & ~future
    sided, none = active & joined.side.notnull(), ibis.null("boolean")
    selling = active & (joined.side == SALES).fill_null(False)
    return joined.mutate(
        is_active=active,
        is_touching=ibis.ifelse(selling, joined._recent.fill_null(False), none),
        is_trained=ibis.ifelse(sided, joined._trained.fill_null(False), none),
        is_moved=ibis.ifelse(
            sided & joined.functions_since_at.notnull(), joined._moved.fill_null(False), none
        ),
        cluster=joined.owner_id,
        as_of=known.now,
    ).select(*PEOPLE)


def _trainings(known: Known) -> ir.Table:
    rows = held(known)
    words = known.definitions.meetings.training
    return rows.filter(
        one_of(rows.type, words) & (rows.occurred_at > known.as_of - timedelta(days=TRAINING_DAYS))
    )


def _trainings_held(known: Known) -> ir.Table:
    """One row: how many trainings are recorded at all."""
    rows = _trainings(known)
    return rows.aggregate(trainings=rows.activity_id.nunique())


def _trained(known: Known) -> ir.Table:
    """Who attended a recent training that both functions attended: owner_id, _trained."""
    recent = _trainings(known)
    there = attendance(known).semi_join(recent, "activity_id")
    sides = there.group_by("activity_id").aggregate(_sides=there.side.nunique())
    joint = there.semi_join(sides.filter(sides._sides == 2), "activity_id")
    return joint.select(owner_id="user_id").distinct().mutate(_trained=ibis.literal(True))


def _periods(known: Known) -> ir.Table:
    """On whose side each person was, since when: user_id, from_at, user_side."""
    rows = latest(known.all("user_functions"), "period_id")
    by_now = rows.filter(rows.from_at <= known.as_of)
    side = side_of(by_now.function, known.definitions.functions)
    return by_now.select("user_id", "from_at", user_side=side)


def _recorded_since(known: Known) -> ir.Table:
    """One row: since when functions have been recorded at all."""
    rows = _periods(known)
    return rows.aggregate(functions_since_at=rows.from_at.min())


def _moved(known: Known) -> ir.Table:
    """Who changed side, Sales to Marketing or back, in the days that count: owner_id, _moved."""
    rows = _periods(known)
    sided = rows.filter(rows.user_side.notnull())
    order = ibis.window(group_by="user_id", order_by="from_at")
    steps = sided.mutate(_before=sided.user_side.lag().over(order))
    moved = steps.filter(
        (steps._before != steps.user_side)
        & (steps.from_at > known.as_of - timedelta(days=MOVE_DAYS))
    )
    return moved.select(owner_id="user_id").distinct().mutate(_moved=ibis.literal(True))


def history(known: Known) -> ir.Table:
    """The fact `history`: for each tracked field, how many changes are recorded and since when."""
    parts = []
    for entity, table in (("lead", "lead_changes"), ("opportunity", "opportunity_changes")):
        rows = known.all(table)
        stands = rows.deleted_at.isnull() | (rows.deleted_at > known.as_of)
        dated = rows.filter((rows.changed_at <= known.as_of) & stands)
        grouped = dated.group_by("field").aggregate(
            changes=dated.count(), first_at=dated.changed_at.min()
        )
        parts.append(grouped.mutate(entity=ibis.literal(entity)))
    both = parts[0].union(parts[1])
    return both.mutate(as_of=known.now).select(*HISTORY)
