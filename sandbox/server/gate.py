"""What every call of the API passes: session, version, the day's budget."""

import re
from datetime import UTC, date
from email.utils import format_datetime

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sandbox.server.clock import Clock
from sandbox.server.errors import ApiError, not_found
from sandbox.server.sessions import Sessions
from sandbox.server.users import User

VERSIONS = tuple(f"{number}.0" for number in range(31, 67))  # older ones are retired
MOST_REQUESTS = 100_000
_LIMITS = {
    "DailyApiRequests": MOST_REQUESTS,
    "DailyBulkApiBatches": 15_000,
    "DailyBulkV2QueryFileStorageMB": 976_562,
    "DailyBulkV2QueryJobs": 10_000,
    "DataStorageMB": 10_240,
    "FileStorageMB": 10_240,
}
_DATA = re.compile(r"/services/data/v([^/]+)(/|$)")


class Usage:
    """The API calls of the present day (UTC, by the organisation's clock)."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self._day: date | None = None
        self._used = self._jobs = 0

    @property
    def used(self) -> int:
        """Calls so far today."""
        today = self.clock.now().date()
        if today != self._day:
            self._day, self._used, self._jobs = today, 0, 0
        return self._used

    def count(self) -> None:
        """One call more; ApiError REQUEST_LIMIT_EXCEEDED when the day's calls are spent."""
        if self.used >= MOST_REQUESTS:
            raise ApiError(403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.")
        self._used += 1

    def count_job(self) -> None:
        """One Bulk 2 query job more."""
        self._jobs += 1

    def limits(self) -> dict[str, dict[str, int]]:
        """What there is and what is left today, by the service's names."""
        spent = {"DailyApiRequests": self.used, "DailyBulkV2QueryJobs": self._jobs}
        return {
            name: {"Max": most, "Remaining": most - spent.get(name, 0)}
            for name, most in _LIMITS.items()
        }


class Dated:
    """Dates every answer by the organisation's clock: clients take their cutoff from it. Addresses
    lose a slash at their end or a second one at their start, which some clients put there.
    """

    def __init__(self, app: ASGIApp, clock: Clock) -> None:
        self.app, self.clock = app, clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one call."""
        if scope["type"] == "http":
            scope["path"] = "/" + scope["path"].strip("/")

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                now = self.clock.now().replace(tzinfo=UTC)
                MutableHeaders(scope=message)["Date"] = format_datetime(now, usegmt=True)
            await send(message)

        await self.app(scope, receive, sending)


class Gate:
    """Lets a call of the REST or Bulk API through if it may come, and counts it."""

    def __init__(self, app: ASGIApp, sessions: Sessions, usage: Usage) -> None:
        self.app, self.sessions, self.usage = app, sessions, usage

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one call; the addresses of log-in and version list pass untouched."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        called = _DATA.match(scope["path"])
        if called is None:
            await self.app(scope, receive, send)
            return
        try:
            scope["user"] = self._admit(called[1], Headers(scope=scope))
        except ApiError as error:
            await error.response()(scope, receive, self._with_usage(send))
            return
        await self.app(scope, receive, self._with_usage(send))

    def _admit(self, version: str, headers: Headers) -> User:
        user = self.sessions.whose(bearer(headers))
        if user is None:
            raise ApiError(401, "INVALID_SESSION_ID", "Session expired or invalid")
        if version not in VERSIONS:
            raise not_found()
        self.usage.count()
        return user

    def _with_usage(self, send: Send) -> Send:
        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                used = f"api-usage={self.usage.used}/{MOST_REQUESTS}"
                MutableHeaders(scope=message)["Sforce-Limit-Info"] = used
            await send(message)

        return sending


def bearer(headers: Headers) -> str:
    """The access token of a call, or nothing."""
    word, _, token = headers.get("authorization", "").partition(" ")
    return token.strip() if word.casefold() in ("bearer", "oauth") else ""


def user_of(request: Request) -> User:
    """The user whose session a call bears."""
    user = request.scope["user"]
    assert isinstance(user, User)  # noqa: S101  the gate has put it there
    return user
