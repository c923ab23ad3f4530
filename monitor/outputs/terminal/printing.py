"""Lines, tables, JSON and progress bars."""

import json as _json
import sys
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

from rich.cells import cell_len
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)
from rich.table import Column, Table
from rich.text import Text

from monitor.progress import SILENT
from monitor.progress import Progress as Watcher

PIPED_WIDTH = 200
GAP = "  "
out = Console(highlight=False, width=None if sys.stdout.isatty() else PIPED_WIDTH)
err = Console(stderr=True, highlight=False, soft_wrap=True)


def json(form: object) -> None:
    """Print JSON."""
    sys.stdout.write(_json.dumps(form, indent=2, ensure_ascii=False, allow_nan=False) + "\n")


def text(content: str) -> None:
    """Print text as it is."""
    sys.stdout.write(content)


def line(text: str) -> None:
    """Print one line."""
    out.print(text, markup=False, soft_wrap=True)


def lines(texts: Iterable[str]) -> None:
    """Print lines."""
    for text in texts:
        line(text)


def error(text: str) -> None:
    """Print one line on standard error."""
    err.print(text, markup=False)


class _Bars:
    """A progress bar for each task, with its rate, and the requests made so far."""

    def __init__(self, bars: Progress) -> None:
        self._bars = bars
        self._tasks: dict[str, TaskID] = {}
        self._calls: dict[str, str] = {}
        self._lock = threading.Lock()

    def step(self, task: str, done: int, total: int | None) -> None:
        """Move the bar of `task`."""
        with self._lock:
            if task not in self._tasks:
                self._tasks[task] = self._bars.add_task(task, total=total, calls="")
            known = self._tasks[task]
        calls = self._calls.get(task.partition(" · ")[0], "")
        self._bars.update(known, completed=done, total=total, calls=calls)

    def calls(self, source: str, used: int) -> None:
        """Remember it for the bars of `source`."""
        if used:
            self._calls[source] = f"{used:,} API calls"

    def end(self, task: str) -> None:
        """Fill the bar of `task`."""
        known = self._tasks.get(task)
        if known is not None:
            done = int(self._bars.tasks[known].completed)
            self._bars.update(known, completed=max(done, 1), total=max(done, 1))


class _Lines:
    """A line for each task that ends, where nobody watches a terminal."""

    def __init__(self) -> None:
        self._begun: dict[str, float] = {}
        self._done: dict[str, int] = {}
        self._calls: dict[str, int] = {}

    def step(self, task: str, done: int, total: int | None) -> None:
        """Remember it."""
        self._begun.setdefault(task, time.monotonic())
        self._done[task] = done

    def calls(self, source: str, used: int) -> None:
        """Remember it."""
        self._calls[source] = used

    def end(self, task: str) -> None:
        """Say what was done, in how long."""
        source, pulled, _ = task.partition(" · ")
        if not pulled or task not in self._begun:
            return
        seconds = max(time.monotonic() - self._begun[task], 0.001)
        done, calls = self._done[task], self._calls.get(source, 0)
        so_far = f", {calls:,} API calls so far" if calls else ""
        error(f"{task}: {done:,} rows in {seconds:.1f} s ({done / seconds:,.0f}/s){so_far}")


class _Rate(ProgressColumn):
    """Rows a second, once it is known."""

    def render(self, task: Task) -> Text:
        speed = task.finished_speed or task.speed
        return Text("" if speed is None else f"{speed:,.0f}/s")


@contextmanager
def progress(quiet: bool = False) -> Iterator[Watcher]:
    """Bars on standard error while it is a terminal, else a line for each pulled table; silence
    where that is asked for.
    """
    if quiet:
        yield SILENT
        return
    if not err.is_terminal:
        yield _Lines()
        return
    columns = (
        TextColumn("{task.description}", table_column=Column(min_width=28, no_wrap=True)),
        BarColumn(bar_width=10),
        MofNCompleteColumn(table_column=Column(min_width=11, justify="right")),
        _Rate(table_column=Column(min_width=8, justify="right")),
        TextColumn("{task.fields[calls]}", table_column=Column(min_width=13, justify="right")),
        TimeRemainingColumn(compact=True, table_column=Column(min_width=5)),
    )
    with Progress(*columns, console=err) as bars:
        yield _Bars(bars)


def table(
    headings: Sequence[str], rows: Iterable[Sequence[str]], right: Sequence[int] = ()
) -> None:
    """Print a plain table; `right` are the columns to align right. Cells that are too wide together
    are broken into lines.
    """
    whole = [headings, *rows]
    widths = [max(map(cell_len, column)) for column in zip(*whole, strict=True)]
    if sum(widths) + len(GAP) * (len(widths) - 1) > out.width:
        _wrapped(whole, right)
        return
    for number, row in enumerate(whole):
        padded = [
            " " * (width - cell_len(cell)) + cell
            if position in right
            else cell + " " * (width - cell_len(cell))
            for position, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        told = GAP.join(padded).rstrip()
        text(f"{told}\n") if number else out.print(told, style="bold", markup=False)


def _wrapped(whole: Sequence[Sequence[str]], right: Sequence[int]) -> None:
    grid = Table(box=None, pad_edge=False, header_style="bold")
    for position, heading in enumerate(whole[0]):
        is_right = position in right
        grid.add_column(heading, justify="right" if is_right else "left", no_wrap=is_right)
    for row in whole[1:]:
        grid.add_row(*map(Text, row))
    out.print(grid)
