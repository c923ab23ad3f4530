"""`detente belief` and `detente advice …`: what is believed and shown, and what to do about it."""

from typing import Annotated

import typer

from cli.common import ByName, Json, whoever, workspace
from monitor import advice as advising
from monitor import comparison
from monitor.outputs.terminal import advice as show_advice
from monitor.outputs.terminal import belief as show
from monitor.outputs.terminal import printing

app = typer.Typer()
advice_app = typer.Typer(help="Do we need to change, and what would help?")


@app.command()
def belief(context: typer.Context, json: Json = False) -> None:
    """Print, statement by statement, what both teams say and what the records show."""
    form = comparison.form(workspace(context))
    printing.json(form) if json else show.belief(form)


@advice_app.callback(invoke_without_command=True)
def advice(context: typer.Context, json: Json = False) -> None:
    """Say whether to change, what the answer rests on, and which moves would help."""
    if context.invoked_subcommand is None:
        form = advising.form(workspace(context))
        printing.json(form) if json else show_advice.advice(form)


@advice_app.command("questions")
def advice_questions(context: typer.Context, json: Json = False) -> None:
    """List the checklist with the answers given so far."""
    found = advising.questions(workspace(context))
    printing.json(found) if json else show_advice.questions(found)


@advice_app.command("answer")
def advice_answer(
    context: typer.Context,
    question: Annotated[str, typer.Argument(help="Its name in `detente advice questions`.")],
    answer: Annotated[str, typer.Argument(help="yes, no or unknown.")],
    by: ByName = None,
) -> None:
    """Answer a question of the checklist; a later answer takes the place of an earlier one."""
    advising.answer(workspace(context), question, answer, whoever(by))
    printing.line(f"Kept: {question}, {answer}. See `detente advice`.")
