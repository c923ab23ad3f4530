"""One row per handoff: who got the lead, who answered first and when, whether it bounced."""

from collections.abc import Callable
from collections.abc import Set as AbstractSet
from datetime import datetime, timedelta
from functools import reduce

import ibis
import ibis.expr.types as ir

from metrics.calendar import add_all_business_hours, calendar_named, days_between, hours_between
from metrics.facts.evidence import CAPTURE_DAYS
from metrics.facts.owner_path import leads, owner_path, passages
from metrics.facts.sides import MARKETING, QUEUE, Known, among, cluster
from metrics.facts.statuses import ACCEPTED, decision_events, first_decisions, status_path
from metrics.facts.touches import responses
from model.definitions import Sla

BOUNCE_DAYS = 30
WAIT_DAYS = 30  # longer waits say nothing more about who kept the lead waiting
ATTEMPTS = 6
SEGMENTS = ("region", "business_unit", "source", "industry", "segment", "team", "owner")


def handoffs(
    known: Known,
    working_days: Callable[[], ir.Table],
    looked_at: AbstractSet[str] | None = None,
) -> ir.Table:
    """The fact `handoffs`. Where only some columns are `looked_at`, and none of `BUSINESS_HOURS`,
    it comes without these; where none of `DECISIONS`, without these but `is_accepted_untouched` of
    the last `CAPTURE_DAYS`, after which doubts ask.

    `ends_at` is where the watch on the lead ends: the as-of, or its deletion or merging before
    that. `response_wall_hours` and `response_business_hours` run from the handoff to the first
    human sales touch, or to `ends_at` where there is none (`is_responded` false: censored).
    `response_over_sla` is the business hours over the SLA that holds for the row. `bounce_days`
    run to the second change of human owner or the return to a queue, or to `ends_at`.
    `decision_business_hours` run to the first decision before the lead's next handoff, or to
    `ends_at`. `waited_business_hours` is the time to the response, up to 30 days of it, and
    `queue_business_hours` the part of it before a person owned the lead. `given_up_at` is when the
    lead was closed as unreachable, `attempts` the touches until then, `is_tried_enough`
    whether there were enough of them (null unless given up).
    """
    parts = (BUSINESS_HOURS, DECISIONS)
    is_timed, is_decided = (looked_at is None or not looked_at.isdisjoint(part) for part in parts)
    decided_since = None if is_decided else known.as_of - timedelta(days=CAPTURE_DAYS)
    found = owned(known)
    given_up, decided = _statuses(known, found, decided_since)
    made = responses(known, found, given_up)
    joined = found
    for other in (given_up, decided, made, *_bounces(owner_path(known), found)):
        joined = joined.left_join(other, "handoff_id").drop("handoff_id_right")
    left_out = {*(() if is_timed else BUSINESS_HOURS), *(() if is_decided else DECISIONS[1:])}
    timed = _with_times(known, joined, working_days() if is_timed else None)
    return timed.select(*(name for name in COLUMNS if name not in left_out))


def owned(known: Known) -> ir.Table:
    """Handoffs with the owner then (and that owner's team), the first person to own the lead, and
    the lead's segments.
    """
    return known.once("owned", lambda: _owned(known, owner_path(known)))


def _owned(known: Known, path: ir.Table) -> ir.Table:
    humans = path.mutate(_person=path.is_human & (path.side.isnull() | (path.side != MARKETING)))
    ahead = ibis.window(group_by="lead_id", order_by="position", preceding=0)
    reached = humans.mutate(
        person_position=ibis.ifelse(humans._person, humans.position, ibis.null("int64"))
        .min()
        .over(ahead)
    )
    at_handoff = passages(known, reached.drop("_person"))
    person = path.select(
        _lead="lead_id",
        _position="position",
        first_person_id="owner_id",
        first_owned_at="at",
        _person_team="team",
    )
    in_time = at_handoff.mutate(
        person_position=ibis.ifelse(
            at_handoff.next_position.isnull()
            | (at_handoff.person_position < at_handoff.next_position),
            at_handoff.person_position,
            ibis.null("int64"),
        )
    )
    named = in_time.left_join(person, [("lead_id", "_lead"), ("person_position", "_position")])
    own = leads(known)
    lead = own.select(
        "region",
        "business_unit",
        "source",
        "industry",
        "segment",
        "contact_id",
        _created_at="created_at",
        _lead_id="lead_id",
        merged_into="merged_into",
        _lead_ends_at="ends_at",
    )
    joined = named.inner_join(lead, [("lead_id", "_lead_id")])
    joined = joined.mutate(
        **{
            at: ibis.ifelse(joined[at] < joined._created_at, joined._created_at, joined[at])
            for at in ("handed_off_at", "next_handed_off_at")
        }
    )
    ends_at = ibis.coalesce(joined._lead_ends_at, ibis.literal(known.as_of, "timestamp(6)"))
    first_at = joined.first_owned_at
    return joined.mutate(
        handoff_id=joined.lead_id.concat(":", joined.sequence.cast("string")),
        ends_at=ibis.greatest(ends_at, joined.handed_off_at),
        owner=ibis.coalesce(joined.first_person_id, joined.owner_id),
        owner_team=joined.team,
        team=ibis.coalesce(joined._person_team, joined.team),
        first_owned_at=ibis.greatest(
            first_at,
            ibis.ifelse(first_at.notnull(), joined.handed_off_at, ibis.null("timestamp(6)")),
        ),
        cluster=cluster(joined.owner_id, joined.owner_kind, joined.handed_off_at),
    ).drop("_lead", "_position", "_person_team", "_lead_id", "_lead_ends_at", "_created_at")


def _statuses(
    known: Known, found: ir.Table, decided_since: datetime | None
) -> tuple[ir.Table, ir.Table]:
    """When handoffs were closed as unreachable (handoff_id, given_up_at), and the first decision
    on them (handoff_id, decided_at, decision), both before the lead's next handoff.
    """
    watched = found.select(
        "handoff_id", "lead_id", "handed_off_at", "ends_at", until_at="next_handed_off_at"
    )
    asked = watched
    if decided_since is not None:
        asked = watched.filter(watched.handed_off_at >= decided_since)
    decided = first_decisions(decision_events(known), asked, "handoff_id", "handed_off_at")
    path, words = status_path(known), known.definitions.statuses.unreachable
    closed = path.filter(among(path.value, words)).select("lead_id", _at="at")
    pairs = watched.inner_join(closed, "lead_id")
    within = pairs.filter(
        (pairs._at >= pairs.handed_off_at)
        & (pairs._at <= pairs.ends_at)
        & (pairs.until_at.isnull() | (pairs._at < pairs.until_at))
    )
    return within.group_by("handoff_id").aggregate(given_up_at=within._at.min()), decided


def _bounces(path: ir.Table, found: ir.Table) -> tuple[ir.Table, ir.Table]:
    """When handoffs changed human owner for the second time (handoff_id, changed_twice_at), and
    when they went back to a queue from a person (handoff_id, returned_at), within the days that
    count. From a queue to its first person is no change.
    """
    steps = path.select(
        "lead_id",
        _step="position",
        _at="at",
        _owner="owner_id",
        _human="is_human",
        _queue=(path.owner_kind == QUEUE).fill_null(False),
    )
    until = found.handed_off_at + ibis.interval(days=BOUNCE_DAYS)
    after = found.select(
        "handoff_id", "lead_id", "position", "handed_off_at", _until=until
    ).inner_join(steps, "lead_id")
    counted = after.filter(
        (after._step >= after.position)
        & (after._at <= after._until)
        & (after._human | after._queue)
    )
    counted = counted.mutate(_at=ibis.greatest(counted._at, counted.handed_off_at))
    group = ibis.window(group_by="handoff_id", order_by="_step")
    humans = counted.filter(counted._human)
    paired = humans.mutate(_previous=humans._owner.lag().over(group))
    changed = paired.filter(paired._previous.notnull() & (paired._previous != paired._owner))
    nth = changed.mutate(_nth=ibis.row_number().over(group))
    second = nth.filter(nth._nth == 1).select("handoff_id", changed_twice_at="_at")
    first_human = humans.group_by("handoff_id").aggregate(_first=humans._step.min())
    queued = counted.filter(counted._queue).inner_join(first_human, "handoff_id")
    returned = queued.filter(queued._step > queued._first)
    back = returned.group_by("handoff_id").aggregate(returned_at=returned._at.min())
    return second, back


def _with_times(known: Known, joined: ir.Table, working_days: ir.Table | None) -> ir.Table:
    calendar = known.definitions.calendar
    found = joined.mutate(bounced_at=ibis.least(joined.changed_twice_at, joined.returned_at))
    answered_at = ibis.coalesce(found.first_response_at, found.ends_at)
    waited_until = ibis.least(answered_at, found.handed_off_at + ibis.interval(days=WAIT_DAYS))
    answered = found.mutate(
        is_responded=found.first_response_at.notnull(),
        is_bounced=found.bounced_at.notnull() & (found.bounced_at <= found.ends_at),
        is_decided=found.decided_at.notnull(),
        attempts=ibis.ifelse(
            found.given_up_at.notnull(), found.attempts.fill_null(0), ibis.null("int64")
        ),
        _answered_at=answered_at,
        _waited_until=waited_until,
        _queued_until=ibis.least(ibis.coalesce(found.first_owned_at, waited_until), waited_until),
        _decided_at=ibis.coalesce(found.decided_at, found.ends_at),
        calendar=calendar_named(calendar, found.owner_region, found.region),
        sla_hours=_sla_hours(found, known.definitions.sla),
    )
    timed = answered if working_days is None else _with_business_hours(answered, working_days)
    left_at = ibis.ifelse(timed.is_bounced, timed.bounced_at, timed.ends_at)
    return timed.mutate(
        response_wall_hours=hours_between(timed.handed_off_at, timed._answered_at),
        response_wall_days=days_between(timed.handed_off_at, timed._answered_at),
        decision_wall_hours=hours_between(timed.handed_off_at, timed._decided_at),
        bounce_days=days_between(timed.handed_off_at, left_at),
        is_tried_enough=timed.attempts >= ATTEMPTS,
        is_accepted_untouched=ibis.ifelse(
            timed.decision == ACCEPTED, ~timed.is_responded, ibis.null("boolean")
        ),
        as_of=known.now,
    )


def _with_business_hours(answered: ir.Table, working_days: ir.Table) -> ir.Table:
    found = add_all_business_hours(
        answered,
        working_days,
        start="handed_off_at",
        ends={
            "response_business_hours": "_answered_at",
            "waited_business_hours": "_waited_until",
            "queue_business_hours": "_queued_until",
            "decision_business_hours": "_decided_at",
        },
        calendar="calendar",
    )
    return found.mutate(response_over_sla=found.response_business_hours / found.sla_hours)


def _sla_hours(found: ir.Table, sla: Sla) -> ir.FloatingValue:
    default: ir.FloatingValue = ibis.literal(sla.hours, "float64")
    rules = [
        (
            reduce(
                lambda a, b: a & b,
                (found[name].fill_null("") == value for name, value in rule.where.items()),
            ),
            ibis.literal(rule.hours, "float64"),
        )
        for rule in sla.rules
        if rule.where
    ]
    return ibis.cases(*rules, else_=default) if rules else default


DECISIONS = (
    "is_accepted_untouched",
    "decided_at",
    "decision",
    "is_decided",
    "decision_business_hours",
    "decision_wall_hours",
)
BUSINESS_HOURS = (
    "response_business_hours",
    "response_over_sla",
    "decision_business_hours",
    "waited_business_hours",
    "queue_business_hours",
)
COLUMNS = (
    "handoff_id",
    "lead_id",
    "sequence",
    "handed_off_at",
    "next_handed_off_at",
    "owner_id",
    "owner_kind",
    "first_person_id",
    "first_owned_at",
    "first_response_at",
    "first_response_by",
    "first_response_id",
    "is_responded",
    "response_business_hours",
    "response_wall_hours",
    "response_wall_days",
    "sla_hours",
    "response_over_sla",
    "is_bounced",
    "bounced_at",
    "bounce_days",
    "decided_at",
    "decision",
    "is_decided",
    "decision_business_hours",
    "decision_wall_hours",
    "waited_business_hours",
    "queue_business_hours",
    "given_up_at",
    "attempts",
    "is_tried_enough",
    "is_accepted_untouched",
    "ends_at",
    "merged_into",
    "calendar",
    *SEGMENTS,
    "cluster",
    "as_of",
)
