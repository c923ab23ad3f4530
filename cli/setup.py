"""`detente init` and `detente doctor`: a configuration, and what it lets us see."""

from pathlib import Path
from typing import Annotated

import typer

from cli.common import Json, workspace
from model.errors import PartialError
from monitor import doctor as examination
from monitor import init as beginning
from monitor.outputs.terminal import doctor as show
from monitor.outputs.terminal import printing
from monitor.workspace import Workspace

app = typer.Typer()


@app.command()
def init(
    folder: Annotated[Path, typer.Argument(help="Where to write detente.yaml.")] = Path(),
) -> None:
    """Write a commented configuration to fill in."""
    printing.line(
        f"Wrote {beginning.init(folder)}. Fill in `sources` and `functions`, then run "
        "`detente doctor`."
    )


@app.command()
def doctor(
    context: typer.Context,
    live: Annotated[
        bool, typer.Option("--live", help="Try our assumptions about the CRM on yours; reads only.")
    ] = False,
    json: Json = False,
) -> None:
    """Check configuration, log-in and what the sources show; say what would be missing."""
    if live:
        _doctor_live(workspace(context), json)
        return
    found = examination.examine(workspace(context))
    printing.json(found) if json else show.doctor(found)
    unusable = [one["name"] for one in found["sources"] if one["error"]]
    if unusable:
        raise PartialError("some sources cannot be used", unusable, "doctor")


def _doctor_live(opened: Workspace, json: bool) -> None:
    checks = []
    for one in examination.live(opened):
        checks.append(one)
        if not json:
            show.live_check(one)
    failed = [f"{one['title']}: {one['found']}" for one in checks if one["result"] == "fail"]
    if json:
        printing.json({"checks": checks})
    if failed:
        raise PartialError("some assumptions do not hold", failed, "doctor --live")
