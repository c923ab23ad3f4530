"""What several commands share: options, and what their texts mean."""

from collections.abc import Callable
from datetime import date
from getpass import getuser
from typing import Annotated

import typer

from model.errors import ConfigurationError
from monitor.workspace import Workspace

Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]
AsOf = Annotated[str | None, typer.Option("--as-of", help="A past day, such as 2026-06-30.")]
Where = Annotated[
    list[str] | None, typer.Option("--where", help="Only one segment: region=EMEA. Repeatable.")
]
By = Annotated[list[str] | None, typer.Option("--by", help="Split by a dimension. Repeatable.")]
BY_PERIODS = (
    "Split by a dimension, or by week, month or quarter (each row is then of that period; without "
    "--window the last 12, or 4 quarters). Repeatable: --by region --by month."
)
ByPeriods = Annotated[list[str] | None, typer.Option("--by", help=BY_PERIODS)]
PERIOD = (
    "Handed off, created or closed then: 90d, 2026-W07, 2026-03, 2026-Q3, 2026, FY2026, FY2026-Q2, "
    "2026-07-01..2026-07-31."
)
PeriodOption = Annotated[str | None, typer.Option("--window", help=PERIOD)]

ByName = Annotated[str | None, typer.Option("--by", help="Who says so; default your login.")]


def whoever(by: str | None) -> str:
    """Who is named, else who is logged in."""
    return by if by is not None else getuser()


def workspace(context: typer.Context) -> Workspace:
    """The workspace that the common options name."""
    opened: Callable[[], Workspace] = context.obj
    return opened()


def segment(where: list[str] | None) -> dict[str, str]:
    """`region=EMEA` options as a mapping."""
    found = {}
    for one in where or []:
        name, equals, value = one.partition("=")
        if not equals or not name or not value:
            raise ConfigurationError(f"{one!r} is not a segment", "--where", "Write region=EMEA.")
        found[name.strip()] = value.strip()
    return found


def day(text: str | None, option: str = "--as-of") -> date | None:
    """A day written as 2026-06-30."""
    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ConfigurationError(f"{text!r} is not a day", option, "Write 2026-06-30.") from None
