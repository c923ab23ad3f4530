"""`detente pack`: what the joint meeting of Sales and Marketing needs on the table."""

from pathlib import Path
from typing import Annotated

import typer

from cli.common import Json, workspace
from monitor import actions, meeting
from monitor.outputs import pack as outputs
from monitor.outputs.pack import Format
from monitor.outputs.terminal import printing

app = typer.Typer()


@app.command()
def pack(
    context: typer.Context,
    since: Annotated[
        str | None, typer.Option(help="The snapshot of the last meeting; by default one is found.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Where to write it; by default detente-pack-DAY.")
    ] = None,
    format_: Annotated[Format, typer.Option("--format", help="html or md.")] = "html",
    json: Json = False,
) -> None:
    """Write the review pack for the joint meeting: one HTML file that prints well, or Markdown."""
    opened = workspace(context)
    form = meeting.meeting(opened, since, actions.listed(opened))
    if json:
        printing.json(form)
        return
    file = out or Path(f"detente-pack-{form['as_of_on']}.{format_}")
    outputs.write(form, format_, file)
    printing.line(f"The pack for the meeting is in {file}.")
