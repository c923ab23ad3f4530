"""`detente snapshot …`: what the figures said on a day, kept."""

from pathlib import Path
from typing import Annotated

import typer

from cli.common import AsOf, Json, day, workspace
from monitor import compare, restate, snapshots, verify
from monitor.outputs import export
from monitor.outputs.export import Format
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
def snapshot_compare(
    context: typer.Context,
    a: str,
    b: Annotated[str, typer.Argument(help="A snapshot, or now.")] = compare.NOW,
    records: Annotated[
        list[str] | None,
        typer.Option("--records", help="List what entered and left this indicator. Repeatable."),
    ] = None,
    json: Json = False,
) -> None:
    """Say which changes between two snapshots, or one and now, exceed their uncertainty, and which
    records entered and left these indicators.
    """
    form = compare.compare(workspace(context), a, b, records)
    printing.json(form) if json else show.comparison(form)


@app.command("verify")
def snapshot_verify(context: typer.Context, snapshot: str, json: Json = False) -> None:
    """Compute a snapshot again and compare every figure; exit code 1 where one differs."""
    form = verify.verify(workspace(context), snapshot)
    printing.json(form) if json else show.verification(form)
    raise typer.Exit(1 if form["differences"] else 0)


@app.command("restate")
def snapshot_restate(context: typer.Context, json: Json = False) -> None:
    """Add a series under today's definitions; the old snapshots stay as they are."""
    with printing.progress(quiet=json) as progress:
        taken = restate.restate(workspace(context), progress)
    if json:
        printing.json([one.to_json() for one in taken])
    else:
        printing.lines(snapshots.lines_of(taken) or ["Every day is kept under these definitions."])


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


@app.command("export")
def snapshot_export(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="Where to write it.")],
    format_: Annotated[
        Format | None, typer.Option("--format", help="What to write; by default what FILE ends in.")
    ] = None,
    json: Json = False,
) -> None:
    """Write every figure of every snapshot as CSV or Parquet, or the newest for Prometheus."""
    found = format_ or export.format_of(file)
    count = export.export(workspace(context), found, file)
    form = {"file": str(file), "format": found, "rows": count}
    printing.json(form) if json else printing.line(f"{count:,} rows in {file}.")
