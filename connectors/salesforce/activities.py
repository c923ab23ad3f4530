"""Tasks, events and those invited to them.

Conversion moves activities to the contact, changes their last modification and the owner of all
events: who did it is therefore whoever completed or created the record, never today's owner.
"""

import pyarrow as pa
import pyarrow.compute as pc

from connectors.salesforce.mails import MAIL_OF_TASK, direction
from connectors.salesforce.shapes import (
    DELETED,
    Column,
    Companion,
    Kind,
    Stream,
    changed_last,
    constant,
    copy,
    earliest_known,
    has_prefix,
    id_of,
    where,
)

ID, TEXT, FLAG, DAY = Kind.ID, Kind.TEXT, Kind.FLAG, Kind.DAY
USER_ID, CONTACT_ID, LEAD_ID = "005", "003", "00Q"

_KINDS = pa.table(
    {
        "of": ["Call", "Email", "ListEmail", "Meeting"],
        "kind": ["call", "email", "email", "meeting"],
    }
)


def _kind_of(values: pa.ChunkedArray) -> pa.ChunkedArray:
    return _KINDS["kind"].take(pc.index_in(values, value_set=_KINDS["of"].combine_chunks()))


def _task_kind(rows: pa.Table) -> pa.ChunkedArray:
    mail = where(pc.is_valid(rows["MailAt"]), pa.scalar("email"))
    return pc.coalesce(_kind_of(rows["TaskSubtype"]), _kind_of(rows["Type"]), mail, "task")


def _completed(rows: pa.Table) -> pa.ChunkedArray:
    """Whether it is done: closed, or its e-mail went out or came in."""
    return pc.or_(pc.fill_null(rows["IsClosed"], False), pc.is_valid(rows["MailAt"]))


def _task_occurred(rows: pa.Table) -> pa.ChunkedArray:
    """When the e-mail of a task was sent or came; else when a closed task was completed; where
    that was not kept, when it was recorded. The due date says nothing about it.
    """
    done = pc.coalesce(rows["MailAt"], rows["CompletedDateTime"], rows["CreatedDate"])
    return where(_completed(rows), done)


def _performer(rows: pa.Table) -> pa.ChunkedArray:
    """Who completed a task, while its last change is still the completion; else who created it."""
    completed = rows["CompletedDateTime"].cast(pa.timestamp("s"), safe=False)
    changed = rows["LastModifiedDate"].cast(pa.timestamp("s"), safe=False)
    untouched_since = pc.fill_null(pc.equal(completed, changed), False)
    return pc.if_else(untouched_since, rows["LastModifiedById"], rows["CreatedById"])


def _direction(rows: pa.Table) -> pa.ChunkedArray:
    known = pc.is_in(rows["CallType"], value_set=pa.array(["Inbound", "Outbound"]))
    call = where(pc.fill_null(known, False), pc.utf8_lower(rows["CallType"]))
    return pc.coalesce(call, direction(rows["MailCame"]))


def _account(rows: pa.Table) -> pa.ChunkedArray:
    return pc.coalesce(where(has_prefix(rows["WhatId"], "001"), rows["WhatId"]), rows["AccountId"])


_RELATED = {
    "activity_id": copy("Id"),
    "lead_id": id_of("WhoId", LEAD_ID),
    "contact_id": id_of("WhoId", CONTACT_ID),
    "opportunity_id": id_of("WhatId", "006"),
    "account_id": Column(("WhatId",), _account),
    "campaign_id": id_of("WhatId", "701"),
    "type": copy("Type"),
    "created_at": copy("CreatedDate"),
}

TASK = Stream(
    "Task",
    "activities",
    fields={
        "WhoId": ID,
        "WhatId": ID,
        "AccountId": ID,
        "Type": TEXT,
        "TaskSubtype": TEXT,
        "CallType": TEXT,
        "IsClosed": FLAG,
        "ActivityDate": DAY,
        "CompletedDateTime": Kind.INSTANT,
        "CreatedById": ID,
        "LastModifiedById": ID,
    },
    companion=MAIL_OF_TASK,
    columns={
        **_RELATED,
        "kind": Column(("TaskSubtype",), _task_kind),
        "performed_by": Column(("CreatedById",), _performer),
        "occurred_at": Column(("IsClosed", "CompletedDateTime"), _task_occurred),
        "due_on": copy("ActivityDate"),
        # Of a call or of the task's e-mail, whichever can be read: an e-mail that came must never
        # pass for one that was sent because the call's direction is hidden.
        "direction": Column((), _direction),
        # A list e-mail is a mailing, not a touch of one person by another.
        "is_automated": Column(
            ("TaskSubtype",),
            lambda rows: pc.fill_null(pc.equal(rows["TaskSubtype"], "ListEmail"), False),
        ),
        "is_completed": Column(("IsClosed",), _completed),
    },
)


def _outsiders(rows: pa.Table) -> pa.Table:
    """The events that a contact or lead is invited to or related to: one row each."""
    present = pc.invert(pc.fill_null(rows["IsDeleted"], False))
    mask = pc.and_(present, has_prefix(rows["RelationId"], CONTACT_ID, LEAD_ID))
    events = rows.filter(mask)["EventId"].unique()
    return pa.table({"EventId": events, "HasOutsider": pa.repeat(True, len(events))})


def _internal(rows: pa.Table) -> pa.ChunkedArray:
    return pc.and_(pc.is_null(rows["WhoId"]), pc.is_null(rows["HasOutsider"]))


EVENT = Stream(
    "Event",
    "activities",
    fields={
        "WhoId": ID,
        "WhatId": ID,
        "AccountId": ID,
        "Type": TEXT,
        "IsChild": FLAG,
        "StartDateTime": Kind.INSTANT,
        "ActivityDate": DAY,
        "CreatedById": ID,
    },
    only={"IsChild": False},
    companion=Companion(
        "EventRelation",
        key="EventId",
        fields={"RelationId": ID, "IsDeleted": FLAG},
        adds={"HasOutsider": FLAG},
        reduce=_outsiders,
    ),
    columns={
        **_RELATED,
        "kind": constant("meeting"),
        "performed_by": copy("CreatedById"),
        "occurred_at": earliest_known("StartDateTime", "ActivityDate"),
        "is_automated": constant(False),
        "is_completed": constant(True),  # once it has begun, which `occurred_at` says
        "is_internal": Column(("WhoId", "HasOutsider"), _internal),
    },
)


def _people(rows: pa.Table, _since: object) -> pa.Table:
    return rows.filter(has_prefix(rows["RelationId"], USER_ID, CONTACT_ID))


def _absent_since(rows: pa.Table) -> pa.ChunkedArray:
    """Deleted, or declined: a declined invitation is not attendance."""
    declined = pc.fill_null(pc.equal(rows["Status"], "Declined"), False)
    return pc.coalesce(DELETED.make(rows), where(declined, changed_last(rows)))


EVENT_RELATION = Stream(
    "EventRelation",
    "attendees",
    fields={"EventId": ID, "RelationId": ID, "Status": TEXT},
    shape=_people,
    columns={
        "attendee_id": copy("Id"),
        "activity_id": copy("EventId"),
        "user_id": id_of("RelationId", USER_ID),
        "contact_id": id_of("RelationId", CONTACT_ID),
        "deleted_at": Column(("IsDeleted",), _absent_since),
    },
)


def _owner_row(rows: pa.Table) -> pa.ChunkedArray:
    return pc.binary_join_element_wise(rows["Id"], "owner", ":")


EVENT_OWNER = Stream(
    "Event",
    "attendees",
    fields={"OwnerId": ID, "IsChild": FLAG},
    only={"IsChild": False},
    columns={
        "attendee_id": Column(("Id", "OwnerId"), _owner_row),
        "activity_id": copy("Id"),
        "user_id": id_of("OwnerId", USER_ID),
    },
)
