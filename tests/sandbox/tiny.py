"""A hand-written organisation: few enough records to count by heart, all the awkward ones there."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from sandbox.schema import OBJECTS, VISIBLE_FROM, VISIBLE_TO, Object

LEADS = 450  # the last of them deleted
LATE = 3  # leads that become visible an hour after the rest
START = datetime(2026, 1, 1)
NOW = datetime(2026, 3, 1, 12)
QUEUE = "00G000000000001EAA"
ANNA, BORIS, ROBOT = ("005000000000001AAA", "005000000000002AAA", "005000000000003AAA")
WANDA = "005000000000004AAA"


def write(folder: Path, item: Object, rows: Iterable[Mapping[str, object]]) -> None:
    """One object's file; booleans that a row leaves out are false, all else is null."""
    defaults = {f.name: False for f in item.fields if f.kind == "boolean"}
    full = [{VISIBLE_FROM: START, **defaults, **row} for row in rows]
    columns = {f.name: [row.get(f.name) for row in full] for f in item.arrow}
    pq.write_table(pa.table(columns, schema=item.arrow), folder / f"{item.name}.parquet")


def lead_id(number: int) -> str:
    """The id of a lead, by its number from 0."""
    return f"00Q{number:012d}EAA"


def lead(number: int) -> dict[str, object]:
    """One lead: some without an industry, every other of the queue, the last deleted."""
    created = START + timedelta(minutes=number // 3)  # three share every minute
    late = number >= LEADS - LATE
    return {
        "Id": lead_id(number),
        "LastName": f'Ünal, "{number}"\nJr' if number == 7 else f"Name {number}",
        "Name": f"Name {number}",
        "Company": "Acme",
        "Status": ("New", "Accepted", "working")[number % 3],
        "Industry": None if number % 3 == 0 else ("Retail", "BANKING")[number % 2],
        "OwnerId": QUEUE if number % 2 else ANNA,
        "IsDeleted": number == LEADS - 1,
        "ConvertedDate": date(2026, 2, 1) if number == 5 else None,
        "Score__c": number / 2,
        "Region__c": ("EMEA", "AMER", None)[number % 3],
        "CreatedDate": created,
        "SystemModstamp": created,
        "LastModifiedDate": created,
        VISIBLE_FROM: NOW + timedelta(hours=1) if late else created,
    }


def organisation(folder: Path) -> Path:
    """Write the organisation and give its folder back."""
    folder.mkdir(parents=True, exist_ok=True)
    rows: dict[str, list[dict[str, object]]] = {
        "Organization": [{"Id": "00D000000000001EAA", "Name": "Acme"}],
        "Profile": [
            {"Id": "00e000000000001AAA", "Name": "Standard User"},
            {"Id": "00e000000000002AAA", "Name": "Integration User"},
            {"Id": "00e000000000003AAA", "Name": "System Administrator"},
        ],
        "Group": [{"Id": QUEUE, "Name": "Sales Queue EMEA", "Type": "Queue"}],
        "User": [
            {
                "Id": ANNA,
                "Name": "Anna",
                "Username": "anna@acme.test",
                "IsActive": True,
                "ProfileId": "00e000000000001AAA",
                "ManagerId": BORIS,
                "Region__c": "EMEA",
            },
            {
                "Id": BORIS,
                "Name": "Boris",
                "Username": "boris@acme.test",
                "IsActive": True,
                "ProfileId": "00e000000000001AAA",
            },
            {
                "Id": ROBOT,
                "Name": "Robot",
                "Username": "robot@acme.test",
                "IsActive": True,
                "ProfileId": "00e000000000002AAA",
            },
            {
                "Id": WANDA,
                "Name": "Wanda",
                "Username": "wanda@acme.test",
                "IsActive": True,
                "ProfileId": "00e000000000003AAA",
            },
        ],
        "Lead": [lead(number) for number in range(LEADS)],
        "Task": [
            {
                "Id": "00T000000000001EAA",
                "Subject": "Call",
                "WhoId": lead_id(1),
                "IsArchived": True,
                "Status": "Completed",
                "ActivityDate": date(2024, 5, 6),
            },
            {
                "Id": "00T000000000002EAA",
                "Subject": "Call",
                "WhoId": lead_id(1),
                "Status": "Open",
                "ActivityDate": date(2026, 2, 6),
            },
        ],
        "LeadHistory": [
            {
                "Id": "017000000000001AAA",
                "LeadId": lead_id(1),
                "Field": "Status",
                "DataType": "Text",
                "OldValue": "New",
                "NewValue": "Accepted",
                "CreatedDate": START,
            },
        ],
        "Report": [{"Id": "00O000000000001AAA", "Name": "Leads"}],
        # One opportunity that moved on at noon of 1 February: two versions of one record.
        "Opportunity": [
            {
                "Id": "006000000000001AAA",
                "Name": "Big",
                "StageName": "Proposal",
                "Amount": 10.0,
                VISIBLE_TO: datetime(2026, 2, 1, 12),
            },
            {
                "Id": "006000000000001AAA",
                "Name": "Big",
                "StageName": "Negotiation",
                "Amount": 12.5,
                VISIBLE_FROM: datetime(2026, 2, 1, 12),
            },
        ],
    }
    for name, records in rows.items():
        write(folder, OBJECTS[name], records)
    return folder
