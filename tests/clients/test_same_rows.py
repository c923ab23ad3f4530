"""Clients that we did not write read the same rows from the same organisation, field for field."""

import csv
import io
import json
import os
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import requests
from simple_salesforce.api import Salesforce

from sandbox.process import Running
from tests.clients import installed
from tests.clients.ours import BY_BULK, BY_REST, OBJECTS, Ours, Rows, theirs
from tests.clients.tap import tapped

Taken = dict[str, list[dict[str, Any]]]


@pytest.fixture(scope="module")
def ours(served: Running, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ours]:
    with pytest.MonkeyPatch.context() as patch:
        yield Ours(served, tmp_path_factory.mktemp("ours"), patch)


@pytest.fixture(scope="module")
def by_rest(ours: Ours) -> dict[str, Rows]:
    return {name: ours.rows(name, BY_REST) for name in OBJECTS}


def test_what_is_compared_is_awkward(by_rest: dict[str, Rows]) -> None:
    """Deleted rows, merged leads, archived tasks, and more rows than a page."""
    deleted = {name for name in OBJECTS for row in by_rest[name].values() if row.get("IsDeleted")}
    assert {"Lead", "Task"} <= deleted
    assert any(row["MasterRecordId"] for row in by_rest["Lead"].values())
    assert all(len(by_rest[name]) > 60 for name in OBJECTS)


@pytest.mark.parametrize("name", OBJECTS)
def test_bulk_and_rest_read_the_same(ours: Ours, by_rest: dict[str, Rows], name: str) -> None:
    assert ours.rows(name, BY_BULK) == by_rest[name]


@pytest.fixture(scope="module")
def tap(served: Running, tmp_path_factory: pytest.TempPathFactory) -> Taken:
    found: Taken = {name: [] for name in OBJECTS}
    folder = tmp_path_factory.mktemp("tap")
    messages = tapped(installed.tap_salesforce(), served, folder, OBJECTS)
    for message in messages:
        if message["type"] == "RECORD":
            found[message["stream"]].append(message["record"])
    return found


@pytest.mark.parametrize("name", OBJECTS)
def test_tap_salesforce(tap: Taken, ours: Ours, by_rest: dict[str, Rows], name: str) -> None:
    assert theirs(tap[name], ours.kinds(name)) == by_rest[name]


@pytest.mark.full
@pytest.mark.parametrize("name", OBJECTS)
def test_simple_salesforce(
    served: Running, ours: Ours, by_rest: dict[str, Rows], name: str
) -> None:
    session = requests.Session()
    session.trust_env = False  # another authority there would come before ours
    session.verify = str(served.ca_file)
    client = Salesforce(
        session_id=served.access_token, instance_url=served.url, session=session, version="62.0"
    )
    soql = f"SELECT {', '.join(ours.kinds(name))} FROM {name}"
    found = list(client.query_all_iter(soql, include_deleted=True))
    assert theirs(found, ours.kinds(name)) == by_rest[name]
    pages = getattr(client.bulk2, name).query_all(soql)
    records = [row for page in pages for row in csv.DictReader(io.StringIO(page, newline=""))]
    assert theirs(records, ours.kinds(name)) == by_rest[name]


class Sf:
    """The `sf` command, logged in."""

    def __init__(self, command: Sequence[str], server: Running, home: Path) -> None:
        self.command, self.home = command, home
        self._token = server.access_token
        url = server.plain_url
        assert url is not None
        self.run("org", "login", "access-token", "--instance-url", url, "--no-prompt",
                 "--alias", "local")  # fmt: skip

    def run(self, *arguments: str) -> dict[str, Any]:
        """The `result` of a command's JSON form."""
        environment = {
            **os.environ,
            "HOME": str(self.home),
            "SF_ACCESS_TOKEN": self._token,
            "SF_DISABLE_TELEMETRY": "true",
            "SF_AUTOUPDATE_DISABLE": "true",
            "SF_USE_GENERIC_UNIX_KEYCHAIN": "true",
        }
        done = subprocess.run(
            [*self.command, *arguments, "--json"],
            env=environment,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
        result: dict[str, Any] = json.loads(done.stdout)["result"]
        return result


@pytest.fixture(scope="module")
def sf(served: Running, tmp_path_factory: pytest.TempPathFactory) -> Sf:
    return Sf(installed.salesforce_cli(), served, tmp_path_factory.mktemp("sf"))


@pytest.mark.full
@pytest.mark.parametrize("name", OBJECTS)
def test_sf_exports_the_same(
    sf: Sf, ours: Ours, by_rest: dict[str, Rows], name: str, tmp_path: Path
) -> None:
    soql = f"SELECT {', '.join(ours.kinds(name))} FROM {name}"
    file = tmp_path / "out.csv"
    sf.run("data", "export", "bulk", "-o", "local", "-q", soql, "--all-rows", "-r", "csv",
           "--output-file", str(file), "-w", "5")  # fmt: skip
    with file.open(newline="", encoding="utf-8") as lines:
        assert theirs(list(csv.DictReader(lines)), ours.kinds(name)) == by_rest[name]


@pytest.mark.full
def test_sf_queries_the_same(sf: Sf, ours: Ours, by_rest: dict[str, Rows]) -> None:
    kinds = ours.kinds("Lead")
    soql = f"SELECT {', '.join(kinds)} FROM Lead"
    said = sf.run("data", "query", "-o", "local", "-q", soql, "--all-rows")
    assert theirs(said["records"], kinds) == by_rest["Lead"]
    assert said["totalSize"] == len(by_rest["Lead"])
    limits = sf.run("org", "list", "limits", "-o", "local")
    assert {"DailyApiRequests"} <= {one["name"] for one in limits}  # type: ignore[index]
