"""Logging in over a session with time-outs and bounded retries.

simple-salesforce has neither, and logs in again without end on a persistent 401: nothing but a
token and a host is taken from here, and only `Client` decides on a new log-in.

The environment is used for one thing alone: the proxy to go through (HTTPS_PROXY, NO_PROXY). A
.netrc entry would replace the access token, and REQUESTS_CA_BUNDLE the configured `ca_file`.
"""

import base64
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import jwt
import requests
from requests.adapters import HTTPAdapter
from requests.utils import get_environ_proxies
from simple_salesforce.exceptions import SalesforceAuthenticationFailed
from simple_salesforce.login import SalesforceLogin
from simple_salesforce.util import exception_handler
from urllib3.response import BaseHTTPResponse
from urllib3.util import Retry

from connectors.salesforce.settings import SalesforceSource
from model.errors import CredentialsError

TIMEOUT = (10.0, 120.0)  # seconds to connect, and between two bytes
LONGEST_WAIT_SECONDS = 30.0
BACKOFF_SECONDS = 0.3  # before the first repetition; then twice as long each time
JWT_SECONDS = 180


@dataclass(frozen=True)
class Access:
    """A session: the organisation's host and the token, which no text shows."""

    host: str
    token: str = field(repr=False)

    @property
    def headers(self) -> dict[str, str]:
        """What a request needs."""
        return {"Authorization": f"Bearer {self.token}"}


class _Retry(Retry):
    """Waits as long as the server asks for, within reason."""

    def get_retry_after(self, response: BaseHTTPResponse) -> float | None:
        asked = super().get_retry_after(response)
        return None if asked is None else min(asked, LONGEST_WAIT_SECONDS)


class _Adapter(HTTPAdapter):
    """Time-outs, the proxy of the environment and the configured certificate authority."""

    def __init__(self, ca_file: str | None, retries: Retry) -> None:
        self._ca_file = ca_file
        super().__init__(max_retries=retries)

    def send(self, request: requests.PreparedRequest, **kwargs: Any) -> requests.Response:  # type: ignore[override]
        kwargs["timeout"] = kwargs.get("timeout") or TIMEOUT
        kwargs["verify"] = self._ca_file or kwargs.get("verify", True)
        kwargs["proxies"] = get_environ_proxies(request.url or "")
        return super().send(request, **kwargs)


def http_session(
    settings: SalesforceSource, on_response: Callable[[requests.Response], None]
) -> requests.Session:
    """A session that waits and retries within bounds; `on_response` sees every answer.

    All our POST requests (a log-in, a query job) may be repeated without harm.
    """
    retries = _Retry(
        total=4,
        connect=2,
        backoff_factor=BACKOFF_SECONDS,
        backoff_max=10,
        status_forcelist=(429, 502, 503, 504),
        allowed_methods=("GET", "POST", "DELETE"),
        raise_on_status=False,
    )
    session = requests.Session()
    session.trust_env = False
    session.mount("https://", _Adapter(str(settings.ca_file or "") or None, retries))
    session.hooks["response"].append(lambda response, **_: on_response(response))
    return session


def log_in(settings: SalesforceSource, session: requests.Session) -> Access:
    """A new session by the configured kind of log-in. Raises CredentialsError for a secret that
    is not set or not usable, SalesforceAuthenticationFailed and requests' errors for the rest.
    """
    if settings.auth == "session":
        return Access(_host(settings.instance_url), settings.secret(settings.token_env))
    if settings.auth == "password":
        token, host = SalesforceLogin(
            username=settings.username,
            password=settings.secret(settings.password_env),
            security_token=settings.secret(settings.security_token_env),
            sf_version=settings.api_version,
            session=session,
            scratch_url=settings.login_url,
        )
        return Access(str(host), str(token))
    if settings.auth == "jwt":
        bearer = "urn:ietf:params:oauth:grant-type:jwt-bearer"
        asked = {"grant_type": bearer, "assertion": _assertion(settings)}
        return _granted(session, settings.login_url, asked, {})
    secret = settings.secret(settings.client_secret_env)
    basic = base64.b64encode(f"{settings.client_id}:{secret}".encode()).decode()
    return _granted(
        session,
        str(settings.instance_url),
        {"grant_type": "client_credentials"},
        {"Authorization": f"Basic {basic}"},
    )


def _granted(
    session: requests.Session, url: str, asked: Mapping[str, str], headers: Mapping[str, str]
) -> Access:
    answer = session.post(f"{url}/services/oauth2/token", data=asked, headers=headers)
    if answer.status_code == 429 or answer.status_code >= 500:
        exception_handler(answer)
    said = answer.json()
    said = said if isinstance(said, dict) else {}
    if answer.status_code != 200 or not {"access_token", "instance_url"} <= said.keys():
        raise SalesforceAuthenticationFailed(str(said.get("error", "")), "")
    return Access(_host(str(said["instance_url"])), str(said["access_token"]))


def _assertion(settings: SalesforceSource) -> str:
    key = settings.secret(settings.private_key_env).replace("\\n", "\n")
    claims = {
        "iss": settings.client_id,
        "sub": settings.username,
        "aud": settings.login_url,
        "exp": int(time.time()) + JWT_SECONDS,
    }
    try:
        return jwt.encode(claims, key, algorithm="RS256")
    except (jwt.PyJWTError, ValueError, TypeError):
        raise CredentialsError(
            f"the private key {settings.private_key_env} cannot be read",
            settings.login_url,
            "It must be an unencrypted RSA key in PEM form.",
        ) from None


def _host(url: str | None) -> str:
    return urlsplit(url or "").netloc
