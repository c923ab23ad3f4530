"""`detente demo` and `detente sandbox …`: a generated company to try everything on."""

from typing import Annotated

import typer

from monitor.outputs.terminal import printing

app = typer.Typer()
sandbox_app = typer.Typer(help="A local Salesforce-compatible organisation.", no_args_is_help=True)
SCENARIO_HELP = (
    "mixed, undefined, defined, aligned or integrated; what differs may follow, a dimension or a "
    "region: aligned,handoff=defined,APAC=undefined"
)


@app.command()
def demo(
    context: typer.Context,
    scenario: Annotated[str, typer.Option(help=SCENARIO_HELP)] = "mixed",
    seed: Annotated[int, typer.Option(help="Another company for another number.")] = 7,
    leads: Annotated[int, typer.Option(min=200, max=2_000_000)] = 4000,
    port: Annotated[int, typer.Option(help="The dashboard's port.")] = 8501,
    no_dashboard: Annotated[bool, typer.Option("--no-dashboard")] = False,
) -> None:
    """Start a demonstration company, pull it, take its snapshots and open the dashboard."""
    from monitor import demo as demonstration  # the sandbox is slow to load, and only used here

    home = context.obj().home
    with demonstration.opened(home, scenario, seed, leads, printing.progress) as company:
        if no_dashboard:
            company.fill(printing.progress)
            printing.lines(company.lines())
        else:
            raise typer.Exit(demonstration.run(company, port, printing.progress))


@sandbox_app.command("serve")
def sandbox_serve(
    context: typer.Context,
    port: Annotated[int, typer.Option(help="0: any free port.")] = 0,
    scenario: Annotated[str, typer.Option(help=SCENARIO_HELP)] = "mixed",
    seed: int = 7,
    leads: Annotated[int, typer.Option(min=200, max=2_000_000)] = 4000,
) -> None:
    """Serve a generated organisation on loopback until stopped."""
    from monitor import demo as demonstration

    demonstration.serve_organisation(context.obj().home, scenario, seed, leads, port, printing.line)
