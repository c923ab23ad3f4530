"""`python -m sandbox generate`: write an organisation of any size into a folder."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from model.errors import ConfigurationError, DetenteError
from sandbox.scenario import Scenario
from sandbox.server.clock import moment


def generate_command(
    *,
    folder: Annotated[Path, typer.Option(help="Where to write the records.")],
    leads: Annotated[int, typer.Option(help="How many leads, up to the end.")] = 5_000,
    scenario: Annotated[str, typer.Option(help="The level in every dimension.")] = "defined",
    level: Annotated[
        list[str] | None, typer.Option(help="Another level of one dimension: handoff=aligned.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Another seed makes another company.")] = 1,
    ends_at: Annotated[str | None, typer.Option(help="The present (UTC); else this hour.")] = None,
    months: Annotated[int, typer.Option(help="How far back the leads go.")] = 24,
    future_days: Annotated[int, typer.Option(help="How long records go on after it.")] = 30,
    several_currencies: Annotated[
        bool, typer.Option("--several-currencies", help="USD, EUR, GBP and JPY.")
    ] = False,
) -> None:
    """Write the records of a company; five days of them are about one in a hundred."""
    from sandbox.company import generate  # the server, which starts often, does without it

    try:
        company = Scenario.mixed(_levels(level or []), otherwise=scenario)
        if several_currencies:
            company = replace(company, currencies="multi")
        present = _present(ends_at)
        with _bar() as progress:
            generate(
                folder,
                company,
                seed,
                leads,
                present,
                months=months,
                future_days=future_days,
                progress=progress,
            )
    except DetenteError as error:
        sys.stderr.write(f"{error}\n")
        raise typer.Exit(error.exit_code) from None


@contextmanager
def _bar() -> Iterator[Callable[[int, int], None]]:
    """A bar of the leads done, shown from the first time that some are."""
    columns = (TextColumn("leads"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    bar = Progress(*columns, console=Console(stderr=True))
    task = bar.add_task("leads", total=None)

    def advance(done: int, total: int) -> None:
        bar.start()
        bar.update(task, completed=done, total=total)

    try:
        yield advance
    finally:
        if bar.live.is_started:
            bar.stop()


def _levels(chosen: list[str]) -> dict[str, str]:
    pairs = [text.partition("=") for text in chosen]
    return {dimension: level for dimension, _, level in pairs}


def _present(text: str | None) -> datetime:
    if text is None:
        return datetime.now(UTC).replace(tzinfo=None, minute=0, second=0, microsecond=0)
    try:
        return moment(text)
    except ValueError:
        raise ConfigurationError(
            f"{text!r} is no moment", "--ends-at", "Write 2026-01-31T08:00."
        ) from None
