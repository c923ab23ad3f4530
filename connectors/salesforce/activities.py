"""Tasks, events and those invited to them.

Conversion moves activities to the contact, changes their last modification and the owner of all
events: who did it is therefore whoever completed or created the record, never today's owner.
"""

import pyarrow as pa
import pyarrow.compute as pc

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
    return pc.coalesce(_kind_of(rows["TaskSubtype"]), _kind_of(rows["Type"]), "task")


def _completed(rows: pa.Table) -> pa.ChunkedArray:
    return pc.fill_null(rows["IsClosed"], False)


def _task_occurred(rows: pa.Table) -> pa.ChunkedArray:
    """When a closed task was completed; where that was not kept, when it was recorded. The due
    date says nothing about it.
    """
    return where(_completed(rows), pc.coalesce(rows["CompletedDateTime"], rows["CreatedDate"]))


def _performer(rows: pa.Table) -> pa.ChunkedArray:
    """Who completed a task, while its last change is still the completion; else who created it."""
    completed = rows["CompletedDateTime"].cast(pa.timestamp("s"), safe=False)
    changed = rows["LastModifiedDate"].cast(pa.timestamp("s"), safe=False)
    untouched_since = pc.fill_null(pc.equal(completed, changed), False)
    return pc.if_else(untouched_since, rows["LastModifiedById"], rows["CreatedById"])


def _direction(rows: pa.Table) -> pa.ChunkedArray:
    known = pc.is_in(rows["CallType"], value_set=pa.array(["Inbound", "Outbound"]))
    return where(pc.fill_null(known, False), pc.utf8_lower(rows["CallType"]))


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
    columns={
        **_RELATED,
        "kind": Column(("TaskSubtype",), _task_kind),
        "performed_by": Column(("CreatedById",), _performer),
        "occurred_at": Column(("IsClosed", "CompletedDateTime"), _task_occurred),
        "due_on": copy("ActivityDate"),
        "direction": Column(("CallType",), _direction),
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
