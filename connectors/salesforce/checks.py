"""`detente doctor --live`: what we assume of Salesforce, tried on an organisation. Reads only.

Independent of the code that pulls: the Bulk loop here is the simplest that works, and answers are
looked at as they come.
"""

import csv
import io
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
from simple_salesforce.exceptions import SalesforceError

from connectors.inspection import LiveCheck
from connectors.salesforce.client import Client
from connectors.salesforce.faults import code_of, one_line
from connectors.salesforce.inspecting import objects
from connectors.salesforce.shapes import CURSORS, Fields, Kind, Stream
from connectors.salesforce.values import from_records, typed
from model.errors import DataError, DetenteError, UnreachableError

SAMPLE = 100
PATIENCE_SECONDS = 300.0
_NOT_FOR_BULK = {"INVALIDENTITY", "INVALID_ENTITY", "FUNCTIONALITY_NOT_ENABLED"}
_REST_TIME = re.compile(r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}\+0000$")
_BULK_TIME = re.compile(r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$")
_YES, _NO, _NONE = "pass", "fail", "not_applicable"
Described = Mapping[str, Mapping[str, Any]]


class NotForBulkError(Exception):
    """Bulk does not know the object."""


@dataclass(frozen=True)
class _Ask:
    """Questions put to the organisation as plainly as possible."""

    client: Client

    def describe(self, name: str) -> dict[str, Any] | None:
        """What Salesforce says of an object."""
        return self.client.describe(name)

    def rows(self, soql: str, way: str = "queryAll") -> list[dict[str, Any]]:
        """The records of the first page of a query by REST."""
        with one_line(self.client.host, "a sample"):
            return list(self.client.json(way, "records", {"q": soql})["records"])

    def count(self, soql: str, way: str = "queryAll") -> int:
        """What a COUNT() says."""
        with one_line(self.client.host, "a count"):
            return int(self.client.json(way, "totalSize", {"q": soql})["totalSize"])

    def refusal(self, soql: str) -> str | None:
        """The code with which a query is refused; None where it is answered."""
        with one_line(self.client.host, "a query that should be refused"):
            try:
                self.client.json("queryAll", "records", {"q": soql})
            except SalesforceError as error:
                return code_of(error)
        return None

    def bulk(self, soql: str) -> list[dict[str, str]]:
        """The records of a query by Bulk, as text."""
        body = {"operation": "queryAll", "query": soql, "contentType": "CSV"}
        with one_line(self.client.host, "a bulk job"):
            try:
                made = self.client.json("jobs/query", "id", method="POST", body=body)
            except SalesforceError as error:
                if code_of(error) in _NOT_FOR_BULK:
                    raise NotForBulkError from None
                raise
            path = f"jobs/query/{made['id']}"
            try:
                self._wait(path)
                answer = self.client.request("GET", f"{path}/results")
                return list(csv.DictReader(io.StringIO(answer.content.decode("utf-8"))))
            finally:
                with suppress(SalesforceError):
                    self.client.request("DELETE", path)

    def _wait(self, path: str) -> None:
        until, pause = time.monotonic() + PATIENCE_SECONDS, 0.2
        while True:
            state = str(self.client.json(path, "state")["state"])
            if state == "JobComplete":
                return
            if state in ("Failed", "Aborted"):
                raise DataError(f"a bulk job ended as {state}", self.client.host)
            if time.monotonic() > until:
                raise UnreachableError("a bulk job is not done in time", self.client.host)
            time.sleep(pause)
            pause = min(2 * pause, 5.0)


def live_checks(client: Client, streams: Sequence[Stream]) -> Iterator[LiveCheck]:
    """Each check in turn; one that breaks is a failed check, not an error."""
    ask = _Ask(client)
    described = {name: found for name in objects(streams) if (found := ask.describe(name))}
    for object_, fields, within in selections(streams, described):
        yield _tried(
            f"same_rows:{object_}",
            f"REST and Bulk give the same rows of {object_}",
            "if not, the figures would depend on how many records there are",
            lambda o=object_, f=fields, w=within: _same_rows(ask, o, f, w),  # type: ignore[misc]
        )
    for id_, title, meaning, check in _SINGLE:
        yield _tried(id_, title, meaning, lambda c=check: c(ask, described))  # type: ignore[misc]
    yield _tried(
        "cursors",
        "What changed can be asked for by time in every object",
        "if not, the object is read whole, or changes are lost",
        lambda: _cursors(streams, described),
    )


Finding = tuple[str, str]
Check = Callable[[_Ask, Described], Finding]


def _tried(id_: str, title: str, meaning: str, check: Callable[[], Finding]) -> LiveCheck:
    try:
        result, found = check()
    except DetenteError as error:
        result, found = _NO, error.line()
    return LiveCheck(id_, title, result, found, meaning)  # type: ignore[arg-type]


def selections(
    streams: Sequence[Stream], described: Described
) -> Iterator[tuple[str, Fields, tuple[str, str] | None]]:
    """Every object with all of its visible fields that some stream selects."""
    wanted: dict[str, dict[str, Kind]] = {}
    within = {stream.object: stream.within for stream in streams if stream.within}
    for stream in streams:
        wanted.setdefault(stream.object, {}).update(stream.wanted)
        for lookup in stream.lookups:
            wanted.setdefault(lookup.object, {}).update({"Id": Kind.ID, **lookup.wanted})
        if stream.companion:
            other = stream.companion
            fields = {"Id": Kind.ID, other.key: Kind.ID, **other.fields}
            wanted.setdefault(other.object, {}).update(fields)
    for name, fields in wanted.items():
        if name in described:
            visible = {str(field["name"]) for field in described[name]["fields"]}
            yield name, {f: k for f, k in fields.items() if f in visible}, within.get(name)


def _same_rows(ask: _Ask, name: str, fields: Fields, within: tuple[str, str] | None) -> Finding:
    field, of = within or ("Id", name)
    ids = _listed(ask, of)
    if not ids:
        return _NONE, f"there are no records of {of}"
    condition = f"{field} IN ({ids})"
    soql = f"SELECT {', '.join(fields)} FROM {name} WHERE {condition}"  # noqa: S608
    rest = ask.rows(soql)
    try:
        bulk = ask.bulk(soql)
    except NotForBulkError:
        return _NONE, "Bulk does not give this object; it is read by REST"
    one = _sorted(from_records(rest, fields), fields, name)
    two = _sorted(pa.table({f: [row.get(f) for row in bulk] for f in fields}), fields, name)
    if one.num_rows != two.num_rows:
        return _NO, f"REST gives {one.num_rows} rows, Bulk {two.num_rows}"
    if unlike := [field for field in fields if not one[field].equals(two[field])]:
        return _NO, f"different values in {', '.join(unlike)}"
    return _YES, f"{one.num_rows} rows, {len(fields)} fields"


def _listed(ask: _Ask, name: str) -> str:
    found = ask.rows(f"SELECT Id FROM {name} LIMIT {SAMPLE}")  # noqa: S608
    return ", ".join(f"'{row['Id']}'" for row in found)


def _sorted(raw: pa.Table, fields: Fields, name: str) -> pa.Table:
    if not raw.num_rows:
        return pa.table({f: pa.array([], kind.arrow) for f, kind in fields.items()})
    text = raw.cast(pa.schema([(f, pa.string()) for f in raw.column_names]))
    return typed(text, fields, name).sort_by("Id").combine_chunks()


def _dates(ask: _Ask, described: Described) -> Finding:
    soql = "SELECT Id, CreatedDate FROM Lead LIMIT 5"
    if "Lead" not in described or not (rest := ask.rows(soql)):
        return _NONE, "no lead is visible"
    bulk = ask.bulk(soql)
    wrong = [r["CreatedDate"] for r in rest if not _REST_TIME.match(str(r["CreatedDate"]))]
    wrong += [r["CreatedDate"] for r in bulk if not _BULK_TIME.match(r["CreatedDate"])]
    said = f"{rest[0]['CreatedDate']} by REST, {bulk[0]['CreatedDate']} by Bulk"
    return (_NO if wrong else _YES), said


def _nulls(ask: _Ask, described: Described) -> Finding:
    empty = "SELECT COUNT() FROM Lead WHERE ConvertedDate = null"
    if "Lead" not in described or not ask.count(empty):
        return _NONE, "no lead without a conversion is visible"
    rows = ask.rows("SELECT Id, ConvertedDate FROM Lead ORDER BY ConvertedDate LIMIT 1")
    return (_YES if rows[0]["ConvertedDate"] is None else _NO), "the first of the order"


def _deleted(ask: _Ask, described: Described) -> Finding:
    found = []
    for name in ("Lead", "Task", "Opportunity"):
        if name in described:
            soql = f"SELECT COUNT() FROM {name} WHERE IsDeleted = true"  # noqa: S608
            every, ordinary = ask.count(soql), ask.count(soql, "query")
            if ordinary:
                return _NO, f"an ordinary query gives {ordinary} deleted records of {name}"
            found += [f"{every} of {name}"] if every else []
    return (
        (_YES, f"deleted: {', '.join(found)}") if found else (_NONE, "nothing was deleted lately")
    )


def _paired(ask: _Ask, described: Described) -> Finding:
    if "LeadHistory" not in described:
        return _NONE, "LeadHistory is not visible"
    base = "SELECT COUNT() FROM LeadHistory WHERE Field = 'Owner'"
    every, by_id = ask.count(base), ask.count(f"{base} AND DataType = 'EntityId'")
    if not every:
        return _NONE, "no change of a lead's owner is recorded"
    said = f"{by_id} of {every} rows of owner changes carry ids"
    return (_YES if by_id > 0 and every == 2 * by_id else _NO), said


def _values(ask: _Ask, described: Described) -> Finding:
    if "LeadHistory" not in described:
        return _NONE, "LeadHistory is not visible"
    code = ask.refusal("SELECT Id FROM LeadHistory WHERE NewValue = 'New' LIMIT 1")
    return (_YES, f"refused as {code}") if code else (_NO, "it was answered")


def _links(ask: _Ask, described: Described) -> Finding:
    if "ContentDocumentLink" not in described:
        return _NONE, "ContentDocumentLink is not visible"
    code = ask.refusal("SELECT Id FROM ContentDocumentLink LIMIT 1")
    if code is None:
        return _NONE, "answered: the user has Query All Files"
    return (_YES if code == "MALFORMED_QUERY" else _NO), f"refused as {code}"


def _converted(ask: _Ask, described: Described) -> Finding:
    kinds = {f["name"]: f["type"] for f in described.get("Lead", {}).get("fields", ())}
    if "ConvertedDate" not in kinds:
        return _NONE, "Lead.ConvertedDate is not visible"
    return (_YES if kinds["ConvertedDate"] == "date" else _NO), f"it is a {kinds['ConvertedDate']}"


def _quoted(ask: _Ask, _described: Described) -> Finding:
    code = ask.refusal("SELECT Id FROM User WHERE CreatedDate > '2020-01-01T00:00:00Z' LIMIT 1")
    return (_YES, f"refused as {code}") if code else (_NO, "it was answered")


def _counts(ask: _Ask, _described: Described) -> Finding:
    with one_line(ask.client.host, "the record counts"):
        try:
            params = {"sObjects": "Lead"}
            answer = ask.client.json("limits/recordCount", "sObjects", params)
        except SalesforceError as error:
            return _NONE, f"the user may not ask ({code_of(error)}): it lacks View Setup"
    return _YES, f"{len(answer['sObjects'])} object counted"


def _cursors(streams: Sequence[Stream], described: Described) -> Finding:
    wrong, seen = [], 0
    for stream in streams:
        if stream.whole or stream.object not in described:
            continue
        fields = {f["name"]: f for f in described[stream.object]["fields"]}
        name = next((c for c in CURSORS if c in fields and c in stream.clocks), None)
        seen += 1
        if name is None or not fields[name].get("filterable", False):
            wrong.append(stream.object)
    return (_NO, f"not in {', '.join(wrong)}") if wrong else (_YES, f"{seen} objects")


_SINGLE: tuple[tuple[str, str, str, Check], ...] = (
    (
        "dates",
        "Instants are written as we read them",
        "if not, no time can be read: tell us the form",
        _dates,
    ),
    (
        "nulls_first",
        "Empty values stand first in an ascending order",
        "matters to nothing but the sandbox organisation, which would then be unlike yours",
        _nulls,
    ),
    (
        "deleted_rows",
        "queryAll shows deleted records, query does not",
        "if not, what is deleted in the CRM would stay in the figures",
        _deleted,
    ),
    (
        "paired_history",
        "A change of owner is written twice, with names and with ids",
        "if not, handoffs would be lost or count double",
        _paired,
    ),
    (
        "history_values",
        "Old and new values cannot be filtered",
        "nothing breaks if they can",
        _values,
    ),
    (
        "links_need_ids",
        "ContentDocumentLink answers only for named ids",
        "nothing breaks if it answers more",
        _links,
    ),
    (
        "conversion_day",
        "Lead.ConvertedDate has no time of day",
        "nothing breaks if it has; the time is taken from LeadHistory",
        _converted,
    ),
    (
        "quoted_dates",
        "An instant in quotes is refused",
        "if not, the sandbox organisation is stricter than yours",
        _quoted,
    ),
    (
        "record_counts",
        "The CRM says how many records it holds",
        "where it may not be asked, nobody can tell whether sharing hides records",
        _counts,
    ),
)
