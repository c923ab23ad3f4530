"""Any files through a mapping: what it can say, and how it says that it cannot."""

from datetime import date, datetime
from pathlib import Path
from typing import Any

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.files import FilesConnector, FilesSource
from connectors.files.dialect import read_number
from model.errors import ConfigurationError, DataError, DetenteError
from tests.connectors.files import by_id, offered, pulled, write

LEADS = """Lead ID;Created;Phase;Record Type;Wert
L1;26.10.2025 02:30;neu;Lead;1.234,5
L2;30.03.2025 02:30;Working;Lead;
L3;01.04.2025 09:00;neu;Account;keine
"""
LOG = """CaseID,Activity,Timestamp,Resource
L1,Created,2025-10-26T03:00:00+01:00,Web
L2,Assigned,2025-03-30T09:00:00+02:00,Bob
L1,Call,2025-10-27T10:00:00+01:00,Ann
L1,Assigned,2025-10-27T09:00:00+01:00,Ann
L1,Assigned,2025-10-28T09:00:00+01:00,Cem
L1,Paint,2025-10-29T09:00:00+01:00,Cem
"""
EVENTS = "{case: CaseID, name: Activity, at: Timestamp, by: Resource, rows: [%s]}"


def mapped(folder: Path, mapping: str, **files: bytes | str) -> dict[str, Any]:
    named = {name.replace("_", ".", 1): content for name, content in files.items()}
    write(folder / "in", named)
    (folder / "m.yaml").write_text(mapping)
    tables = pulled(folder / "in", mapping=folder / "m.yaml")
    return {name: by_id(name, rows) for name, rows in tables.items()}


def notes(folder: Path) -> tuple[str, ...]:
    return offered(folder / "in", mapping=folder / "m.yaml").notes


def refusal(folder: Path, mapping: str, **files: bytes | str) -> DetenteError:
    with pytest.raises(DetenteError) as caught:
        mapped(folder, mapping, **files)
    return caught.value


def test_rows(tmp_path: Path) -> None:
    mapping = """
timezone: Europe/Berlin
decimal: ","
tables:
  leads:
    file: leads.csv
    columns:
      lead_id: Lead ID
      created_at: {column: Created, format: "%d.%m.%Y %H:%M"}
      status: {column: Phase, values: {neu: New}}
      score: Wert
      owner_kind: {constant: user}
    where: {Record Type: [Lead]}
"""
    leads = mapped(tmp_path, mapping, leads_csv=LEADS)["leads"]
    assert set(leads) == {"L1", "L2"}, "L3, whose value is no number, is not read at all"
    first = leads["L1"]
    assert first["created_at"] == datetime(2025, 10, 26, 0, 30)
    assert (first["status"], first["score"], first["owner_kind"]) == ("New", 1234.5, "user")
    assert leads["L2"]["created_at"] == datetime(2025, 3, 30, 1, 30)
    assert (leads["L2"]["status"], leads["L2"]["score"]) == ("Working", None)
    said = notes(tmp_path)
    assert "leads.csv: 1 time in an hour that the clocks skipped, read as an hour later" in said
    assert any("1 time in an hour that the clocks repeat" in note for note in said)
    assert any("gives no recorded_at for leads" in note for note in said)
    offer = offered(tmp_path / "in", mapping=tmp_path / "m.yaml")
    assert offer.availability.lacks(["leads.mql_at", "leads.status", "campaigns"]) == [
        "the mapping gives no leads.mql_at",
        "the mapping does not name campaigns",
    ]


def test_dates_tell_their_form_where_none_is_given(tmp_path: Path) -> None:
    mapping = "tables: {leads: {file: leads.csv, columns: {lead_id: Lead ID, created_at: Created}}}"
    leads = mapped(tmp_path, f"timezone: Asia/Tokyo\n{mapping}", leads_csv=LEADS)["leads"]
    assert leads["L3"]["created_at"] == datetime(2025, 4, 1, 0, 0)
    assert not any("read as UTC" in note for note in notes(tmp_path))
    mapped(tmp_path, mapping, leads_csv=LEADS)
    assert any("leads.csv Created: read as UTC" in note for note in notes(tmp_path))


def test_events_become_changes_activities_and_dates_of_cases(tmp_path: Path) -> None:
    mapping = f"""
tables:
  leads:
    - {{file: log.csv, events: {
        EVENTS % "{created_at: at, recorded_at: at}, {when: Assigned, take: last, owner_id: by}"
    }}}
    - {{file: crm.csv, columns: {{lead_id: id, status: status}}}}
  lead_changes:
    file: log.csv
    events: {EVENTS % "{when: Assigned, field: owner, new: by, new_kind: user, recorded_at: at}"}
  activities:
    file: log.csv
    events: {EVENTS % "{when: [Call, Visit], kind: call, is_completed: true}"}
"""
    tables = mapped(tmp_path, mapping, log_csv=LOG, crm_csv="id,status\nL1,New\nL9,Old\n")
    leads = tables["leads"]
    assert {key: row["status"] for key, row in leads.items()} == {
        "L1": "New",
        "L2": None,
        "L9": "Old",
    }
    assert leads["L1"]["created_at"] == datetime(2025, 10, 26, 2)
    assert leads["L1"]["owner_id"] == "Cem"
    assert leads["L2"]["created_at"] == datetime(2025, 3, 30, 7)
    assert leads["L9"]["created_at"] is None
    changes = list(tables["lead_changes"].values())
    assert [(c["lead_id"], c["field"], c["new"], c["changed_by"]) for c in changes] == [
        ("L2", "owner", "Bob", "Bob"),
        ("L1", "owner", "Ann", "Ann"),
        ("L1", "owner", "Cem", "Cem"),
    ]
    assert {c["new_kind"] for c in changes} == {"user"}
    assert [c["recorded_at"] for c in changes] == [c["changed_at"] for c in changes]
    (call,) = tables["activities"].values()
    assert (call["kind"], call["performed_by"], call["lead_id"]) == ("call", "Ann", "L1")
    assert call["occurred_at"] == datetime(2025, 10, 27, 9)
    assert "log.csv has no event Visit; it has Paint, Assigned, Created, Call" in notes(tmp_path)


def test_equal_events_stay_apart_and_their_ids_do_not_depend_on_the_order(tmp_path: Path) -> None:
    rule = "{when: Assigned, field: owner, new: by}"
    mapping = f"tables: {{lead_changes: {{file: log.csv, events: {EVENTS % rule}}}}}"
    header, *rows = LOG.splitlines()
    one = mapped(tmp_path, mapping, log_csv="\n".join([header, *rows, rows[1]]))["lead_changes"]
    other = mapped(tmp_path, mapping, log_csv="\n".join([header, rows[1], *rows[::-1]]))
    assert len(one) == 4
    assert other["lead_changes"] == one


def test_a_case_may_be_something_else(tmp_path: Path) -> None:
    rule = "{when: Call, kind: call, opportunity_id: case}"
    mapping = f"tables: {{activities: {{file: log.csv, events: {EVENTS % rule}}}}}"
    (call,) = mapped(tmp_path, mapping, log_csv=LOG)["activities"].values()
    assert (call["opportunity_id"], call["lead_id"]) == ("L1", None)


def test_files_complete_each_other_but_may_not_differ(tmp_path: Path) -> None:
    mapping = """
tables:
  leads:
    - {file: a.csv, columns: {lead_id: id, status: status}}
    - {file: b.csv, columns: {lead_id: id, status: status, score: score}}
"""
    a, b = "id,status\n1,New\n2,Old\n", "id,status,score\n1,New,5\n3,,7\n"
    leads = mapped(tmp_path, mapping, a_csv=a, b_csv=b)["leads"]
    assert {k: (v["status"], v["score"]) for k, v in leads.items()} == {
        "1": ("New", 5.0),
        "2": ("Old", None),
        "3": (None, 7.0),
    }
    error = refusal(tmp_path, mapping, a_csv=a, b_csv=b.replace("New", "Lost"))
    assert isinstance(error, DataError)
    assert "a.csv, b.csv: 1 record would have two values of leads.status" in str(error)


def test_a_prefix_keeps_ids_of_two_files_apart_and_columns_can_make_an_id(tmp_path: Path) -> None:
    mapping = """
tables:
  activities:
    - {file: calls.csv, columns: {activity_id: {column: n, prefix: call-}, kind: {constant: call}}}
    - {file: mails.csv, columns: {activity_id: n, kind: {constant: email}}}
  campaign_members:
    file: members.csv
    columns: {member_id: {columns: [campaign, lead]}, campaign_id: campaign, lead_id: lead}
"""
    files = {"calls_csv": "n\n1\n", "mails_csv": "n\n1\n"}
    tables = mapped(tmp_path, mapping, members_csv="campaign,lead\nC1,L1\nC1,L2\n", **files)
    assert {k: v["kind"] for k, v in tables["activities"].items()} == {
        "call-1": "call",
        "1": "email",
    }
    assert set(tables["campaign_members"]) == {"C1/L1", "C1/L2"}
    error = refusal(tmp_path, mapping, members_csv="campaign,lead\nC1,\n", **files)
    assert "members.csv, line 2: the row gives no member_id" in str(error)


def test_of_duplicates_in_a_file_the_last_is_kept(tmp_path: Path) -> None:
    mapping = "tables: {leads: {file: a.csv, columns: {lead_id: id, status: status}}}"
    leads = mapped(tmp_path, mapping, a_csv="id,status\n1,a\n2,b\n1,c\n")["leads"]
    assert {k: v["status"] for k, v in leads.items()} == {"1": "c", "2": "b"}
    note = "1 duplicated id in a.csv (leads); the last row of each was kept"
    assert note in notes(tmp_path)


def test_workbooks_and_parquet(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["id", "created", "day", "score", "won", "text"])
    sheet.append(["1", datetime(2026, 7, 1, 12), date(2026, 7, 2), 1.125, True, "01.07.2026 12:00"])
    sheet.append([2, None, None, 3, False, None])
    book.save(tmp_path / "in" / "deals.xlsx")
    pq.write_table(
        pa.table(
            {
                "id": [10],
                "made": pa.array([datetime(2026, 7, 1, 12)], pa.timestamp("ns")),
                "zoned": pa.array([datetime(2026, 7, 1, 12)], pa.timestamp("us", "Asia/Tokyo")),
                "spend": pa.array([0.1]),
                "start": pa.array([date(2026, 7, 3)]),
            }
        ),
        tmp_path / "in" / "campaigns.parquet",
    )
    mapping = """
timezone: Europe/Berlin
decimal: ","
tables:
  opportunities:
    file: deals.xlsx
    columns:
      opportunity_id: id
      created_at: {column: created, format: "%d.%m.%Y %H:%M"}
      recorded_at: {column: text, format: "%d.%m.%Y %H:%M"}
      close_on: day
      amount: score
      is_won: won
  campaigns:
    file: campaigns.parquet
    columns:
      campaign_id: id
      created_at: made
      recorded_at: zoned
      actual_cost: spend
      started_on: start
"""
    tables = mapped(tmp_path, mapping)
    deal = tables["opportunities"]["1"]
    assert deal["created_at"] == deal["recorded_at"] == datetime(2026, 7, 1, 10)
    assert (deal["close_on"], deal["amount"], deal["is_won"]) == (date(2026, 7, 2), 1.125, True)
    assert tables["opportunities"]["2"]["amount"] == 3.0
    campaign = tables["campaigns"]["10"]
    assert campaign["created_at"] == datetime(2026, 7, 1, 10)
    assert campaign["recorded_at"] == datetime(2026, 7, 1, 12)
    assert (campaign["actual_cost"], campaign["started_on"]) == (0.1, date(2026, 7, 3))


HEAD = "tables: {leads: {file: a.csv, columns: {lead_id: id"


EVENT = "tables: {%s: {file: a.csv, events: " + EVENTS + "}}"


@pytest.mark.parametrize(
    ("mapping", "said"),
    [
        ("tables: {laeds: {file: a.csv, columns: {x: y}}}", "table laeds. Did you mean leads?"),
        (f"{HEAD}, staus: s}}}}}}", "leads has no column staus. Did you mean status?"),
        ("tables: {leads: {file: a.csv, colums: {lead_id: id}}}", "Did you mean columns?"),
        ("tables: {leads: {file: a.csv, columns: {status: s}}}", "lead_id is not mapped"),
        (f"{HEAD}, status: {{colum: s}}}}}}}}", "Did you mean column?"),
        (f"{HEAD}, status: {{column: s, constant: x}}}}}}}}", "one of column, columns or constant"),
        (f"{HEAD}, status: {{column: s, format: '%d'}}}}}}}}", "leads.status is no date"),
        (f"{HEAD}, score: {{constant: many}}}}}}}}", "the constant 'many' is not a double"),
        (f"{HEAD}, status: {{column: s, values: {{yes: New}}}}}}}}}}", "quote this key"),
        (f"{HEAD}}}, events: {{}}}}}}", "this key is required"),
        ("tables: {leads: {file: b.csv, columns: {lead_id: id}}}", "b.csv is not among the files"),
        ("tables: {leads: {file: b.csv, columns: {lead_id: id}}}", "There are: a.csv"),
        (f"{HEAD}, status: Statsu}}}}}}", "no column 'Statsu'. It has: Status, s, id"),
        ("timezone: Berlin\n" + HEAD + "}}}", "'Berlin' is not a time zone"),
        (EVENT % ("users", "{title: x}"), "events cannot become users"),
        (EVENT % ("leads", "{created_at: by}"), "by of an event does not fit leads.created_at"),
        (EVENT % ("leads", "{whn: x}"), "leads has no column whn"),
        ("tables: [", "m.yaml, line 1"),
        ("tables: {leads: {file: a.csv, file: b.csv}}", "stands here a second time"),
    ],
)
def test_mappings_that_cannot_be(tmp_path: Path, mapping: str, said: str) -> None:
    error = refusal(tmp_path, mapping, a_csv="id,s,Status\n1,2,3\n")
    assert isinstance(error, ConfigurationError)
    assert said in str(error)


def test_an_error_in_a_mapping_names_its_line(tmp_path: Path) -> None:
    mapping = "timezone: UTC\ntables:\n  leads:\n    file: a.csv\n    columns:\n      lead_id: id\n"
    error = refusal(tmp_path, f"{mapping}      staus: s\n", a_csv="id,s\n1,2\n")
    assert "m.yaml, line 7, column " in str(error)
    assert "key tables.leads.columns.staus" in str(error)
    error = refusal(tmp_path, f"{mapping}      status: {{colum: s}}\n", a_csv="id,s\n1,2\n")
    assert "m.yaml, line 7" in str(error)


@pytest.mark.parametrize(
    ("column", "value", "said"),
    [
        ("created_at: {column: v, format: '%d.%m.%Y'}", "1/2/2026", "and time written %d.%m.%Y"),
        ("created_at: v", "gestern", "'AAAAAAA' is not a date and time"),
        ("score: v", "hoch", "'AAAA' is not a number"),
        ("converted_at: v", "2026-02-30", "'9999-99-99' is not a date and time"),
    ],
)
def test_bad_values(tmp_path: Path, column: str, value: str, said: str) -> None:
    mapping = f"tables: {{leads: {{file: a.csv, columns: {{lead_id: id, {column}}}}}}}"
    error = refusal(tmp_path, mapping, a_csv=f"id,v\n1,\n2,{value}\n")
    assert isinstance(error, DataError)
    assert str(error).startswith("a.csv, line 3, column v: a value that looks like")
    assert said in str(error)


def test_a_bad_cell_of_a_workbook_is_named_by_row(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for row in (["id", "v"], ["1", 2], ["2", "x"]):
        sheet.append(row)
    book.save(tmp_path / "in" / "a.xlsx")
    mapping = "tables: {leads: {file: a.xlsx, columns: {lead_id: id, score: v}}}"
    assert str(refusal(tmp_path, mapping)).startswith("a.xlsx, row 3, column v")


def test_a_doubtful_order_must_be_said(tmp_path: Path) -> None:
    mapping = "tables: {leads: {file: a.csv, columns: {lead_id: id, created_at: v}}}"
    error = refusal(tmp_path, mapping, a_csv="id,v\n1,03/04/2026\n")
    assert isinstance(error, ConfigurationError)
    assert "Give the column a format" in str(error)


@pytest.mark.parametrize("row", [",Call,2026-01-01T00:00:00Z", "L1,Call,"])
def test_an_event_needs_a_case_and_a_time(tmp_path: Path, row: str) -> None:
    rule = "{when: Call, kind: call}"
    mapping = f"tables: {{activities: {{file: log.csv, events: {EVENTS % rule}}}}}"
    error = refusal(tmp_path, mapping, log_csv=f"CaseID,Activity,Timestamp,Resource\n{row},Ann\n")
    assert "log.csv, line 2: the event has no" in str(error)


def test_the_cursor_follows_the_mapping_too(tmp_path: Path) -> None:
    def cursor(mapping: str) -> str:
        mapped(tmp_path, mapping, a_csv="id,s,Created\n1,2,2026-01-01\n")
        source = FilesSource(path=tmp_path / "in", mapping=tmp_path / "m.yaml")
        with FilesConnector("files", source) as connector:
            return connector.pull("leads", None).cursor()

    base = f"{HEAD}, created_at: Created"
    assert cursor(f"{base}}}}}}}") == cursor(f"{base}}}}}}}")
    assert cursor(f"{base}}}}}}}") != cursor(f"{base}, status: s}}}}}}")


@settings(max_examples=200)
@given(st.decimals(-(10**9), 10**9, places=3))
def test_numbers_with_a_decimal_comma(value: Any) -> None:
    german = f"{value:,.3f}".translate(str.maketrans(",.", ".,"))
    assert read_number(german, ",") == float(value)
    assert read_number(str(value).replace(".", ","), ",") == float(value)
