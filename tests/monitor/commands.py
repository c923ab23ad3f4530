"""Real commands in real processes that begin at once: forked from one that has all modules loaded.
And a dashboard that is read all the while.
"""

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection, Pipe
from pathlib import Path

from tests.cli.run import ROOT
from tests.store.workers import pipe, spawn

PAGES = ("trends", "health")
WAIT_SECONDS = 120


@dataclass
class Command:
    """`detente …` at work in a process of its own; what it says goes to `out`."""

    pid: int
    out: Path
    ended: Connection

    def wait(self) -> int:
        """Its exit code, or minus the signal that ended it."""
        assert self.ended.poll(WAIT_SECONDS)
        return os.waitstatus_to_exitcode(int(self.ended.recv()))

    def kill(self) -> int:
        """Kill it -9 and see it end."""
        with suppress(ProcessLookupError):  # it has just ended by itself
            os.kill(self.pid, signal.SIGKILL)
        return self.wait()

    def stop(self) -> int:
        """Ask it to end."""
        os.kill(self.pid, signal.SIGTERM)
        return self.wait()

    def said(self) -> str:
        """What it has said so far."""
        return self.out.read_text()


@dataclass
class Starter:
    """Starts commands on one configuration and home, one at a time."""

    config: Path
    home: Path
    wanted: Connection
    told: Connection

    def start(self, *words: str) -> Command:
        """Begin `detente …`."""
        out = self.config.parent / "said"
        self.wanted.send((out, ["--config", str(self.config), "--home", str(self.home), *words]))
        assert self.told.poll(WAIT_SECONDS)
        return Command(int(self.told.recv()), out, self.told)

    def run(self, *words: str) -> str:
        """`detente …` to its good end; what it said."""
        command = self.start(*words)
        assert command.wait() == 0, command.said()
        return command.said()


@contextmanager
def starter(config: Path, home: Path) -> Iterator[Starter]:
    """A process that has loaded everything and forks a command whenever it is told to."""
    (orders, wanted), (told, tells) = pipe(), pipe()
    process = spawn(fork_commands, orders, tells)
    try:
        yield Starter(config, home, wanted, told)
    finally:
        wanted.send(None)
        process.join(20)
        process.kill()


def fork_commands(orders: Connection, tells: Connection) -> None:
    """For each (output, arguments): fork the command, tell its id, then how it ended."""
    import apscheduler.schedulers.background  # noqa: F401  what the commands load when they need it
    import duckdb  # noqa: F401

    import cli

    for out, arguments in iter(orders.recv, None):
        pid = os.fork()
        if not pid:
            os.setsid()
            file = os.open(out, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
            os.dup2(file, 1)
            os.dup2(file, 2)
            sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]
            sys.argv = ["detente", *arguments]
            code: object = 1
            try:
                cli.main()
            except SystemExit as end:
                code = end.code
            finally:
                os._exit(int(str(code or 0)))
        tells.send(pid)
        tells.send(os.waitpid(pid, 0)[1])


@contextmanager
def watched(config: Path, home: Path) -> Iterator[None]:
    """Somebody looks at the dashboard and at the snapshots all the while, and sees no error."""
    (stop, stopping), (told, tells) = Pipe(duplex=False), pipe()
    process = spawn(look_until_told, str(config), str(home), stop, tells)
    assert told.poll(WAIT_SECONDS)
    told.recv()
    try:
        yield
    finally:
        stopping.send(None)
        assert told.poll(WAIT_SECONDS)
        looks, wrong = told.recv()
        process.join(20)
    assert wrong == []
    assert looks > len(PAGES)


def look_until_told(config: str, home: str, stop: Connection, tells: Connection) -> None:
    """Run the pages and read what snapshots hold, again and again; tell (looks, what was wrong)."""
    from streamlit.testing.v1 import AppTest

    os.environ |= {"DETENTE_CONFIG": config, "DETENTE_HOME": home}
    page = AppTest.from_file(str(ROOT / "streamlit_app.py"), default_timeout=WAIT_SECONDS).run()
    looks, wrong, most = 0, [str(one.value) for one in page.exception], 0
    tells.send(None)
    while not stop.poll(0.2):
        page.switch_page(f"dashboard/pages/{PAGES[looks % len(PAGES)]}.py").run()
        wrong += [str(one.value) for one in (*page.exception, *page.error)]
        seen = whole(Path(config), Path(home))
        if seen < most:
            wrong.append(f"{most} snapshots, then {seen}")
        most, looks = seen, looks + 1
    tells.send((looks, wrong))


def whole(config: Path, home: Path) -> int:
    """How many snapshots there are: each whole, and no two of the same."""
    from monitor import snapshots
    from monitor.workspace import Workspace

    workspace = Workspace.open(config, home)
    kept = workspace.records.snapshots
    try:
        lines = snapshots.listed(workspace)
        heads = {head.id: head for head in kept.list()}
        same = {(head.manifest_id, head.as_of_at, head.definitions) for head in heads.values()}
        assert len(same) == len(heads), "a snapshot is there twice"
        for one in lines:
            form = snapshots.show(workspace, one["id"])
            figures = [*form["indicators"]["rows"], *form["indicators"]["outcomes"]]
            segments = form["segments"]
            assert len(kept.verdicts_of(one["id"])) == 1 + len(segments)
            rows = len(figures) + sum(len(part["rows"]) for part in segments)
            assert len(kept.values_of(one["id"])) == rows
        return len(lines)
    finally:
        workspace.records.close()
