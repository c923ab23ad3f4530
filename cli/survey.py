"""`detente survey …`: the self-assessment."""

from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from cli.common import Json, day, workspace
from monitor import surveys
from monitor.outputs.terminal import printing
from monitor.outputs.terminal import survey as show

app = typer.Typer(help="The self-assessment.", no_args_is_help=True)


@app.command("open")
def survey_open(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="The wave's name, such as 2026-H2.")],
    closes_on: Annotated[str, typer.Option(help="The last day for answers.")],
    opens_on: Annotated[str | None, typer.Option(help="The first day; default today.")] = None,
) -> None:
    """Open a wave."""
    wave = surveys.open_wave(workspace(context), name, day(opens_on), _last_day(closes_on))
    printing.line(f"Wave {wave.name} is open until {wave.closes_on}.")


def _last_day(text: str) -> date:
    found = day(text)
    assert found is not None  # noqa: S101
    return found


@app.command("close")
def survey_close(context: typer.Context, name: str) -> None:
    """Close a wave; results can be seen from then on."""
    wave = surveys.close_wave(workspace(context), name)
    printing.line(f"Wave {wave.name} is closed; see `detente survey results`.")


@app.command("import")
def survey_import(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="A CSV file, one row a person.")],
    wave: Annotated[str | None, typer.Option(help="The wave's name; default the file's.")] = None,
    json: Json = False,
) -> None:
    """Import the answers of a closed wave from a CSV file; all rows or none."""
    report = surveys.import_file(workspace(context), file, wave)
    printing.json(report.to_json()) if json else printing.lines(report.lines())


@app.command("results")
def survey_results(
    context: typer.Context,
    wave: Annotated[str | None, typer.Option(help="The wave's name; default the newest.")] = None,
    json: Json = False,
) -> None:
    """Print what may be shown of a wave."""
    form = surveys.form(workspace(context), wave)
    printing.json(form) if json else show.survey(form)
