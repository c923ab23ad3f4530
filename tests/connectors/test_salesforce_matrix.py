"""Every fault at every endpoint, by REST and by Bulk: no row lost, none doubled, effort bounded.

A fault that passes ends in success; one that stays ends in lines that name what is missing, and
the next sync, without the fault, completes it.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

import pyarrow as pa
import pytest

from connectors.salesforce import SalesforceSource
from model.errors import SourceError
from sandbox.process import Running
from store.lake import Lake
from tests.connectors.narrow import Narrow, held, synced

TABLES = ("leads", "lead_changes", "opportunities")
EVERYWHERE = ("cut", "not_json", "slow", "too_many_requests", "unavailable")
REFUSED = ("unauthorized", "unauthorized_not_json", "limit_exceeded")
REST = ("login", "describe", "count", "query", "query_more")
BULK = ("login", "describe", "count", "bulk_create", "bulk_status", "bulk_results", "bulk_delete")
ONLY = {
    "truncated_csv": ("bulk_results",),
    "expired_locator": ("query_more", "bulk_results"),
    "wrong_count": ("query", "query_more", "count", "bulk_results"),
    "query_timeout": ("query", "count", "bulk_create", "bulk_status", "query_more"),
    "invalid_field": ("query", "count", "bulk_create"),
    "job_failed": ("bulk_create", "bulk_status"),
}
KINDS = (*EVERYWHERE, *REFUSED, *ONLY)
QUICK = {  # the others run with FULL
    ("cut", "bulk_results", "passes"),
    ("unauthorized", "query_more", "passes"),
    ("unauthorized_not_json", "bulk_status", "passes"),
    ("truncated_csv", "bulk_results", "passes"),
    ("expired_locator", "query_more", "passes"),
    ("wrong_count", "query", "passes"),
    ("query_timeout", "bulk_status", "passes"),
    ("invalid_field", "query", "passes"),
    ("job_failed", "bulk_status", "passes"),
    ("limit_exceeded", "bulk_results", "stays"),
    ("expired_locator", "bulk_results", "stays"),
    ("not_json", "bulk_create", "stays"),
    ("unauthorized", "query", "stays"),
}


def cases() -> Iterator[object]:
    for way, endpoints in (("rest", REST), ("bulk", BULK)):
        for kind in KINDS:
            for endpoint in endpoints:
                if endpoint in ONLY.get(kind, endpoints):
                    for how in ("passes", "stays"):
                        quick = (kind, endpoint, how) in QUICK
                        marks = () if quick else (pytest.mark.full,)
                        yield pytest.param(way, kind, endpoint, how, marks=marks)


@pytest.fixture
def opened(
    server: Running,
    settings: Callable[..., SalesforceSource],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Callable[[str], Narrow]]:
    """Connectors by REST or Bulk that log in and wait little, all with the same work folder."""
    monkeypatch.setattr("connectors.salesforce.client.PAUSE_SECONDS", 0.001)
    monkeypatch.setattr("connectors.salesforce.login.BACKOFF_SECONDS", 0.001)
    monkeypatch.setattr("connectors.salesforce.bulk.POLL_SECONDS", (0.01, 0.05))

    def make(way: str) -> Narrow:
        made = settings(
            auth="client_credentials",
            client_id=server.client_id,
            bulk_threshold=0 if way == "bulk" else 100_000,
        )
        return Narrow(made, TABLES, tmp_path / "work")

    server.set_faults([])
    yield make
    server.set_faults([])


@pytest.fixture(scope="module")
def truth(
    serving: Running,
    settings: Callable[..., SalesforceSource],
    tmp_path_factory: pytest.TempPathFactory,
) -> dict[str, pa.Table]:
    lake = Lake(str(tmp_path_factory.mktemp("truth") / "lake"))
    gathered, _ = synced(lake, Narrow(settings(), TABLES))
    assert not gathered.failed
    return held(lake, TABLES)


def run(lake: Lake, source: Narrow) -> list[str]:
    """One sync; what it says is missing."""
    try:
        gathered, _ = synced(lake, source)
    except SourceError as error:
        return [error.line()]
    return gathered.missing("crm")


def same(lake: Lake, truth: dict[str, pa.Table]) -> None:
    for table, rows in held(lake, TABLES).items():
        assert rows.equals(truth[table]), table


def telling(server: Running, lines: list[str]) -> bool:
    secrets = (server.client_secret, server.access_token, server.password)
    text = "\n".join(lines)
    return any(secret in text for secret in secrets) or "Traceback" in text


@pytest.mark.parametrize(("way", "kind", "endpoint", "how"), cases())
def test_a_fault_costs_no_row(
    way: str,
    kind: str,
    endpoint: str,
    how: str,
    opened: Callable[[str], Narrow],
    server: Running,
    tmp_path: Path,
    truth: dict[str, pa.Table],
    capfd: pytest.CaptureFixture[str],
) -> None:
    lake = Lake(str(tmp_path / "lake"))
    server.clear_requests()
    skip = 1 if endpoint in ("query_more", "bulk_results") else 0
    fault = {"endpoint": endpoint, "kind": kind, "skip": skip, "seconds": 0.05}
    server.set_faults([{**fault, "times": 1 if how == "passes" else None}])
    missing = run(lake, opened(way))
    said = [r["endpoint"] for r in server.requests()]
    assert said.count("login") <= (10 if endpoint == "login" else 2)
    assert len(said) < 400
    assert not telling(server, [*missing, *capfd.readouterr()])
    if how == "passes" and kind != "limit_exceeded" and endpoint != "login":
        assert missing == []
    if missing == []:
        same(lake, truth)
    assert all("\n" not in line and len(line) < 400 for line in missing)
    server.set_faults([])
    assert run(lake, opened(way)) == []
    same(lake, truth)
    assert not list((tmp_path / "work").rglob("*.csv"))


@pytest.mark.parametrize("way", ["rest", "bulk"])
def test_a_session_that_expires_half_way_is_renewed(
    way: str,
    opened: Callable[[str], Narrow],
    server: Running,
    tmp_path: Path,
    truth: dict[str, pa.Table],
) -> None:
    lake, source = Lake(str(tmp_path / "lake")), opened(way)
    source.offer()
    server.clear_requests()
    fault = {"endpoint": "any", "kind": "unauthorized", "skip": 5, "times": 1}
    server.set_faults([fault])
    assert run(lake, source) == []
    same(lake, truth)
    assert [r["endpoint"] for r in server.requests()].count("login") <= 1


def test_one_table_that_fails_leaves_the_others_be(
    opened: Callable[[str], Narrow], server: Running, tmp_path: Path, truth: dict[str, pa.Table]
) -> None:
    server.set_faults(
        [{"endpoint": "query", "object": "Lead", "kind": "unavailable", "times": None}]
    )
    lake = Lake(str(tmp_path / "lake"))
    missing = run(lake, opened("rest"))
    assert len(missing) == 1
    assert missing[0].startswith("crm.leads: ")
    found = held(lake, TABLES)
    assert found["lead_changes"].equals(truth["lead_changes"])
    assert found["opportunities"].equals(truth["opportunities"])
    assert found["leads"].num_rows == 0


@pytest.mark.parametrize("way", ["rest", "bulk"])
@pytest.mark.parametrize("times", [1, 3, 9])
def test_a_query_that_takes_too_long_is_halved(
    way: str,
    times: int,
    opened: Callable[[str], Narrow],
    server: Running,
    tmp_path: Path,
    truth: dict[str, pa.Table],
) -> None:
    endpoint = "query" if way == "rest" else "bulk_status"
    fault = {"endpoint": endpoint, "object": "Lead", "kind": "query_timeout", "times": times}
    server.set_faults([fault])
    server.clear_requests()
    lake = Lake(str(tmp_path / "lake"))
    assert run(lake, opened(way)) == []
    same(lake, truth)
    asked = [r["query"] for r in server.requests() if r["object"] == "Lead" and r["query"]]
    assert len({text for text in asked if "COUNT()" not in text}) > times
