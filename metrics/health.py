"""Dirty records: what is wrong with them, what is done about it, how many there are, and which.

Each finding is a rule that the facts already follow; here it is only counted.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

import ibis
import ibis.expr.types as ir
import pyarrow as pa

from metrics.facts.owner_path import leads
from metrics.facts.paths import changes_of
from metrics.facts.sides import QUEUE, USER, Keep, Known, latest
from model.availability import Availability
from model.definitions import Definitions
from model.tables import TABLES

SAMPLE = 10
LATE_DAYS = 30
Run = Callable[[ir.Table], pa.Table]


@dataclass(frozen=True)
class Finding:
    """A kind of dirty record: its id, what is wrong, what is done about it, and the expression of
    the records (one column `record_id`). Looked for only where the sources give all of `needs`,
    and not as of a past day where `is_live`: today's records do not tell what was wrong then.
    """

    id: str
    title: str
    what_is_done: str
    needs: tuple[str, ...]
    records: Callable[[Known], ir.Table]
    is_live: bool = False


@dataclass(frozen=True)
class Found:
    """How many records a finding has, and the first few ids in order."""

    id: str
    title: str
    what_is_done: str
    count: int
    sample: tuple[str, ...]


def find(
    tables: Mapping[str, ir.Table],
    availability: Availability,
    definitions: Definitions,
    as_of: datetime,
    run: Run,
    keep: Keep = lambda _, rows: rows,
    *,
    is_past: bool = False,
) -> list[Found]:
    """Every finding that the sources allow to look for, with its count (0: looked for, none).
    `is_past`: the records are of a later day than `as_of`. `keep` gets the records of each, and may
    return them computed: they are asked for twice.
    """
    known = Known(tables, definitions, as_of)
    found = []
    for one in FINDINGS:
        if availability.lacks(one.needs) or (is_past and one.is_live):
            continue
        rows = keep(one.id, one.records(known).distinct())
        counted = run(rows.aggregate(n=rows.count())).column("n")[0].as_py()
        first = rows.order_by("record_id").limit(SAMPLE)
        ids = run(first).column("record_id").to_pylist() if counted else ()
        found.append(Found(one.id, one.title, one.what_is_done, counted, tuple(map(str, ids))))
    return found


def records(
    finding: Finding,
    tables: Mapping[str, ir.Table],
    availability: Availability,
    definitions: Definitions,
    as_of: datetime,
    run: Run,
) -> pa.Table:
    """All records of a finding, each once: `record_id`, in order. None where the sources do not
    give what it needs.
    """
    if availability.lacks(finding.needs):
        return pa.table({"record_id": pa.array([], pa.string())})
    rows = finding.records(Known(tables, definitions, as_of)).distinct()
    return run(rows.order_by("record_id"))


def _ids(rows: ir.Table, key: str) -> ir.Table:
    return rows.select(record_id=rows[key].cast("string"))


def _touch_before_creation(known: Known) -> ir.Table:
    rows = known.rows("activities")
    own = leads(known).select("lead_id", _created_at="created_at")
    joined = rows.inner_join(own, "lead_id")
    return _ids(joined.filter(joined.occurred_at < joined._created_at), "activity_id")


def _recorded_late(known: Known) -> ir.Table:
    rows = known.rows("activities")
    dated = ibis.coalesce(rows.occurred_at, rows.due_on.cast("timestamp(6)"))
    return _ids(rows.filter(dated < rows.created_at - ibis.interval(days=LATE_DAYS)), "activity_id")


def _close_before_creation(known: Known) -> ir.Table:
    rows = known.rows("opportunities")
    early = (rows.closed_at < rows.created_at) | (rows.close_on < rows.created_at.date())
    return _ids(rows.filter(rows.is_closed & early), "opportunity_id")


def _closed_in_the_future(known: Known) -> ir.Table:
    rows = known.rows("opportunities")
    late = rows.closed_at.isnull() & (rows.close_on > ibis.literal(known.as_of).date())
    return _ids(rows.filter(rows.is_closed & late), "opportunity_id")


def _handoff_before_creation(known: Known) -> ir.Table:
    own = leads(known).select("handed_off_at", _lead="lead_id", _created_at="created_at")
    changes = changes_of(known, "lead_changes", "owner")
    joined = changes.inner_join(own, [("lead_id", "_lead")])
    early = _ids(joined.filter(joined.changed_at < joined._created_at), "lead_id")
    fields = own.filter(own.handed_off_at < own._created_at)
    return early.union(_ids(fields, "_lead"))


def _without_creation(known: Known) -> ir.Table:
    parts = [
        _ids(rows.filter(rows.created_at.isnull()), TABLES[name].key)
        for name in ("leads", "opportunities")
        for rows in [known.rows(name)]
    ]
    return parts[0].union(parts[1])


def _one_owner(known: Known) -> ir.Table:
    """The owner of every lead, where there are at least 20 leads and only one owner."""
    rows = known.rows("leads")
    counted = rows.group_by("owner_id").aggregate(n=rows.count())
    total = counted.aggregate(owners=counted.count(), leads=counted.n.sum())
    joined = counted.cross_join(total)
    alone = joined.filter((joined.owners == 1) & (joined.leads >= 20))
    return _ids(alone.filter(alone.owner_id.notnull()), "owner_id")


def _duplicated(known: Known) -> ir.Table:
    parts = []
    for name in ("leads", "opportunities", "activities", "lead_changes"):
        key = TABLES[name].key
        parts.append(_ids(latest(known.all(name), key, 1), key))
    return _union(parts)


def _merged(known: Known) -> ir.Table:
    rows = known.with_deleted("leads")
    return _ids(rows.filter(rows.merged_into.notnull() & rows.deleted_at.notnull()), "lead_id")


def _merged_without_end(known: Known) -> ir.Table:
    rows = known.with_deleted("leads")
    return _ids(rows.filter(rows.merged_into.notnull() & rows.deleted_at.isnull()), "lead_id")


def _deleted(known: Known) -> ir.Table:
    rows = known.with_deleted("leads")
    return _ids(rows.filter(rows.deleted_at.notnull() & rows.merged_into.isnull()), "lead_id")


def _queue_owned(known: Known) -> ir.Table:
    rows = known.rows("leads")
    return _ids(rows.filter(rows.owner_kind == QUEUE), "lead_id")


def _people_without_function(known: Known) -> ir.Table:
    rows = latest(known.all("users"), "user_id")
    gone = (rows.deactivated_at <= known.as_of).fill_null(False)
    unsaid = rows.function.isnull() & ~rows.is_automation.fill_null(False) & ~gone
    return _ids(rows.filter(unsaid), "user_id")


def _queues_without_function(known: Known) -> ir.Table:
    rows = latest(known.all("queues"), "queue_id")
    return _ids(rows.filter(rows.function.isnull()), "queue_id")


def _unknown_owners(known: Known) -> ir.Table:
    owned = known.rows("leads").select("owner_id")
    deals = known.rows("opportunities").select("owner_id")
    rows = owned.union(deals)
    named = rows.filter(rows.owner_id.notnull())
    return _ids(named.anti_join(known.owners, "owner_id"), "owner_id")


def _moved_by_conversion(known: Known) -> ir.Table:
    """Activities on the contact of a converted lead, dated before the conversion."""
    own = leads(known).select("contact_id", "converted_at", _lead="lead_id")
    converted = own.filter(own.contact_id.notnull() & (own.converted_at <= known.as_of))
    joined = known.rows("activities").inner_join(converted, "contact_id")
    return _ids(joined.filter(joined.occurred_at < joined.converted_at), "activity_id")


def _dated_in_the_future(known: Known) -> ir.Table:
    rows = known.rows("activities")
    done = rows.is_completed.fill_null(False) & (rows.kind != "meeting")  # those lie ahead
    late = done & (rows.occurred_at > known.as_of)
    return _ids(rows.filter(late), "activity_id")


def _without_time(known: Known) -> ir.Table:
    rows = known.rows("activities")
    return _ids(rows.filter(rows.is_completed & rows.occurred_at.isnull()), "activity_id")


def _without_performer(known: Known) -> ir.Table:
    rows = known.rows("activities")
    people = known.owners.filter(known.owners.owner_kind == USER).select("owner_id")
    done = rows.filter(rows.is_completed & rows.performed_by.notnull())
    return _ids(done.anti_join(people, [("performed_by", "owner_id")]), "activity_id")


def _union(parts: Iterable[ir.Table]) -> ir.Table:
    first, *rest = parts
    return first.union(*rest) if rest else first


FINDINGS = (
    Finding(
        "touch_before_creation",
        "Activities dated before their lead was created",
        "Kept; only a touch at or after the handoff counts as a response.",
        ("activities.lead_id", "activities.occurred_at", "leads.created_at"),
        _touch_before_creation,
    ),
    Finding(
        "recorded_late",
        f"Activities dated more than {LATE_DAYS} days before somebody recorded them",
        "They count from their recording on, so no past figure uses what was loaded later.",
        ("activities.created_at",),
        _recorded_late,
    ),
    Finding(
        "handoff_before_creation",
        "Leads handed over before they were created",
        "The handoff is taken to be at the lead's creation.",
        ("leads.created_at",),
        _handoff_before_creation,
    ),
    Finding(
        "close_before_creation",
        "Opportunities closed before they were created",
        "They count as closed, but not as traceable from campaign to close.",
        ("opportunities.created_at", "opportunities.is_closed"),
        _close_before_creation,
    ),
    Finding(
        "closed_in_the_future",
        "Closed opportunities with a close date in the future",
        "Where no history says when they were closed, they count as open until that date.",
        ("opportunities.close_on", "opportunities.is_closed"),
        _closed_in_the_future,
    ),
    Finding(
        "without_creation",
        "Leads and opportunities without a creation date",
        "A handoff at creation cannot be placed and is left out; later ones count.",
        ("leads.lead_id",),
        _without_creation,
    ),
    Finding(
        "one_owner",
        "One owner for every lead",
        "Nothing; handoffs are then not visible in the owner, and a date field may know them.",
        ("leads.owner_id",),
        _one_owner,
    ),
    Finding(
        "duplicated",
        "Ids that occur more than once",
        "The row recorded last counts, once.",
        (),
        _duplicated,
    ),
    Finding(
        "merged",
        "Leads merged into another",
        "Watched until the merge; their activities are found on the surviving lead.",
        ("leads.merged_into",),
        _merged,
    ),
    Finding(
        "merged_without_end",
        "Merged leads that do not say when",
        "Watched as if they had not been merged; touches on the surviving lead count.",
        ("leads.merged_into",),
        _merged_without_end,
    ),
    Finding(
        "deleted",
        "Deleted leads",
        "Their handoffs count, watched until the deletion.",
        ("leads.lead_id",),
        _deleted,
    ),
    Finding(
        "queue_owned",
        "Leads owned by a queue",
        "The wait counts from the handoff on; for intervals, a queue's week is one owner.",
        ("leads.owner_kind",),
        _queue_owned,
    ),
    Finding(
        "people_without_function",
        "Active users whom no rule puts in a function",
        "They count for neither side; name them under `functions`.",
        ("users.user_id",),
        _people_without_function,
    ),
    Finding(
        "queues_without_function",
        "Queues that no rule puts in a function",
        "Leads in them are with neither side; name them under `functions`.",
        ("queues.queue_id",),
        _queues_without_function,
    ),
    Finding(
        "unknown_owners",
        "Owners who are neither a known user nor a known queue",
        "Their ownership changes nothing: no handoff, no bounce.",
        ("users.user_id", "leads.owner_id"),
        _unknown_owners,
    ),
    Finding(
        "unknown_performers",
        "Completed activities by somebody who is not among the users",
        "They are nobody's touch.",
        ("users.user_id", "activities.performed_by"),
        _without_performer,
    ),
    Finding(
        "moved_by_conversion",
        "Activities that conversion moved to the contact",
        "They count for the lead, by whoever made them.",
        ("activities.contact_id", "leads.contact_id", "leads.converted_at"),
        _moved_by_conversion,
    ),
    Finding(
        "dated_in_the_future",
        "Completed activities dated in the future",
        "Left out until that date.",
        ("activities.occurred_at", "activities.is_completed"),
        _dated_in_the_future,
        is_live=True,
    ),
    Finding(
        "without_time",
        "Completed activities without a time",
        "Left out: they cannot be placed before or after a handoff.",
        ("activities.is_completed",),
        _without_time,
    ),
)
