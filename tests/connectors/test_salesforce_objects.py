"""What the declarations make of records: the awkward ones, written by hand."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.salesforce.histories import opportunity_changes
from connectors.salesforce.objects import streams
from connectors.salesforce.offers import availability
from connectors.salesforce.values import from_records, typed
from model.errors import DataError
from tests.connectors.records import (
    ANNA,
    AT,
    BORIS,
    CONTACT,
    LEAD,
    QUEUE,
    Record,
    as_json,
    canonical,
    stream,
)


def history(number: int, field: str, old: object, new: object, kind: str = "Text") -> Record:
    return {
        "Id": f"017{number:012d}AAA",
        "LeadId": LEAD,
        "Field": field,
        "DataType": kind,
        "OldValue": old,
        "NewValue": new,
        "CreatedDate": AT,
        "CreatedById": ANNA,
    }


def test_paired_history_rows_are_one_change() -> None:
    rows = canonical(
        stream("LeadHistory", leads__score="Score__c"),
        [
            history(1, "Owner", "Sales Queue", "Anna Arndt"),
            history(2, "Owner", QUEUE, ANNA, "EntityId"),
            history(3, "Owner", None, ANNA, "EntityId"),
            history(4, "Owner", "00Gqueuesofname", "005Anna", "Text"),
            history(5, "Status", "New", "Accepted"),
            history(6, "Score__c", 10, 45.5, "Double"),
            history(7, "created", None, None),
            history(8, "leadConverted", None, None),
            history(9, "Title", "A", "B"),
            history(10, "ownerAccepted", None, None),
        ],
    )
    seen = [(r["field"], r["old"], r["new"], r["old_kind"], r["new_kind"]) for r in rows]
    assert seen == [
        ("owner", QUEUE, ANNA, "queue", "user"),
        ("owner", None, ANNA, None, "user"),
        ("status", "New", "Accepted", None, None),
        ("score", "10", "45.5", None, None),
        ("created", None, None, None, None),
        ("converted", None, None, None, None),
    ]
    assert {row["recorded_at"] for row in rows} == {AT}


def test_owners_are_told_by_id_where_the_type_is_hidden() -> None:
    records = [history(1, "Owner", "Anna", "Boris"), history(2, "Owner", ANNA, BORIS)]
    hidden = [{k: v for k, v in r.items() if k != "DataType"} for r in records]
    assert [r["new"] for r in canonical(stream("LeadHistory"), hidden)] == [BORIS]


def task(**changed: object) -> Record:
    return {
        "Id": "00T000000000001AAA",
        "IsDeleted": False,
        "CreatedDate": AT,
        "LastModifiedDate": AT,
        "SystemModstamp": AT,
        "WhoId": LEAD,
        "WhatId": None,
        "AccountId": None,
        "Type": None,
        "TaskSubtype": "Task",
        "CallType": None,
        "IsClosed": True,
        "CompletedDateTime": AT,
        "CreatedById": ANNA,
        "LastModifiedById": ANNA,
        **changed,
    }


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"TaskSubtype": "Call"}, {"kind": "call", "is_automated": False}),
        ({"TaskSubtype": "Email"}, {"kind": "email", "is_automated": False}),
        ({"TaskSubtype": "ListEmail"}, {"kind": "email", "is_automated": True}),
        ({"TaskSubtype": "Task", "Type": "Call"}, {"kind": "call"}),
        ({"TaskSubtype": None, "Type": "Meeting"}, {"kind": "meeting"}),
        ({"TaskSubtype": None, "Type": "Prep"}, {"kind": "task", "type": "Prep"}),
        ({"CallType": "Inbound"}, {"direction": "inbound"}),
        ({"CallType": "Outbound"}, {"direction": "outbound"}),
        ({"CallType": "Internal"}, {"direction": None}),
        ({"WhoId": LEAD}, {"lead_id": LEAD, "contact_id": None}),
        ({"WhoId": CONTACT}, {"lead_id": None, "contact_id": CONTACT}),
        ({"WhatId": "006000000000001AAA"}, {"opportunity_id": "006000000000001AAA"}),
        ({"WhatId": "701000000000001AAA"}, {"campaign_id": "701000000000001AAA"}),
        ({"AccountId": "001000000000001AAA"}, {"account_id": "001000000000001AAA"}),
        ({"IsClosed": False}, {"is_completed": False, "occurred_at": None}),
        ({"CompletedDateTime": None}, {"is_completed": True, "occurred_at": AT}),
        ({"IsDeleted": True}, {"deleted_at": AT}),
        # Completed by the one who changed it last ...
        ({"LastModifiedById": BORIS, "LastModifiedDate": AT}, {"performed_by": BORIS}),
        # ... unless conversion touched it afterwards.
        (
            {"LastModifiedById": BORIS, "LastModifiedDate": AT + timedelta(hours=1)},
            {"performed_by": ANNA},
        ),
    ],
)
def test_tasks(fields: Record, expected: Record) -> None:
    (row,) = canonical(stream("Task"), [task(**fields)])
    assert {name: row[name] for name in expected} == expected


def event(number: int, **changed: object) -> Record:
    return {
        "Id": f"00U{number:012d}AAA",
        "IsDeleted": False,
        "IsChild": False,
        "CreatedDate": AT,
        "SystemModstamp": AT,
        "LastModifiedDate": AT,
        "WhoId": None,
        "WhatId": None,
        "Type": "Training",
        "StartDateTime": AT + timedelta(days=1),
        "ActivityDate": date(2026, 3, 5),
        "CreatedById": ANNA,
        "OwnerId": BORIS,
        **changed,
    }


def relation(number: int, event_number: int, of: str, **changed: object) -> Record:
    return {
        "Id": f"0RE{number:012d}AAA",
        "EventId": f"00U{event_number:012d}AAA",
        "RelationId": of,
        "IsDeleted": False,
        "Status": None,
        "CreatedDate": AT,
        "SystemModstamp": AT,
        "LastModifiedDate": AT,
        **changed,
    }


def test_a_meeting_is_internal_when_no_lead_or_contact_has_to_do_with_it() -> None:
    events = stream("Event", "activities")
    assert events.companion
    relations = [
        relation(1, 1, BORIS),
        relation(2, 2, CONTACT),
        relation(3, 3, LEAD),
        relation(4, 5, CONTACT, IsDeleted=True),
    ]
    kinds = stream("EventRelation").wanted
    reduced = events.companion.reduce(
        typed(from_records([as_json(r) for r in relations], kinds), kinds, "EventRelation")
    )
    rows = canonical(
        events,
        [event(1), event(2), event(3), event(4, WhoId=LEAD), event(5), event(6, IsChild=True)],
        reduced,
    )
    internal = [bool(row["is_internal"]) for row in rows]
    assert internal == [True, False, False, False, True]
    assert {row["kind"] for row in rows} == {"meeting"}
    assert {row["type"] for row in rows} == {"Training"}
    assert {row["performed_by"] for row in rows} == {ANNA}
    assert {row["occurred_at"] for row in rows} == {AT + timedelta(days=1)}


def test_attendees_are_the_invited_who_did_not_decline_and_the_owner() -> None:
    rows = canonical(
        stream("EventRelation"),
        [
            relation(1, 1, BORIS, Status="Accepted"),
            relation(2, 1, CONTACT),
            relation(3, 1, ANNA, Status="Declined"),
            relation(4, 1, "023000000000001AAA"),
        ],
    )
    seen = [(row["user_id"], row["contact_id"], row["deleted_at"]) for row in rows]
    assert seen == [(BORIS, None, None), (None, CONTACT, None), (ANNA, None, AT)]
    (owner,) = canonical(stream("Event", "attendees"), [event(1)])
    assert owner["user_id"] == BORIS
    assert owner["attendee_id"] == "00U000000000001AAA:owner"


def test_merge_losers_and_conversions() -> None:
    (row,) = canonical(
        stream("Lead"),
        [
            {
                "Id": LEAD,
                "IsDeleted": True,
                "SystemModstamp": AT + timedelta(days=1),
                "CreatedDate": AT,
                "OwnerId": QUEUE,
                "MasterRecordId": "00Q000000000002AAA",
                "ConvertedDate": date(2026, 3, 5),
            }
        ],
    )
    assert row["merged_into"] == "00Q000000000002AAA"
    assert row["deleted_at"] == AT + timedelta(days=1)
    assert row["converted_at"] == datetime(2026, 3, 5)
    assert row["owner_kind"] == "queue"
    assert row["status"] is None


def test_amounts_are_in_corporate_currency_or_empty() -> None:
    rates = pa.table({"IsoCode": ["EUR", "USD"], "ConversionRate": [1.0, 1.25]})
    records = [
        {"Id": f"006{n:012d}AAA", "CreatedDate": AT, "Amount": 100.0, "CurrencyIsoCode": code}
        for n, code in enumerate(["EUR", "USD", "XXX", None])
    ]
    rows = canonical(stream("Opportunity"), records, others={"CurrencyType": rates})
    assert [row["amount"] for row in rows] == [100.0, 80.0, None, 100.0]
    assert [row["currency"] for row in rows] == ["EUR", "USD", "XXX", None]


@pytest.mark.parametrize(
    ("starts", "expected"),
    [
        ([date(2026, 7, 1), date(2026, 8, 1)], ["2026-07", "2026-08"]),
        (
            [date(2026, 1, 1), date(2026, 7, 1), date(2026, 10, 1)],
            ["2026-Q1", "2026-Q3", "2026-Q4"],
        ),
        ([date(2025, 1, 1), date(2026, 1, 1)], ["2025", "2026"]),
        (
            [date(2026, 2, 1), date(2026, 5, 1)],
            ["2026-02-01..2026-04-30", "2026-05-01..2026-07-31"],
        ),
        (
            [date(2026, 11, 1), None, date(2027, 2, 1)],
            ["2026-11-01..2027-01-31", None, "2027-02-01..2027-04-30"],
        ),
    ],
)
def test_periods_of_quotas(starts: list[date | None], expected: list[str | None]) -> None:
    records = [
        {"Id": f"0J9{n:012d}AAA", "StartDate": start, "QuotaAmount": 5.0, "CreatedDate": AT}
        for n, start in enumerate(starts)
    ]
    assert [row["period"] for row in canonical(stream("ForecastingQuota"), records)] == expected


def test_an_unknown_first_qualified_stage_is_an_error() -> None:
    one = next(s for s in streams({}, "Qualified") if s.object == "OpportunityStage")
    record = {"Id": "01J000000000001AAA", "ApiName": "Proposal", "SortOrder": 1}
    record |= {"IsClosed": False, "IsWon": False}
    with pytest.raises(DataError, match="There are Proposal"):
        canonical(one, [record])


def test_a_table_needs_every_object_that_makes_it() -> None:
    visible = {s.object: frozenset(s.wanted) for s in streams()}
    del visible["Event"]
    found = availability(streams(), visible, lambda name: f"{name} is hidden")
    assert found.lacks(["attendees"]) == ["Event is hidden"]
    assert found.lacks(["activities.occurred_at"]) == ["Event is hidden"]
    assert found.has("activities.lead_id")
    assert found.has("leads.status")
    assert found.lacks(["leads.region"]) == ["no field is mapped to it (fields: {leads.region: …})"]


# Opportunity history.

ROWS = st.lists(
    st.tuples(
        st.integers(0, 3),  # opportunity
        st.integers(0, 40),  # second
        st.sampled_from(["A", "B", None]),
        st.sampled_from([1.0, 2.0, None]),
    ),
    max_size=25,
)


def table_of(rows: Sequence[tuple[int, int, str | None, float | None]]) -> pa.Table:
    columns = {
        "Id": [f"008{n:012d}" for n in range(len(rows))],
        "OpportunityId": [f"006{row[0]}" for row in rows],
        "CreatedDate": [AT + timedelta(seconds=row[1]) for row in rows],
        "CreatedById": [ANNA] * len(rows),
        "StageName": [row[2] for row in rows],
        "Amount": [row[3] for row in rows],
        "CloseDate": [None] * len(rows),
        "ForecastCategory": ["Pipeline"] * len(rows),
    }
    types = [pa.string(), pa.string(), pa.timestamp("us"), pa.string(), pa.string()]
    types += [pa.float64(), pa.date32(), pa.string()]
    return pa.table(columns, schema=pa.schema(list(zip(columns, types, strict=True))))


def oracle(rows: pa.Table) -> dict[str, tuple[object, object]]:
    """Changes of stage and amount, a row at a time."""
    found: dict[str, tuple[object, object]] = {}
    last: dict[str, dict[str, object]] = {}
    order = sorted(rows.to_pylist(), key=lambda r: (r["OpportunityId"], r["CreatedDate"], r["Id"]))
    for row in order:
        before = last.get(row["OpportunityId"], {})
        for name, field in (("StageName", "stage"), ("Amount", "amount")):
            if before.get(name) != row[name]:
                found[f"{row['Id']}:{field}"] = (_text(before.get(name)), _text(row[name]))
        last[row["OpportunityId"]] = row
    return found


def _text(value: object) -> object:
    return f"{value:g}" if isinstance(value, float) else value


def changes(rows: pa.Table, since: datetime | None = None) -> dict[str, tuple[object, object]]:
    return {
        row["Id"]: (row["OldValue"], row["NewValue"])
        for row in opportunity_changes(rows, since).to_pylist()
        if row["WithdrawnAt"] is None and row["Field"] in ("stage", "amount")
    }


@given(ROWS)
def test_changes_are_differences_to_the_row_before(
    rows: list[tuple[int, int, str | None, float | None]],
) -> None:
    assert changes(table_of(rows)) == oracle(table_of(rows))


@given(ROWS, st.integers(0, 40), st.data())
def test_increments_with_late_rows_end_where_a_full_pull_ends(
    rows: list[tuple[int, int, str | None, float | None]], second: int, data: st.DataObject
) -> None:
    """The first pull misses some rows from `second` on; the next sees from there on."""
    every = table_of(rows)
    since = AT + timedelta(seconds=second)
    seen = [at < since or data.draw(st.booleans()) for at in every["CreatedDate"].to_pylist()]
    kept = {
        row["Id"]: row
        for row in opportunity_changes(every.filter(pa.array(seen, pa.bool_())), None).to_pylist()
    }
    kept |= {row["Id"]: row for row in opportunity_changes(every, since).to_pylist()}
    left = {key for key, row in kept.items() if row["WithdrawnAt"] is None}
    full = {row["Id"]: row for row in opportunity_changes(every, None).to_pylist()}
    assert {key: kept[key] for key in left} == full
