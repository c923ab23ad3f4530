"""How long work tells whoever waits for it. Steps may come from several threads."""

from typing import Protocol


class Progress(Protocol):
    """Told of each step; `total` is None where nobody knows it."""

    def step(self, task: str, done: int, total: int | None) -> None:
        """`done` of `total` units of `task` (rows of a table, days of a backfill)."""

    def calls(self, source: str, used: int) -> None:
        """So many requests has a sync made to `source`."""

    def end(self, task: str) -> None:
        """`task` is finished."""


class Silent:
    """Nobody is waiting."""

    def step(self, task: str, done: int, total: int | None) -> None:
        """Say nothing."""

    def calls(self, source: str, used: int) -> None:
        """Say nothing."""

    def end(self, task: str) -> None:
        """Say nothing."""


SILENT = Silent()
