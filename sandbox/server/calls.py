"""What a call asks for, in the words by which faults and the log name it."""

import json
import re
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import parse_qs, unquote_plus

ENDPOINTS = (
    "login",
    "describe",
    "limits",
    "query",
    "query_more",
    "count",
    "bulk_create",
    "bulk_status",
    "bulk_results",
    "bulk_delete",
)
MOST_KEPT = 100_000
_LOGIN = re.compile(r"/services/(oauth2/token|Soap/u/)")
_PLACE = re.compile(r"/services/data/v[^/]+/(.*)")
_DESCRIBE = re.compile(r"sobjects(?:/([^/]+)(?:/describe)?)?")
_MORE = re.compile(r"query(?:All)?/([^/-]+)[^/]*")
_JOB = re.compile(r"jobs/query/([^/]+)(/results)?")
_OF_JOB = {"GET": "bulk_status", "DELETE": "bulk_delete"}
_PLACES = {"limits": "limits", "limits/recordCount": "count"}
_COUNT = re.compile(r"\s*SELECT\s+COUNT\s*\(\s*\)", re.IGNORECASE)
_FROM = re.compile(r"\bFROM\s+(\w+)", re.IGNORECASE)
_TEXT = re.compile(r"'(?:\\.|[^'\\])*'", re.DOTALL)
_INSIDE = re.compile(r"\([^()]*\)")


@dataclass(frozen=True)
class Call:
    """One call: `endpoint` is one of ENDPOINTS or None, `query` the SOQL if it carries one, else
    the part of its address behind the question mark; `job` is the Bulk 2 job that it names.
    """

    method: str
    path: str
    query: str
    endpoint: str | None
    object: str | None
    job: str | None = None

    @classmethod
    def read(
        cls, method: str, path: str, query: str, body: bytes, held: Callable[[str], str | None]
    ) -> "Call":
        """A call from its request; `held` knows the object of a locator or a job."""
        if _LOGIN.match(path):
            return cls(method, path, "", "login", None)
        place = _PLACE.fullmatch(path)
        rest = place[1] if place else ""
        soql = _soql(method, rest, query, body)
        if soql is not None:
            counts = "count" if _COUNT.match(soql) else "query"
            endpoint: str | None = "bulk_create" if method == "POST" else counts
            return cls(method, path, soql, endpoint, source(soql))
        shown = unquote_plus(query)
        if more := _MORE.fullmatch(rest):
            return cls(method, path, shown, "query_more", held(more[1]))
        if named := _JOB.fullmatch(rest):
            results = "bulk_results" if named[2] else _OF_JOB.get(method)
            return cls(method, path, shown, results, held(named[1]), named[1])
        described = _DESCRIBE.fullmatch(rest)
        endpoint = "describe" if described else _PLACES.get(rest)
        return cls(method, path, shown, endpoint, described[1] if described else None)


def source(soql: str) -> str | None:
    """The object that a query reads, as it is written there."""
    left, flat = "", _TEXT.sub("''", soql)
    while left != flat:
        left, flat = flat, _INSIDE.sub(" ", flat)
    found = _FROM.search(flat)
    return found[1] if found else None


def _soql(method: str, place: str, query: str, body: bytes) -> str | None:
    if place in ("query", "queryAll"):
        return parse_qs(query).get("q", [""])[0]
    if place != "jobs/query" or method != "POST":
        return None
    try:
        read = json.loads(body)
    except ValueError:
        return ""
    return str(read.get("query", "")) if isinstance(read, dict) else ""


class Log:
    """The last calls, the oldest first."""

    def __init__(self) -> None:
        self.entries: deque[dict[str, object]] = deque(maxlen=MOST_KEPT)

    def add(self, call: Call) -> dict[str, object]:
        """The entry of a call that has just come; its status follows."""
        entry: dict[str, object] = {
            "at": datetime.now(UTC).replace(tzinfo=None).isoformat(timespec="milliseconds"),
            "method": call.method,
            "path": call.path,
            "query": call.query,
            "endpoint": call.endpoint,
            "object": call.object,
            "status": None,
        }
        self.entries.append(entry)
        return entry
