"""A grammar of SOQL that we did not write takes every query that the connector sends."""

import json
import subprocess
from pathlib import Path

import pytest

from connectors.salesforce import SalesforceConnector, SalesforceSource
from monitor import demo
from monitor.workspace import Workspace
from sandbox.process import Running
from tests.clients import installed


@pytest.mark.full
def test_every_query_of_a_sync_is_soql(
    served: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    queries = _queries(served, tmp_path, monkeypatch)
    assert any("COUNT()" in one for one in queries)
    assert any("SystemModstamp >=" in one for one in queries)
    said = subprocess.run(
        [str(installed.node()), str(Path(__file__).with_name("soql.mjs")),
         str(installed.soql_parser())],
        input=json.dumps(queries),
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    ).stdout  # fmt: skip
    verdicts = json.loads(said)
    assert len(verdicts) == len(queries)
    assert not [one["query"] for one in verdicts if not (one["valid"] and one["same"])]


def _queries(served: Running, folder: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What pulls send, by Bulk 2 and by REST: whole, from a cursor on, and for ids alone."""
    monkeypatch.setenv(demo.TOKEN_VARIABLE, served.access_token)
    workspace = Workspace.open(demo.configure(folder, served), folder)
    source = {k: v for k, v in workspace.settings.sources[0].items() if k not in ("name", "kind")}
    by_bulk, by_rest = (
        SalesforceSource.model_validate({**source, "bulk_threshold": threshold})
        for threshold in (0, 100_000)
    )
    served.clear_requests()
    cursors = _pulled(by_bulk, {})
    _pulled(by_bulk, cursors)
    _pulled(by_rest, cursors)
    return sorted({one["query"] for one in served.requests() if "SELECT" in (one["query"] or "")})


def _pulled(settings: SalesforceSource, cursors: dict[str, str]) -> dict[str, str]:
    """Pull every table from its cursor; the cursors after it."""
    after = {}
    with SalesforceConnector("crm", settings) as connector:
        for table in connector.offer().tables:
            pull = connector.pull(table, cursors.get(table))
            for _ in pull.batches:
                pass
            after[table] = pull.cursor()
            for _ in connector.present(table) or ():
                pass
    return after
