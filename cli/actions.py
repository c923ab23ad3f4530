"""`detente actions …`: what both teams agreed to do, and what came of it."""

from datetime import date
from typing import Annotated

import typer

from cli.common import ByName, Json, Where, segment, whoever, workspace
from model.errors import ConfigurationError
from monitor import actions
from monitor.actions import Proposal
from monitor.agreed import ActionForm
from monitor.outputs.terminal import actions as show
from monitor.outputs.terminal import printing

app = typer.Typer(help="What both teams agreed to do.", no_args_is_help=True)
Id = Annotated[int, typer.Argument(help="Its number in `detente actions list`.")]
Note = Annotated[str, typer.Option(help="What to remember about it.")]


@app.command("list")
def actions_list(context: typer.Context, json: Json = False) -> None:
    """List the agreed actions with their progress: the open ones first, by their due day."""
    found = actions.listed(workspace(context))
    printing.json(found) if json else show.actions(found)


@app.command("agree")
def actions_agree(
    context: typer.Context,
    indicator: Annotated[str, typer.Argument(help="The id of the indicator it is to move.")],
    owner: Annotated[str, typer.Option(help="Who answers for it: sales or marketing.")],
    due: Annotated[
        str | None, typer.Option(help="The day it is due; default in a quarter.")
    ] = None,
    target: Annotated[
        str | None, typer.Option(help="0.75, 75% or 8 (hours); default: the next stage.")
    ] = None,
    what: Annotated[str | None, typer.Option(help="What will be done, in a sentence.")] = None,
    where: Where = None,
    by: ByName = None,
    json: Json = False,
) -> None:
    """Agree an action: an indicator, who answers for it, a target and a due day."""
    wanted = Proposal(
        indicator=indicator,
        function=owner,
        by=whoever(by),
        target=_value(target),
        due_on=_due(due),
        title=what,
        segment=segment(where),
    )
    form = actions.agree(workspace(context), wanted)
    _show(form, json)


@app.command("close")
def actions_close(
    context: typer.Context, action: Id, note: Note = "", by: ByName = None, json: Json = False
) -> None:
    """Close an action as done."""
    _end(context, action, "done", note, by, json)


@app.command("drop")
def actions_drop(
    context: typer.Context, action: Id, note: Note = "", by: ByName = None, json: Json = False
) -> None:
    """Drop an action that is no longer wanted."""
    _end(context, action, "dropped", note, by, json)


@app.command("show")
def actions_show(context: typer.Context, action: Id, json: Json = False) -> None:
    """Print one action with its history."""
    _show(actions.shown(workspace(context), action), json)


def _end(
    context: typer.Context,
    action: int,
    state: actions.Ended,
    note: str,
    by: str | None,
    json: bool,
) -> None:
    _show(actions.close(workspace(context), action, state, whoever(by), note), json)


def _show(form: ActionForm, json: bool) -> None:
    printing.json(form) if json else show.action(form)


def _due(text: str | None) -> date | None:
    try:
        return date.fromisoformat(text) if text is not None else None
    except ValueError:
        raise ConfigurationError(f"{text!r} is not a day", "--due", "Write 2027-02-28.") from None


def _value(text: str | None) -> float | None:
    """`0.75`, `75%` or `8`."""
    if text is None:
        return None
    number, is_percent = text.strip().removesuffix("%"), text.strip().endswith("%")
    try:
        value = float(number)
    except ValueError:
        raise ConfigurationError(
            f"{text!r} is not a number", "--target", "Write 0.75, 75% or 8."
        ) from None
    return value / 100 if is_percent else value
