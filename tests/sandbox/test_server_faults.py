"""Every fault that can be asked for happens, where and as often as asked, and the log has it."""

import csv
import io
import time
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from sandbox.process import Running
from tests.sandbox.conftest import trusting
from tests.sandbox.test_server_bulk import create, finished
from tests.sandbox.tiny import LATE, LEADS

ROOT = "/services/data/v64.0"
LEAD_IDS = {"q": "SELECT Id FROM Lead"}
THERE = LEADS - LATE


@pytest.fixture(autouse=True)
def no_faults(running: Running) -> Iterator[None]:
    """No fault stays behind, and every log begins empty."""
    running.clear_requests()
    yield
    running.set_faults([])


def query(http: requests.Session, running: Running, **params: str) -> requests.Response:
    return http.get(f"{running.url}{ROOT}/query", params=params or LEAD_IDS)


@pytest.mark.parametrize(
    ("kind", "status", "code"),
    [
        ("unauthorized", 401, "INVALID_SESSION_ID"),
        ("limit_exceeded", 403, "REQUEST_LIMIT_EXCEEDED"),
        ("too_many_requests", 429, "TOO_MANY_REQUESTS"),
        ("unavailable", 503, "SERVER_UNAVAILABLE"),
        ("query_timeout", 400, "QUERY_TIMEOUT"),
        ("invalid_field", 400, "INVALID_FIELD"),
    ],
)
def test_refusals_have_their_status_and_code(
    http: requests.Session, running: Running, kind: str, status: int, code: str
) -> None:
    running.set_faults([{"endpoint": "query", "kind": kind}])
    refused = query(http, running)
    assert (refused.status_code, refused.json()[0]["errorCode"]) == (status, code)
    assert query(http, running).status_code == 200


def test_a_fault_skips_strikes_and_stops(http: requests.Session, running: Running) -> None:
    fault = {"endpoint": "query", "object": "lead", "kind": "unavailable", "skip": 1, "times": 2}
    running.set_faults([fault])
    task = {"q": "SELECT Id, (SELECT Id FROM Lead) FROM Task WHERE Subject = 'x FROM Lead'"}
    asked: list[dict[str, str]] = [LEAD_IDS, task, LEAD_IDS, task, LEAD_IDS, LEAD_IDS]
    statuses = [query(http, running, **each).status_code for each in asked]
    assert [status == 503 for status in statuses] == [False, False, True, False, True, False]
    assert [entry["status"] for entry in running.requests()] == statuses


def test_for_ever_and_everywhere(http: requests.Session, running: Running) -> None:
    running.set_faults([{"endpoint": "any", "kind": "unavailable", "times": None}])
    for path in ("/limits", "/sobjects", "/sobjects/Lead/describe", "/query?q=x", "/jobs/query/7"):
        assert http.get(f"{running.url}{ROOT}{path}").status_code == 503
    assert http.post(f"{running.url}/services/oauth2/token").status_code == 503


@pytest.mark.parametrize(("kind", "status"), [("not_json", 200), ("unauthorized_not_json", 401)])
def test_html_in_place_of_json(
    http: requests.Session, running: Running, kind: str, status: int
) -> None:
    running.set_faults([{"endpoint": "describe", "object": "Lead", "kind": kind}])
    url = f"{running.url}{ROOT}/sobjects/Lead/describe"
    answer = http.get(url)
    assert (answer.status_code, answer.headers["Content-Type"][:9]) == (status, "text/html")
    with pytest.raises(requests.exceptions.JSONDecodeError):
        answer.json()
    assert http.get(url).json()["name"] == "Lead"


def test_a_refused_log_in_is_refused_as_log_ins_are(running: Running) -> None:
    running.set_faults([{"endpoint": "login", "kind": "unauthorized"}])
    app = {"client_id": running.client_id, "client_secret": running.client_secret}
    data = {"grant_type": "client_credentials", **app}
    session, url = trusting(running), f"{running.url}/services/oauth2/token"
    refused = session.post(url, data=data)
    assert (refused.status_code, refused.json()["error"]) == (400, "invalid_grant")
    assert session.post(url, data=data).status_code == 200
    assert [entry["endpoint"] for entry in running.requests()] == ["login", "login"]
    assert running.client_secret not in str(running.requests())


def test_slow(http: requests.Session, running: Running) -> None:
    running.set_faults([{"endpoint": "limits", "kind": "slow", "seconds": 0.4}])
    before = time.monotonic()
    assert http.get(f"{running.url}{ROOT}/limits").status_code == 200
    assert time.monotonic() - before > 0.35


@pytest.mark.parametrize("endpoint", ["query", "query_more", "bulk_results", "bulk_delete"])
def test_cut_breaks_the_connection_in_mid_body(
    http: requests.Session, running: Running, endpoint: str
) -> None:
    calls: dict[str, tuple[str, str]] = {"query": ("GET", f"{ROOT}/query?q=SELECT+Id+FROM+Lead")}
    if endpoint == "query_more":
        calls[endpoint] = ("GET", query(http, running).json()["nextRecordsUrl"])
    elif endpoint.startswith("bulk"):
        job = finished(http, running, LEAD_IDS["q"]).removeprefix(running.url)
        calls |= {"bulk_results": ("GET", f"{job}/results"), "bulk_delete": ("DELETE", job)}
    running.set_faults([{"endpoint": endpoint, "kind": "cut"}])
    method, path = calls[endpoint]
    cut = http.request(method, running.url + path, stream=True)
    assert cut.status_code == 200
    got: list[bytes] = []
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        got.extend(cut.iter_content(100))
    if endpoint != "bulk_delete":
        whole = http.request(method, running.url + path).content
        assert whole.startswith(got[0][:20])
        assert 0 < sum(map(len, got)) < len(whole)


def test_a_truncated_page_looks_right(http: requests.Session, running: Running) -> None:
    url = f"{finished(http, running, LEAD_IDS['q'])}/results"
    running.set_faults([{"endpoint": "bulk_results", "kind": "truncated_csv"}])
    short, whole = http.get(url), http.get(url)
    assert short.status_code == 200
    assert short.headers["Sforce-NumberOfRecords"] == whole.headers["Sforce-NumberOfRecords"]
    rows = list(csv.reader(io.StringIO(short.text)))
    assert 1 < len(rows) < THERE
    assert whole.text.startswith(short.text)


def test_a_wrong_count(http: requests.Session, running: Running) -> None:
    url = f"{finished(http, running, LEAD_IDS['q'])}/results"
    more = query(http, running).json()["nextRecordsUrl"]
    running.set_faults([{"endpoint": "any", "kind": "wrong_count", "times": 4}])
    assert int(http.get(url).headers["Sforce-NumberOfRecords"]) == THERE + 1
    assert query(http, running).json()["totalSize"] == THERE + 1
    assert http.get(f"{running.url}{more}").json()["totalSize"] == THERE + 1
    assert query(http, running, q="SELECT COUNT() FROM Lead").json()["totalSize"] == THERE + 1
    assert query(http, running).json()["totalSize"] == THERE


def test_an_expired_locator(http: requests.Session, running: Running) -> None:
    more = query(http, running).json()["nextRecordsUrl"]
    url = f"{finished(http, running, LEAD_IDS['q'])}/results"
    running.set_faults(
        [{"endpoint": where, "kind": "expired_locator"} for where in ("query_more", "bulk_results")]
    )
    for each in (running.url + more, url):
        refused = http.get(each)
        assert refused.status_code == 400
        assert refused.json()[0]["errorCode"] == "INVALID_QUERY_LOCATOR"
        assert http.get(each).status_code == 200


@pytest.mark.parametrize("endpoint", ["bulk_create", "bulk_status"])
def test_a_failed_job_stays_failed(http: requests.Session, running: Running, endpoint: str) -> None:
    running.set_faults([{"endpoint": endpoint, "kind": "job_failed", "object": "Lead"}])
    job = create(http, running, LEAD_IDS["q"]).json()["id"]
    url = f"{running.url}{ROOT}/jobs/query/{job}"
    for _ in range(2):
        status = http.get(url).json()
        assert status["state"] == "Failed"
        assert "InternalServerError" in status["errorMessage"]
    assert http.get(f"{url}/results").status_code == 400
    assert http.delete(url).status_code == 204


def test_a_job_that_runs_too_long_fails_with_that_message(
    http: requests.Session, running: Running
) -> None:
    running.set_faults([{"endpoint": "bulk_status", "kind": "query_timeout"}])
    job = create(http, running, LEAD_IDS["q"]).json()["id"]
    status = http.get(f"{running.url}{ROOT}/jobs/query/{job}").json()
    assert (status["state"], status["errorMessage"][:14]) == ("Failed", "QUERY_TIMEOUT:")


def test_the_log_names_what_was_asked(http: requests.Session, running: Running) -> None:
    more = query(http, running).json()["nextRecordsUrl"]
    http.get(running.url + more)
    http.get(f"{running.url}{ROOT}/query/?q=SELECT+COUNT()+FROM+Task")
    http.get(f"{running.url}{ROOT}/limits/recordCount?sObjects=Lead,Task")
    http.get(f"{running.url}{ROOT}/sobjects/Task/describe")
    http.delete(finished(http, running, "SELECT Id FROM Opportunity"))
    seen = [
        (entry["method"], entry["endpoint"], entry["object"], entry["query"])
        for entry in running.requests()
        if entry["endpoint"] != "bulk_status"
    ]
    assert seen == [
        ("GET", "query", "Lead", "SELECT Id FROM Lead"),
        ("GET", "query_more", "Lead", ""),
        ("GET", "count", "Task", "SELECT COUNT() FROM Task"),
        ("GET", "count", None, "sObjects=Lead,Task"),
        ("GET", "describe", "Task", ""),
        ("POST", "bulk_create", "Opportunity", "SELECT Id FROM Opportunity"),
        ("DELETE", "bulk_delete", "Opportunity", ""),
    ]
    keys = {"at", "method", "path", "query", "endpoint", "object", "status"}
    assert all(set(entry) == keys for entry in running.requests())
    running.clear_requests()
    assert running.requests() == []


@pytest.mark.parametrize(
    "said",
    [
        {},
        "x",
        [{}],
        [{"endpoint": "query"}],
        [{"endpoint": "nowhere", "kind": "cut"}],
        [{"endpoint": "query", "kind": "sabotage"}],
        [{"endpoint": "query", "kind": "cut", "when": 1}],
        [{"endpoint": "login", "kind": "truncated_csv"}],
    ],
)
def test_a_fault_that_cannot_happen_is_refused(running: Running, said: Any) -> None:
    session = trusting(running)
    session.headers["Authorization"] = f"Bearer {running.control_token}"
    assert session.put(f"{running.url}/sandbox/faults", json=said).status_code == 400


def test_the_controls_need_a_token(running: Running) -> None:
    session = trusting(running)
    for method, what in (("PUT", "faults"), ("GET", "requests"), ("PUT", "sessions")):
        refused = session.request(method, f"{running.url}/sandbox/{what}", json=[])
        assert refused.status_code == 401
