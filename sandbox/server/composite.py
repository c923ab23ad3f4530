"""Several GET calls in one: `/composite/batch`. Each passes the gate by itself and counts."""

import json
from urllib.parse import unquote

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import Message

from sandbox.server.errors import ApiError

MOST_CALLS = 25
_ROOT = "/services/data/"


def routes() -> list[Route]:
    """The addresses served here."""
    return [Route(f"{_ROOT}v{{version}}/composite/batch", batch, methods=["POST"])]


async def batch(request: Request) -> Response:
    """The answers of up to 25 calls, in their order."""
    try:
        said = json.loads(await request.body())
        calls = [(call["method"], call["url"]) for call in said["batchRequests"]]
    except (ValueError, KeyError, TypeError):
        raise ApiError(400, "JSON_PARSER_ERROR", "Send batchRequests with method and url") from None
    if len(calls) > MOST_CALLS:
        reason = f"Batch size must be equal to or less than {MOST_CALLS}"
        raise ApiError(400, "INVALID_BATCH_SIZE", reason)
    results: list[dict[str, object]] = []
    for method, url in calls:
        stops = said.get("haltOnError") and any(_has_failed(result) for result in results)
        results.append(_HALTED if stops else await _answer(request, method, url))
    has_errors = any(_has_failed(result) for result in results)
    return JSONResponse({"hasErrors": has_errors, "results": results})


_HALTED: dict[str, object] = {
    "statusCode": 412,
    "result": [
        {
            "errorCode": "BATCH_PROCESSING_HALTED",
            "message": "Batch processing halted per request. Request not run.",
        }
    ],
}


def _has_failed(result: dict[str, object]) -> bool:
    return result["statusCode"] != 200


async def _answer(request: Request, method: str, url: str) -> dict[str, object]:
    path, _, query = url.lstrip("/").removeprefix(_ROOT.lstrip("/")).partition("?")
    inner = {
        key: value
        for key, value in request.scope.items()
        if key in ("type", "asgi", "http_version", "scheme", "server", "client", "headers")
    }
    inner |= {"method": method, "path": _ROOT + unquote(path), "query_string": query.encode()}
    inner |= {"root_path": "", "raw_path": None}
    messages: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": b""}

    async def send(message: Message) -> None:
        messages.append(message)

    await request.app(inner, receive, send)
    body = b"".join(message.get("body", b"") for message in messages[1:])
    try:
        result = json.loads(body) if body else None
    except ValueError:  # the page of HTML that a fault has put there
        result = body.decode()
    return {"statusCode": messages[0]["status"], "result": result}
