"""Salesforce exports: folders, zips, duplicates, clocks."""

import os
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from connectors.files import FilesConnector, FilesSource
from model.errors import SourceError
from tests.connectors.files import (
    CREATED,
    LEAD,
    OTHER,
    by_id,
    leads,
    offered,
    pulled,
    refusal,
    whole,
    write,
    zipped,
)


def test_names_are_found_without_case_and_unknown_objects_are_named(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "lead.CSV": leads(f"{LEAD},New,{CREATED}", columns="id,STATUS,createddate"),
            "Invoice__c.csv": "Id\n1\n",
        },
    )
    assert by_id("leads", pulled(tmp_path)["leads"])[LEAD]["status"] == "New"
    assert "not read, as no indicator needs them: Invoice__c.csv" in offered(tmp_path).notes


def test_a_weekly_export_split_over_zips(tmp_path: Path) -> None:
    columns = "Id,OwnerId,IsDeleted,CreatedDate,SystemModstamp,ConvertedAccountId"
    owner = "005000000000001AAA"
    row = "{},{},0,2026-01-02 03:04:05,{},000000000000000AAA"
    first = row.format(LEAD, owner, "2026-02-01 00:00:00")
    again = row.format(LEAD, "00G000000000001AAA", "2026-01-15 00:00:00")
    second = row.format(OTHER, "000000000000000", "2026-01-03 00:00:00")
    write(
        tmp_path,
        {
            "WE_1.ZIP": zipped({"Lead.csv": leads(first, columns=columns)}),
            "WE_2.ZIP": zipped({"Lead.csv": leads(second, again, columns=columns)}),
        },
    )
    offer = offered(tmp_path)
    read = by_id("leads", pulled(tmp_path)["leads"])
    assert set(read) == {LEAD, OTHER}
    assert read[LEAD]["owner_id"] == owner
    assert read[LEAD]["owner_kind"] == "user"
    assert read[LEAD]["account_id"] is None
    assert read[OTHER]["owner_id"] is None
    assert read[LEAD]["created_at"] == datetime(2026, 1, 2, 3, 4, 5)
    assert offer.cutoff_at == datetime(2026, 2, 1)
    assert any(
        note
        == "1 duplicated id in WE_1.ZIP/Lead.csv, WE_2.ZIP/Lead.csv; the latest of each was kept"
        for note in offer.notes
    )


def test_a_zip_alone_with_entries_in_folders_that_lead_nowhere(tmp_path: Path) -> None:
    inside: dict[str, bytes | str] = {
        "../../Lead.csv": leads(f"{LEAD},New,{CREATED}"),
        "__MACOSX/._Lead.csv": b"\0",
    }
    write(tmp_path / "in", {"export.zip": zipped(inside)})
    assert pulled(tmp_path / "in" / "export.zip")["leads"].num_rows == 1
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["export.zip", "in"]


def test_parts_of_an_object_in_folders_of_a_zip_each_keep_their_own_dialect(tmp_path: Path) -> None:
    parts: dict[str, bytes | str] = {
        "1/Lead.csv": leads(f"{LEAD},New,01/31/26 08:00 AM"),
        "2/Lead.csv": leads(f"{OTHER},New,2026-01-31 08:00:00"),
    }
    write(tmp_path, {"export.zip": zipped(parts)})
    read = pulled(tmp_path)["leads"]["created_at"].to_pylist()
    assert read == [datetime(2026, 1, 31, 8)] * 2


def test_short_ids_become_long_ones_so_that_joins_hold(tmp_path: Path) -> None:
    write(tmp_path, {"Lead.csv": leads("00QEc00000BBaeX,New," + CREATED)})
    assert list(by_id("leads", pulled(tmp_path)["leads"])) == ["00QEc00000BBaeXMAT"]


@pytest.mark.parametrize("stamps", [("2026-01-05", "2026-01-04"), ("2026-01-04", "2026-01-05")])
def test_of_duplicates_the_latest_is_kept(tmp_path: Path, stamps: tuple[str, str]) -> None:
    rows = [f"{LEAD},{stamp},{stamp}T00:00:00Z" for stamp in stamps]
    write(tmp_path, {"Lead.csv": leads(*rows, columns="Id,Status,LastModifiedDate")})
    assert by_id("leads", pulled(tmp_path)["leads"])[LEAD]["status"] == "2026-01-05"


def test_of_duplicates_without_dates_the_last_is_kept(tmp_path: Path) -> None:
    rows = [f"{LEAD},a", f"{OTHER},x", f"{LEAD},b", f"{LEAD},c"]
    write(tmp_path, {"Lead.csv": leads(*rows, columns="Id,Status")})
    read = by_id("leads", pulled(tmp_path)["leads"])
    assert {key: row["status"] for key, row in read.items()} == {LEAD: "c", OTHER: "x"}
    note = "1 duplicated id in Lead.csv; the latest of each was kept"
    assert note in offered(tmp_path).notes


def test_a_header_alone_is_an_empty_table(tmp_path: Path) -> None:
    write(tmp_path, {"Lead.csv": leads()})
    assert pulled(tmp_path)["leads"].num_rows == 0


def test_tasks_alone_come_without_their_times(tmp_path: Path) -> None:
    task = "Id,WhoId,IsClosed,TaskSubtype,CreatedById,CreatedDate,CompletedDateTime"
    event = "Id,WhoId,OwnerId,CreatedById,StartDateTime,CreatedDate"
    row = f"00T000000000001AAA,{LEAD},true,Call,005000000000001AAA,{CREATED},{CREATED}"
    write(tmp_path, {"Task.csv": leads(row, columns=task)})
    offer = offered(tmp_path)
    assert offer.availability.lacks(["activities.occurred_at", "activities.is_internal"]) == [
        "Event.csv is not among the files"
    ]
    assert any("activities.occurred_at left out: Task.csv alone" in n for n in offer.notes)
    (alone,) = pulled(tmp_path)["activities"].to_pylist()
    assert (alone["lead_id"], alone["is_completed"], alone["occurred_at"]) == (LEAD, True, None)

    write(tmp_path, {"Event.csv": leads(columns=event)})
    activities = pulled(tmp_path)["activities"].to_pylist()
    assert [(a["kind"], a["lead_id"], a["is_completed"]) for a in activities] == [
        ("call", LEAD, True)
    ]


def test_exported_emails_complete_their_tasks_and_count_once(tmp_path: Path) -> None:
    at, sent = "2026-01-02T03:04:05.000Z", "2026-01-02T01:00:00.000Z"
    task, mail = "00T000000000001AAA", "02s00000000000"
    mails = (
        "Id,ActivityId,RelatedToId,Incoming,MessageDate,Status,CreatedById,CreatedDate,IsDeleted\n"
        f"{mail}1AAA,{task},,true,{sent},1,005000000000001AAA,{at},false\n"
        f"{mail}2AAA,,,false,{sent},3,005000000000001AAA,{at},false\n"
    )
    people = (
        "Id,EmailMessageId,RelationId,RelationType,IsDeleted\n"
        f"0QC000000000001AAA,{mail}2AAA,{LEAD},ToAddress,false\n"
    )
    files = {
        "Task.csv": "Id,WhoId,TaskSubtype,IsClosed,CompletedDateTime,CreatedDate\n"
        f"{task},{LEAD},Email,true,{at},{at}\n",
        "Event.csv": "Id,WhoId,IsChild,StartDateTime,CreatedDate\n",
        "EmailMessage.csv": mails,
        "EmailMessageRelation.csv": people,
    }
    write(tmp_path, files)
    rows = pulled(tmp_path)["activities"].to_pylist()
    assert [(r["activity_id"][:3], r["direction"], r["lead_id"]) for r in rows] == [
        ("00T", "inbound", LEAD),
        ("02s", "outbound", LEAD),
    ]
    assert {r["occurred_at"].hour for r in rows} == {1}


def test_what_is_absent_has_a_reason(tmp_path: Path) -> None:
    write(tmp_path, {"Lead.csv": leads(f"{LEAD},New", columns="Id,Status")})
    given = offered(tmp_path).availability
    assert given.lacks(["leads.created_at"]) == ["Lead.csv has no column CreatedDate"]
    assert given.lacks(["lead_changes"]) == ["LeadHistory.csv is not among the files"]
    assert given.has("leads.status")


def test_names_of_roles_come_from_their_own_files(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "User.csv": "Id,Name,UserRoleId,IsActive,LastModifiedDate\n"
            "005000000000001AAA,Ada,00E000000000001AAA,0,2026-01-02 03:04:05\n",
            "UserRole.csv": "Id,Name\n00E000000000001AAA,Sales Manager\n",
        },
    )
    (user,) = pulled(tmp_path)["users"].to_pylist()
    assert (user["role"], user["profile"]) == ("Sales Manager", None)
    assert user["deactivated_at"] == datetime(2026, 1, 2, 3, 4, 5)
    assert "users.profile" in offered(tmp_path).availability.reasons


def test_an_own_field_fills_a_canonical_column(tmp_path: Path) -> None:
    write(tmp_path, {"Lead.csv": leads(f"{LEAD},EMEA,7", columns="Id,Region__c,Score__c")})
    fields = {"leads.region": "Region__c", "leads.score": "Score__c"}
    row = by_id("leads", pulled(tmp_path, fields=fields)["leads"])[LEAD]
    assert (row["region"], row["score"]) == ("EMEA", 7.0)


# Up to when, and what the cursor says.


def test_the_cutoff_is_configured_or_the_latest_stamp_or_the_file_time(tmp_path: Path) -> None:
    file = write(tmp_path, {"Lead.csv": leads(f"{LEAD},New", columns="Id,Status")}) / "Lead.csv"
    at = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
    os.utime(file, (at.timestamp(), at.timestamp()))
    offer = offered(tmp_path)
    assert offer.cutoff_at == at.replace(tzinfo=None)
    assert any("time of the newest file, 2026-03-04 05:06:07 UTC" in n for n in offer.notes)
    assert pulled(tmp_path)["leads"]["recorded_at"].to_pylist() == [offer.cutoff_at]

    write(tmp_path, {"Lead.csv": leads(f"{LEAD},New,{CREATED}")})
    assert offered(tmp_path).cutoff_at == datetime(2026, 1, 2, 3, 4, 5)

    stated = offered(tmp_path, exported_at="2026-02-01T00:00:00+01:00")
    assert stated.cutoff_at == datetime(2026, 1, 31, 23)
    early = offered(tmp_path, exported_at="2026-01-01T00:00:00")
    assert any("changed after exported_at" in note for note in early.notes)


def test_the_cursor_follows_the_content_and_nothing_else(tmp_path: Path) -> None:
    def cursors(**settings: Any) -> dict[str, str]:
        with FilesConnector("files", FilesSource(path=tmp_path, **settings)) as connector:
            found = {}
            for table in connector.offer().tables:
                pull = connector.pull(table, None)
                assert pull.replaces
                assert sum(batch.num_rows for batch in pull.batches) == 1
                found[table] = pull.cursor()
            return found

    write(
        tmp_path,
        {"Lead.csv": leads(f"{LEAD},New,{CREATED}"), "Contact.csv": "Id\n003000000000001AAA\n"},
    )
    before = cursors(exported_at="2026-01-10")
    os.utime(tmp_path / "Lead.csv", (0, 0))
    assert cursors(exported_at="2026-01-10") == before
    write(tmp_path, {"Lead.csv": leads(f"{LEAD},Working,{CREATED}")})
    after = cursors(exported_at="2026-01-10")
    assert (after["leads"] != before["leads"], after["contacts"] == before["contacts"]) == (1, 1)
    moved = cursors(exported_at="2026-01-11")
    assert moved["leads"] == after["leads"]
    assert moved["contacts"] != after["contacts"], "contacts are recorded at the cutoff"


def test_working_copies_hold_no_personal_data_and_do_not_stay(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "work"))
    (tmp_path / "work").mkdir()
    content = leads(f"{LEAD},Zaphod,z@example.com,New", columns="Id,LastName,Email,Status")
    write(tmp_path / "in", {"Lead.csv": content})
    with FilesConnector("files", FilesSource(path=tmp_path / "in")) as connector:
        whole(connector, "leads")
        copies = [file for file in (tmp_path / "work").rglob("*") if file.is_file()]
        assert copies
        for copy in copies:
            assert b"Zaphod" not in copy.read_bytes()
            assert b"example.com" not in copy.read_bytes()
    assert not list((tmp_path / "work").iterdir())


# Clocks and orders.


def test_local_times_are_read_in_the_configured_zone(tmp_path: Path) -> None:
    rows = ["10/26/25 02:30 AM", "03/30/25 02:30 AM", "07/01/25 12:00 PM", "12/24/25 12:00 AM"]
    body = leads(*(f"00Q00000000000{n}AAA,x,{at}" for n, at in enumerate(rows)))
    write(tmp_path, {"Lead.csv": body})
    read = pulled(tmp_path, timezone="Europe/Berlin")["leads"]["created_at"].to_pylist()
    assert read == [
        datetime(2025, 10, 26, 0, 30),  # repeated: the first of the two
        datetime(2025, 3, 30, 1, 30),  # skipped: an hour later
        datetime(2025, 7, 1, 10),
        datetime(2025, 12, 23, 23),
    ]
    notes = offered(tmp_path, timezone="Europe/Berlin").notes
    assert "Lead.csv: 1 time in an hour that the clocks skipped, read as an hour later" in notes
    repeated = "Lead.csv: 1 time in an hour that the clocks repeat, read as the first of the two"
    assert repeated in notes
    assert any("read as Europe/Berlin" in note for note in notes)
    assert any("read as UTC; say timezone" in note for note in offered(tmp_path).notes)


def test_a_doubtful_order_is_left_out_until_somebody_says(tmp_path: Path) -> None:
    write(tmp_path, {"Lead.csv": leads(f"{LEAD},New,03/04/26 08:00 AM")})
    offer = offered(tmp_path)
    assert not offer.availability.has("leads.created_at")
    assert offer.availability.lacks(["leads.created_at"]) == [
        "the dates of Lead.csv CreatedDate can be month/day or day/month"
    ]
    assert any("no file tells which: Lead.csv CreatedDate" in note for note in offer.notes)
    for day_first, day in ((True, date(2026, 4, 3)), (False, date(2026, 3, 4))):
        read = pulled(tmp_path, day_first=day_first)["leads"]["created_at"].to_pylist()
        assert [at.date() for at in read] == [day]


def test_another_column_or_file_settles_the_order(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "Lead.csv": leads(f"{LEAD},New,03/04/2026 08:00 AM"),
            "Contact.csv": "Id,CreatedDate\n003000000000001AAA,31/01/2026 08:00 AM\n",
        },
    )
    assert pulled(tmp_path)["leads"]["created_at"].to_pylist() == [datetime(2026, 4, 3, 8)]
    assert any("taken from other columns" in note for note in offered(tmp_path).notes)


def test_files_that_prove_opposite_orders_settle_nothing_for_a_third(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "Lead.csv": leads(f"{LEAD},New,03/04/2026"),
            "Contact.csv": "Id,CreatedDate\n003000000000001AAA,31/01/2026\n",
            "Account.csv": "Id,CreatedDate\n001000000000001AAA,01/31/2026\n",
        },
    )
    assert not offered(tmp_path).availability.has("leads.created_at")
    tables = pulled(tmp_path)
    for name in ("contacts", "accounts"):
        assert tables[name]["created_at"].to_pylist() == [datetime(2026, 1, 31)]


def test_files_that_are_not_utf_8_are_read_and_said(tmp_path: Path) -> None:
    body = leads(f"{LEAD},Größe,{CREATED}").encode("cp1252")
    write(tmp_path, {"Lead.csv": body})
    assert pulled(tmp_path)["leads"]["status"].to_pylist() == ["Größe"]
    assert "Lead.csv is not UTF-8: read as cp1252" in offered(tmp_path).notes
    write(tmp_path, {"Lead.csv": leads(f"{LEAD},Привет,{CREATED}").encode("cp1251")})
    assert pulled(tmp_path, encoding="cp1251")["leads"]["status"].to_pylist() == ["Привет"]
    write(tmp_path, {"Lead.csv": leads(f"{LEAD},Größe,{CREATED}").encode("utf-16")})
    assert pulled(tmp_path)["leads"]["status"].to_pylist() == ["Größe"]
    write(tmp_path, {"Lead.csv": body.replace(b"\xf6", b"\x81")})
    assert "read as latin-1" in " ".join(offered(tmp_path).notes)
    write(tmp_path, {"Lead.csv": body})
    assert "is neither UTF-8 nor" in refusal(tmp_path, SourceError, encoding="ascii")


def test_record_url() -> None:
    at = "https://example.my.salesforce.com/{id}"
    assert FilesConnector("f", FilesSource(path=Path("x"))).record_url("1") is None
    linked = FilesConnector("f", FilesSource(path=Path("x"), record_url=at))
    assert linked.record_url("00Q1") == "https://example.my.salesforce.com/00Q1"


def test_a_table_that_is_not_on_offer_cannot_be_pulled(tmp_path: Path) -> None:
    write(tmp_path, {"Lead.csv": leads()})
    with (
        FilesConnector("files", FilesSource(path=tmp_path)) as connector,
        pytest.raises(SourceError, match=r"Campaign\.csv is not among the files"),
    ):
        connector.pull("campaigns", None)
