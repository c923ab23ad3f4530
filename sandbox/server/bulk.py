"""Bulk 2 query jobs: created, run in the background, read page by page as CSV."""

import base64
import binascii
import json
import secrets
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

import duckdb
from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from sandbox.server.errors import ApiError, not_found
from sandbox.server.gate import Usage, user_of
from sandbox.server.organisation import Organisation, View
from sandbox.server.pages import page_rows
from sandbox.server.records import csv_header, csv_line, json_value
from sandbox.server.spool import Spool
from sandbox.soql.compiler import Compiled, field_sets
from sandbox.soql.errors import SoqlError

DELIMITERS = {
    "BACKQUOTE": "`",
    "CARET": "^",
    "COMMA": ",",
    "PIPE": "|",
    "SEMICOLON": ";",
    "TAB": "\t",
}
ENDINGS = {"LF": "\n", "CRLF": "\r\n"}
OPERATIONS = ("query", "queryAll")
_ENDED = ("JobComplete", "Aborted", "Failed")


@dataclass
class Job:
    """One query and what became of it."""

    id: str
    operation: str
    compiled: Compiled
    created_at: datetime
    user_id: str
    version: str
    delimiter: str
    ending: str
    state: str = "UploadComplete"
    problem: str | None = None
    spool: Spool | None = None
    milliseconds: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def run(self, organisation: Organisation) -> None:
        """Answer the query, unless the job was aborted before or meanwhile."""
        with self.lock:
            if self.state != "UploadComplete":
                return
            self.state = "InProgress"
        started = time.monotonic()
        try:
            line = csv_line(self.compiled, DELIMITERS[self.delimiter], ENDINGS[self.ending])
            spool = organisation.spool(self.compiled, line)
        except duckdb.Error as error:
            self.state, self.problem = "Failed", str(error)
            return
        with self.lock:
            self.milliseconds = int((time.monotonic() - started) * 1000)
            if self.state == "InProgress":
                self.state, self.spool = "JobComplete", spool
                return
        spool.drop()

    def abort(self) -> None:
        """Stop the job; ApiError if it has ended already."""
        with self.lock:
            if self.state in _ENDED:
                reason = f"Job state transition from {self.state} to Aborted not allowed"
                raise ApiError(400, "INVALIDJOBSTATE", reason)
            self.state = "Aborted"

    def fail(self, problem: str) -> None:
        """End the job without results, whatever became of it."""
        with self.lock:
            spool, self.spool = self.spool, None
            self.state, self.problem = "Failed", problem
        if spool:
            spool.drop()

    def info(self) -> dict[str, object]:
        """The job as its creation and its abortion show it."""
        return {
            "id": self.id,
            "operation": self.operation,
            "object": self.compiled.source,
            "createdById": self.user_id,
            "createdDate": json_value(self.created_at, "datetime"),
            "systemModstamp": json_value(self.created_at, "datetime"),
            "state": self.state,
            "concurrencyMode": "Parallel",
            "contentType": "CSV",
            "apiVersion": float(self.version),
            "lineEnding": self.ending,
            "columnDelimiter": self.delimiter,
        }

    def status(self) -> dict[str, object]:
        """The job as its own address shows it."""
        return {
            **self.info(),
            "jobType": "V2Query",
            "numberRecordsProcessed": self.spool.rows if self.spool else 0,
            "retries": 0,
            "totalProcessingTime": self.milliseconds,
            **({"errorMessage": self.problem} if self.problem else {}),
        }


class Bulk:
    """The endpoints below `/jobs/query`. `page_size` is the rows of a page when none is asked."""

    def __init__(self, organisation: Organisation, usage: Usage, page_size: int) -> None:
        self.organisation, self.usage, self.page_size = organisation, usage, page_size
        self.jobs: dict[str, Job] = {}

    def routes(self) -> list[Route]:
        """The addresses served here."""
        root = "/services/data/v{version}/jobs/query"
        return [
            Route(root, self.create, methods=["POST"]),
            Route(root, self.listed, methods=["GET"]),
            Route(f"{root}/{{id}}", self.status, methods=["GET"]),
            Route(f"{root}/{{id}}", self.change, methods=["PATCH"]),
            Route(f"{root}/{{id}}", self.delete, methods=["DELETE"]),
            Route(f"{root}/{{id}}/results", self.results, methods=["GET"]),
        ]

    async def create(self, request: Request) -> Response:
        """A new job; the query is checked now and answered in the background."""
        asked, user = await _body(request), user_of(request)
        operation = asked.get("operation")
        if operation not in OPERATIONS:
            raise ApiError(400, "API_ERROR", f"Operation not supported: {operation}")
        delimiter = asked.get("columnDelimiter", "COMMA")
        ending = asked.get("lineEnding", "LF")
        if delimiter not in DELIMITERS or ending not in ENDINGS:
            raise ApiError(400, "API_ERROR", "columnDelimiter or lineEnding is not supported")
        if asked.get("contentType", "CSV") != "CSV":
            raise ApiError(400, "API_ERROR", "Only CSV is supported for contentType")
        job = Job(
            id=f"750{secrets.token_hex(8)[:15]}",
            operation=operation,
            compiled=_compiled(user.view, asked.get("query", ""), operation == "queryAll"),
            created_at=self.organisation.clock.now(),
            user_id=user.user_id,
            version=request.path_params["version"],
            delimiter=delimiter,
            ending=ending,
        )
        self.jobs[job.id] = job
        self.usage.count_job()
        return JSONResponse(job.info(), background=BackgroundTask(job.run, self.organisation))

    def source(self, job: str) -> str | None:
        """The object that a job reads, or None."""
        found = self.jobs.get(job)
        return found.compiled.source if found else None

    def fail(self, job: str, problem: str) -> None:
        """Make a job fail, if there is one of that id."""
        if found := self.jobs.get(job):
            found.fail(problem)

    def listed(self, request: Request) -> Response:
        """Every job of the user that was not deleted."""
        user = user_of(request).user_id
        records = [job.status() for job in list(self.jobs.values()) if job.user_id == user]
        return JSONResponse({"done": True, "records": records, "nextRecordsUrl": None})

    def status(self, request: Request) -> Response:
        """One job."""
        return JSONResponse(self._job(request).status())

    async def change(self, request: Request) -> Response:
        """Abort a job; nothing else of it can be changed."""
        job = self._job(request)
        if (await _body(request)).get("state") != "Aborted":
            raise ApiError(400, "API_ERROR", "The only state that can be set is Aborted")
        job.abort()
        return JSONResponse(job.info())

    def delete(self, request: Request) -> Response:
        """Forget a job that has ended, and its results."""
        job = self._job(request)
        if job.state not in _ENDED:
            raise ApiError(400, "API_ERROR", "Only a job that has ended can be deleted")
        del self.jobs[job.id]
        if job.spool:
            job.spool.drop()
        return Response(status_code=204)

    def results(self, request: Request) -> Response:
        """One page of a job's rows; its header line comes first on every page."""
        job = self._job(request)
        if job.spool is None:
            raise ApiError(400, "INVALIDJOBSTATE", f"The job has no results: {job.state}")
        start = _offset(request.query_params.get("locator"), job.spool.rows)
        size = _size(request.query_params.get("maxRecords"), self.page_size)
        count = page_rows(start, size, job.spool.rows)
        after = start + count
        locator = "null" if after >= job.spool.rows else _coded(after)
        headers = {"Sforce-Locator": locator, "Sforce-NumberOfRecords": str(count)}
        lines = _lines(job, job.spool, start, count)
        return StreamingResponse(lines, headers=headers, media_type="text/csv")

    def _job(self, request: Request) -> Job:
        job = self.jobs.get(request.path_params["id"])
        if job is None or job.user_id != user_of(request).user_id:
            raise not_found()
        return job


def _lines(job: Job, spool: Spool, start: int, count: int) -> Iterator[bytes]:
    yield (csv_header(job.compiled, DELIMITERS[job.delimiter]) + ENDINGS[job.ending]).encode()
    yield from spool.read(start, count)


def _compiled(view: View, soql: str, include_hidden: bool) -> Compiled:
    try:
        compiled = view.compile(soql, include_hidden=include_hidden)
    except SoqlError as error:
        raise ApiError(400, "API_ERROR", error.message) from None
    if compiled.shape != "records":
        raise ApiError(400, "API_ERROR", "Aggregate queries are not supported in Bulk V2 Query")
    if set(field_sets(compiled.query)) - {"STANDARD"}:
        raise ApiError(400, "API_ERROR", "FIELDS() supports STANDARD alone in Bulk V2 Query")
    if compiled.query.offset:
        raise ApiError(400, "API_ERROR", "OFFSET is not supported in Bulk V2 Query")
    return compiled


async def _body(request: Request) -> dict[str, str]:
    try:
        read = json.loads(await request.body())
    except ValueError:
        raise ApiError(400, "JSON_PARSER_ERROR", "The body is not JSON") from None
    if not isinstance(read, dict):
        raise ApiError(400, "JSON_PARSER_ERROR", "The body is not a JSON object")
    return {str(key): str(value) for key, value in read.items()}


def _size(text: str | None, usual: int) -> int:
    if text is None:
        return usual
    if not text.isdecimal() or int(text) == 0:
        raise ApiError(400, "API_ERROR", "maxRecords must be a whole number above zero")
    return int(text)


def _coded(offset: int) -> str:
    return base64.urlsafe_b64encode(str(offset).encode()).decode().rstrip("=")


def _offset(locator: str | None, rows: int) -> int:
    if not locator or locator == "null":
        return 0
    try:
        offset = int(base64.urlsafe_b64decode(locator + "=" * (-len(locator) % 4)))
    except (ValueError, binascii.Error):
        offset = -1
    if not 0 <= offset < rows:
        raise ApiError(400, "INVALID_QUERY_LOCATOR", "invalid query locator")
    return offset
