"""docs/salesforce.md says what the code does."""

import re

from connectors.salesforce import SalesforceSource
from connectors.salesforce.objects import streams
from docs.pulled import BEGIN, END, PAGE, page, table
from model.tables import TABLES

TEXT = PAGE.read_text(encoding="utf-8")


def test_the_table_of_what_is_pulled_is_current() -> None:
    assert page(TEXT) == TEXT, "run python -m docs.pulled"


def test_the_table_names_every_object_and_no_clock() -> None:
    names = {stream.object for stream in streams()}
    names |= {lookup.object for stream in streams() for lookup in stream.lookups}
    names |= {stream.companion.object for stream in streams() if stream.companion}
    assert {line.split(" | ")[0].removeprefix("| ") for line in table().splitlines()[2:]} == names
    assert "SystemModstamp" not in TEXT.partition(BEGIN)[2].partition(END)[0].replace(
        "IsDeleted, SystemModstamp", ""
    )
    assert set(re.findall(r"`(\w+)`", table())) <= TABLES.keys()


def test_every_kind_of_log_in_and_key_of_the_examples_exists() -> None:
    keys = set(re.findall(r"^    (\w+): ", TEXT, re.MULTILINE)) - {"name", "kind"}
    assert keys <= SalesforceSource.model_fields.keys() | {"fields"}
    for kind in ("client_credentials", "jwt", "password", "session"):
        assert f"auth: {kind}" in TEXT


def test_it_says_that_no_live_organisation_was_tried() -> None:
    assert "not yet checked on a live organisation" in TEXT
    assert "`detente doctor --live`" in TEXT
