"""E-mails: what they add to the task that Salesforce makes for most, and the ones without."""

from collections.abc import Callable
from datetime import datetime

import pyarrow as pa
import pyarrow.compute as pc

from connectors.salesforce.shapes import (
    DELETED,
    Column,
    Companion,
    Kind,
    Make,
    Stream,
    changed_last,
    constant,
    copy,
    has_prefix,
    id_of,
    where,
)

_DRAFT = "5"
_PEOPLE = ("LeadId", "ContactId", "SenderId")


def _first(rows: pa.Table, key: str, names: tuple[str, ...]) -> pa.Table:
    """The first row of each key, in the order of `rows`."""
    grouped = rows.group_by(key, use_threads=False).aggregate([(name, "first") for name in names])
    return grouped.rename_columns({f"{name}_first": name for name in names})


def _sent(rows: pa.Table) -> pa.ChunkedArray:
    """Whether an e-mail went out or came in; a draft did neither."""
    return pc.not_equal(pc.coalesce(rows["Status"], "3"), _DRAFT)


def _of_tasks(rows: pa.Table) -> pa.Table:
    """For each task with e-mails: when the first of them was sent or came, and whether it came."""
    stands = pc.and_(_sent(rows), pc.invert(pc.fill_null(rows["IsDeleted"], False)))
    known = pc.and_(pc.is_valid(rows["ActivityId"]), pc.is_valid(rows["MessageDate"]))
    order = [(name, "ascending") for name in ("ActivityId", "MessageDate", "Id")]
    kept = rows.filter(pc.and_(stands, known)).sort_by(order)
    kept = kept.rename_columns({"MessageDate": "MailAt", "Incoming": "MailCame"})
    return _first(kept, "ActivityId", ("MailAt", "MailCame"))


def _may_be_mails(rows: pa.Table) -> pa.Table:
    """The tasks that are not known to be something else."""
    if "TaskSubtype" not in rows.column_names:
        return rows
    other = pc.is_in(rows["TaskSubtype"], value_set=pa.array(["Call", "Task"]))
    return rows.filter(pc.invert(pc.fill_null(other, False)))


def _without(name: str) -> Callable[[pa.Table], pa.Table]:
    return lambda rows: rows.filter(pc.is_null(rows[name]))


MAIL_OF_TASK = Companion(
    "EmailMessage",
    key="ActivityId",
    key_may_be_empty=True,
    fields={
        "Incoming": Kind.FLAG,
        "MessageDate": Kind.INSTANT,
        "Status": Kind.TEXT,
        "IsDeleted": Kind.FLAG,
    },
    adds={"MailAt": Kind.INSTANT, "MailCame": Kind.FLAG},
    reduce=_of_tasks,
    concerns=_may_be_mails,
)


def direction(came: pa.ChunkedArray) -> pa.ChunkedArray:
    """`inbound` or `outbound` by whether a message came; null where that is not known."""
    return pc.if_else(came, pa.scalar("inbound"), pa.scalar("outbound"))


def _people(rows: pa.Table) -> pa.Table:
    """For each e-mail: the lead and the contact that it went to or came from (the lowest id where
    there are several: it counts once), and the user who sent it.
    """
    rows = rows.filter(pc.invert(pc.fill_null(rows["IsDeleted"], False)))
    sender = pc.fill_null(pc.equal(rows["RelationType"], "FromAddress"), False)
    found = pa.table(
        {
            "EmailMessageId": rows["EmailMessageId"],
            "LeadId": where(has_prefix(rows["RelationId"], "00Q"), rows["RelationId"]),
            "ContactId": where(has_prefix(rows["RelationId"], "003"), rows["RelationId"]),
            "SenderId": where(
                pc.and_(sender, has_prefix(rows["RelationId"], "005")), rows["RelationId"]
            ),
        }
    )
    grouped = found.group_by("EmailMessageId", use_threads=False)
    made = grouped.aggregate([(name, "min") for name in _PEOPLE])
    return made.rename_columns({f"{name}_min": name for name in _PEOPLE})


def _without_task(rows: pa.Table, since: datetime | None) -> pa.Table:
    """The e-mails that no task stands for. With `since`, the others too, as withdrawn: an earlier
    pull may have seen one before its task was made.
    """
    has_task = pc.is_valid(rows["ActivityId"])
    for name in _PEOPLE:  # of the withdrawn they are not always asked for
        at = rows.column_names.index(name)
        rows = rows.set_column(at, name, where(pc.invert(has_task), rows[name]))
    rows = rows.append_column("WithdrawnAt", where(has_task, changed_last(rows)))
    return rows.filter(pc.invert(has_task)) if since is None else rows


def _gone(rows: pa.Table) -> pa.ChunkedArray:
    return pc.coalesce(rows["WithdrawnAt"], DELETED.make(rows))


def _by_whom(rows: pa.Table) -> pa.ChunkedArray:
    """Who sent it; whoever wrote to us is not one of ours."""
    sent = pc.invert(pc.fill_null(rows["Incoming"], False))
    return where(sent, pc.coalesce(rows["SenderId"], rows["CreatedById"]))


def _when_sent(name: str) -> Make:
    return lambda rows: where(_sent(rows), rows[name])


EMAIL = Stream(
    "EmailMessage",
    "activities",
    optional="e-mails without a task are not seen, and the others have the time of their task",
    fields={
        "ActivityId": Kind.ID,
        "RelatedToId": Kind.ID,
        "Incoming": Kind.FLAG,
        "MessageDate": Kind.INSTANT,
        "Status": Kind.TEXT,
        "CreatedById": Kind.ID,
    },
    companion=Companion(
        "EmailMessageRelation",
        key="EmailMessageId",
        fields={"RelationId": Kind.ID, "RelationType": Kind.TEXT, "IsDeleted": Kind.FLAG},
        adds={"LeadId": Kind.ID, "ContactId": Kind.ID, "SenderId": Kind.ID},
        reduce=_people,
        concerns=_without("ActivityId"),
    ),
    shape=_without_task,
    columns={
        "activity_id": Column(("Id", "ActivityId"), lambda rows: rows["Id"]),
        "kind": constant("email"),
        "lead_id": copy("LeadId"),
        "contact_id": copy("ContactId"),
        "opportunity_id": id_of("RelatedToId", "006"),
        "account_id": id_of("RelatedToId", "001"),
        "campaign_id": id_of("RelatedToId", "701"),
        "created_at": copy("CreatedDate"),
        "performed_by": Column(("CreatedById", "Incoming", "SenderId"), _by_whom),
        "occurred_at": Column(("MessageDate", "Status"), _when_sent("MessageDate")),
        "direction": Column(("Incoming",), lambda rows: direction(rows["Incoming"])),
        "is_automated": constant(False),
        "is_completed": Column(("Status",), _sent),
        "deleted_at": Column(("IsDeleted",), _gone),
    },
)
