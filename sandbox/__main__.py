"""`python -m sandbox generate` and `serve`: a folder of records, and the organisation from it."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from model.errors import ConfigurationError, DetenteError
from sandbox.generating import generate_command
from sandbox.server.clock import Clock, moment
from sandbox.server.organisation import MEMORY
from sandbox.server.rest import BATCH_SIZES
from sandbox.server.serve import serve

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.callback()
def main() -> None:
    """A local Salesforce-compatible organisation."""


app.command("generate")(generate_command)


@app.command("serve")
def serve_command(
    *,
    folder: Annotated[Path, typer.Option(help="The folder that holds the records.")],
    state: Annotated[Path, typer.Option(help="Where to write the address and the credentials.")],
    port: Annotated[int, typer.Option(help="0 takes any free port.")] = 0,
    clock: Annotated[str | None, typer.Option(help="Stop at a moment (UTC); else now.")] = None,
    page_size: Annotated[int, typer.Option(min=1, help="The most rows of a page.")] = BATCH_SIZES[
        1
    ],
    memory: Annotated[str, typer.Option(help="The most that the database keeps in it.")] = MEMORY,
    plain: Annotated[
        bool, typer.Option(help="Answer without TLS too, on a port of its own.")
    ] = False,
    with_parent: Annotated[
        bool, typer.Option(help="Stop when standard input closes or the parent ends.")
    ] = False,
) -> None:
    """Serve the records of a folder on 127.0.0.1 until stopped."""
    try:
        fixed = moment(clock) if clock else None
    except ValueError:
        error = ConfigurationError(f"{clock!r} is no moment", "--clock", "Write 2026-01-31T08:00.")
        sys.stderr.write(f"{error}\n")
        raise typer.Exit(2) from None
    try:
        serve(
            folder,
            state,
            port,
            Clock(fixed),
            page_size,
            memory=memory,
            with_parent=with_parent,
            plain=plain,
        )
    except DetenteError as error:
        sys.stderr.write(f"{error}\n")
        raise typer.Exit(error.exit_code) from None


if __name__ == "__main__":
    app()
