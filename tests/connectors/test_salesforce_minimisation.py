"""Every query that a whole sync sends, read at the server: no personal datum is ever asked for."""

import re
from collections.abc import Callable, Mapping
from typing import Any

import pytest
import requests

from connectors.salesforce import SalesforceConnector, SalesforceSource
from connectors.salesforce.personal import NAMES, TYPES
from connectors.salesforce.settings import SalesforceSource as Settings
from model.errors import ConfigurationError
from model.validation import validated
from sandbox.process import Running
from tests.connectors.conftest import Connect
from tests.connectors.contract import everything, pulled
from tests.connectors.org import CLOCK

OURS = {"User", "UserRole", "Profile", "Group", "RecordType"}
"""Objects whose `Name` is no customer's: employees, their roles, teams, kinds of record."""
ASKING = {"query", "count", "bulk_create"}
SELECT = re.compile(r"^SELECT (?P<fields>.+?) FROM (?P<object>\w+)", re.DOTALL)


def described(server: Running, name: str) -> dict[str, Mapping[str, Any]]:
    answer = requests.get(
        f"{server.url}/services/data/v62.0/sobjects/{name}/describe",
        headers={"Authorization": f"Bearer {server.access_token}"},
        verify=str(server.ca_file),
        timeout=30,
    )
    answer.raise_for_status()
    return {field["name"]: field for field in answer.json()["fields"]}


def personal(name: str, fields: Mapping[str, Mapping[str, Any]]) -> set[str]:
    """The fields of an object that describe or their name gives away."""
    by_type = {n for n, field in fields.items() if field["type"] in TYPES}
    by_name = {n for n in fields if n.removesuffix("__c").replace("_", "").casefold() in NAMES}
    names = {n for n, field in fields.items() if field.get("nameField")}
    return by_type | ((by_name | names) - ({"Name"} if name in OURS else set()) - {"Id"})


def selected(server: Running) -> dict[str, set[str]]:
    """The fields that were asked for, by object."""
    asked: dict[str, set[str]] = {}
    for call in server.requests():
        if call["endpoint"] in ASKING and not str(call["path"]).endswith("recordCount"):
            found = SELECT.match(str(call["query"]).strip())
            assert found, call["query"]
            fields = {field.strip() for field in found["fields"].split(",")}
            asked.setdefault(found["object"], set()).update(fields)
    return asked


def whole_sync(
    connector: SalesforceConnector, later: SalesforceConnector, move: Callable[[], None]
) -> None:
    """In full, then what changed, the ids, and all that `doctor` asks."""
    tables = connector.offer().tables
    cursors = {table: pulled(connector, table)[0].cursor() for table in tables}
    move()
    for table in tables:
        pulled(later, table, cursors[table])
        for _ids in later.present(table) or ():
            pass
    later.inspect()


@pytest.mark.parametrize(
    "threshold",
    [pytest.param(10_000, id="REST"), pytest.param(0, id="Bulk", marks=pytest.mark.full)],
)
def test_no_query_asks_for_personal_data(server: Running, connect: Connect, threshold: int) -> None:
    server.clear_requests()
    one, two = connect(bulk_threshold=threshold), connect(bulk_threshold=threshold)
    whole_sync(one, two, lambda: server.set_clock(CLOCK.replace(day=20)))
    asked = selected(server)
    assert {"Lead", "Contact", "Task", "Event", "EmailMessage", "Account"} <= asked.keys()
    for name, fields in asked.items():
        known = described(server, name)
        plain = fields - {"COUNT()"}
        assert plain <= known.keys(), name
        assert not plain & personal(name, known), name


def test_live_checks_ask_for_none_either(server: Running, connect: Connect) -> None:
    server.clear_requests()
    list(connect().live_checks())
    asked = selected(server)
    assert "Lead" in asked
    for name, fields in asked.items():
        assert not fields & personal(name, described(server, name)), name


def test_the_test_would_notice(server: Running) -> None:
    assert {"LastName", "Email", "Phone", "Company"} <= personal("Lead", described(server, "Lead"))
    assert {"LastName", "MobilePhone"} <= personal("Contact", described(server, "Contact"))
    mails = personal("EmailMessage", described(server, "EmailMessage"))
    assert {"Subject", "TextBody", "FromAddress", "ToAddress"} <= mails


@pytest.mark.parametrize("field", ["Email", "Phone", "LastName", "Company"])
def test_mapping_a_personal_field_is_refused(
    settings: Callable[..., SalesforceSource], field: str
) -> None:
    data = settings().model_dump() | {"fields": {"leads.segment": field}}
    with pytest.raises(ConfigurationError, match="personal data"):
        validated(Settings, data, "sources")


def test_no_canonical_value_is_a_name_or_an_address(connect: Connect) -> None:
    """Whatever reached the tables: nothing that looks like an address or a telephone."""
    tables = everything(connect())
    for name, rows in tables.items():
        if name == "users":
            continue
        for column in rows.column_names:
            if str(rows[column].type) == "string":
                values = [v for v in rows[column].unique().to_pylist() if v]
                assert not [v for v in values if "@" in v or re.match(r"^[+(][\d ()-]{8,}$", v)]
