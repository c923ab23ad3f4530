"""`detente sync` and `detente refresh`: records in, facts made."""

from typing import Annotated

import typer

from cli.common import Json, workspace
from model.errors import PartialError
from monitor import refresh as refreshing
from monitor import sync as syncing
from monitor.outputs.terminal import printing
from monitor.outputs.terminal import sync as show

app = typer.Typer()


@app.command()
def sync(
    context: typer.Context,
    source: Annotated[str | None, typer.Option(help="Only this source.")] = None,
    full: Annotated[bool, typer.Option("--full", help="Pull everything anew.")] = False,
    reconcile: Annotated[
        bool, typer.Option("--reconcile", help="Also remove what was purged from the CRM.")
    ] = False,
    json: Json = False,
) -> None:
    """Pull what changed in the CRM, then rebuild the facts."""
    with printing.progress(quiet=json) as progress:
        report = syncing.sync(workspace(context), source, full, progress, reconcile)
    printing.json(report.to_json()) if json else show.sync(report)
    if report.failures:
        todo = "What was read is kept: run `detente sync` again, it continues there."
        raise PartialError("not everything could be pulled", report.failures, "sync", todo)


@app.command()
def refresh(context: typer.Context, json: Json = False) -> None:
    """Rebuild the facts from what was pulled, under today's definitions."""
    with printing.progress(quiet=json) as progress:
        manifest = refreshing.refresh(workspace(context), progress)
    printing.json({"manifest": manifest.id}) if json else printing.line(f"Manifest {manifest.id}.")
