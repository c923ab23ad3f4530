"""Faults on request: what a tired service and a bad line do to a call, made to happen."""

import asyncio
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal, get_args

from starlette.datastructures import MutableHeaders
from starlette.responses import HTMLResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sandbox.server.calls import ENDPOINTS, Call, Log
from sandbox.server.errors import ApiError, oauth_error

Kind = Literal[
    "unauthorized",
    "unauthorized_not_json",
    "limit_exceeded",
    "too_many_requests",
    "unavailable",
    "slow",
    "cut",
    "truncated_csv",
    "expired_locator",
    "wrong_count",
    "query_timeout",
    "not_json",
    "invalid_field",
    "job_failed",
]
_ASKED = ("query", "count", "bulk_create", "bulk_status")
_ONLY: dict[str, tuple[str, ...]] = {  # where a kind can happen, if not everywhere
    "truncated_csv": ("bulk_results",),
    "expired_locator": ("query_more", "bulk_results"),
    "wrong_count": ("query", "query_more", "count", "bulk_results"),
    "query_timeout": (*_ASKED, "query_more"),
    "invalid_field": ("query", "count", "bulk_create"),
    "job_failed": ("bulk_create", "bulk_status"),
}
_TIMEOUT = "Your query request was running for too long."
_ERRORS = {
    "unauthorized": (401, "INVALID_SESSION_ID", "Session expired or invalid"),
    "limit_exceeded": (403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded."),
    "too_many_requests": (429, "TOO_MANY_REQUESTS", "Too many requests. Try again later."),
    "unavailable": (503, "SERVER_UNAVAILABLE", "Server too busy. Please try again later."),
    "expired_locator": (400, "INVALID_QUERY_LOCATOR", "invalid query locator"),
    "query_timeout": (400, "QUERY_TIMEOUT", _TIMEOUT),
    "invalid_field": (
        400,
        "INVALID_FIELD",
        "No such column 'Id' on entity. If you are attempting to use a custom field, be sure to "
        "append the '__c' after the custom field name. Please reference your WSDL or the describe "
        "call for the appropriate names.",
    ),
}
_HTML = "<html><head><title>Salesforce</title></head><body>{}</body></html>"
_JOB_FAILURE = "InternalServerError : Your query could not be completed. Try again."


@dataclass
class Fault:
    """After `skip` calls of the endpoint, `times` calls fail in that way (None: all that follow).

    With a `source` only calls of that object count. `seconds` is the delay of a slow one.
    """

    endpoint: str
    kind: Kind
    source: str | None = None
    skip: int = 0
    times: int | None = 1
    seconds: float = 1.0
    seen: int = 0

    @classmethod
    def read(cls, said: object) -> "Fault":
        """A fault from JSON; ApiError where it cannot happen."""
        if not isinstance(said, dict) or set(said) - _KEYS or not {"endpoint", "kind"} <= set(said):
            raise _wrong(f"a fault has an endpoint and a kind, and may have {sorted(_KEYS)}")
        fault = cls(**{"source" if key == "object" else key: said[key] for key in said})
        if fault.endpoint not in ("any", *ENDPOINTS):
            raise _wrong(f"no endpoint {fault.endpoint!r}; there are any, {', '.join(ENDPOINTS)}")
        if fault.kind not in get_args(Kind):
            raise _wrong(f"no kind {fault.kind!r}; there are {', '.join(get_args(Kind))}")
        if fault.endpoint != "any" and fault.endpoint not in _ONLY.get(fault.kind, ENDPOINTS):
            raise _wrong(f"{fault.kind} cannot happen at {fault.endpoint}")
        return fault

    def strikes(self, call: Call) -> bool:
        """Whether this call fails; counts the calls that could."""
        if not self._meets(call):
            return False
        self.seen += 1
        after = self.seen - self.skip
        return after > 0 and (self.times is None or after <= self.times)

    def _meets(self, call: Call) -> bool:
        if self.endpoint not in ("any", call.endpoint):
            return False
        if self.kind in _ONLY and call.endpoint not in _ONLY[self.kind]:
            return False
        named = (call.object or "").casefold()
        return self.source is None or self.source.casefold() == named


_KEYS = frozenset({"endpoint", "kind", "object", "skip", "times", "seconds"})


class Faults:
    """Passes calls on, spoils those that a fault strikes, and keeps the log of all.

    `held` knows the object of a locator or a job, `fail` makes a job fail with a message.
    """

    def __init__(
        self,
        app: ASGIApp,
        faults: list[Fault],
        log: Log,
        held: Callable[[str], str | None],
        fail: Callable[[str, str], None],
    ) -> None:
        self.app, self.faults, self.log, self.held, self.fail = app, faults, log, held, fail

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one call; the sandbox's own addresses are neither spoilt nor logged."""
        path = scope.get("path", "")
        if scope["type"] != "http" or path.startswith("/sandbox/"):
            await self.app(scope, receive, send)
            return
        body = b""
        if path.endswith("/jobs/query") and scope["method"] == "POST":
            body = await _read(receive)
            receive = _again(body)
        query = scope["query_string"].decode("latin-1")
        call = Call.read(scope["method"], path, query, body, self.held)
        entry = self.log.add(call)

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                entry["status"] = message["status"]
            await send(message)

        fault = next((each for each in self.faults if each.strikes(call)), None)
        if fault is None:
            await self.app(scope, receive, sending)
        else:
            await self._spoil(fault, call, scope, receive, sending)

    async def _spoil(
        self, fault: Fault, call: Call, scope: Scope, receive: Receive, send: Send
    ) -> None:
        if fault.kind == "slow":
            await asyncio.sleep(fault.seconds)
            await self.app(scope, receive, send)
        elif fault.kind == "cut":
            await self.app(scope, receive, _cutting(send))
        elif call.endpoint == "bulk_status" and fault.kind in ("job_failed", "query_timeout"):
            failed = fault.kind == "job_failed"
            self.fail(call.job or "", _JOB_FAILURE if failed else f"QUERY_TIMEOUT: {_TIMEOUT}")
            await self.app(scope, receive, send)
        elif fault.kind in ("truncated_csv", "wrong_count", "job_failed"):
            messages: list[Message] = []

            async def keeping(message: Message) -> None:
                messages.append(message)

            await self.app(scope, receive, keeping)
            await self._altered(fault.kind, messages, send)
        else:
            await _instead(fault.kind, call)(scope, receive, send)

    async def _altered(self, kind: Kind, messages: list[Message], send: Send) -> None:
        start, body = messages[0], b"".join(m.get("body", b"") for m in messages[1:])
        headers = MutableHeaders(scope=start)
        if start["status"] == 200:
            if kind == "truncated_csv":
                body = _early_end(body)
            elif kind == "wrong_count":
                body = _miscounted(headers, body)
            else:
                self.fail(json.loads(body)["id"], _JOB_FAILURE)
        if "content-length" in headers:
            headers["content-length"] = str(len(body))
        await send(start)
        await send({"type": "http.response.body", "body": body})


def _instead(kind: Kind, call: Call) -> Response:
    """The answer that a call gets in place of its own."""
    if kind == "not_json":
        return HTMLResponse(_HTML.format("Down for maintenance"))
    if kind == "unauthorized_not_json":
        return HTMLResponse(_HTML.format("Unauthorized"), 401)
    if kind == "unauthorized" and call.endpoint == "login" and "/oauth2/" in call.path:
        return oauth_error("invalid_grant", "authentication failure")
    return ApiError(*_ERRORS[kind]).response()


def _cutting(send: Send) -> Send:
    """Sends the head of an answer and half of its first part, and no end: the server then drops
    the connection.
    """
    begun = False

    async def sending(message: Message) -> None:
        nonlocal begun
        if message["type"] == "http.response.start":
            if message["status"] == 204:  # has no body to be cut
                message = {**message, "status": 200, "headers": [(b"content-length", b"64")]}
            await send(message)
        elif not begun and message["type"] == "http.response.body":
            begun = True
            half = message.get("body", b"")
            await send({**message, "body": half[: len(half) // 2], "more_body": True})

    return sending


def _early_end(body: bytes) -> bytes:
    """The first half of the lines, so that what is there can still be read."""
    end = body.rfind(b"\n", 0, len(body) // 2)
    return body[: end + 1] if end >= 0 else body[: len(body) // 2]


def _miscounted(headers: MutableHeaders, body: bytes) -> bytes:
    if "sforce-numberofrecords" in headers:
        headers["sforce-numberofrecords"] = str(int(headers["sforce-numberofrecords"]) + 1)
        return body
    answer = json.loads(body)
    if "totalSize" in answer:
        answer["totalSize"] += 1
    for counted in answer.get("sObjects", ()):
        counted["count"] += 1
    return json.dumps(answer).encode()


async def _read(receive: Receive) -> bytes:
    parts: list[bytes] = []
    while True:
        message = await receive()
        parts.append(message.get("body", b""))
        if not message.get("more_body"):
            return b"".join(parts)


def _again(body: bytes) -> Receive:
    """A request whose body was read already."""
    left = [{"type": "http.request", "body": body}]

    async def receiving() -> Message:
        return left.pop() if left else {"type": "http.disconnect"}

    return receiving


def read_faults(said: object) -> Iterable[Fault]:
    """Faults from a JSON list; ApiError where one cannot happen."""
    if not isinstance(said, list):
        raise _wrong("send a list of faults")
    return [Fault.read(each) for each in said]


def _wrong(reason: str) -> ApiError:
    return ApiError(400, "JSON_PARSER_ERROR", reason)
