"""Salesforce exports that cannot be read: each refusal says what, where and what to do."""

from pathlib import Path

import pytest

from connectors.files import FilesSource
from model.errors import ConfigurationError, SourceError
from model.validation import validated
from tests.connectors.files import CREATED, LEAD, OTHER, leads, refusal, write, zipped


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (leads(f"{LEAD},New"), "Lead.csv, line 2: the row has 2 fields, the header 3"),
        (leads(f"{LEAD},a,{CREATED}", f"{OTHER},a,b,c"), "Lead.csv, line 3: the row has 4 fields"),
        (leads(f'{LEAD},"a\nb",{CREATED}', f"{OTHER},x"), "Lead.csv, line 4: the row has 2"),
        (leads(f'{LEAD},"New,{CREATED}'), "Lead.csv, row that begins on line 2: a quote"),
        (leads(f'{LEAD},"N"ew,{CREATED}'), "Lead.csv, row that begins on line 2: a quote"),
        (leads(f",New,{CREATED}"), "Lead.csv, line 2: the row has no Id"),
        (leads(f"000000000000000AAA,New,{CREATED}"), "Lead.csv, line 2: the row has no Id"),
        (
            leads(f"{LEAD},New,{CREATED}", f"{OTHER},New,tomorrow"),
            "Lead.csv, line 3, column CreatedDate: a value that looks like 'AAAAAAAA' is not a "
            "date and time",
        ),
        (
            leads(f"{LEAD},a,{CREATED}", f"{OTHER},b,02/23/26 08:55 PM"),
            "Lead.csv, line 3, column CreatedDate: dates are written in two ways, "
            "'9999-99-99A99:99:99.999A' and '99/99/99 99:99 AA'",
        ),
        (leads(f"{LEAD},a,13/13/26 08:00 AM"), "Lead.csv, line 2, column CreatedDate: some dates"),
        (
            leads(f"{LEAD},a,13/01/26 08:00 AM", f"{OTHER},a,01/13/26 08:00 AM"),
            "Lead.csv, line 3, column CreatedDate: some dates can only be month/day",
        ),
        (
            leads(f"{LEAD},a,02/30/26 08:00 AM"),
            "Lead.csv, line 2, column CreatedDate: a value that looks like '99/99/99 99:99 AA'",
        ),
        (leads(f"{LEAD},a,2026-13-01T00:00:00Z"), "Lead.csv, line 2, column CreatedDate"),
        (leads(columns="Id,Id,Status"), "Lead.csv: two columns are named Id"),
    ],
)
def test_broken_files(tmp_path: Path, body: str, said: str) -> None:
    write(tmp_path, {"Lead.csv": body})
    assert refusal(tmp_path).startswith(said)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        (("0", "nein"), "line 3, column IsWon: a value that looks like 'AAAA' is not true, false"),
        (("TRUE", "0"), "column IsWon: both true/false and 1/0 occur"),
    ],
)
def test_broken_flags(tmp_path: Path, values: tuple[str, str], said: str) -> None:
    rows = (f"00600000000000{n}AAA,{value}" for n, value in enumerate(values))
    write(tmp_path, {"Opportunity.csv": leads(*rows, columns="Id,IsWon")})
    assert said in refusal(tmp_path)


@pytest.mark.parametrize("value", ["12,5", "1.234,5", "$5", "NaN", "inf", "0x10", "1_0"])
def test_broken_numbers(tmp_path: Path, value: str) -> None:
    row = f'006000000000001AAA,"{value}"'
    write(tmp_path, {"Opportunity.csv": leads(row, columns="Id,Amount")})
    said = refusal(tmp_path)
    assert "Opportunity.csv, line 2, column Amount" in said
    assert "is not a number" in said
    assert value not in said


def test_a_day_with_a_time_is_not_a_day(tmp_path: Path) -> None:
    row = "006000000000001AAA,2026-01-02T03:04:05.000Z"
    write(tmp_path, {"Opportunity.csv": leads(row, columns="Id,CloseDate")})
    assert "is not a date" in refusal(tmp_path)


def test_paths_that_hold_nothing(tmp_path: Path) -> None:
    assert "no such file or folder" in refusal(tmp_path / "nowhere", SourceError)
    assert "holds no data files" in refusal(tmp_path, SourceError)
    write(tmp_path, {"Branch__c.csv": "Id\n1\n"})
    assert "named after a Salesforce object" in refusal(tmp_path, SourceError)
    write(tmp_path, {"Lead.csv": ""})
    assert refusal(tmp_path, SourceError).startswith("Lead.csv: is empty (zero bytes)")
    write(tmp_path, {"Lead.csv": "\ufeff\n\n"})
    assert refusal(tmp_path, SourceError).startswith("Lead.csv: has no header")
    write(tmp_path, {"Lead.csv": "Lead ID,Status\n1,New\n"})
    said = refusal(tmp_path, SourceError)
    assert said.startswith("Lead.csv: has no column Id; it has Lead ID, Status")
    assert "mapping" in said


def test_zips_that_cannot_be_read(tmp_path: Path) -> None:
    good = zipped({"Lead.csv": leads(*(f"{LEAD},{n},{CREATED}" for n in range(5000)))})
    write(tmp_path, {"a.zip": b"PK not really"})
    assert "a.zip: is not a zip that can be read" in refusal(tmp_path, SourceError)
    middle = len(good) // 2
    write(tmp_path, {"a.zip": good[:middle] + b"\0\0\0\0\0\0" + good[middle + 6 :]})
    assert "a.zip/Lead.csv: cannot be read" in refusal(tmp_path, SourceError)
    entry = good.index(b"PK\x01\x02") + 8
    locked = bytearray(good)
    locked[entry] |= 1  # the flag of an encrypted entry
    locked[6] |= 1
    write(tmp_path, {"a.zip": bytes(locked)})
    assert "protected by a password" in refusal(tmp_path, SourceError)


def test_errors_do_not_repeat_what_people_wrote(tmp_path: Path) -> None:
    row = f"{LEAD},New,Zaphod Beeblebrox +49 30 123456"
    write(tmp_path, {"Lead.csv": leads(row)})
    said = refusal(tmp_path)
    assert "Zaphod" not in said
    assert "123456" not in said


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("timezone", "Mars/Olympus", "is not a time zone"),
        ("encoding", "base64", "is not an encoding"),
        ("fields", {"leads.regoin": "Region__c"}, "Did you mean leads.region?"),
        ("fields", {"leads.region": "Email"}, "personal data"),
        ("record_url", "https://example.com/", "must contain {id}"),
        ("patth", "x", "Did you mean path?"),
        ("qualified_from", "Proposal", "do not go with a mapping"),
    ],
)
def test_settings_that_cannot_be(key: str, value: object, said: str) -> None:
    data = {"path": "x", "mapping": "m.yaml", key: value}
    with pytest.raises(ConfigurationError) as caught:
        validated(FilesSource, data, "detente.yaml")
    assert said in str(caught.value)
