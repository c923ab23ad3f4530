"""The REST API: queries and their pages, records, limits."""

import re
import secrets
import time

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox.schema import Object
from sandbox.server.errors import ApiError, not_found
from sandbox.server.gate import MOST_REQUESTS, VERSIONS, Usage
from sandbox.server.organisation import Organisation, Spool
from sandbox.server.records import Record, to_records
from sandbox.soql.conditions import full_id
from sandbox.soql.errors import SoqlError
from sandbox.soql.paths import find

BATCH_SIZES = (200, 2000)
LOCATOR_SECONDS = 2 * 86_400.0
_BATCH = re.compile(r"(?i)\bbatchSize\s*=\s*(\d+)")


class Locators:
    """Answers of more than one page, kept for two days."""

    def __init__(self) -> None:
        self._kept: dict[str, tuple[float, Spool]] = {}

    def keep(self, spool: Spool) -> str:
        """The locator under which the answer's later pages are found."""
        horizon = time.monotonic() - LOCATOR_SECONDS
        for name, (at, old) in list(self._kept.items()):
            if at < horizon:
                self._kept.pop(name, None)
                old.drop()
        locator = f"01g{secrets.token_hex(8)[:15]}"
        self._kept[locator] = (time.monotonic(), spool)
        return locator

    def find(self, text: str) -> tuple[Spool, str, int]:
        """The answer, its locator and the offset that `locator-offset` names."""
        locator, _, offset = text.partition("-")
        at, spool = self._kept.get(locator, (0.0, None))
        stale = spool is None or at < time.monotonic() - LOCATOR_SECONDS
        if spool is None or stale or not offset.isdecimal() or int(offset) >= spool.rows:
            raise ApiError(400, "INVALID_QUERY_LOCATOR", "invalid query locator")
        return spool, locator, int(offset)


class Rest:
    """The endpoints below `/services/data` except those of Bulk 2 and describe."""

    def __init__(self, organisation: Organisation, usage: Usage, page_size: int) -> None:
        self.organisation, self.usage, self.page_size = organisation, usage, page_size
        self.locators = Locators()

    def routes(self) -> list[Route]:
        """The addresses served here."""
        root = "/services/data/v{version}"
        return [
            Route("/services/data", self.versions),
            Route(root, self.resources),
            Route(f"{root}/query", self.query),
            Route(f"{root}/queryAll", self.query_all),
            Route(f"{root}/query/{{locator}}", self.more),
            Route(f"{root}/queryAll/{{locator}}", self.more),
            Route(f"{root}/limits", self.limits),
            Route(f"{root}/limits/recordCount", self.record_count),
            Route(f"{root}/sobjects/{{name}}/{{id}}", self.record),
        ]

    def versions(self, _: Request) -> Response:
        """The versions of the API; needs no session."""
        listed = [
            {"label": f"Release {v}", "url": f"/services/data/v{v}", "version": v} for v in VERSIONS
        ]
        return JSONResponse(listed)

    def resources(self, request: Request) -> Response:
        """What the version offers."""
        names = ("query", "queryAll", "sobjects", "limits", "jobs")
        return JSONResponse({name: f"{root_of(request)}/{name}" for name in names})

    def query(self, request: Request) -> Response:
        """The first page of a query over the records that are there."""
        return self._first_page(request, include_hidden=False)

    def query_all(self, request: Request) -> Response:
        """The first page of a query over deleted and archived records too."""
        return self._first_page(request, include_hidden=True)

    def more(self, request: Request) -> Response:
        """A later page, of the same moment as the first."""
        spool, locator, start = self.locators.find(request.path_params["locator"])
        return self._page(request, spool, locator, start)

    def limits(self, _: Request) -> Response:
        """What is left of the day's calls."""
        left = MOST_REQUESTS - self.usage.used
        return JSONResponse({"DailyApiRequests": {"Max": MOST_REQUESTS, "Remaining": left}})

    def record_count(self, request: Request) -> Response:
        """The number of records by object, without deleted and archived ones."""
        asked = request.query_params.get("sObjects")
        objects = self.organisation.objects
        names = asked.split(",") if asked else sorted(objects)
        known = {name.casefold(): name for name in objects}
        chosen = [known[n.strip().casefold()] for n in names if n.strip().casefold() in known]
        counts = [{"count": self._count(name), "name": name} for name in chosen]
        return JSONResponse({"sObjects": counts})

    def record(self, request: Request) -> Response:
        """One record by its id, all fields or those of `?fields=`."""
        item = object_of(self.organisation, request)
        asked = request.query_params.get("fields")
        names = asked.split(",") if asked else [field.name for field in item.fields]
        try:
            key = full_id(request.path_params["id"])
        except ValueError:
            raise not_found() from None
        deletable = item.field("IsDeleted") is not None
        flag = ["IsDeleted"] if deletable and "IsDeleted" not in names else []
        soql = f"SELECT {', '.join(names + flag)} FROM {item.name} WHERE Id = '{key}'"  # noqa: S608
        compiled = self.organisation.compile(soql, include_hidden=True)
        found = to_records(compiled, self.organisation.first(compiled, 1), root_of(request))
        if not found:
            raise not_found()
        if deletable and found[0]["IsDeleted"]:
            raise ApiError(404, "ENTITY_IS_DELETED", "entity is deleted")
        return JSONResponse({k: v for k, v in found[0].items() if k not in flag})

    def _count(self, name: str) -> int:
        return int(self.organisation.values(f"SELECT COUNT() FROM {name}")[0][0])  # noqa: S608

    def _first_page(self, request: Request, *, include_hidden: bool) -> Response:
        soql = request.query_params.get("q", "")
        compiled = self.organisation.compile(soql, include_hidden=include_hidden)
        size = self._size(request)
        rows = self.organisation.first(compiled, size + 1)
        if compiled.shape == "counted":
            return _answer(int(rows[0][0]), [])
        if len(rows) <= size:
            return _answer(len(rows), to_records(compiled, rows, root_of(request)))
        if compiled.shape == "groups":
            raise ApiError(
                400,
                "EXCEEDED_ID_LIMIT",
                "Aggregate query does not support queryMore(), use LIMIT to restrict the results "
                "to a single batch",
            )
        spool = self.organisation.spool(compiled)
        return self._page(request, spool, self.locators.keep(spool), 0)

    def _page(self, request: Request, spool: Spool, locator: str, start: int) -> Response:
        size = self._size(request)
        rows = [row for rows in self.organisation.page(spool, start, size) for row in rows]
        records = to_records(spool.compiled, rows, root_of(request))
        after = start + size
        more = f"{root_of(request)}/query/{locator}-{after}" if after < spool.rows else None
        return _answer(spool.rows, records, more)

    def _size(self, request: Request) -> int:
        asked = _BATCH.search(request.headers.get("sforce-query-options", ""))
        least, most = BATCH_SIZES
        wanted = min(max(int(asked[1]), least), most) if asked else most
        return min(wanted, self.page_size)


def _answer(total: int, records: list[Record], more: str | None = None) -> Response:
    body: dict[str, object] = {"totalSize": total, "done": more is None}
    if more:
        body["nextRecordsUrl"] = more
    return JSONResponse({**body, "records": records})


def root_of(request: Request) -> str:
    """The address of the API version that a call names."""
    return f"/services/data/v{request.path_params['version']}"


def object_of(organisation: Organisation, request: Request) -> Object:
    """The object that a call names; ApiError NOT_FOUND if there is none."""
    try:
        return find(organisation.objects, request.path_params["name"])
    except SoqlError:
        raise not_found() from None
