"""Queries: the SOQL text of one object's rows, and how a window of time is halved."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from urllib.parse import quote_plus

OPEN_SPAN = timedelta(days=730)  # how much of a window without a beginning is cut off at a time
SMALLEST_WINDOW = timedelta(minutes=1)
_AS_IT_IS = "',()=*"  # RFC 3986 allows them in a query


@dataclass(frozen=True)
class Window:
    """Rows whose instant `field` lies in [since, before); None leaves that end open.

    `until` is an instant after which little is to be expected: where an open end is halved.
    """

    field: str
    since: datetime | None
    before: datetime | None
    until: datetime

    @property
    def conditions(self) -> tuple[str, ...]:
        """As SOQL writes it."""
        first = () if self.since is None else (f"{self.field} >= {instant(self.since)}",)
        last = () if self.before is None else (f"{self.field} < {instant(self.before)}",)
        return (*first, *last)

    def halves(self) -> tuple["Window", "Window"] | None:
        """The earlier and the later half; None for a window that is too small to halve.

        Every row of the window is in one of them; open ends stay open.
        """
        end = self.before or self.until
        begin = end - 2 * OPEN_SPAN if self.since is None else self.since
        if end - begin < 2 * SMALLEST_WINDOW:
            return None
        middle = whole_seconds(begin + (end - begin) / 2)
        return replace(self, before=middle), replace(self, since=middle)


@dataclass(frozen=True)
class Query:
    """One SELECT over one object, deleted and archived rows included."""

    object: str
    fields: tuple[str, ...]
    conditions: tuple[str, ...] = ()
    window: Window | None = None

    @property
    def soql(self) -> str:
        """The query text."""
        return f"SELECT {', '.join(self.fields)} FROM {self.object}{self._where}"  # noqa: S608

    @property
    def counting(self) -> str:
        """The text that counts its rows."""
        return f"SELECT COUNT() FROM {self.object}{self._where}"  # noqa: S608

    @property
    def _where(self) -> str:
        every = (*self.conditions, *(self.window.conditions if self.window else ()))
        return f" WHERE {' AND '.join(every)}" if every else ""

    def halves(self) -> tuple["Query", "Query"] | None:
        """Two queries for the earlier and the later rows; None where that cannot be."""
        parts = self.window.halves() if self.window else None
        return parts and (replace(self, window=parts[0]), replace(self, window=parts[1]))


def asking(soql: str) -> str:
    """The part of an address that asks a query: what may stand there stands as it is, so that there
    is room for many ids.
    """
    return f"q={quote_plus(soql, safe=_AS_IT_IS)}"


def instant(at: datetime) -> str:
    """A naive UTC instant as SOQL writes it, whole seconds."""
    return f"{at:%Y-%m-%dT%H:%M:%S}Z"


def whole_seconds(at: datetime, earlier_minutes: int = 0) -> datetime:
    """`at` without fractions, so many minutes earlier."""
    return at.replace(microsecond=0) - timedelta(minutes=earlier_minutes)
