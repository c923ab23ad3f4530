"""The sandbox's own addresses, which Salesforce has not: its clock, faults, log and sessions."""

import json
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox.server.calls import Log
from sandbox.server.clock import Clock, moment
from sandbox.server.errors import ApiError
from sandbox.server.faults import Fault, read_faults
from sandbox.server.gate import bearer
from sandbox.server.sessions import Sessions


class Control:
    """The endpoints below `/sandbox`; a call bears the control token or that of a session."""

    def __init__(self, clock: Clock, sessions: Sessions, faults: list[Fault], log: Log) -> None:
        self.clock, self.sessions, self.faults, self.log = clock, sessions, faults, log

    def routes(self) -> list[Route]:
        """The addresses served here."""
        return [
            Route("/sandbox/clock", self.set_clock, methods=["PUT"]),
            Route("/sandbox/faults", self.set_faults, methods=["PUT"]),
            Route("/sandbox/requests", self.requests, methods=["GET", "DELETE"]),
            Route("/sandbox/sessions", self.expire, methods=["PUT"]),
        ]

    async def set_clock(self, request: Request) -> Response:
        """Stop the organisation at a moment, or let it run (null)."""
        said = await self._said(request)
        try:
            wanted = said["now"]
            self.clock.fixed = None if wanted is None else moment(wanted)
        except (ValueError, TypeError, KeyError):
            raise ApiError(400, "JSON_PARSER_ERROR", 'send {"now": "2026-01-31T00:00"}') from None
        return JSONResponse({"now": self.clock.now().isoformat()})

    async def set_faults(self, request: Request) -> Response:
        """The faults from now on, in place of those before."""
        self.faults[:] = read_faults(await self._said(request))
        return JSONResponse({"faults": len(self.faults)})

    def requests(self, request: Request) -> Response:
        """The log of calls, or (DELETE) an empty one."""
        self._check(request)
        if request.method == "DELETE":
            self.log.entries.clear()
            return Response(status_code=204)
        return JSONResponse(list(self.log.entries))

    async def expire(self, request: Request) -> Response:
        """Close every session."""
        if await self._said(request) != {"expire": "all"}:
            raise ApiError(400, "JSON_PARSER_ERROR", 'send {"expire": "all"}')
        self.sessions.expire()
        return Response(status_code=204)

    async def _said(self, request: Request) -> Any:
        self._check(request)
        try:
            return json.loads(await request.body())
        except ValueError:
            raise ApiError(400, "JSON_PARSER_ERROR", "The body is not JSON") from None

    def _check(self, request: Request) -> None:
        if not self.sessions.controls(bearer(request.headers)):
            raise ApiError(401, "INVALID_SESSION_ID", "Session expired or invalid")
