"""The `detente` command: arguments in, words or JSON out. What it does is in `monitor/`.

A file holds commands that belong together; `detente NAME …` groups are those with a name below.
"""

import sys
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from cli import (
    actions,
    alerts,
    belief,
    demo,
    figures,
    pulling,
    rules,
    schedule,
    setup,
    snapshot,
    survey,
    targets,
)
from model.errors import DetenteError, PartialError
from monitor.outputs.terminal import printing
from monitor.workspace import Workspace

app = typer.Typer(
    help="How Sales and Marketing really work together: the stage that the CRM's records speak "
    "for, beside the stage that each team gives itself.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


@app.callback()
def common(
    context: typer.Context,
    config: Annotated[
        Path | None, typer.Option(help="The configuration file; default ./detente.yaml.")
    ] = None,
    home: Annotated[
        Path | None, typer.Option(help="Where Détente keeps its data; default ./.detente.")
    ] = None,
) -> None:
    """Options that stand before the command."""
    context.obj = lambda: Workspace.open(config, home)


for commands in (setup, pulling, figures, belief, schedule):
    app.add_typer(commands.app)
app.add_typer(survey.app, name="survey")
app.add_typer(belief.advice_app, name="advice")
app.add_typer(actions.app, name="actions")
app.add_typer(targets.app, name="targets")
app.add_typer(rules.app, name="rules")
app.add_typer(snapshot.app, name="snapshot")
app.add_typer(alerts.app, name="alerts")
app.add_typer(demo.app)
app.add_typer(demo.sandbox_app, name="sandbox")


def main() -> NoReturn:
    """Run a command; errors become one line and the exit code of the contract."""
    try:
        app(standalone_mode=True)
    except PartialError as error:
        printing.error(error.line())
        for one in error.missing:
            printing.error(f"  missing: {one}")
        sys.exit(error.exit_code)
    except DetenteError as error:
        printing.error(error.line())
        sys.exit(error.exit_code)
    except (BrokenPipeError, KeyboardInterrupt):
        sys.exit(1)
    sys.exit(0)
