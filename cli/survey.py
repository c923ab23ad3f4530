"""`detente survey …`: the self-assessment."""

from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from cli.common import Json, day, workspace
from model.errors import ConfigurationError
from monitor import invitations, surveys
from monitor.outputs import survey_table
from monitor.outputs.terminal import printing
from monitor.outputs.terminal import survey as show
from monitor.outputs.writing import write
from monitor.surveys import nobody

app = typer.Typer(help="The self-assessment of both teams.", no_args_is_help=True)
Wave = Annotated[str | None, typer.Option("--wave", help="The wave's name; default the newest.")]


@app.command("open")
def survey_open(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="The wave's name, such as 2026-H2.")],
    closes_on: Annotated[str, typer.Option(help="The last day for answers.")],
    opens_on: Annotated[str | None, typer.Option(help="The first day; default today.")] = None,
    json: Json = False,
) -> None:
    """Open a wave: people answer until its last day, after which it closes by itself."""
    form = surveys.open_wave(
        workspace(context), name, day(opens_on, "--opens-on"), _last_day(closes_on)
    )
    printing.json(form) if json else printing.line(
        f"Wave {form['name']} is open until {form['closes_on']}. "
        "Invite people with `detente survey invite`."
    )


def _last_day(text: str) -> date:
    found = day(text, "--closes-on")
    assert found is not None  # noqa: S101
    return found


@app.command("close")
def survey_close(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="The wave's name.")],
    json: Json = False,
) -> None:
    """Close a wave for good; its links end, and its results can be seen from then on."""
    form = surveys.close_wave(workspace(context), name)
    printing.json(form) if json else printing.line(
        f"Wave {form['name']} is closed; see `detente survey results`."
    )


@app.command("invite")
def survey_invite(
    context: typer.Context,
    file: Annotated[
        Path | None,
        typer.Argument(help="A CSV or XLSX file with person, function, level and segments."),
    ] = None,
    people: Annotated[
        list[str] | None,
        typer.Option(help="One person instead of a file: ada@example.com,sales,head. Repeatable."),
    ] = None,
    wave: Annotated[str | None, typer.Option(help="Which wave; default the open one.")] = None,
    url: Annotated[
        str, typer.Option(help="Where people reach the dashboard.")
    ] = "http://localhost:8501",
    output: Annotated[
        Path | None, typer.Option(help="Write the links to this CSV file instead of the screen.")
    ] = None,
    json: Json = False,
) -> None:
    """Make a personal link for each person, to be sent to that person alone.

    A link is signed, holds no address, and lets its holder answer once, replaceably, until the
    close. The list of links is personal: send it out and delete it.
    """
    if (file is None) == (not people):
        raise ConfigurationError(
            "give a file of people, or --people", "detente survey invite", "One of the two."
        )
    listed = invitations.people_in(file) if file else invitations.people_of("\n".join(people or []))
    links = invitations.invite(workspace(context), listed, url, wave)
    if output is not None:
        write(output, invitations.csv_of(links))
    if json:
        printing.json(links)
    elif output is not None:
        printing.line(
            f"{len(links)} links are in {output}. Send each to its person, then delete it."
        )
    else:
        printing.text(invitations.csv_of(links))


@app.command("import")
def survey_import(
    context: typer.Context,
    file: Annotated[
        Path, typer.Argument(help="A CSV or XLSX file: one row a person, or one row an answer.")
    ],
    wave: Annotated[str | None, typer.Option(help="The wave's name; default the file's.")] = None,
    preview: Annotated[
        bool, typer.Option("--preview", help="Only say how the file is understood.")
    ] = False,
    json: Json = False,
) -> None:
    """Import the answers of a closed wave from a form tool's file; all rows or none."""
    opened = workspace(context)
    with printing.progress(quiet=json) as progress:
        if preview:
            form = surveys.preview_file(opened, file, progress)
        else:
            tell = nobody if json else show.understood
            form = surveys.import_file(opened, file, wave, progress, tell)
    if json:
        printing.json(form)
    elif preview:
        show.understood(form)
        show.problems(form)
    else:
        show.imported(form)


@app.command("results")
def survey_results(context: typer.Context, wave: Wave = None, json: Json = False) -> None:
    """Print what may be shown of a wave."""
    form = surveys.form(workspace(context), wave)
    if json:
        printing.json(form)
        return
    show.survey(form)
    if form is not None:
        show.tables(form)


@app.command("export")
def survey_export(
    context: typer.Context,
    wave: Wave = None,
    output: Annotated[
        Path | None, typer.Option(help="Write to this file instead of the screen.")
    ] = None,
    json: Json = False,
) -> None:
    """Write what may be shown of a wave as CSV: tables, and the heads' own answers.

    The answers of staff never leave as rows, also without names: twenty ratings are a fingerprint.
    """
    form = surveys.form(workspace(context), wave)
    if form is None:
        raise ConfigurationError("there is no wave yet", "survey", show.HOW_TO_BEGIN)
    if output is not None:
        write(output, survey_table.csv_of(form))
    if json:
        printing.json(survey_table.rows(form))
    elif output is not None:
        printing.line(f"Wave {form['wave']} is in {output}.")
    else:
        printing.text(survey_table.csv_of(form))
