"""Every way to open a session, and what a wrong secret is told."""

import pytest
import requests
from simple_salesforce.exceptions import SalesforceAuthenticationFailed
from simple_salesforce.login import SalesforceLogin

from sandbox.process import Running
from tests.sandbox.conftest import trusting
from tests.sandbox.tiny import ROBOT


def _token(running: Running, data: dict[str, str], **options: tuple[str, str]) -> requests.Response:
    url = f"{running.url}/services/oauth2/token"
    session = trusting(running)
    session.auth = options.get("auth")
    return session.post(url, data=data)


def _password(running: Running, secret: str) -> dict[str, str]:
    return {
        "grant_type": "password",
        "client_id": running.client_id,
        "client_secret": running.client_secret,
        "username": running.username,
        "password": secret,
    }


def _works(running: Running, token: str) -> bool:
    session = trusting(running)
    session.headers["Authorization"] = f"Bearer {token}"
    return session.get(f"{running.url}/services/data/v64.0/limits").status_code == 200


def test_password_with_security_token(running: Running) -> None:
    opened = _token(running, _password(running, running.password + running.security_token)).json()
    assert opened["instance_url"] == running.url
    assert opened["access_token"] != running.access_token
    assert _works(running, opened["access_token"])


@pytest.mark.parametrize("by_body", [True, False])
def test_client_credentials(running: Running, by_body: bool) -> None:
    client = {"client_id": running.client_id, "client_secret": running.client_secret}
    data = {"grant_type": "client_credentials", **(client if by_body else {})}
    options = {} if by_body else {"auth": (running.client_id, running.client_secret)}
    assert _works(running, _token(running, data, **options).json()["access_token"])


def test_a_refresh_token(running: Running) -> None:
    data = {**_password(running, ""), "grant_type": "refresh_token"}
    opened = _token(running, {**data, "refresh_token": running.refresh_token}).json()
    assert _works(running, opened["access_token"])
    foreign = running.users["writer"].refresh_token
    refused = _token(running, {**data, "refresh_token": foreign})
    assert (refused.status_code, refused.json()["error"]) == (400, "invalid_grant")


def test_wrong_secrets(running: Running) -> None:
    cases = [
        (_password(running, running.password), "invalid_grant"),
        ({**_password(running, ""), "client_secret": "wrong"}, "invalid_client"),
        ({**_password(running, ""), "client_id": "wrong"}, "invalid_client_id"),
        ({"grant_type": "magic"}, "unsupported_grant_type"),
    ]
    for data, error in cases:
        refused = _token(running, data)
        assert (refused.status_code, refused.json()["error"]) == (400, error)


def test_soap(running: Running) -> None:
    session, instance = SalesforceLogin(
        username=running.username,
        password=running.password,
        security_token=running.security_token,
        scratch_url=running.url,
        session=trusting(running),
        sf_version="64.0",
    )
    assert f"https://{instance}" == running.url
    assert _works(running, session)


def test_soap_with_a_wrong_password(running: Running) -> None:
    with pytest.raises(SalesforceAuthenticationFailed, match="INVALID_LOGIN"):
        SalesforceLogin(
            username=running.username,
            password="wrong",
            security_token=running.security_token,
            scratch_url=running.url,
            session=trusting(running),
            sf_version="64.0",
        )


def test_who_is_logged_in(http: requests.Session, running: Running) -> None:
    who = http.get(f"{running.url}/services/oauth2/userinfo").json()
    assert who["user_id"] == ROBOT
    assert who["organization_id"] == "00D000000000001EAA"
    assert trusting(running).get(f"{running.url}/services/oauth2/userinfo").status_code == 403
