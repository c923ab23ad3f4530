"""`detente rules …`: the organisation's own rules of engagement."""

from typing import Annotated

import typer

from cli.common import AsOf, Json, PeriodOption, Where, day, segment, workspace
from monitor import rules
from monitor.outputs.terminal import printing
from monitor.outputs.terminal import rules as show

app = typer.Typer(help="Your own rules of engagement.", no_args_is_help=True)


@app.callback()
def _rules() -> None:
    """A group, though it has one command."""


@app.command("check")
def rules_check(
    context: typer.Context,
    rule: Annotated[str | None, typer.Option(help="Only the rule with this id.")] = None,
    as_of: AsOf = None,
    window: PeriodOption = None,
    where: Where = None,
    json: Json = False,
) -> None:
    """Say how far each rule is kept, and which records break it."""
    form = rules.check(workspace(context), rule, segment(where), day(as_of), window)
    printing.json(form) if json else show.rules(form)
