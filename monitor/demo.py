"""`make run`: a demonstration company, from its CRM to the dashboard, every part real."""

import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import yaml

from model.errors import ConfigurationError
from model.stages import DIMENSIONS, STAGES
from model.validation import suggest
from monitor import dashboard, snapshots, surveys, targets
from monitor.progress import Progress
from monitor.sync import sync
from monitor.workspace import CONFIG_NAME, Workspace
from sandbox.company import generate
from sandbox.company.clock import REGIONS
from sandbox.process import Running, start
from sandbox.scenario import Scenario

TOKEN_VARIABLE = "DETENTE_DEMO_TOKEN"  # noqa: S105  (the name of a variable, not a secret)
CONFIG_FILE = Path(__file__).with_name("demo.yaml")
FUTURE_DAYS = 30
Watch = Callable[[], AbstractContextManager[Progress]]
"""Opens the progress display for a stretch of work."""
MIXED = {
    "handoff": "defined",
    "language": "aligned",
    "joint_work": "undefined",
    "feedback": "aligned",
    "process": "defined",
    "structure": "defined",
}


@dataclass(frozen=True)
class Company:
    """The demonstration: its workspace, its organisation's server and where that was generated."""

    workspace: Workspace
    config: Path
    running: Running
    organisation: Path

    @property
    def has_data(self) -> bool:
        """Whether an earlier demonstration left something to look at."""
        return self.workspace.lake.manifest() is not None

    def fill(self, watch: Watch, months: int = 12) -> None:
        """Pull it, import targets and survey once, take the snapshots of today and of `months`
        before.
        """
        workspace = self.workspace
        with watch() as progress:
            sync(workspace, progress=progress)
            _import_once(workspace, self.organisation)
            snapshots.take(workspace)
            if not any(one["kind"] == "backfilled" for one in snapshots.listed(workspace)):
                snapshots.backfill(workspace, months, progress)

    def lines(self) -> list[str]:
        """What to tell whoever started it."""
        newest = snapshots.listed(self.workspace)[-1]
        return [
            snapshots.show(self.workspace, newest["id"])["stage"]["sentence"],
            f"To ask yourself: detente --config {self.config} --home {self.workspace.home} stage",
        ]

    def dashboard(self, port: int) -> subprocess.Popen[bytes]:
        """Start the dashboard."""
        return dashboard.start(self.config, self.workspace.home, port)


def run(company: Company, port: int, watch: Watch) -> int:
    """Fill the company and show it until the dashboard is stopped; its exit code.

    What an earlier run left is shown at once, while the new records are pulled.
    """
    shown = company.dashboard(port) if company.has_data else None
    try:
        company.fill(watch)
        shown = shown or company.dashboard(port)
        return shown.wait()
    except KeyboardInterrupt:
        return 0
    finally:
        if shown is not None:
            shown.terminate()
            shown.wait()


def scenario_named(text: str) -> Scenario:
    """The scenario that `text` names: `mixed` or a stage (else defined), then dimensions and
    regions that differ: `aligned,handoff=defined,APAC=undefined`. A region differs in all.
    """
    known = [dimension.value for dimension in DIMENSIONS]
    levels, regions = dict.fromkeys(known, "defined"), {}
    for part in text.split(","):
        name, _, level = part.partition("=")
        if part == "mixed":
            levels = dict(MIXED)
        elif part in STAGES:
            levels = dict.fromkeys(known, part)
        elif level not in STAGES:
            raise ConfigurationError(
                f"unknown scenario {part!r}", "--scenario", suggest(level or name, list(STAGES))
            )
        elif name in REGIONS:
            regions[name] = Scenario.preset(level)
        elif name in known:
            levels[name] = level
        else:
            raise ConfigurationError(
                f"no dimension or region {name!r}", "--scenario", suggest(name, [*known, *REGIONS])
            )
    return Scenario.mixed(levels, text).within(**regions)


@contextmanager
def opened(home: Path, scenario: str, seed: int, leads: int, watch: Watch) -> Iterator[Company]:
    """The company in `home`/demo, generated if need be and served until the end."""
    folder = home / "demo"
    with watch() as progress:
        organisation = organisation_folder(folder, scenario, seed, leads, progress)
    with start(organisation, folder / "sandbox.json") as running:
        os.environ[TOKEN_VARIABLE] = running.access_token
        config = configure(folder, running)
        yield Company(Workspace.open(config, folder), config, running, organisation)


def serve_organisation(
    home: Path, scenario: str, seed: int, leads: int, port: int, say: Callable[[str], None]
) -> None:
    """Serve a generated organisation on loopback until interrupted."""
    from monitor.progress import SILENT

    folder = organisation_folder(home / "sandbox", scenario, seed, leads, SILENT)
    state = home / "sandbox" / "sandbox.json"
    running = start(folder, state, port=port)
    say(f"Serving at {running.url}; log-in data in {state}. Stop with Ctrl-C.")
    try:
        running.wait()
    except KeyboardInterrupt:
        pass
    finally:
        running.close()


def organisation_folder(
    home: Path, scenario: str, seed: int, leads: int, progress: Progress
) -> Path:
    """The generated organisation, made if it is not there, is another, or has run out of days.

    A new organisation empties `home`: what was pulled from the old one means nothing any more.
    """
    wanted = {"scenario": scenario, "seed": seed, "leads": leads}
    folder, mark = home / "organisation", home / "organisation.json"
    chosen = scenario_named(scenario)
    if mark.exists() and folder.exists():
        made = json.loads(mark.read_text())
        if made["wanted"] == wanted and datetime.fromisoformat(made["until"]) > _now():
            return folder
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir(parents=True)
    progress.step("demonstration company", 0, None)
    now = _now()
    generate(folder, chosen, seed=seed, leads=leads, ends_at=now, future_days=FUTURE_DAYS)
    until = now + timedelta(days=FUTURE_DAYS)
    mark.write_text(json.dumps({"wanted": wanted, "until": until.isoformat()}))
    progress.end("demonstration company")
    return folder


def configure(home: Path, running: Running) -> Path:
    """Write the demonstration's configuration for this server into `home`; its path."""
    settings = yaml.safe_load(CONFIG_FILE.read_text(encoding="utf-8"))
    source = settings["sources"][0]
    source["instance_url"], source["ca_file"] = running.url, str(running.ca_file)
    file = home / CONFIG_NAME
    file.write_text(yaml.safe_dump(settings, sort_keys=False, allow_unicode=True), encoding="utf-8")
    return file


def _import_once(workspace: Workspace, organisation: Path) -> None:
    if workspace.lake.version(targets.SOURCE, "targets") is None:
        targets.import_targets(workspace, organisation / "targets.csv")
    if surveys.form(workspace) is None:
        surveys.import_file(workspace, organisation / "survey.csv", "Autumn")


def _now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)
