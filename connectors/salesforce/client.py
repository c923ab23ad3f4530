"""The network edge: describe, count and read rows by REST; everything raises SourceErrors."""

import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, TypeVar
from urllib.parse import urlsplit

import pyarrow as pa
import requests
from simple_salesforce.exceptions import SalesforceError
from simple_salesforce.util import exception_handler

from connectors.base import PullAgainError
from connectors.salesforce.faults import TimedOutError, one_line
from connectors.salesforce.login import Access, http_session, log_in
from connectors.salesforce.queries import Query, asking
from connectors.salesforce.settings import SalesforceSource
from connectors.salesforce.values import from_records
from model.errors import CredentialsError, DataError, LimitError

LOGIN_PAUSE_SECONDS = 600.0  # between two renewed log-ins: a persistent 401 must not loop
READ_ATTEMPTS = 3
PAUSE_SECONDS = 0.3
_BROKEN = (
    requests.exceptions.ChunkedEncodingError,
    requests.exceptions.ContentDecodingError,
    json.JSONDecodeError,
)

T = TypeVar("T")


class ManyRowsError(Exception):
    """A query has more rows than are wanted page by page."""


class Client:
    """A logged-in connection that counts its calls and keeps within the API budget.

    May be used by several threads. `first_seen_at` is the server's clock (naive UTC) at the first
    answer after `restart`.
    """

    def __init__(self, settings: SalesforceSource) -> None:
        self.calls = 0
        self.first_seen_at: datetime | None = None
        self._settings = settings
        self._usage: tuple[int, int] | None = None
        self._lock = threading.RLock()
        self._free = threading.Semaphore(settings.parallel)  # so many requests at a time
        self._sessions: list[requests.Session] = []
        self._idle: list[requests.Session] = []
        self._access: Access | None = None
        self._refusal: CredentialsError | None = None  # a refused log-in is not tried again
        self._logged_in_again_at = -LOGIN_PAUSE_SECONDS
        self.host = urlsplit(settings.instance_url or settings.login_url).netloc

    def close(self) -> None:
        """Close the connections; the session at Salesforce ends by itself."""
        with self._lock:
            for session in self._sessions:
                session.close()
            self._sessions.clear()
            self._idle.clear()

    def restart(self) -> None:
        """Take the clock anew from the next answer."""
        self.first_seen_at = None

    @property
    def instance(self) -> str | None:
        """`https://` and the host of the organisation, once known."""
        if self._access is not None:
            return f"https://{self._access.host}"
        return self._settings.instance_url

    def describe(self, name: str) -> dict[str, Any] | None:
        """What Salesforce says of an object and its fields, as it says it; None where the object
        is absent or cannot be queried.
        """
        with one_line(self.host, f"the description of {name}"):
            try:
                answer = self.json(f"sobjects/{name}/describe", "fields")
            except SalesforceError as error:
                if error.status == 404:
                    return None
                raise
        return answer if answer.get("queryable", True) else None

    def count(self, query: Query) -> int | None:
        """How many rows a query has, or None where Salesforce cannot count them in time."""
        try:
            with one_line(self.host, query.object):
                answer = self.json("queryAll", "totalSize", asking(query.counting))
        except TimedOutError:
            return None
        return int(answer["totalSize"])

    def rows(self, query: Query, fewer_than: int | None = None) -> Iterator[pa.Table]:
        """The rows of a query by REST, as text columns, page by page.

        Raises PullAgainError where the pages do not add up; before the first of them TimedOutError,
        and ManyRowsError unless they are `fewer_than` that.
        """
        with one_line(self.host, query.object):
            page = self.json("queryAll", "records", asking(query.soql))
        total, read = int(page["totalSize"]), 0
        if fewer_than is not None and total >= fewer_than:
            raise ManyRowsError
        while True:
            records = page["records"]
            read += len(records)
            if records:
                yield from_records(records, query.fields)
            if page["done"]:
                break
            page = self._next_page(query, str(page["nextRecordsUrl"]))
        if read != total:
            raise PullAgainError(
                f"{query.object} gave {read} of {total} rows", self.host, "Run the sync again."
            )

    def _next_page(self, query: Query, address: str) -> dict[str, Any]:
        try:
            with one_line(self.host, query.object):
                return self.json(address, "records")
        except TimedOutError as error:
            raise PullAgainError(error.what, error.where, error.todo) from None

    def request(self, method: str, path: str, **kwargs: Any) -> requests.Response:
        """One request; `path` is relative to the API's version, or absolute on the host.

        Logs in at need, and once more for an expired session unless that was just done. Raises
        SalesforceError for refusals and requests' own errors: use inside `one_line`.
        """
        self._within_budget()
        access = self._connection()
        response = self._sent(access, method, path, **kwargs)
        if response.status_code == 401 and self._renewed(access):
            response.close()
            response = self._sent(self._connection(), method, path, **kwargs)
        if response.status_code >= 300:
            exception_handler(response)
        return response

    def json(
        self,
        path: str,
        holds: str,
        params: Mapping[str, str] | str | None = None,
        *,
        method: str = "GET",
        body: Mapping[str, str] | None = None,
    ) -> dict[str, Any]:
        """The JSON object that a request answers, which has the key `holds`; broken answers are
        asked for again, within bounds. Raises as `request` does, and DataError.
        """
        answer = whole(lambda: self.request(method, path, params=params, json=body).json())
        if not isinstance(answer, dict) or holds not in answer:
            raise DataError(
                f"the answer to {path.partition('?')[0]} has no {holds}",
                self.host,
                "Check that this is the address of a Salesforce organisation.",
            )
        return answer

    def _sent(self, access: Access, method: str, path: str, **kwargs: Any) -> requests.Response:
        base = f"https://{access.host}"
        if path[0] != "/":
            base += f"/services/data/v{self._settings.api_version}/"
        with self._free, self._session() as session:
            return session.request(method, base + path, headers=access.headers, **kwargs)

    @contextmanager
    def _session(self) -> Iterator[requests.Session]:
        """A session for one request: nobody else uses it meanwhile."""
        with self._lock:
            if not self._idle:
                self._idle.append(http_session(self._settings, self._seen))
                self._sessions.append(self._idle[-1])
            session = self._idle.pop()
        try:
            yield session
        finally:
            with self._lock:
                self._idle.append(session)

    def _connection(self) -> Access:
        with self._lock:
            if self._refusal is not None:
                raise self._refusal
            if self._access is None:
                try:
                    with (
                        one_line(self._settings.log_in_host, "the log-in"),
                        self._session() as session,
                    ):
                        self._access = log_in(self._settings, session)
                except CredentialsError as error:
                    self._refusal = error
                    raise
                self.host = self._access.host
            return self._access

    def _renewed(self, refused: Access) -> bool:
        """Whether there is another session than the `refused` one, logging in again if allowed."""
        with self._lock:
            if self._access is not refused:
                return True
            since = time.monotonic() - self._logged_in_again_at
            if self._settings.auth == "session" or since < LOGIN_PAUSE_SECONDS:
                return False
            self._access, self._logged_in_again_at = None, time.monotonic()
            self._connection()
            return True

    def _seen(self, response: requests.Response) -> None:
        retries = getattr(response.raw, "retries", None)
        usage = response.headers.get("Sforce-Limit-Info", "").partition("api-usage=")[2]
        used, _, total = usage.partition(";")[0].partition(",")[0].partition("/")
        with self._lock:
            self.calls += 1 + len(retries.history if retries else ())
            if self.first_seen_at is None and "Date" in response.headers:
                date = parsedate_to_datetime(response.headers["Date"])
                self.first_seen_at = date.astimezone(UTC).replace(tzinfo=None)
            if used.isdigit() and total.isdigit():
                self._usage = int(used), int(total)

    def _within_budget(self) -> None:
        usage = self._usage
        if usage and usage[0] >= self._settings.api_budget * usage[1]:
            used, total = usage
            raise LimitError(
                f"{used} of {total} API calls of the day are used (api_budget "
                f"{self._settings.api_budget:.0%})",
                self.host,
                "What was read is kept; sync again tomorrow, less often, or raise api_budget.",
            )


def whole(read: Callable[[], T]) -> T:
    """The outcome of `read`, tried again where an answer broke off or was garbled."""
    for attempt in range(1, READ_ATTEMPTS):
        try:
            return read()
        except _BROKEN:
            time.sleep(PAUSE_SECONDS * 2**attempt)
    return read()
