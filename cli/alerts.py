"""`detente alerts …`: who is told of what changed."""

from typing import Annotated

import typer

from cli.common import Json, workspace
from model.errors import PartialError
from monitor import alerts
from monitor.outputs.terminal import alerts as show
from monitor.outputs.terminal import printing
from monitor.timetable import now_utc

app = typer.Typer(help="Who is told of what changed.", no_args_is_help=True)


@app.command("check")
def alerts_check(
    context: typer.Context,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only say what would be told.")
    ] = False,
    json: Json = False,
) -> None:
    """Tell the configured channels what is new; nothing is told twice."""
    form = alerts.check(workspace(context), now_utc(), dry_run)
    printing.json(form) if json else show.alerts(form, dry_run)
    if form["failures"]:
        raise PartialError("not everything could be sent", form["failures"], "alerts")
