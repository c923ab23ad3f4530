"""The network edge: describe, count and read rows by REST; everything raises SourceErrors."""

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

import pyarrow as pa
import requests
from simple_salesforce.api import Salesforce
from simple_salesforce.exceptions import SalesforceError
from simple_salesforce.util import exception_handler

from connectors.salesforce.faults import code_of, one_line
from connectors.salesforce.login import http_session, log_in
from connectors.salesforce.settings import SalesforceSource
from connectors.salesforce.values import from_records
from model.errors import DataError, LimitError

LOGIN_PAUSE_SECONDS = 600.0  # between two renewed log-ins: a persistent 401 must not loop


@dataclass(frozen=True)
class Query:
    """One SELECT over one object, deleted and archived rows included."""

    object: str
    fields: tuple[str, ...]
    conditions: tuple[str, ...] = ()
    order_by: str | None = None

    @property
    def soql(self) -> str:
        """The query text."""
        order = f" ORDER BY {self.order_by}" if self.order_by else ""
        fields = ", ".join(self.fields)
        return f"SELECT {fields} FROM {self.object}{self._where}{order}"  # noqa: S608

    @property
    def counting(self) -> str:
        """The text that counts its rows."""
        return f"SELECT COUNT() FROM {self.object}{self._where}"  # noqa: S608

    @property
    def _where(self) -> str:
        return f" WHERE {' AND '.join(self.conditions)}" if self.conditions else ""


class Client:
    """A logged-in connection that counts its calls and keeps within the API budget.

    `first_seen_at` is the server's clock (naive UTC) at the first answer.
    """

    def __init__(self, settings: SalesforceSource) -> None:
        self.calls = 0
        self.first_seen_at: datetime | None = None
        self._settings = settings
        self._usage: tuple[int, int] | None = None
        self._session = http_session(settings, self._seen)
        self._salesforce: Salesforce | None = None
        self._logged_in_again_at = -LOGIN_PAUSE_SECONDS
        self.host = urlsplit(settings.instance_url or settings.login_url).netloc

    def close(self) -> None:
        """Close the connections; the session at Salesforce ends by itself."""
        self._session.close()

    @property
    def instance(self) -> str | None:
        """`https://` and the host of the organisation, once known."""
        if self._salesforce is not None:
            return f"https://{self._salesforce.sf_instance}"
        return self._settings.instance_url

    def describe(self, name: str) -> dict[str, str] | None:
        """Field names and types of an object, or None where it is absent or cannot be queried."""
        try:
            with one_line(self.host, f"the description of {name}"):
                answer = self._json("GET", f"sobjects/{name}/describe", "fields", missing=True)
        except _MissingError:
            return None
        if not answer.get("queryable", True):
            return None
        return {str(field["name"]): str(field["type"]) for field in answer["fields"]}

    def count(self, query: Query) -> int | None:
        """How many rows a query has, or None where Salesforce cannot count them in time."""
        with one_line(self.host, query.object):
            try:
                answer = self._json("GET", "queryAll", "totalSize", {"q": query.counting})
            except SalesforceError as error:
                if code_of(error) == "QUERY_TIMEOUT":
                    return None
                raise
        return int(answer["totalSize"])

    def rows(self, query: Query) -> Iterator[pa.Table]:
        """The rows of a query by REST, as text columns, page by page."""
        with one_line(self.host, query.object):
            page = self._json("GET", "queryAll", "records", {"q": query.soql})
        total, read = int(page["totalSize"]), 0
        while True:
            records = page["records"]
            read += len(records)
            if records:
                yield from_records(records, query.fields)
            if page["done"]:
                break
            with one_line(self.host, query.object):
                page = self._json("GET", str(page["nextRecordsUrl"]), "records")
        if read != total:
            raise DataError(
                f"{query.object} gave {read} of {total} rows", self.host, "Run the sync again."
            )

    def request(self, method: str, path: str, **kwargs: Any) -> requests.Response:
        """One request; `path` is relative to the API's version, or absolute on the host.

        Logs in at need, and once more for an expired session unless that was just done. Raises
        SalesforceError for refusals and requests' own errors: use inside `one_line`.
        """
        self._within_budget()
        salesforce = self._connection()
        base = f"https://{salesforce.sf_instance}" if path[0] == "/" else salesforce.base_url
        headers = {"Authorization": salesforce.headers["Authorization"]}
        response = self._session.request(method, base + path, headers=headers, **kwargs)
        if response.status_code == 401 and self._may_log_in_again():
            response.close()
            self._salesforce, self._logged_in_again_at = None, time.monotonic()
            return self.request(method, path, **kwargs)
        if response.status_code >= 300:
            exception_handler(response)
        return response

    def _connection(self) -> Salesforce:
        if self._salesforce is None:
            with one_line(self.host, "the log-in"):
                self._salesforce = log_in(self._settings, self._session)
            self.host = self._salesforce.sf_instance
        return self._salesforce

    def _json(
        self,
        method: str,
        path: str,
        holds: str,
        params: Mapping[str, str] | None = None,
        missing: bool = False,
    ) -> dict[str, Any]:
        try:
            answer = self.request(method, path, params=params).json()
        except SalesforceError as error:
            if missing and error.status == 404:
                raise _MissingError from None
            raise
        if not isinstance(answer, dict) or holds not in answer:
            raise DataError(
                f"the answer to {path.partition('?')[0]} has no {holds}",
                self.host,
                "Check that this is the address of a Salesforce organisation.",
            )
        return answer

    def _may_log_in_again(self) -> bool:
        since = time.monotonic() - self._logged_in_again_at
        return self._settings.auth != "session" and since >= LOGIN_PAUSE_SECONDS

    def _seen(self, response: requests.Response) -> None:
        retries = getattr(response.raw, "retries", None)
        self.calls += 1 + len(retries.history if retries else ())
        if self.first_seen_at is None and "Date" in response.headers:
            date = parsedate_to_datetime(response.headers["Date"])
            self.first_seen_at = date.astimezone(UTC).replace(tzinfo=None)
        usage = response.headers.get("Sforce-Limit-Info", "").partition("api-usage=")[2]
        used, _, total = usage.partition(";")[0].partition(",")[0].partition("/")
        if used.isdigit() and total.isdigit():
            self._usage = int(used), int(total)

    def _within_budget(self) -> None:
        if self._usage and self._usage[0] >= self._settings.api_budget * self._usage[1]:
            used, total = self._usage
            raise LimitError(
                f"{used} of {total} API calls of the day are used (api_budget "
                f"{self._settings.api_budget:.0%})",
                self.host,
                "What was read is kept; sync again tomorrow, less often, or raise api_budget.",
            )


class _MissingError(Exception):
    """The resource is not there."""


def instant(at: datetime) -> str:
    """A naive UTC instant as SOQL writes it, whole seconds."""
    return f"{at:%Y-%m-%dT%H:%M:%S}Z"


def whole_seconds(at: datetime, earlier_minutes: int = 0) -> datetime:
    """`at` without fractions, so many minutes earlier."""
    return at.replace(microsecond=0) - timedelta(minutes=earlier_minutes)
