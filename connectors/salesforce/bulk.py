"""Bulk API 2.0 query jobs: a thin loop over the client, in bounded memory.

Each page of the result goes to a temporary file, is counted against what Salesforce says it
holds, and only then yielded; a page that breaks off is fetched again. The job is deleted at the
end, whatever happens.
"""

import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import IO

import pyarrow as pa
import pyarrow.csv
import requests
from simple_salesforce.exceptions import SalesforceError

from connectors.salesforce.client import Client, Query
from connectors.salesforce.faults import code_of, one_line
from model.errors import DataError, SourceError, UnreachableError

PAGE_ROWS = 50_000
PAGE_ATTEMPTS = 3
MEMORY_BYTES = 8_000_000
POLL_SECONDS = (0.1, 20.0)  # the first pause and the longest
PATIENCE_SECONDS = 4 * 3600.0
_NOT_FOR_BULK = {"INVALIDENTITY", "INVALID_ENTITY"}


def bulk_rows(client: Client, query: Query) -> Iterator[pa.Table]:
    """The rows of a query by a Bulk job, as text columns, at most 50,000 to a table.

    An object that Bulk does not know (some set-up objects) is read by REST.
    """
    path = _create(client, query)
    if path is None:
        yield from client.rows(query)
        return
    done = False
    try:
        total = _wait(client, path, query)
        read = 0
        locator: str | None = None
        while locator != "":
            page, rows, locator = _page(client, path, locator, query)
            with page:
                read += rows
                if rows:
                    yield from _tables(page, query)
        if total is not None and read != total:
            raise DataError(
                f"{query.object} gave {read} of {total} rows", client.host, "Run the sync again."
            )
        done = True
    finally:
        _remove(client, path, done)


def _create(client: Client, query: Query) -> str | None:
    """The address of a new job, or None where Bulk does not know the object."""
    with one_line(client.host, f"the bulk job for {query.object}"):
        try:
            job = client.request("POST", "jobs/query", json=_job(query)).json()
            return f"jobs/query/{job['id']}"
        except SalesforceError as error:
            if code_of(error) in _NOT_FOR_BULK:
                return None
            raise


def _job(query: Query) -> dict[str, str]:
    return {
        "operation": "queryAll",
        "query": query.soql,
        "contentType": "CSV",
        "columnDelimiter": "COMMA",
        "lineEnding": "LF",
    }


def _wait(client: Client, path: str, query: Query) -> int | None:
    """Wait for the job; the number of rows that it says it found."""
    pause, longest = POLL_SECONDS
    until = time.monotonic() + PATIENCE_SECONDS
    while True:
        with one_line(client.host, f"the bulk job for {query.object}"):
            state = client.request("GET", path).json()
        if state["state"] == "JobComplete":
            rows = state.get("numberRecordsProcessed")
            return None if rows is None else int(rows)
        if state["state"] in ("Failed", "Aborted"):
            raise SourceError(
                f"the bulk job for {query.object} ended as {state['state']}",
                client.host,
                "Run the sync again.",
            )
        if time.monotonic() > until:
            raise UnreachableError(
                f"the bulk job for {query.object} is not done after "
                f"{PATIENCE_SECONDS / 3600:.0f} hours",
                client.host,
                "Try again later.",
            )
        time.sleep(pause)
        pause = min(pause * 1.6, longest)


def _page(
    client: Client, path: str, locator: str | None, query: Query
) -> tuple[IO[bytes], int, str]:
    """One page of results in a file, its number of rows, the next locator (empty: the last)."""
    params = {"maxRecords": str(PAGE_ROWS), **({"locator": locator} if locator else {})}
    attempts = 0
    while True:
        file = tempfile.SpooledTemporaryFile(MEMORY_BYTES)  # noqa: SIM115
        try:
            headers = _fetch(client, path, params, query, file)
            return file, _checked(client, query, headers, file), _next_locator(headers)
        except (DataError, UnreachableError):
            file.close()
            attempts += 1
            if attempts == PAGE_ATTEMPTS:
                raise


def _fetch(
    client: Client, path: str, params: dict[str, str], query: Query, file: IO[bytes]
) -> Mapping[str, str]:
    with (
        one_line(client.host, f"the bulk result of {query.object}"),
        client.request("GET", f"{path}/results", params=params, stream=True) as answer,
    ):
        for piece in answer.iter_content(1 << 20):
            file.write(piece)
        return answer.headers


def _checked(client: Client, query: Query, headers: Mapping[str, str], file: IO[bytes]) -> int:
    said = headers.get("Sforce-NumberOfRecords", "")
    held = sum(table.num_rows for table in _tables(file, query)) if said != "0" else 0
    if said.isdigit() and held != int(said):
        raise DataError(
            f"the bulk result of {query.object} has {held} of {said} rows",
            client.host,
            "Run the sync again.",
        )
    return held


def _next_locator(headers: Mapping[str, str]) -> str:
    locator = headers.get("Sforce-Locator", "")
    return "" if locator == "null" else locator


def _tables(file: IO[bytes], query: Query) -> Iterator[pa.Table]:
    file.seek(0)
    text = pa.csv.ConvertOptions(
        column_types=dict.fromkeys(query.fields, pa.string()),
        include_columns=list(query.fields),
        null_values=[""],
        strings_can_be_null=True,
        quoted_strings_can_be_null=True,
    )
    try:
        reader = pa.csv.open_csv(
            pa.PythonFile(file, mode="r"),
            read_options=pa.csv.ReadOptions(block_size=2 << 20),
            parse_options=pa.csv.ParseOptions(newlines_in_values=True),
            convert_options=text,
        )
        for batch in reader:
            yield pa.Table.from_batches([batch])
    except (pa.ArrowInvalid, pa.ArrowKeyError):
        raise DataError(
            "the bulk result is not the CSV that was asked for", query.object, "Run the sync again."
        ) from None


def _remove(client: Client, path: str, done: bool) -> None:
    """Delete the job, aborted first if it may still run. What fails here changes no result."""
    with suppress(SourceError, SalesforceError, requests.exceptions.RequestException):
        if not done:
            client.request("PATCH", path, json={"state": "Aborted"})
    with suppress(SourceError, SalesforceError, requests.exceptions.RequestException):
        client.request("DELETE", path)
