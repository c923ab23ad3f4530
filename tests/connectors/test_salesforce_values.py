"""Values of every transport come out the same; settings that cannot work are refused."""

from datetime import date, datetime

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from connectors.salesforce import SalesforceSource
from connectors.salesforce.shapes import Kind
from connectors.salesforce.values import from_records, parsed, typed
from model.errors import DataError

INSTANTS = st.datetimes(datetime(1900, 1, 1), datetime(2200, 1, 1)).map(
    lambda at: at.replace(microsecond=at.microsecond // 1000 * 1000)
)


def column(*values: str | None) -> pa.ChunkedArray:
    return pa.chunked_array([pa.array(values, pa.string())])


@given(INSTANTS)
def test_instants_of_rest_bulk_and_exports_are_the_same(at: datetime) -> None:
    text = f"{at.isoformat(timespec='milliseconds')}"
    forms = column(f"{text}+0000", f"{text}Z", text, f"{text}+00:00", text.replace("T", " "))
    assert parsed(forms, Kind.INSTANT).to_pylist() == [at] * 5


def test_other_zones_and_bare_days_are_instants_too() -> None:
    forms = column("2026-01-05T10:00:00.000+0200", "2026-01-05", "", None)
    expected = [datetime(2026, 1, 5, 8), datetime(2026, 1, 5), None, None]
    assert parsed(forms, Kind.INSTANT).to_pylist() == expected


@given(st.dates(date(1900, 1, 1), date(2200, 1, 1)))
def test_days_keep_their_date(day: date) -> None:
    forms = column(day.isoformat(), f"{day.isoformat()}T00:00:00.000+0000")
    assert parsed(forms, Kind.DAY).to_pylist() == [day, day]


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_numbers_survive_json_and_csv(number: float) -> None:
    by_rest = typed(from_records([{"N": number}], ["N"]), {"N": Kind.NUMBER}, "X")
    by_bulk = typed(pa.table({"N": [repr(number)]}), {"N": Kind.NUMBER}, "X")
    assert by_rest.equals(by_bulk)
    assert by_rest["N"][0].as_py() == number


def test_flags_and_ids() -> None:
    flags = parsed(column("true", "FALSE", "1", "0", "", None), Kind.FLAG)
    assert flags.to_pylist() == [True, False, True, False, None, None]
    ids = parsed(column("00Q000000000001AAA", "000000000000000AAA", ""), Kind.ID)
    assert ids.to_pylist() == ["00Q000000000001AAA", None, None]


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (Kind.NUMBER, "ten"),
        (Kind.FLAG, "maybe"),
        (Kind.DAY, "05/01/2026"),
        (Kind.INSTANT, "yesterday"),
    ],
)
def test_a_value_of_another_kind_names_the_field(kind: Kind, text: str) -> None:
    with pytest.raises(DataError, match=r"Lead\.Field: a value is not a") as error:
        typed(pa.table({"Field": [text]}), {"Field": kind}, "Lead")
    assert text not in str(error.value)


BASE = {"instance_url": "https://acme.my.salesforce.com/"}


def test_settings_have_sensible_defaults() -> None:
    settings = SalesforceSource.model_validate(BASE)
    assert settings.instance_url == "https://acme.my.salesforce.com"
    assert (settings.auth, settings.bulk_threshold) == ("session", 10_000)
    assert (settings.overlap_minutes, settings.lag_minutes) == (15, 2)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"instance_url": "http://acme.my.salesforce.com"}, "https://"),
        ({"instance_url": None}, "auth session needs instance_url"),
        ({"auth": "password"}, "auth password needs username"),
        ({"auth": "client_credentials"}, "client_id"),
        ({"token": "00D!secret"}, "Extra inputs"),
        ({"fields": {"leads.regoin": "Region__c"}}, "no column 'regoin' in leads"),
        ({"fields": {"lead.region": "Region__c"}}, "no table 'lead'"),
        ({"fields": {"leads.region": "Region c"}}, "not the API name"),
        ({"fields": {"leads.segment": "Email"}}, "personal data"),
        ({"ca_file": "/nowhere/ca.pem"}, "does not exist"),
        ({"api_version": "v62"}, "api_version"),
    ],
)
def test_settings_that_cannot_work_are_refused(changed: dict[str, object], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        SalesforceSource.model_validate({**BASE, **changed})
