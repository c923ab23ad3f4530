"""Whatever is written in any dialect of an export is read back as it was."""

import tempfile
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from connectors.files.dialect import Profile, form_of, shape
from tests.connectors.files import (
    API,
    API_SPARSE,
    DATA_LOADER,
    DIALECTS,
    REPORT,
    WEEKLY,
    Dialect,
    by_id,
    pulled,
    record_id,
)

COLUMNS = (
    "Id",
    "AccountId",
    "StageName",
    "Amount",
    "CloseDate",
    "IsWon",
    "IsClosed",
    "LeadSource",
    "CreatedDate",
)
words = st.one_of(
    st.none(),
    st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1),
    st.sampled_from(['"', "a,b", 'say "hi"', "two\nlines", "\r\n", "Müller & Söhne", " x ", ";"]),
)
instants = st.datetimes(datetime(1971, 1, 1), datetime(2069, 12, 30))
records = st.lists(
    st.fixed_dictionaries(
        {
            "AccountId": st.none() | st.integers(0, 99).map(lambda n: record_id("001", n)),
            "StageName": words,
            "Amount": st.none() | st.floats(-1e12, 1e12),
            "CloseDate": st.none() | st.dates(date(1971, 1, 1), date(2069, 12, 31)),
            "IsWon": st.booleans(),
            "IsClosed": st.just(True),
            "LeadSource": words,
            "CreatedDate": instants,
        }
    ),
    max_size=20,
)


def expected(row: dict[str, Any], dialect: Dialect) -> dict[str, Any]:
    created = row["CreatedDate"]
    created -= (created - datetime(1970, 1, 1)) % dialect.step
    return {
        "opportunity_id": row["Id"],
        "account_id": row["AccountId"],
        "sales_stage": row["StageName"],
        "amount": row["Amount"],
        "close_on": row["CloseDate"],
        "is_won": row["IsWon"],
        "is_closed": row["IsClosed"],
        "source": row["LeadSource"],
        "created_at": created,
        "recorded_at": created,
    }


@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda d: d.name)
@settings(max_examples=60, deadline=None)
@given(rows=records)
def test_round_trip(dialect: Dialect, rows: list[dict[str, Any]]) -> None:
    rows = [{"Id": record_id("006", n), **row} for n, row in enumerate(rows)]
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "Opportunity.csv").write_bytes(dialect.csv(COLUMNS, rows))
        read = by_id(
            "opportunities",
            pulled(
                Path(folder),
                timezone=dialect.zone,
                day_first=False if dialect is REPORT else None,
            )["opportunities"],
        )
    assert len(read) == len(rows)
    for row in rows:
        wanted = expected(row, dialect)
        assert {key: read[row["Id"]][key] for key in wanted} == wanted


@given(st.dates(date(1970, 1, 1), date(2069, 12, 31)), st.booleans())
def test_both_orders_of_slashed_dates(day: date, day_first: bool) -> None:
    profile = Profile()
    text = day.strftime("%d/%m/%Y" if day_first else "%m/%d/%Y")
    assert profile.see(text, 2)
    if day.day > 12:
        assert profile.day_first is day_first
        assert not profile.is_open
    else:
        assert profile.day_first is None
        assert profile.is_open == (day.day != day.month)


@given(st.text())
@example("2024-01-22T20:36:47.000+0000")
def test_a_shape_says_nothing_of_what_was_written(text: str) -> None:
    assert not any(c.isalnum() and c not in "A9" for c in shape(text))
    assert len(shape(text)) <= 31


@pytest.mark.parametrize(
    ("text", "mark"),
    [
        ("2026-01-02", "iso"),
        ("2026-01-02 03:04:05", "iso"),
        ("2026-01-02T03:04:05.000+0000", "iso"),
        ("2026-01-02T03:04:05Z", "iso"),
        ("02/23/26 08:55 PM", "/"),
        ("2/3/2026, 8:55 p.m.", "/"),
        ("23.02.2026 20:55", "."),
        ("2026-01-02T03:04:05 CET", None),
        ("20260102", None),
        ("yesterday", None),
    ],
)
def test_forms(text: str, mark: str | None) -> None:
    form = form_of(text)
    assert (form and form.mark) == mark


def test_the_dialects_write_what_they_are_known_for() -> None:
    row = {
        "Id": "1",
        "AccountId": None,
        "CreatedDate": datetime(2026, 1, 2, 3, 4, 5),
        "IsWon": False,
    }
    columns = ("Id", "AccountId", "CreatedDate", "IsWon")
    lines = {d.name: d.csv(columns, [row]).decode().splitlines()[1] for d in DIALECTS}
    assert lines == {
        API.name: "1,,2026-01-02T03:04:05.000+0000,false",
        API_SPARSE.name: "1,,2026-01-02T03:04:05.000Z,",
        WEEKLY.name: "1,000000000000000AAA,2026-01-02 03:04:05,0",
        DATA_LOADER.name: '"1","","2026-01-02T03:04:05.000Z","FALSE"',
        REPORT.name: "1,,01/02/26 08:34 AM,FALSE",
    }
