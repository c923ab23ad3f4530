"""`detente schedule` and `detente serve`: what is to be done, done in time."""

import signal
import threading
from typing import Annotated

import typer

from cli.common import Json, workspace
from monitor import schedule as scheduling
from monitor import serve as serving
from monitor import timetable
from monitor.outputs.terminal import printing
from monitor.outputs.terminal import schedule as show

app = typer.Typer()


@app.command()
def schedule(
    context: typer.Context,
    show_runs: Annotated[
        bool, typer.Option("--list", help="Print the next runs and the past ones, and end.")
    ] = False,
    json: Json = False,
) -> None:
    """Sync and take snapshots at their times, until stopped; alerts after each run."""
    opened = workspace(context)
    if show_runs:
        form = timetable.listing(opened, timetable.now_utc())
        printing.json(form) if json else show.listing(form)
        return
    if json:
        raise typer.BadParameter("it goes with --list", param_hint="--json")
    scheduling.run(opened, _until_stopped(), printing.line, show.run)


@app.command()
def serve(
    context: typer.Context,
    port: Annotated[int, typer.Option(help="The dashboard's port.")] = 8501,
) -> None:
    """Show the dashboard with the schedule beside it, until stopped."""
    serving.serve(workspace(context), port, _until_stopped(), printing.line, show.run)


def _until_stopped() -> threading.Event:
    """Set by Ctrl-C, a request to terminate, or a terminal that is closed."""
    stop = threading.Event()
    for sign in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(sign, lambda *_: stop.set())
    return stop
