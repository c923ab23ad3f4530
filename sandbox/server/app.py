"""The application: every route of the organisation behind one gate."""

import json

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox.server.bulk import Bulk
from sandbox.server.clock import moment
from sandbox.server.describe import Describe
from sandbox.server.errors import (
    ApiError,
    answer_api_error,
    answer_fault,
    answer_method,
    answer_missing,
    answer_soql_error,
)
from sandbox.server.gate import Dated, Gate, Usage, bearer
from sandbox.server.login import Login
from sandbox.server.organisation import Organisation
from sandbox.server.rest import Rest
from sandbox.server.sessions import Sessions
from sandbox.soql.errors import SoqlError

BULK_PAGES = 25  # a page of Bulk 2 holds so many pages of REST


def application(organisation: Organisation, sessions: Sessions, page_size: int) -> Starlette:
    """The organisation's API. `page_size` is the most rows of a page of REST."""
    usage = Usage(organisation.clock)
    bulk = Bulk(organisation, sessions.identity.user_id, page_size * BULK_PAGES)

    async def set_clock(request: Request) -> Response:
        """Not Salesforce's: stop the organisation at a moment, or let it run (null)."""
        if not sessions.is_open(bearer(request.headers)):
            raise ApiError(401, "INVALID_SESSION_ID", "Session expired or invalid")
        try:
            wanted = json.loads(await request.body())["now"]
            organisation.clock.fixed = None if wanted is None else moment(wanted)
        except (ValueError, TypeError, KeyError):
            raise ApiError(400, "JSON_PARSER_ERROR", 'send {"now": "2026-01-31T00:00"}') from None
        return JSONResponse({"now": organisation.clock.now().isoformat()})

    routes = [
        *Login(sessions).routes(),
        *bulk.routes(),
        *Describe(organisation).routes(),
        *Rest(organisation, usage, page_size).routes(),
        Route("/sandbox/clock", set_clock, methods=["PUT"]),
    ]
    return Starlette(
        routes=routes,
        middleware=[
            Middleware(Dated, clock=organisation.clock),
            Middleware(Gate, sessions=sessions, usage=usage),
        ],
        exception_handlers={
            ApiError: answer_api_error,
            SoqlError: answer_soql_error,
            404: answer_missing,
            405: answer_method,
            Exception: answer_fault,
        },
    )
