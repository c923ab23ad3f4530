"""Answers of more than one page: where a page ends, and the cursors that lead to the next."""

import secrets
import time

from sandbox.server.errors import ApiError
from sandbox.server.spool import Spool

CURSOR_SECONDS = 2 * 86_400.0
MOST_CURSORS = 10  # a user's; the service closes the oldest when one more is opened


def page_rows(start: int, size: int, rows: int) -> int:
    """The rows of the page from `start` on: now and then a page is smaller than what was asked,
    as the service's are.
    """
    short = (start // size) % 3 == 1
    return min(size - size // 10 if short else size, rows - start)


class Cursor:
    """One answer and how far it was read."""

    def __init__(self, user_id: str, spool: Spool) -> None:
        self.user_id, self.spool = user_id, spool
        self.opened, self.is_read = time.monotonic(), False

    def is_open(self) -> bool:
        """Whether it is younger than two days."""
        return time.monotonic() - self.opened < CURSOR_SECONDS


class Cursors:
    """The open answers by their locators."""

    def __init__(self) -> None:
        self._open: dict[str, Cursor] = {}

    def keep(self, user_id: str, spool: Spool) -> str:
        """The locator under which the answer's later pages are found."""
        for name, cursor in list(self._open.items()):
            if not cursor.is_open():
                self._close(name)
        own = [name for name, cursor in self._open.items() if cursor.user_id == user_id]
        own.sort(key=lambda name: not self._open[name].is_read)  # the ones read to the end first
        for name in own[: max(len(own) - MOST_CURSORS + 1, 0)]:
            self._close(name)
        locator = f"01g{secrets.token_hex(8)[:15]}"
        self._open[locator] = Cursor(user_id, spool)
        return locator

    def find(self, user_id: str, text: str) -> tuple[Cursor, str, int]:
        """The answer, its locator and the offset that `locator-offset` names."""
        locator, _, offset = text.partition("-")
        cursor = self._open.get(locator)
        known = cursor is not None and cursor.user_id == user_id and cursor.is_open()
        if not cursor or not known or not offset.isdecimal() or int(offset) >= cursor.spool.rows:
            raise ApiError(400, "INVALID_QUERY_LOCATOR", "invalid query locator")
        return cursor, locator, int(offset)

    def source(self, locator: str) -> str | None:
        """The object whose records a locator pages through, or None."""
        cursor = self._open.get(locator)
        return cursor.spool.compiled.source if cursor else None

    def _close(self, name: str) -> None:
        if cursor := self._open.pop(name, None):
            cursor.spool.drop()
