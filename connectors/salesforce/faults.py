"""What goes wrong with Salesforce, in one line each. No message carries a secret or a record."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from xml.parsers.expat import ExpatError

import requests
from simple_salesforce.exceptions import (
    SalesforceAuthenticationFailed,
    SalesforceError,
    SalesforceExpiredSession,
)

from connectors.base import OfferChangedError, PullAgainError
from model.errors import CredentialsError, DataError, LimitError, SourceError, UnreachableError

_CODE = re.compile(r"^[A-Za-z_]{1,60}$")
LIMITS = {"REQUEST_LIMIT_EXCEEDED", "TXN_SECURITY_METERING_ERROR", "API_CURRENTLY_DISABLED"}
STALE_LOCATORS = {"INVALID_QUERY_LOCATOR", "INVALIDLOCATOR"}
NOT_ALLOWED = {"API_DISABLED_FOR_ORG", "INSUFFICIENT_ACCESS", "INSUFFICIENT_ACCESS_OR_READONLY"}


class TimedOutError(UnreachableError):
    """Salesforce gave a query up: less of it may be answered."""


def code_of(error: SalesforceError) -> str:
    """Salesforce's own code of an error, e.g. `INVALID_FIELD`, or `HTTP 503` where it gave none."""
    content = error.content
    if isinstance(content, list) and content and isinstance(content[0], dict):
        content = content[0]
    if isinstance(content, dict):
        code = str(content.get("errorCode") or content.get("error") or "")
        if _CODE.match(code):
            return code
    return f"HTTP {error.status}"


def explained(error: SalesforceError, host: str, doing: str) -> SourceError:
    """The error as one of ours; `doing` says what was asked for (an object, a log-in)."""
    if isinstance(error, SalesforceAuthenticationFailed):
        code = str(error.code).rpartition(":")[2]
        code = f" ({code})" if _CODE.match(code) else ""
        return CredentialsError(
            f"Salesforce refuses the log-in{code}",
            host,
            "Check the user or client and its secrets, and that API access is allowed.",
        )
    code = code_of(error)
    if isinstance(error, SalesforceExpiredSession):
        return CredentialsError(
            "the session is invalid or has expired", host, "Log in again, or set a new token."
        )
    if code in LIMITS:
        return LimitError(
            f"Salesforce's request limit is spent ({code})",
            host,
            "What was read is kept; sync again later, or less often.",
        )
    if (error.status == 429 or error.status >= 500) and code != "QUERY_TIMEOUT":
        return UnreachableError(
            f"Salesforce does not answer {doing} ({code})", host, "Try again later."
        )
    if error.status == 403 or code in NOT_ALLOWED:
        return SourceError(
            f"the connection's user may not read {doing} ({code})",
            host,
            "Give the user the API Enabled permission and read access.",
        )
    return _refused(error, code, host, doing)


def _refused(error: SalesforceError, code: str, host: str, doing: str) -> SourceError:
    """What a query is refused for, by what helps."""
    if code == "QUERY_TIMEOUT":
        return timed_out(host, doing)
    if code in STALE_LOCATORS:
        return PullAgainError(
            f"Salesforce has forgotten the rest of {doing} ({code})", host, "Run the sync again."
        )
    if code == "INVALID_FIELD" or "No such column" in str(error.content):
        return OfferChangedError(
            f"a field of {doing} is not visible any more ({code})",
            host,
            "Run the sync again; then detente doctor.",
        )
    return DataError(
        f"Salesforce refuses {doing} ({code})", host, "Run the sync again; then detente doctor."
    )


def timed_out(host: str, doing: str) -> TimedOutError:
    """The error for a query that takes Salesforce too long."""
    return TimedOutError(
        f"Salesforce cannot answer {doing} in time (QUERY_TIMEOUT)", host, "Try again later."
    )


@contextmanager
def one_line(host: str, doing: str) -> Iterator[None]:
    """Turn whatever the network and Salesforce raise inside into a SourceError."""
    try:
        yield
    except SalesforceError as error:
        raise explained(error, host, doing) from None
    except requests.exceptions.SSLError:
        raise UnreachableError(
            "its TLS certificate cannot be trusted",
            host,
            "Check the address, or set ca_file to the certificate authority of your proxy.",
        ) from None
    except (json.JSONDecodeError, ExpatError):
        raise DataError(
            f"the answer to {doing} cannot be read", host, "Check that a proxy does not replace it."
        ) from None
    except requests.exceptions.Timeout:
        raise UnreachableError(f"no answer to {doing} in time", host, "Try again later.") from None
    except requests.exceptions.RequestException as error:
        raise UnreachableError(
            f"the connection failed during {doing} ({type(error).__name__})",
            host,
            "Check the address and the network, then run the sync again.",
        ) from None
