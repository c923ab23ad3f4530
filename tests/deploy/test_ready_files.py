"""The files in deploy/: read as their readers read them; cron's and systemd's are also run by a
real cron daemon and a real systemd.
"""

import re
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import yaml
from typer.main import get_command

import cli
from config.settings import ScheduleSettings
from model.cron import parse
from monitor import snapshots
from monitor.sync import sync
from monitor.workspace import Workspace
from tests.cli.run import ROOT
from tests.deploy.machine import Machine, installed, machine
from tests.monitor.small import Small

DEPLOY = ROOT / "deploy"
UNITS = sorted((DEPLOY / "systemd").iterdir())
RUN = ("detente-sync.service", "detente-snapshot.service")
ASK = """
from urllib.request import urlopen
print(urlopen("http://localhost:8501/_stcore/health").read().decode(), end="")
"""
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


def manifest_of(company: Small) -> int:
    """The newest manifest, -1 before the first sync."""
    workspace = Workspace.open(company.folder / "detente.yaml", company.folder / "home")
    newest = workspace.lake.manifest()
    return -1 if newest is None else newest.id


def kept(company: Small) -> list[str]:
    """What kinds of snapshot there are."""
    workspace = Workspace.open(company.folder / "detente.yaml", company.folder / "home")
    with workspace.records:
        return [one["kind"] for one in snapshots.listed(workspace)]


@pytest.mark.full
def test_cron_runs_its_lines(company: Small) -> None:
    """The real daemon and the real `crontab`; its zone is such that it is just before six."""
    installed("cron", "/usr/sbin/cron")
    sync(Workspace.open(company.folder / "detente.yaml", company.folder / "home"))
    before = manifest_of(company)
    now = datetime.now(UTC) - timedelta(hours=5, minutes=59, seconds=50)
    mails = company.folder / "mails"
    setup = """
    printf '#!/bin/sh\ncat >> /etc/detente/mails\n' > /usr/sbin/sendmail
    chmod 755 /usr/sbin/sendmail
    crontab /opt/detente/deploy/crontab
    exec cron -f
    """
    with machine(company, setup, TZ=f"ANY+{now:%H:%M:%S}") as here:
        here.wait_for(lambda: manifest_of(company) > before and kept(company) == ["live"])
        here.wait_for(lambda: "detente" not in here.run("ps", "-eo", "args"))
    assert not mails.exists(), mails.read_text()
    assert manifest_of(company) == before + 1


@pytest.mark.full
def test_systemd_catches_up_by_its_timers(company: Small) -> None:
    """A real systemd as the first process, its timers last run three days ago: each unit runs
    once, the snapshot after the sync, as its user and inside its sandbox.
    """
    installed("systemd", "/usr/lib/systemd/systemd")
    setup = """
    mount -t tmpfs tmpfs /etc/systemd/system
    cp /opt/detente/deploy/systemd/* /etc/systemd/system
    mkdir /etc/systemd/system/service.d "$PRIVATE/units"
    printf '[Service]\nStandardError=append:/etc/detente/errors\n' > "$PRIVATE/seen.conf"
    cp "$PRIVATE/seen.conf" /etc/systemd/system/service.d
    for name in sysinit basic timers multi-user network-online; do
      cp "/usr/lib/systemd/system/$name.target" "$PRIVATE/units"
    done
    export SYSTEMD_UNIT_PATH="/etc/systemd/system:$PRIVATE/units" container=detente
    systemctl enable detente-sync.timer detente-snapshot.timer
    systemd-analyze verify --man=no /etc/systemd/system/detente* 2> /etc/detente/verified || true
    mkdir -p /var/lib/systemd/timers
    for name in sync snapshot; do
      touch -d '3 days ago' "/var/lib/systemd/timers/stamp-detente-$name.timer"
    done
    exec /usr/lib/systemd/systemd --system --unit=multi-user.target --log-target=console
    """
    errors = company.folder / "errors"
    quarter = _quarters()
    with machine(company, setup) as here:
        here.wait_for(lambda: all(ended(here, unit) for unit in RUN))
        assert {ended(here, unit) for unit in RUN} == {"success"}, errors.read_text()
        assert errors.read_text() == ""
        here.run("systemctl", "start", "detente.service")
        here.wait_for(lambda: here.run(sys.executable, "-c", ASK) == "ok")
        here.run("systemctl", "stop", "detente.service")
        assert here.run("systemctl", "is-failed", "detente.service") == "inactive\n"
    assert "detente" not in (company.folder / "verified").read_text()
    assert kept(company) == ["live"]
    assert manifest_of(company) in range(1 + _quarters() - quarter)  # each is due a sync of its own


def _quarters() -> int:
    """The quarters of an hour that have begun so far."""
    return int(time.time()) // 900


def ended(here: Machine, unit: str) -> str:
    """How the unit's run ended, empty before that."""
    shown = here.run("systemctl", "show", "-p", "InactiveEnterTimestamp,Result", unit)
    told = dict(line.split("=", 1) for line in shown.split("\n") if line)
    return told["Result"] if told.get("InactiveEnterTimestamp") else ""
