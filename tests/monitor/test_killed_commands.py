"""`detente snapshot take`, `schedule` and `serve`, killed -9 wherever they are just then, while a
dashboard is looked at: no half snapshot, none lost, none doubled, no error seen.
"""

import random
import re
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from monitor import timetable
from monitor.workspace import Workspace
from store.records.schema import LeaseRow, ScheduledRow
from store.records.transactions import connect
from tests.monitor.commands import WAIT_SECONDS, Command, Starter, starter, watched, whole
from tests.monitor.small import Small

EVERY_MINUTE = {"sync": "* * * * *", "snapshot": "* * * * *"}
HOUR = timedelta(hours=1)
TAKEN_OVER = "stopped before its end; a later run took its place"


@pytest.fixture
def company(tmp_path: Path) -> Small:
    made = Small(tmp_path, datetime(2026, 11, 20, 12))
    made.hand_over("L1", "ann", datetime(2026, 11, 20, 10))
    made.write()
    made.configure(schedule=EVERY_MINUTE)
    return made


def moved_on(company: Small) -> None:
    """An hour later in the CRM: another manifest, another snapshot."""
    company.now += HOUR
    company.write()


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def ids(company: Small) -> list[str]:
    with Workspace.open(company.folder / "detente.yaml", company.folder / "home").records as kept:
        return [head.id for head in kept.snapshots.list()]


def kill_takes(company: Small, commands: Starter, times: int) -> None:
    luck = random.Random(times)
    began = time.monotonic()
    commands.run("snapshot", "take")
    longest = time.monotonic() - began
    moved_on(company)
    commands.run("sync")
    killed = 0
    while killed < times:
        before = ids(company)
        command = commands.start("snapshot", "take")
        time.sleep(luck.uniform(0, longest))
        killed += command.kill() == -9
        after = ids(company)
        assert before == after[: len(before)]
        assert len(after) - len(before) <= 1
        assert whole(commands.config, commands.home) == len(after)
        said = re.findall(r"Snapshot (\w+) as of", command.said())
        assert set(said) <= set(after)
        if after != before:
            moved_on(company)
            commands.run("sync")
    commands.run("snapshot", "take")
    last = ids(company)
    assert "was kept before; nothing to do" in commands.run("snapshot", "take")
    assert ids(company) == last


def an_hour_passes(company: Small) -> None:
    """For the records: all that they know is an hour older."""
    engine = connect(f"sqlite:///{company.folder / 'home' / 'records.db'}")
    with Session(engine) as session, session.begin():
        for lease in session.scalars(select(LeaseRow)):
            lease.expires_at -= HOUR
        for run in session.scalars(select(ScheduledRow).order_by(ScheduledRow.due_at)):
            run.due_at -= HOUR
            session.flush()
    engine.dispose()


def runs(company: Small) -> list[timetable.RunForm]:
    workspace = Workspace.open(company.folder / "detente.yaml", company.folder / "home")
    with workspace.records:
        return timetable.listing(workspace, timetable.now_utc())["runs"]


def until_done(command: Command) -> None:
    """Until it has kept the snapshot that was due."""
    give_up = time.monotonic() + WAIT_SECONDS
    while "snapshot: done" not in command.said():
        assert time.monotonic() < give_up, command.said()
        time.sleep(0.05)


def kill_schedules(company: Small, commands: Starter, times: int) -> None:
    luck, port = random.Random(times), free_port()
    began = time.monotonic()
    first = commands.start("schedule")
    until_done(first)
    longest = time.monotonic() - began
    assert first.stop() == 0
    for number in range(times):
        moved_on(company)
        an_hour_passes(company)
        before = ids(company)
        serves = number % 5 == 4  # with a dashboard, whose port is free again for the next
        words = ("serve", "--port", str(port)) if serves else ("schedule",)
        command = commands.start(*words)
        time.sleep(luck.uniform(0, 1.1 * longest))
        assert command.kill() == -9, command.said()
        after = ids(company)
        assert before == after[: len(before)]
        assert whole(commands.config, commands.home) == len(after)
        begun = [(run["kind"], run["due_at"]) for run in runs(company)]
        assert len(set(begun)) == len(begun)
        assert len(after) - len(before) >= command.said().count("snapshot: done")
    moved_on(company)
    an_hour_passes(company)
    last = commands.start("schedule")
    until_done(last)
    assert last.stop() == 0
    done = [run for run in runs(company) if run["state"] == "done"]
    assert {run["kind"] for run in done[-2:]} == set(timetable.KINDS)
    # the next minute's work may have been told to stop as it began
    others = [run for run in runs(company) if run["state"] != "stopped"]
    assert {run["error"] for run in others} <= {None, TAKEN_OVER}


@pytest.mark.full
def test_a_snapshot_that_is_killed_while_it_is_taken(company: Small) -> None:
    with at_work(company) as commands:
        kill_takes(company, commands, 30)


@pytest.mark.full
def test_a_schedule_that_is_killed_at_its_work(company: Small) -> None:
    with at_work(company) as commands:
        kill_schedules(company, commands, 20)


@contextmanager
def at_work(company: Small) -> Iterator[Starter]:
    place = (company.folder / "detente.yaml", company.folder / "home")
    with starter(*place) as commands:
        commands.run("sync")
        with watched(*place):
            yield commands
