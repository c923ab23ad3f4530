"""Logging in: a `simple_salesforce.Salesforce` over a session with time-outs and bounded retries.

simple-salesforce has neither, and logs in again without end on a persistent 401: it is always
given a session id here, so that only `Client` decides on a new log-in.
"""

import base64
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from simple_salesforce.api import Salesforce
from simple_salesforce.login import SalesforceLogin, token_login
from urllib3.util import Retry

from connectors.salesforce.settings import SalesforceSource

TIMEOUT = (10.0, 120.0)  # seconds to connect, and between two bytes


class _Adapter(HTTPAdapter):
    """Time-outs and the configured certificate authority for every request."""

    def __init__(self, ca_file: str | None, retries: Retry) -> None:
        self._ca_file = ca_file
        super().__init__(max_retries=retries)

    def send(self, request: requests.PreparedRequest, **kwargs: Any) -> requests.Response:  # type: ignore[override]
        kwargs["timeout"] = kwargs.get("timeout") or TIMEOUT
        # Environment variables would otherwise override the session's own authority.
        kwargs["verify"] = self._ca_file or kwargs.get("verify", True)
        return super().send(request, **kwargs)


def http_session(
    settings: SalesforceSource, on_response: Callable[[requests.Response], None]
) -> requests.Session:
    """A session that waits and retries within bounds; `on_response` sees every answer.

    All our POST requests (a log-in, a query job) may be repeated without harm.
    """
    retries = Retry(
        total=4,
        connect=2,
        backoff_factor=0.3,
        backoff_max=10,
        status_forcelist=(429, 502, 503, 504),
        allowed_methods=("GET", "POST"),
        raise_on_status=False,
        respect_retry_after_header=False,
    )
    session = requests.Session()
    session.mount("https://", _Adapter(str(settings.ca_file or "") or None, retries))
    session.auth = _as_it_is  # a .netrc entry would otherwise replace the access token
    session.hooks["response"].append(lambda response, **_: on_response(response))
    return session


def _as_it_is(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request


def log_in(settings: SalesforceSource, session: requests.Session) -> Salesforce:
    """A connection by the configured kind of log-in. Raises CredentialsError for a secret that is
    not set, SalesforceAuthenticationFailed and requests' errors for the rest.
    """
    if settings.auth == "session":
        token, host = settings.secret(settings.token_env), _host(settings.instance_url)
    elif settings.auth == "password":
        token, host = SalesforceLogin(
            username=settings.username,
            password=settings.secret(settings.password_env),
            security_token=settings.secret(settings.security_token_env),
            sf_version=settings.api_version,
            session=session,
            scratch_url=settings.login_url,
        )
    else:
        token, host = _client_credentials(settings, session)
    return Salesforce(
        session_id=token,
        instance_url=f"https://{host}",
        version=settings.api_version,
        session=session,
    )


def _host(url: str | None) -> str:
    return urlsplit(url or "").netloc


def _client_credentials(settings: SalesforceSource, session: requests.Session) -> tuple[str, str]:
    secret = settings.secret(settings.client_secret_env)
    basic = base64.b64encode(f"{settings.client_id}:{secret}".encode()).decode()
    token, host = token_login(
        f"{settings.instance_url}/services/oauth2/token",
        {"grant_type": "client_credentials"},
        _host(settings.instance_url),
        settings.client_id or "",
        {"Authorization": f"Basic {basic}"},
        None,
        session,
    )
    return str(token), str(host)
