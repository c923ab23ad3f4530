"""`detente snapshot …`: what the figures said on a day, kept."""

from typing import Annotated

import typer

from cli.common import AsOf, Json, day, workspace
from monitor import snapshots
from monitor.outputs.terminal import printing
from monitor.outputs.terminal import snapshots as show

app = typer.Typer(help="What the figures said on a day, kept.", no_args_is_help=True)


@app.command("take")
def snapshot_take(context: typer.Context, as_of: AsOf = None, json: Json = False) -> None:
    """Keep today's figures. Taking the same twice keeps one."""
    taken = snapshots.take(workspace(context), day(as_of))
    printing.json(taken.to_json()) if json else printing.line(taken.line())


@app.command("list")
def snapshot_list(context: typer.Context, json: Json = False) -> None:
    """List the snapshots, oldest first."""
    found = snapshots.listed(workspace(context))
    printing.json(found) if json else show.snapshots(found)


@app.command("show")
def snapshot_show(context: typer.Context, snapshot: str, json: Json = False) -> None:
    """Print one snapshot."""
    form = snapshots.show(workspace(context), snapshot)
    printing.json(form) if json else show.snapshot(form)


@app.command("compare")
def snapshot_compare(context: typer.Context, a: str, b: str, json: Json = False) -> None:
    """Say which changes between two snapshots exceed their uncertainty."""
    form = snapshots.compare(workspace(context), a, b)
    printing.json(form) if json else show.comparison(form)


@app.command("backfill")
def snapshot_backfill(
    context: typer.Context,
    months: Annotated[int, typer.Option(min=1, max=36, help="How many months back.")] = 12,
    json: Json = False,
) -> None:
    """Rebuild the month-end snapshots of the past from the CRM's own history."""
    with printing.progress(quiet=json) as progress:
        taken = snapshots.backfill(workspace(context), months, progress)
    if json:
        printing.json([one.to_json() for one in taken])
    else:
        printing.lines(snapshots.lines_of(taken))
