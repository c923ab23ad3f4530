"""The `detente` command: arguments in, words or JSON out. What it does is in `monitor/`."""

import sys
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from model.errors import ConfigurationError, DetenteError, PartialError
from monitor import doctor as examination
from monitor import init as beginning
from monitor import refresh as refreshing
from monitor import snapshots, surveys, targets, views
from monitor import sync as syncing
from monitor.outputs import terminal as show
from monitor.workspace import Workspace

app = typer.Typer(
    help="How Sales and Marketing really work together: the stage that the CRM's records speak "
    "for, beside the stage that each team gives itself.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
survey_app = typer.Typer(help="The self-assessment.", no_args_is_help=True)
targets_app = typer.Typer(help="Targets that both functions declare.", no_args_is_help=True)
snapshot_app = typer.Typer(help="What the figures said on a day, kept.", no_args_is_help=True)
sandbox_app = typer.Typer(help="A local Salesforce-compatible organisation.", no_args_is_help=True)
app.add_typer(survey_app, name="survey")
app.add_typer(targets_app, name="targets")
app.add_typer(snapshot_app, name="snapshot")
app.add_typer(sandbox_app, name="sandbox")

Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]
AsOf = Annotated[str | None, typer.Option("--as-of", help="A past day, such as 2026-06-30.")]
Where = Annotated[
    list[str] | None, typer.Option("--where", help="Only one segment: region=EMEA. Repeatable.")
]
By = Annotated[list[str] | None, typer.Option("--by", help="Split by a dimension. Repeatable.")]
BY_PERIODS = (
    "Split by a dimension, or by week, month or quarter (each row is then of that period; without "
    "--window the last 12, or 4 quarters). Repeatable: --by region --by month."
)
ByPeriods = Annotated[list[str] | None, typer.Option("--by", help=BY_PERIODS)]
SCENARIO_HELP = (
    "mixed; undefined, defined, aligned or integrated; or handoff=aligned,process=undefined,…"
)
PERIOD = (
    "Handed off, created or closed then: 90d, 2026-W07, 2026-03, 2026-Q3, 2026, FY2026, FY2026-Q2, "
    "2026-07-01..2026-07-31."
)
PeriodOption = Annotated[str | None, typer.Option("--window", help=PERIOD)]


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


def workspace(context: typer.Context) -> Workspace:
    """The workspace that the common options name."""
    opened: Callable[[], Workspace] = context.obj
    return opened()


def segment(where: list[str] | None) -> dict[str, str]:
    """`region=EMEA` options as a mapping."""
    found = {}
    for one in where or []:
        name, equals, value = one.partition("=")
        if not equals or not name or not value:
            raise ConfigurationError(f"{one!r} is not a segment", "--where", "Write region=EMEA.")
        found[name.strip()] = value.strip()
    return found


def day(text: str | None) -> date | None:
    """A day written as 2026-06-30."""
    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ConfigurationError(f"{text!r} is not a day", "--as-of", "Write 2026-06-30.") from None


@app.command()
def init(
    folder: Annotated[Path, typer.Argument(help="Where to write detente.yaml.")] = Path(),
) -> None:
    """Write a commented configuration to fill in."""
    show.line(
        f"Wrote {beginning.init(folder)}. Fill in `sources` and `functions`, then run "
        "`detente doctor`."
    )


@app.command()
def doctor(
    context: typer.Context,
    live: Annotated[
        bool, typer.Option("--live", help="Try our assumptions about the CRM on yours; reads only.")
    ] = False,
    json: Json = False,
) -> None:
    """Check configuration, log-in and what the sources show; say what would be missing."""
    if live:
        _doctor_live(workspace(context), json)
        return
    found = examination.examine(workspace(context))
    show.json(found) if json else show.doctor(found)


def _doctor_live(opened: Workspace, json: bool) -> None:
    checks = []
    for one in examination.live(opened):
        checks.append(one)
        if not json:
            show.live_check(one)
    failed = [f"{one['title']}: {one['found']}" for one in checks if one["result"] == "fail"]
    if json:
        show.json({"checks": checks})
    if failed:
        raise PartialError("some assumptions do not hold", failed, "doctor --live")


@app.command()
def sync(
    context: typer.Context,
    source: Annotated[str | None, typer.Option(help="Only this source.")] = None,
    full: Annotated[bool, typer.Option("--full", help="Pull everything anew.")] = False,
    reconcile: Annotated[
        bool, typer.Option("--reconcile", help="Also remove what was purged from the CRM.")
    ] = False,
    json: Json = False,
) -> None:
    """Pull what changed in the CRM, then rebuild the facts."""
    with show.progress(quiet=json) as progress:
        report = syncing.sync(workspace(context), source, full, progress, reconcile)
    show.json(report.to_json()) if json else show.sync(report)
    if report.failures:
        todo = "What was read is kept: run `detente sync` again, it continues there."
        raise PartialError("not everything could be pulled", report.failures, "sync", todo)


@app.command()
def refresh(context: typer.Context, json: Json = False) -> None:
    """Rebuild the facts from what was pulled, under today's definitions."""
    with show.progress(quiet=json) as progress:
        manifest = refreshing.refresh(workspace(context), progress)
    show.json({"manifest": manifest.id}) if json else show.line(f"Manifest {manifest.id}.")


@app.command()
def indicators(
    context: typer.Context,
    as_of: AsOf = None,
    window: PeriodOption = None,
    by: ByPeriods = None,
    where: Where = None,
    explain: Annotated[str | None, typer.Option(help="Explain one indicator.")] = None,
    json: Json = False,
) -> None:
    """Print the indicators with their intervals, or explain one."""
    opened = workspace(context)
    if explain is not None:
        if by:
            raise ConfigurationError("--explain is of one segment", "--by", "Use --where.")
        text = views.explain(opened, explain, segment(where), day(as_of), window)
        show.json(text) if json else show.explanation(text)
        return
    form = views.indicators(opened, segment(where), tuple(by or ()), day(as_of), window)
    show.json(form) if json else show.indicators(form)


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
        show.json(forms if by else forms[0])
    else:
        for form in forms:
            show.stage(form)


@survey_app.command("open")
def survey_open(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="The wave's name, such as 2026-H2.")],
    closes_on: Annotated[str, typer.Option(help="The last day for answers.")],
    opens_on: Annotated[str | None, typer.Option(help="The first day; default today.")] = None,
) -> None:
    """Open a wave."""
    wave = surveys.open_wave(workspace(context), name, day(opens_on), _last_day(closes_on))
    show.line(f"Wave {wave.name} is open until {wave.closes_on}.")


def _last_day(text: str) -> date:
    found = day(text)
    assert found is not None  # noqa: S101
    return found


@survey_app.command("close")
def survey_close(context: typer.Context, name: str) -> None:
    """Close a wave; results can be seen from then on."""
    wave = surveys.close_wave(workspace(context), name)
    show.line(f"Wave {wave.name} is closed; see `detente survey results`.")


@survey_app.command("import")
def survey_import(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="A CSV file, one row a person.")],
    wave: Annotated[str | None, typer.Option(help="The wave's name; default the file's.")] = None,
    json: Json = False,
) -> None:
    """Import the answers of a closed wave from a CSV file; all rows or none."""
    report = surveys.import_file(workspace(context), file, wave)
    show.json(report.to_json()) if json else show.lines(report.lines())


@survey_app.command("results")
def survey_results(
    context: typer.Context,
    wave: Annotated[str | None, typer.Option(help="The wave's name; default the newest.")] = None,
    json: Json = False,
) -> None:
    """Print what may be shown of a wave."""
    form = surveys.form(workspace(context), wave)
    show.json(form) if json else show.survey(form)


@targets_app.command("import")
def targets_import(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="A CSV file: metric, function, period, amount.")],
    json: Json = False,
) -> None:
    """Replace the declared targets by those of a file; all rows or none."""
    report = targets.import_targets(workspace(context), file)
    show.json(report.to_json()) if json else show.line(f"{report.targets} targets declared.")


@snapshot_app.command("take")
def snapshot_take(context: typer.Context, as_of: AsOf = None, json: Json = False) -> None:
    """Keep today's figures. Taking the same twice keeps one."""
    taken = snapshots.take(workspace(context), day(as_of))
    show.json(taken.to_json()) if json else show.line(taken.line())


@snapshot_app.command("list")
def snapshot_list(context: typer.Context, json: Json = False) -> None:
    """List the snapshots, oldest first."""
    found = snapshots.listed(workspace(context))
    show.json(found) if json else show.snapshots(found)


@snapshot_app.command("show")
def snapshot_show(context: typer.Context, snapshot: str, json: Json = False) -> None:
    """Print one snapshot."""
    form = snapshots.show(workspace(context), snapshot)
    show.json(form) if json else show.snapshot(form)


@snapshot_app.command("compare")
def snapshot_compare(context: typer.Context, a: str, b: str, json: Json = False) -> None:
    """Say which changes between two snapshots exceed their uncertainty."""
    form = snapshots.compare(workspace(context), a, b)
    show.json(form) if json else show.comparison(form)


@snapshot_app.command("backfill")
def snapshot_backfill(
    context: typer.Context,
    months: Annotated[int, typer.Option(min=1, max=36, help="How many months back.")] = 12,
    json: Json = False,
) -> None:
    """Rebuild the month-end snapshots of the past from the CRM's own history."""
    with show.progress(quiet=json) as progress:
        taken = snapshots.backfill(workspace(context), months, progress)
    if json:
        show.json([one.to_json() for one in taken])
    else:
        show.lines(snapshots.lines_of(taken))


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
    with demonstration.opened(home, scenario, seed, leads, show.progress) as company:
        if no_dashboard:
            company.fill(show.progress)
            show.lines(company.lines())
        else:
            raise typer.Exit(demonstration.run(company, port, show.progress))


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

    demonstration.serve_organisation(context.obj().home, scenario, seed, leads, port, show.line)


def main() -> NoReturn:
    """Run a command; errors become one line and the exit code of the contract."""
    try:
        app(standalone_mode=True)
    except PartialError as error:
        show.error(error.line())
        for one in error.missing:
            show.error(f"  missing: {one}")
        sys.exit(error.exit_code)
    except DetenteError as error:
        show.error(error.line())
        sys.exit(error.exit_code)
    except (BrokenPipeError, KeyboardInterrupt):
        sys.exit(1)
    sys.exit(0)


if __name__ == "__main__":
    main()
