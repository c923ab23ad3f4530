"""What goes wrong between us and Salesforce: one clear line, bounded effort, no secret told."""

import json
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pyarrow as pa
import pytest

from connectors.salesforce import SalesforceConnector, SalesforceSource
from model.errors import (
    CredentialsError,
    DataError,
    LimitError,
    SourceError,
    UnreachableError,
)
from sandbox.process import Running
from tests.connectors.conftest import Connect
from tests.connectors.contract import pulled
from tests.connectors.faulty import Answer, Call, Proxy, as_it_is, first, proxy


@pytest.fixture(scope="module")
def network(serving: Running, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    with proxy(serving, tmp_path_factory.mktemp("proxy")) as running:
        yield running


@pytest.fixture
def faulty(network: Proxy, settings: Callable[..., SalesforceSource]) -> Iterator[Connect]:
    """Connectors through a network that can be spoilt."""
    network.calls.clear()
    network.spoil = as_it_is
    made: list[SalesforceConnector] = []

    def make(**changed: object) -> SalesforceConnector:
        usual = {"instance_url": network.url, "ca_file": network.ca_file}
        made.append(SalesforceConnector("crm", settings(**{**usual, **changed})))
        return made[-1]

    yield make
    for connector in made:
        connector.close()


def one_line(error: SourceError, running: Running) -> str:
    """The message, after checking that it is a line without secrets."""
    line = str(error)
    assert "\n" not in line
    assert len(line) < 400
    for secret in (running.access_token, running.password, running.client_secret):
        assert secret not in line
    assert error.where
    assert error.__cause__ is None
    return line


def test_a_wrong_token(connect: Connect, serving: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WRONG", "00D!wrong-token")
    with pytest.raises(CredentialsError, match="session is invalid or has expired") as error:
        connect(token_env="WRONG").offer()
    assert "wrong-token" not in one_line(error.value, serving)


def test_a_secret_that_is_not_set(connect: Connect, serving: Running) -> None:
    with pytest.raises(CredentialsError, match="NOT_SET_ANYWHERE") as error:
        connect(token_env="NOT_SET_ANYWHERE").offer()
    one_line(error.value, serving)


def test_a_secret_from_a_file(connect: Connect, serving: Running, tmp_path: Path) -> None:
    (tmp_path / "sf_token").write_text(serving.access_token + "\n")
    assert connect(token_env="sf_token", secrets_dir=tmp_path).offer().tables


def test_a_port_where_nobody_listens(connect: Connect, serving: Running) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(UnreachableError, match="connection failed") as error:
        connect(instance_url=f"https://127.0.0.1:{port}").offer()
    assert f"127.0.0.1:{port}" in one_line(error.value, serving)


def test_a_log_in_that_nobody_listens_for(connect: Connect, serving: Running) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        nobody = f"127.0.0.1:{free.getsockname()[1]}"
    options = {"auth": "password", "username": serving.username, "login_url": f"https://{nobody}"}
    with pytest.raises(UnreachableError, match="connection failed during the log-in") as error:
        connect(**options).offer()
    assert nobody in one_line(error.value, serving)


def test_a_certificate_that_nobody_vouches_for(
    connect: Connect, serving: Running, network: Proxy
) -> None:
    with pytest.raises(UnreachableError, match="TLS certificate") as error:
        connect(ca_file=network.ca_file).offer()
    assert "ca_file" in one_line(error.value, serving)


def test_something_that_is_not_salesforce(faulty: Connect, network: Proxy) -> None:
    network.spoil = lambda call, answer: (200, {"Content-Type": "text/html"}, b"<html>Log in")
    with pytest.raises(DataError, match="cannot be read"):
        faulty().offer()


@pytest.mark.parametrize("kind", ["password", "client_credentials"])
def test_the_kinds_of_log_in(faulty: Connect, network: Proxy, serving: Running, kind: str) -> None:
    options = {"auth": kind, "login_url": network.url}
    options |= {"username": serving.username, "client_id": serving.client_id}
    connector = faulty(**options)
    assert connector.record_url("x") == f"{network.url}/x"
    _, rows = pulled(connector, "queues")
    assert rows.num_rows == 5


@pytest.mark.parametrize("kind", ["password", "client_credentials"])
def test_a_refused_log_in_is_tried_once(
    faulty: Connect,
    network: Proxy,
    serving: Running,
    monkeypatch: pytest.MonkeyPatch,
    kind: str,
) -> None:
    monkeypatch.setenv("WRONG", "hunter2")
    options = {"auth": kind, "login_url": network.url, "username": serving.username}
    options |= {"client_id": serving.client_id, "client_secret_env": "WRONG"}
    with pytest.raises(CredentialsError, match="refuses the log-in") as error:
        faulty(**options, password_env="WRONG").offer()
    assert "hunter2" not in one_line(error.value, serving)
    assert len(network.calls) == 1


def logged_in(faulty: Connect, running: Running, **more: object) -> SalesforceConnector:
    return faulty(auth="client_credentials", client_id=running.client_id, **more)


def test_an_expired_session_is_renewed_once(
    faulty: Connect, network: Proxy, serving: Running
) -> None:
    network.spoil = first(1, "queryAll", 401, "INVALID_SESSION_ID")
    _, rows = pulled(logged_in(faulty, serving), "leads")
    assert rows.num_rows
    assert network.count("oauth2/token") == 2


def test_a_session_that_stays_expired_does_not_loop(
    faulty: Connect, network: Proxy, serving: Running
) -> None:
    network.spoil = first(1000, "queryAll", 401, "INVALID_SESSION_ID")
    with pytest.raises(CredentialsError) as error:
        pulled(logged_in(faulty, serving), "leads")
    one_line(error.value, serving)
    assert network.count("oauth2/token") == 2
    assert network.count("queryAll") == 2


def test_an_expired_session_during_a_bulk_job_is_renewed(
    faulty: Connect, network: Proxy, serving: Running
) -> None:
    network.spoil = first(1, "results", 401, "INVALID_SESSION_ID")
    _, rows = pulled(logged_in(faulty, serving, bulk_threshold=0), "leads")
    assert rows.num_rows


@pytest.mark.parametrize("bulk_threshold", [0, 10_000])
def test_short_outages_are_waited_for(
    faulty: Connect, network: Proxy, full: dict[str, pa.Table], bulk_threshold: int
) -> None:
    connector = faulty(bulk_threshold=bulk_threshold)
    connector.offer()
    network.spoil = first(2, "", 503, "SERVER_UNAVAILABLE")
    _, rows = pulled(connector, "leads")
    assert rows.sort_by("lead_id").equals(full["leads"])


def test_a_long_outage_ends_in_a_line(faulty: Connect, network: Proxy, serving: Running) -> None:
    network.spoil = first(1000, "", 503, "SERVER_UNAVAILABLE")
    with pytest.raises(UnreachableError, match="SERVER_UNAVAILABLE") as error:
        faulty().offer()
    one_line(error.value, serving)
    assert len(network.calls) == 5


def test_a_spent_limit_is_no_outage(faulty: Connect, network: Proxy, serving: Running) -> None:
    network.spoil = first(1000, "queryAll", 403, "REQUEST_LIMIT_EXCEEDED")
    with pytest.raises(LimitError) as error:
        pulled(faulty(), "leads")
    one_line(error.value, serving)
    assert network.count("queryAll") == 1


def test_it_stops_before_the_budget_is_spent(
    faulty: Connect, network: Proxy, serving: Running
) -> None:
    def spoil(call: Call, answer: Answer) -> Answer:
        status, headers, body = answer
        return status, {**headers, "sforce-limit-info": "api-usage=801/1000"}, body

    network.spoil = spoil
    with pytest.raises(LimitError, match="801 of 1000 API calls") as error:
        faulty(api_budget=0.8).offer()
    one_line(error.value, serving)
    assert len(network.calls) == 1


def test_missing_permission_names_the_object(faulty: Connect, network: Proxy) -> None:
    connector = faulty()
    pulled(connector, "leads")
    network.spoil = first(1000, "queryAll", 403, "INSUFFICIENT_ACCESS")
    with pytest.raises(SourceError, match="may not read Lead"):
        pulled(connector, "leads")


def results_only(times: int, spoilt: Callable[[Answer], Answer | None]) -> object:
    left = {"calls": times}

    def spoil(call: Call, answer: Answer) -> Answer | None:
        if "results" not in call.path or not left["calls"]:
            return answer
        left["calls"] -= 1
        return spoilt(answer)

    return spoil


def cut(_: Answer) -> None:
    return None


def truncated(answer: Answer) -> Answer:
    lines = answer[2].splitlines(keepends=True)
    return answer[0], answer[1], b"".join(lines[: len(lines) // 2])


def garbled(answer: Answer) -> Answer:
    return answer[0], answer[1], b"<html>Bad gateway</html>"


@pytest.mark.parametrize("spoilt", [cut, truncated, garbled])
def test_a_broken_bulk_page_is_fetched_again(
    faulty: Connect,
    network: Proxy,
    full: dict[str, pa.Table],
    spoilt: Callable[[Answer], Answer | None],
) -> None:
    connector = faulty(bulk_threshold=0)
    pulled(connector, "leads")
    before = network.count("results")
    network.spoil = results_only(2, spoilt)  # type: ignore[assignment]
    _, rows = pulled(connector, "leads")
    assert rows.sort_by("lead_id").equals(full["leads"])
    assert network.count("results") == before + 3


@pytest.mark.parametrize("spoilt", [cut, truncated, garbled])
def test_a_bulk_page_that_stays_broken_is_an_error_and_the_job_goes(
    faulty: Connect,
    network: Proxy,
    serving: Running,
    spoilt: Callable[[Answer], Answer | None],
) -> None:
    connector = faulty(bulk_threshold=0)
    network.spoil = results_only(1000, spoilt)  # type: ignore[assignment]
    with pytest.raises((DataError, UnreachableError)) as error:
        pulled(connector, "leads")
    one_line(error.value, serving)
    assert network.calls[-1].method == "DELETE"


def test_a_pull_that_is_given_up_removes_its_job(faulty: Connect, network: Proxy) -> None:
    pull = faulty(bulk_threshold=0).pull("leads", None)
    next(pull.batches)
    pull.batches.close()  # type: ignore[attr-defined]
    assert network.calls[-1].method == "DELETE"


def test_an_object_that_bulk_does_not_know_comes_by_rest(
    faulty: Connect, network: Proxy, full: dict[str, pa.Table]
) -> None:
    connector = faulty(bulk_threshold=0)
    pulled(connector, "leads")
    before = network.count("jobs/query")
    network.spoil = first(1, "jobs/query", 400, "INVALIDENTITY")
    _, rows = pulled(connector, "leads")
    assert rows.sort_by("lead_id").equals(full["leads"])
    assert network.count("jobs/query") == before + 1


def test_missing_rows_of_a_rest_query_are_noticed(faulty: Connect, network: Proxy) -> None:
    def spoil(call: Call, answer: Answer) -> Answer:
        page = json.loads(answer[2]) if "queryAll" in call.path else {}
        if not page.get("records"):
            return answer
        page["records"].pop()
        return answer[0], answer[1], json.dumps(page).encode()

    network.spoil = spoil
    with pytest.raises(DataError, match="rows"):
        pulled(faulty(), "leads")


def hiding(object_: str, *fields: str) -> Callable[[Call, Answer], Answer]:
    """A description of `object_` without `fields`; without any, there is no such object."""

    def spoil(call: Call, answer: Answer) -> Answer:
        if not call.path.endswith(f"/{object_}/describe"):
            return answer
        if not fields:
            return 404, answer[1], b'[{"errorCode": "NOT_FOUND", "message": "no"}]'
        seen = json.loads(answer[2])
        seen["fields"] = [field for field in seen["fields"] if field["name"] not in fields]
        return answer[0], answer[1], json.dumps(seen).encode()

    return spoil


def test_a_hidden_field_is_not_asked_for_and_said(faulty: Connect, network: Proxy) -> None:
    network.spoil = hiding("Lead", "Rating", "Score__c")
    connector = faulty()
    available = connector.offer().availability
    assert available.lacks(["leads.rating"]) == [
        "Lead.Rating is not visible to the connection's user"
    ]
    assert not available.has("leads.score")
    assert available.has("leads.status")
    _, leads = pulled(connector, "leads")
    assert leads["rating"].null_count == leads.num_rows


def test_a_field_that_comes_to_sight_pulls_everything(
    faulty: Connect, network: Proxy, full: dict[str, pa.Table]
) -> None:
    network.spoil = hiding("Lead", "Rating")
    pull, _ = pulled(faulty(), "leads")
    network.spoil = as_it_is
    _, again = pulled(faulty(), "leads", pull.cursor())
    assert again.sort_by("lead_id").equals(full["leads"])


@pytest.mark.parametrize(
    ("hidden", "lost"),
    [
        ("Task", ["activities.occurred_at", "activities.due_on"]),
        ("Event", ["activities.occurred_at", "activities.is_internal", "attendees"]),
        ("LeadHistory", ["lead_changes"]),
        ("EventRelation", ["attendees", "activities.is_internal"]),
        ("OpportunityHistory", ["opportunity_changes", "opportunities.closed_at"]),
        ("UserRole", ["users.role"]),
    ],
)
def test_a_hidden_object_takes_along_what_would_be_wrong_without_it(
    faulty: Connect, network: Proxy, hidden: str, lost: list[str]
) -> None:
    network.spoil = hiding(hidden)
    available = faulty().offer().availability
    for need in lost:
        assert not available.has(need)
        assert hidden in available.lacks([need])[0]
    assert available.has("leads.status")


def test_a_user_who_sees_nothing(faulty: Connect, network: Proxy, serving: Running) -> None:
    network.spoil = first(1000, "describe", 404, "NOT_FOUND")
    with pytest.raises(CredentialsError, match="sees none of the objects") as error:
        faulty().offer()
    one_line(error.value, serving)


PERSONAL = {"FirstName", "LastName", "Email", "Phone", "MobilePhone", "Company", "Subject"}
PERSONAL |= {"Description", "Website", "Fax", "Street", "PostalCode", "Location", "Title"}


def test_no_query_asks_for_names_or_texts_of_leads_and_contacts(
    faulty: Connect, network: Proxy
) -> None:
    """REST and Bulk send the same text; some of both here."""
    connector = faulty(bulk_threshold=30)
    for table in connector.offer().tables:
        pulled(connector, table)
    queries = [q for call in network.calls if (q := query_of(call))]
    assert len(queries) > 40
    assert 0 < network.count("results") < len(queries)
    for text in queries:
        selected, _, rest = text.partition(" FROM ")
        fields = set(selected.removeprefix("SELECT ").split(", "))
        source = rest.split()[0]
        names = {"Name", "Title"} if source in ("User", "UserRole", "Profile", "Group") else set()
        assert not fields & ((PERSONAL | {"Name"}) - names), text


def query_of(call: Call) -> str | None:
    """The SOQL of a call, from its address or its body."""
    from urllib.parse import parse_qs, urlsplit

    if call.method == "POST" and call.path.endswith("jobs/query"):
        return str(json.loads(call.body)["query"])
    found = parse_qs(urlsplit(call.path).query).get("q")
    return found[0] if found else None


def test_addresses_stay_short(faulty: Connect, network: Proxy) -> None:
    pull, _ = pulled(faulty(), "activities")
    pulled(faulty(), "activities", pull.cursor())
    assert max(len(call.path) for call in network.calls) < 12_000


def test_calls_are_counted_with_their_retries(faulty: Connect, network: Proxy) -> None:
    network.spoil = first(2, "queryAll", 503, "SERVER_UNAVAILABLE")
    connector = faulty()
    pulled(connector, "leads")
    assert connector.api_calls == len(network.calls)
