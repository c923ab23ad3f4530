"""`detente indicators`, `records` and `stage`: what the records say."""

import sys
from typing import Annotated

import typer

from cli.common import AsOf, By, ByPeriods, Json, PeriodOption, Where, day, segment, workspace
from model.errors import ConfigurationError
from monitor import health as dirty
from monitor import views
from monitor.outputs.terminal import figures as show
from monitor.outputs.terminal import printing
from monitor.outputs.terminal import stage as show_stage

app = typer.Typer()


@app.command()
def indicators(
    context: typer.Context,
    ids: Annotated[list[str] | None, typer.Argument(help="Only these indicators.")] = None,
    as_of: AsOf = None,
    window: PeriodOption = None,
    by: ByPeriods = None,
    where: Where = None,
    explain: Annotated[str | None, typer.Option(help="Explain one indicator.")] = None,
    json: Json = False,
) -> None:
    """Print the indicators with their intervals, all or some, or explain one."""
    opened = workspace(context)
    if explain is not None:
        if ids:
            raise ConfigurationError("--explain is of one indicator", "", "Leave out the others.")
        if by:
            raise ConfigurationError("--explain is of one segment", "--by", "Use --where.")
        text = views.explain(opened, explain, segment(where), day(as_of), window)
        printing.json(text) if json else show.explanation(text)
        return
    form = views.indicators(opened, segment(where), tuple(by or ()), day(as_of), window, ids or ())
    printing.json(form) if json else show.indicators(form)


@app.command()
def records(
    context: typer.Context,
    indicator: Annotated[str, typer.Argument(help="An indicator's id.")],
    as_of: AsOf = None,
    window: PeriodOption = None,
    where: Where = None,
) -> None:
    """Print the CRM records behind an indicator, as CSV."""
    frame = views.records(workspace(context), indicator, segment(where), day(as_of), window)
    sys.stdout.write(frame.to_csv(index=False))


@app.command()
def health(
    context: typer.Context,
    finding: Annotated[
        str | None, typer.Option("--records", help="Print the records of this kind, as CSV.")
    ] = None,
    json: Json = False,
) -> None:
    """Print the kinds of dirty record: how many there are, and what is done about them."""
    opened = workspace(context)
    if finding is not None:
        sys.stdout.write(dirty.records(opened, finding).to_pandas().to_csv(index=False))
        return
    form = dirty.findings(opened)
    printing.json(form) if json else show.findings(form)


@app.command()
def stage(
    context: typer.Context,
    as_of: AsOf = None,
    where: Where = None,
    by: By = None,
    json: Json = False,
) -> None:
    """Print the inferred stage beside the stages that both teams gave themselves."""
    opened = workspace(context)
    forms = views.stages(opened, segment(where), tuple(by or ()), day(as_of))
    if json:
        printing.json(forms if by else forms[0])
    elif by:
        show_stage.stages(forms)
    else:
        show_stage.stage(forms[0])
