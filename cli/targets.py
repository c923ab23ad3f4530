"""`detente targets …`: targets that both functions declare."""

from pathlib import Path
from typing import Annotated

import typer

from cli.common import Json, workspace
from monitor import targets
from monitor.outputs.terminal import printing

app = typer.Typer(help="Targets that both functions declare.", no_args_is_help=True)


@app.command("import")
def targets_import(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="A CSV file: metric, function, period, amount.")],
    json: Json = False,
) -> None:
    """Replace the declared targets by those of a file; all rows or none."""
    report = targets.import_targets(workspace(context), file)
    printing.json(report.to_json()) if json else printing.line(
        f"{report.targets} targets declared."
    )
