"""How long work tells whoever waits for it."""

from typing import Protocol


class Progress(Protocol):
    """Told of each step; `total` is None where nobody knows it."""

    def step(self, task: str, done: int, total: int | None) -> None:
        """`done` of `total` units of `task` (rows of a table, days of a backfill)."""

    def end(self, task: str) -> None:
        """`task` is finished."""


class Silent:
    """Nobody is waiting."""

    def step(self, task: str, done: int, total: int | None) -> None:
        """Say nothing."""

    def end(self, task: str) -> None:
        """Say nothing."""


SILENT = Silent()
