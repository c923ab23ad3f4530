"""Bulk API 2.0 query jobs: a thin loop over the client, in bounded memory.

Each page of the result goes to a file, is parsed once, counted against what Salesforce says that
it holds, and only then yielded; a page that breaks off is fetched again. The next page is fetched
while the present one is parsed. A job whose pages are all here is deleted at Salesforce; one that
is interrupted is kept for the next sync (see `kept`).
"""

import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress

import pyarrow as pa
import requests
from simple_salesforce.exceptions import SalesforceError

from connectors.base import PullAgainError
from connectors.salesforce.client import Client, whole
from connectors.salesforce.faults import TimedOutError, code_of, one_line, timed_out
from connectors.salesforce.kept import Job, Plan
from connectors.salesforce.queries import Query
from connectors.salesforce.shapes import Fields
from connectors.salesforce.values import from_csv
from model.errors import (
    CredentialsError,
    DataError,
    LimitError,
    SourceError,
    UnreachableError,
)

PAGE_ROWS = 25_000
PAGE_ATTEMPTS = 3
POLL_SECONDS = (0.05, 20.0)  # the first pause and the longest
PATIENCE_SECONDS = 4 * 3600.0
_NOT_FOR_BULK = {"INVALIDENTITY", "INVALID_ENTITY"}
_INTERRUPTIONS = (CredentialsError, LimitError, UnreachableError)


class BulkQuery:
    """One query as a Bulk job, new or resumed from `plan`."""

    def __init__(self, client: Client, plan: Plan, query: Query) -> None:
        self._client, self._plan, self._query = client, plan, query
        self._job = plan.job(query.soql)

    def tables(self, kinds: Fields) -> Iterator[pa.Table] | None:
        """The rows in their kinds, at most 25,000 to a table; None for an object (some set-up
        objects) that Bulk does not know.

        Raises TimedOutError before the first table, PullAgainError where the rest of the rows
        cannot be had.
        """
        if not self._begun():
            return None
        return self._tables(kinds)

    def _tables(self, kinds: Fields) -> Iterator[pa.Table]:
        resumable = self._plan.lasting
        try:
            yield from self._read(kinds)
        except SourceError as error:
            interrupted = isinstance(error, _INTERRUPTIONS) and not isinstance(error, TimedOutError)
            if not (resumable and interrupted):
                self._remove()
            raise
        except BaseException:
            if not resumable:
                self._remove()
            raise
        drop_job(self._client, self._job.id, running=False)
        self._job.deleted = True
        if resumable:
            self._job.save()
        else:
            self._job.forget()

    def _begun(self) -> bool:
        """Whether there is a job: one that Salesforce still knows, or a new one."""
        if self._job.id and (self._job.complete or self._known()):
            return True
        self._job.forget()
        self._job = Job(self._job.folder)
        self._plan.begin()
        body = {
            "operation": "queryAll",
            "query": self._query.soql,
            "contentType": "CSV",
            "columnDelimiter": "COMMA",
            "lineEnding": "LF",
        }
        with one_line(self._client.host, self._doing):
            try:
                made = self._client.json("jobs/query", "id", method="POST", body=body)
            except SalesforceError as error:
                if code_of(error) in _NOT_FOR_BULK:
                    return False
                raise
        self._job.id = str(made["id"])
        self._job.save()
        return True

    def _known(self) -> bool:
        with one_line(self._client.host, self._doing):
            try:
                state = self._client.json(self._path, "state")
            except SalesforceError as error:
                if error.status in (400, 404):
                    return False
                raise
        return state["state"] not in ("Failed", "Aborted")

    def _read(self, kinds: Fields) -> Iterator[pa.Table]:
        job, number, read = self._job, 0, 0
        if not job.complete:
            job.total = self._wait()
        with ThreadPoolExecutor(1) as ahead:
            coming: Future[None] | None = ahead.submit(self._here, number)
            while coming is not None:
                coming.result()
                more = job.pages[number][1] != ""
                coming = ahead.submit(self._here, number + 1) if more else None
                page = self._parsed(number, kinds)
                read += page.num_rows
                if page.num_rows:
                    yield page
                number += 1
        if job.total is not None and read != job.total:
            raise PullAgainError(
                f"{self._query.object} gave {read} of {job.total} rows",
                self._client.host,
                "Run the sync again.",
            )

    def _wait(self) -> int | None:
        """Wait for the job; the number of rows that it says it found."""
        pause, longest = POLL_SECONDS
        until = time.monotonic() + PATIENCE_SECONDS
        while True:
            with one_line(self._client.host, self._doing):
                said = self._client.json(self._path, "state")
            if said["state"] == "JobComplete":
                rows = said.get("numberRecordsProcessed")
                return None if rows is None else int(rows)
            if said["state"] in ("Failed", "Aborted"):
                if "QUERY_TIMEOUT" in str(said.get("errorMessage")):
                    raise timed_out(self._client.host, self._doing)
                raise PullAgainError(
                    f"{self._doing} ended as {said['state']}",
                    self._client.host,
                    "Run the sync again.",
                )
            if time.monotonic() > until:
                raise UnreachableError(
                    f"{self._doing} is not done after {PATIENCE_SECONDS / 3600:.0f} hours",
                    self._client.host,
                    "Try again later.",
                )
            time.sleep(pause)
            pause = min(pause * 1.5, longest)

    def _here(self, number: int) -> None:
        """See to it that a page is on disk."""
        if number == len(self._job.pages):
            self._job.pages.append(self._fetched(number))
            self._job.save()

    def _fetched(self, number: int) -> tuple[int | None, str]:
        """Fetch a page; the rows that it is said to have, and the locator of the next."""
        with one_line(self._client.host, f"the bulk result of {self._query.object}"):
            return whole(lambda: self._fetch(number))

    def _fetch(self, number: int) -> tuple[int | None, str]:
        params = {"maxRecords": str(PAGE_ROWS)}
        if number:
            params["locator"] = self._job.pages[number - 1][1]
        address = f"{self._path}/results"
        with self._client.request("GET", address, params=params, stream=True) as answer:
            with self._job.page(number).open("wb") as file:
                for piece in answer.iter_content(1 << 20):
                    file.write(piece)
            rows = answer.headers.get("Sforce-NumberOfRecords", "")
            after = answer.headers.get("Sforce-Locator", "")
        return int(rows) if rows.isdigit() else None, "" if after == "null" else after

    def _parsed(self, number: int, kinds: Fields) -> pa.Table:
        for attempt in range(1, PAGE_ATTEMPTS + 1):
            try:
                return self._counted(number, kinds, last_attempt=attempt == PAGE_ATTEMPTS)
            except DataError:
                if attempt == PAGE_ATTEMPTS:
                    raise
                said, _ = self._fetched(number)
                self._job.pages[number] = (said, self._job.pages[number][1])
        raise AssertionError

    def _counted(self, number: int, kinds: Fields, *, last_attempt: bool) -> pa.Table:
        said, file = self._job.pages[number][0], self._job.page(number)
        wanted = {name: kinds[name] for name in self._query.fields}
        if said == 0:
            return from_csv(None, wanted, self._query.object)
        # A row that breaks off in its last field still counts; only the line's end tells.
        page = from_csv(file, wanted, self._query.object, ends_in_line=not last_attempt)
        if said is not None and page.num_rows != said:
            raise DataError(
                f"the bulk result of {self._query.object} has {page.num_rows} of {said} rows",
                self._client.host,
                "Run the sync again.",
            )
        return page

    def _remove(self) -> None:
        """Have the job deleted, and forget its pages."""
        drop_job(self._client, self._job.id, running=not self._job.complete)
        self._job.forget()

    @property
    def _path(self) -> str:
        return f"jobs/query/{self._job.id}"

    @property
    def _doing(self) -> str:
        return f"the bulk job for {self._query.object}"


def drop_job(client: Client, job: str, *, running: bool = True) -> None:
    """Delete a job, aborted first if it may still run. What fails here changes no result."""
    path = f"jobs/query/{job}"
    with suppress(SourceError, SalesforceError, requests.exceptions.RequestException):
        if running:
            client.request("PATCH", path, json={"state": "Aborted"})
    with suppress(SourceError, SalesforceError, requests.exceptions.RequestException):
        client.request("DELETE", path)
