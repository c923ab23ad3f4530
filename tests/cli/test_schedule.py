"""`detente schedule` and `detente serve` as processes: begun, watched, stopped."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from pathlib import Path

import pytest

from tests.cli.run import ROOT, detente
from tests.monitor.small import Small

WAIT_SECONDS = 120
NEW_YEAR = "0 0 1 1 *"  # due once, long ago: never again while a test lasts


@pytest.fixture
def company(tmp_path: Path) -> Small:
    made = Small(tmp_path, datetime(2026, 11, 25, 12))
    made.hand_over("L1", "ann", datetime(2026, 11, 25, 10))
    made.write()
    made.configure(schedule={"sync": NEW_YEAR, "snapshot": NEW_YEAR})
    return made


def started(company: Small, *arguments: object) -> subprocess.Popen[str]:
    place = ["--config", company.folder / "detente.yaml", "--home", company.folder / "home"]
    return subprocess.Popen(
        [sys.executable, "-m", "cli", *map(str, [*place, *arguments])],
        cwd=company.folder,
        env=os.environ | {"PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def lines_until(process: subprocess.Popen[str], sign: str) -> list[str]:
    found: list[str] = []
    assert process.stdout is not None
    for line in process.stdout:
        found.append(line.strip())
        if sign in line:
            return found
    pytest.fail(f"{found} {process.stderr and process.stderr.read()}")


def stopped(process: subprocess.Popen[str], sign: signal.Signals = signal.SIGTERM) -> str:
    process.send_signal(sign)
    _, said = process.communicate(timeout=WAIT_SECONDS)
    assert process.returncode == 0, said
    return said


def test_the_schedule_works_until_it_is_stopped(company: Small) -> None:
    first = started(company, "schedule")
    try:
        sync, snapshot = lines_until(first, "snapshot")
        assert " sync: done in " in sync
        assert sync.endswith(" rows")
        assert " snapshot: done in " in snapshot
        second = started(company, "schedule")
        (waits,) = lines_until(second, "standing by")
        assert f":{first.pid} works through the schedule; standing by." in waits
        assert stopped(second) == ""
    finally:
        said = stopped(first)
    assert said == ""
    place = ("--config", company.folder / "detente.yaml", "--home", company.folder / "home")
    listed = detente(*place, "schedule", "--list", "--json")
    form = json.loads(listed.out)
    assert form["holder"] is None
    assert sorted(run["kind"] for run in form["runs"]) == ["snapshot", "sync"]
    assert {run["state"] for run in form["runs"]} == {"done"}
    assert len(form["next"]) == 10
    told = detente(*place, "schedule", "--list").out
    assert "Nobody works through it: run `detente schedule`." in told
    assert "next (UTC)" in told
    assert detente(*place, "schedule", "--json").code == 2


def test_a_schedule_without_sources_is_refused(tmp_path: Path) -> None:
    ran = detente("--home", tmp_path, "schedule", cwd=tmp_path)
    assert (ran.code, ran.err.count("\n")) == (1, 1)
    assert "no source is configured" in ran.err


def is_up(port: int) -> bool:
    with suppress(OSError):
        return bool(urllib.request.urlopen(f"http://localhost:{port}/_stcore/health").read())
    return False


def within(condition: Callable[[], bool]) -> bool:
    give_up = time.monotonic() + WAIT_SECONDS
    while not condition():
        if time.monotonic() > give_up:
            return False
        time.sleep(0.1)
    return True


def children(pid: int) -> list[int]:
    return [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


@pytest.mark.full
@pytest.mark.parametrize("sign", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_dashboard_and_schedule_stop_together(company: Small, sign: signal.Signals) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = started(company, "serve", "--port", port)
    try:
        assert within(lambda: is_up(port))
        lines_until(process, "snapshot: done")
        (dashboard,) = children(process.pid)
    finally:
        if sign == signal.SIGKILL:
            process.kill()
            process.wait()
        else:
            stopped(process, sign)
            assert not Path(f"/proc/{dashboard}").exists()
    assert within(lambda: not is_up(port))


@pytest.mark.full
def test_a_dashboard_that_dies_ends_the_schedule(company: Small) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        process = started(company, "serve", "--port", taken.getsockname()[1])
        _, said = process.communicate(timeout=WAIT_SECONDS)
    assert process.returncode == 1
    assert "the dashboard ended with exit code 1" in said
    assert "choose another with --port" in said
    assert "Traceback" not in said
