"""The REST API: queries and their pages, records, limits."""

import json
import re
from functools import partial

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox.schema import Object
from sandbox.server.columns import columns
from sandbox.server.errors import ApiError, not_found
from sandbox.server.gate import VERSIONS, Usage, user_of
from sandbox.server.organisation import Organisation
from sandbox.server.pages import Cursor, Cursors, page_rows
from sandbox.server.records import groups, json_line
from sandbox.server.spool import Spool
from sandbox.soql.compiler import Compiled
from sandbox.soql.conditions import full_id
from sandbox.soql.errors import SoqlError
from sandbox.soql.paths import find

BATCH_SIZES = (200, 2000)
_JSON = "application/json;charset=UTF-8"
_BATCH = re.compile(r"(?i)\bbatchSize\s*=\s*(\d+)")


class Rest:
    """The endpoints below `/services/data` except those of Bulk 2 and describe."""

    def __init__(self, organisation: Organisation, usage: Usage, page_size: int) -> None:
        self.organisation, self.usage, self.page_size = organisation, usage, page_size
        self.cursors = Cursors()

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
        names = ("composite", "jobs", "limits", "query", "queryAll", "sobjects")
        return JSONResponse({name: f"{root_of(request)}/{name}" for name in names})

    def query(self, request: Request) -> Response:
        """The first page of a query over the records that are there."""
        return self._first_page(request, include_hidden=False)

    def query_all(self, request: Request) -> Response:
        """The first page of a query over deleted and archived records too."""
        return self._first_page(request, include_hidden=True)

    def more(self, request: Request) -> Response:
        """A later page, of the same moment as the first."""
        locator = request.path_params["locator"]
        return self._page(request, *self.cursors.find(user_of(request).user_id, locator))

    def limits(self, _: Request) -> Response:
        """What is left of the day's calls and jobs, and of storage."""
        return JSONResponse(self.usage.limits())

    def record_count(self, request: Request) -> Response:
        """The number of records by object, without deleted and archived ones; whatever is shared
        with the user.
        """
        user = user_of(request)
        if not user.profile.views_setup:
            reason = "this user may not View Setup and Configuration"
            raise ApiError(403, "INSUFFICIENT_ACCESS", reason)
        asked = request.query_params.get("sObjects")
        objects = user.view.objects
        names = asked.split(",") if asked else sorted(objects)
        known = {name.casefold(): name for name in objects}
        chosen = [known[n.strip().casefold()] for n in names if n.strip().casefold() in known]
        every = self.organisation.seen_by(objects)
        counts = [{"count": every.count(name), "name": name} for name in chosen]
        return JSONResponse({"sObjects": counts})

    def record(self, request: Request) -> Response:
        """One record by its id, all fields or those of `?fields=`."""
        item, view = object_of(request), user_of(request).view
        asked = request.query_params.get("fields")
        names = asked.split(",") if asked else [field.name for field in item.fields]
        try:
            key = full_id(request.path_params["id"])
        except ValueError:
            raise not_found() from None
        deletable = item.field("IsDeleted") is not None
        flag = ["IsDeleted"] if deletable and "IsDeleted" not in names else []
        soql = f"SELECT {', '.join(names + flag)} FROM {item.name} WHERE Id = '{key}'"  # noqa: S608
        compiled = view.compile(soql, include_hidden=True)
        found = self.organisation.lines(compiled, json_line(compiled, root_of(request)))
        if not found:
            raise not_found()
        record: dict[str, object] = json.loads(found[0][:-1])
        if deletable and record["IsDeleted"]:
            raise ApiError(404, "ENTITY_IS_DELETED", "entity is deleted")
        return JSONResponse({k: v for k, v in record.items() if k not in flag})

    def _first_page(self, request: Request, *, include_hidden: bool) -> Response:
        soql = request.query_params.get("q", "")
        line = partial(json_line, root=root_of(request))
        view = user_of(request).view
        compiled = view.compile(soql, include_hidden=include_hidden, line=line)
        if "columns" in request.query_params:
            return JSONResponse(columns(compiled))
        size = self._size(request)
        if compiled.shape != "records":
            return self._summed(compiled, size)
        spool = self.organisation.spool(compiled, line(compiled))
        if spool.rows <= size:
            body = _body(spool, 0, spool.rows, None)
            spool.drop()
            return Response(body, media_type=_JSON)
        locator = self.cursors.keep(user_of(request).user_id, spool)
        return self._page(request, *self.cursors.find(user_of(request).user_id, f"{locator}-0"))

    def _summed(self, compiled: Compiled, size: int) -> Response:
        rows = self.organisation.first(compiled, size + 1)
        if compiled.shape == "counted":
            return JSONResponse({"totalSize": int(rows[0][0]), "done": True, "records": []})
        if len(rows) > size:
            raise ApiError(
                400,
                "EXCEEDED_ID_LIMIT",
                "Aggregate query does not support queryMore(), use LIMIT to restrict the results "
                "to a single batch",
            )
        records = groups(compiled, rows)
        return JSONResponse({"totalSize": len(rows), "done": True, "records": records})

    def _page(self, request: Request, cursor: Cursor, locator: str, start: int) -> Response:
        spool = cursor.spool
        after = start + page_rows(start, self._size(request), spool.rows)
        cursor.is_read = after >= spool.rows
        more = None if cursor.is_read else f"{root_of(request)}/query/{locator}-{after}"
        return Response(_body(spool, start, after, more), media_type=_JSON)

    def _size(self, request: Request) -> int:
        asked = _BATCH.search(request.headers.get("sforce-query-options", ""))
        least, most = BATCH_SIZES
        wanted = min(max(int(asked[1]), least), most) if asked else most
        return min(wanted, self.page_size)


def _body(spool: Spool, start: int, after: int, more: str | None) -> bytes:
    head: dict[str, object] = {"totalSize": spool.rows, "done": more is None}
    if more:
        head["nextRecordsUrl"] = more
    lines = b"".join(spool.read(start, after - start)).removesuffix(b",")
    return json.dumps(head)[:-1].encode() + b',"records":[' + lines + b"]}"


def root_of(request: Request) -> str:
    """The address of the API version that a call names."""
    return f"/services/data/v{request.path_params['version']}"


def object_of(request: Request) -> Object:
    """The object that a call names; ApiError NOT_FOUND if the user sees none of that name."""
    try:
        return find(user_of(request).view.objects, request.path_params["name"])
    except SoqlError:
        raise not_found() from None
