"""The files in deploy/: read as their readers read them; cron's and systemd's lines also run.

Neither a cron daemon nor systemd runs here: their commands are run as these would, by /bin/sh with
cron's few variables, and with a unit's environment. `systemd-analyze verify` reads the units where
it is installed.
"""

import configparser
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest
import yaml
from typer.main import get_command

import cli
from config.settings import ScheduleSettings
from model.cron import parse
from monitor import snapshots
from monitor.workspace import Workspace
from tests.cli.run import ROOT
from tests.monitor.small import Small

DEPLOY = ROOT / "deploy"
UNITS = sorted((DEPLOY / "systemd").iterdir())
MINIMAL = {"PATH": "/usr/bin:/bin", "SHELL": "/bin/sh", "LOGNAME": "detente"}
DAILY, OFTEN = ScheduleSettings().snapshot, ScheduleSettings().sync
CRON_LINE = re.compile(r"((?:\S+\s+){5})(.*)")


@pytest.fixture
def company(tmp_path: Path) -> Small:
    made = Small(tmp_path, datetime(2026, 11, 25, 12))
    made.hand_over("L1", "ann", datetime(2026, 11, 25, 10))
    made.write()
    made.configure()
    (tmp_path / "secrets.env").write_text("ALERTS_MAIL=mailto://nobody@example.com\n")
    return made


def placed(text: str, company: Small) -> str:
    """A file with its example paths set."""
    return (
        text.replace("/opt/detente/.venv/bin/detente", str(Path(sys.executable).parent / "detente"))
        .replace("/etc/detente", str(company.folder))
        .replace("/var/lib/detente", str(company.folder / "home"))
    )


def crontab(text: str) -> tuple[dict[str, str], list[tuple[str, str]]]:
    """The variables and the (times, command) of a crontab."""
    variables, entries = {}, []
    for line in text.splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        name, equals, value = line.partition("=")
        if equals and name.isidentifier():
            variables[name] = value
            continue
        found = CRON_LINE.fullmatch(line)
        assert found, line
        assert "%" not in found[2], "cron makes a new line of %"
        entries.append((" ".join(found[1].split()), found[2]))
    return variables, entries


def unit(file: Path, company: Small) -> configparser.RawConfigParser:
    parser = configparser.RawConfigParser(strict=False)
    parser.optionxform = str  # type: ignore[assignment, method-assign]
    parser.read_string(placed(file.read_text(), company))
    return parser


def environment_of(file: Path, company: Small) -> dict[str, str]:
    """What the unit's commands find in their environment."""
    lines = placed(file.read_text(), company).splitlines()
    own = [line.removeprefix("Environment=") for line in lines if line.startswith("Environment=")]
    secrets = (company.folder / "secrets.env").read_text().split()
    return MINIMAL | dict(pair.split("=", 1) for pair in own + secrets)


def commands(text: str) -> Iterator[tuple[str, ...]]:
    """Every `detente …` in a text, without its options."""
    for found in re.finditer(r'(?:detente|\$DETENTE"|bin/detente) ((?:[a-z]+ ?)+)', text):
        yield tuple(found[1].split())


def test_every_file_names_commands_that_there_are_at_the_times_of_the_defaults() -> None:
    app = get_command(cli.app)
    seen = set()
    for file in [DEPLOY / "crontab", *UNITS, *DEPLOY.glob("*/*.y*ml")]:
        lines = [line for line in file.read_text().splitlines() if not line.startswith("#")]
        for words in commands("\n".join(lines)):
            group = app
            for word in words:
                group = group.commands[word]  # type: ignore[attr-defined]
            seen.add(words)
    assert seen == {("sync",), ("snapshot", "take"), ("alerts", "check"), ("serve",)}
    _, entries = crontab((DEPLOY / "crontab").read_text())
    assert [times for times, _ in entries] == [OFTEN, DAILY]
    jobs = list(yaml.safe_load_all((DEPLOY / "kubernetes" / "cronjob.yaml").read_text()))
    assert [job["spec"]["schedule"] for job in jobs] == [OFTEN, DAILY]
    assert {job["spec"]["concurrencyPolicy"] for job in jobs} == {"Forbid"}
    flow = yaml.load((DEPLOY / "github" / "detente.yml").read_text(), yaml.BaseLoader)
    times = [one["cron"] for one in flow["on"]["schedule"]]
    assert all(parse(one) for one in times)
    assert flow["jobs"]["run"]["steps"][-2]["if"] == f"github.event.schedule == '{times[1]}'"


def test_systemd_reads_the_units(company: Small, tmp_path: Path) -> None:
    analyze = shutil.which("systemd-analyze")
    if analyze is None:
        pytest.skip("systemd-analyze is not installed")
    folder = tmp_path / "units"
    folder.mkdir()
    for file in UNITS:
        text = placed(file.read_text(), company).replace("User=detente\n", "")
        (folder / file.name).write_text(text)
    done = subprocess.run(
        [analyze, "verify", "--man=no", *sorted(map(str, folder.iterdir()))],
        capture_output=True,
        text=True,
        check=False,
    )
    ours = [line for line in done.stderr.splitlines() if "detente" in line]
    assert ours == []
    times = ["*:0/15", "*-*-* 06:00"]
    found = [unit(DEPLOY / "systemd" / f"detente-{name}.timer", company) for name in KINDS]
    assert [one["Timer"]["OnCalendar"] for one in found] == times
    assert {one["Timer"]["Persistent"] for one in found} == {"true"}


KINDS = ("sync", "snapshot")


def kept(company: Small) -> list[str]:
    workspace = Workspace.open(company.folder / "detente.yaml", company.folder / "home")
    manifest = workspace.lake.manifest()
    assert manifest is not None
    assert manifest.cutoff_at == company.now
    return [one["kind"] for one in snapshots.listed(workspace)]


@pytest.mark.full
def test_cron_s_lines_run_as_cron_runs_them(company: Small) -> None:
    variables, entries = crontab(placed((DEPLOY / "crontab").read_text(), company))
    for _, command in entries:
        done = subprocess.run(
            ["/bin/sh", "-c", command],
            env=MINIMAL | {"HOME": str(company.folder)} | variables,
            cwd=company.folder,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert kept(company) == ["live"]


@pytest.mark.full
def test_systemd_s_commands_run_with_the_unit_s_environment(company: Small) -> None:
    for kind in KINDS:
        file = DEPLOY / "systemd" / f"detente-{kind}.service"
        service = unit(file, company)["Service"]
        for key in ("ExecStart", "ExecStopPost"):
            done = subprocess.run(
                service[key].split(),
                env=environment_of(file, company),
                cwd="/",
                capture_output=True,
                text=True,
                timeout=300,
                check=False,
            )
            assert (done.returncode, done.stderr) == (0, "")
    assert kept(company) == ["live"]
    assert os.access(company.folder / "home", os.W_OK)
