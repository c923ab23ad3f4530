"""Every kind of log-in, what the environment may change of it, and that no secret is told."""

from pathlib import Path

import pytest

from connectors.salesforce.login import http_session
from model.errors import CredentialsError, SourceError, UnreachableError
from sandbox.process import Running
from tests.connectors.conftest import Connect
from tests.connectors.contract import pulled


@pytest.fixture
def key(serving: Running, monkeypatch: pytest.MonkeyPatch) -> str:
    pem = serving.private_key_file.read_text()
    monkeypatch.setenv("SALESFORCE_PRIVATE_KEY", pem)
    return pem


def by_jwt(connect: Connect, serving: Running, **more: object) -> object:
    usual = {"auth": "jwt", "login_url": serving.url, "client_id": serving.client_id}
    return connect(**{**usual, "username": serving.username, **more})


def test_a_signed_token_logs_in(connect: Connect, serving: Running, key: str) -> None:
    connector = connect(
        auth="jwt",
        instance_url=None,
        login_url=serving.url,
        client_id=serving.client_id,
        username=serving.username,
    )
    assert pulled(connector, "queues")[1].num_rows
    assert connector.record_url("x") == f"{serving.url}/x"


def test_the_key_may_be_a_file_or_have_its_lines_escaped(
    connect: Connect, serving: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pem = serving.private_key_file.read_text()
    (tmp_path / "KEY").write_text(pem)
    monkeypatch.setenv("ESCAPED", pem.replace("\n", "\\n"))
    for option in (
        {"private_key_env": "KEY", "secrets_dir": tmp_path},
        {"private_key_env": "ESCAPED"},
    ):
        assert by_jwt(connect, serving, **option).offer().tables  # type: ignore[attr-defined]


def test_a_key_that_is_none_is_refused_without_telling_it(
    connect: Connect, serving: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SALESFORCE_PRIVATE_KEY", "-----BEGIN NONSENSE-----\nhush\n")
    with pytest.raises(CredentialsError, match="SALESFORCE_PRIVATE_KEY cannot be read") as error:
        by_jwt(connect, serving).offer()  # type: ignore[attr-defined]
    assert "hush" not in str(error.value)
    assert error.value.__cause__ is None


def test_a_key_of_somebody_else_is_refused_by_salesforce(
    connect: Connect, serving: Running, key: str
) -> None:
    with pytest.raises(CredentialsError, match="refuses the log-in"):
        by_jwt(connect, serving, client_id="another").offer()  # type: ignore[attr-defined]


def test_a_netrc_entry_does_not_replace_the_token(
    connect: Connect, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login eve password hush\n")
    (tmp_path / ".netrc").chmod(0o600)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
    assert connect().offer().tables


def test_a_proxy_of_the_environment_is_used_and_its_password_not_told(
    connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://eve:hush@127.0.0.1:9")
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    with pytest.raises(UnreachableError) as error:
        connect().offer()
    assert "hush" not in str(error.value)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    assert connect().offer().tables


def test_the_authority_of_the_environment_does_not_replace_the_configured_one(
    connect: Connect, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "absent.pem"))
    assert connect().offer().tables


def test_a_token_is_in_no_text_of_a_connection(connect: Connect, serving: Running) -> None:
    connector = connect(auth="client_credentials", client_id=serving.client_id)
    connector.offer()
    client = connector._client
    access = client._access
    assert access is not None
    assert access.token not in repr(access) + repr(vars(client)) + repr(vars(connector))


def test_waiting_is_bounded_whatever_the_server_asks_for(connect: Connect) -> None:
    session = http_session(connect()._settings, lambda _: None)
    retries = session.get_adapter("https://x").max_retries  # type: ignore[attr-defined]

    class Answer:
        headers = {"Retry-After": "86400"}

    assert retries.get_retry_after(Answer()) == 30


def test_a_refused_log_in_is_not_repeated(connect: Connect, serving: Running) -> None:
    serving.clear_requests()
    connector = connect(auth="client_credentials", client_id="another")
    for _ in range(3):
        with pytest.raises(SourceError, match="refuses the log-in"):
            connector.offer()
    assert [r["endpoint"] for r in serving.requests()].count("login") == 1
