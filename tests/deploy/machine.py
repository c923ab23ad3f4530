"""A machine of its own for cron and systemd, where the files in deploy/ work as they are: the
places that they name are there, and whatever is done in it leaves no trace.
"""

import os
import shutil
import subprocess
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import pytest

from tests.cli.run import ROOT
from tests.clients.installed import cannot, from_apt
from tests.monitor.small import Small

SCRIPT = Path(__file__).with_suffix(".sh")
NAMESPACES = ("mount", "pid", "cgroup", "net", "uts", "ipc")
UNSHARE = ["unshare", "--fork", "--kill-child", "--mount-proc", *(f"--{one}" for one in NAMESPACES)]
WAIT_SECONDS = 180
HERE = "/etc/detente"
COMMAND = """#!/bin/sh
export LD_LIBRARY_PATH=/opt/python/lib
PYTHONPATH=/opt/detente:{packages} exec /opt/python/bin/{python} -P -m cli "$@"
"""


def installed(package: str, program: str) -> None:
    """See that the system's package is there."""
    if not Path(program).exists():
        from_apt(package)
    if not Path(program).exists():
        cannot(f"{program} is needed: install {package}")


def impossible(reason: str) -> NoReturn:
    """Say aloud that this machine cannot run another in namespaces; not even a failure in CI, as
    its runners may be containers without the right to.
    """
    told = f"cron and systemd have not been run: {reason}"
    warnings.warn(told, stacklevel=2)
    pytest.skip(told)


@dataclass
class Machine:
    """One that runs. `process` is the namespaces' keeper."""

    process: subprocess.Popen[bytes]
    log: Path

    def run(self, *command: str) -> str:
        """What a command says in it."""
        pid = self.process.pid
        (first,) = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        inside = ["nsenter", "--target", first, "--all", *command]
        done = subprocess.run(inside, capture_output=True, text=True, timeout=60, check=False)
        return done.stdout

    def wait_for(self, condition: Callable[[], bool]) -> None:
        """Until it holds."""
        give_up = time.monotonic() + WAIT_SECONDS
        while not condition():
            if time.monotonic() > give_up or self.process.poll() is not None:
                pytest.fail(self.log.read_text()[-3000:])
            time.sleep(0.5)


@contextmanager
def machine(company: Small, setup: str, **variables: str) -> Iterator[Machine]:
    """A machine that runs the shell lines `setup`, the last of which is its first process."""
    if os.getuid() or not sys.platform.startswith("linux") or shutil.which("unshare") is None:
        impossible("it takes Linux and root")
    private = company.folder / "private"
    private.mkdir()
    log = company.folder / "log"
    with _cgroup() as group, log.open("wb") as out:
        begin = ["/bin/sh", "-c", f"{SCRIPT.read_text()}\n{setup}"]
        process = subprocess.Popen(
            ["/bin/sh", "-c", f'echo $$ > {group}/cgroup.procs; exec "$@"', "-", *UNSHARE, *begin],
            env={"PATH": os.environ["PATH"], **_places(company, private), **variables},
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
        )
        try:
            while not (company.folder / "up").exists():
                if process.poll() is not None:
                    impossible(f"no namespaces can be made: {log.read_text()}")
                time.sleep(0.1)
            yield Machine(process, log)
        finally:
            process.kill()
            process.wait()


def _places(company: Small, private: Path) -> dict[str, str]:
    for folder in (company.folder, company.folder / "home"):
        folder.mkdir(exist_ok=True)
        folder.chmod(0o755)
    config = company.folder / "detente.yaml"
    config.write_text(config.read_text().replace(str(company.folder), HERE))
    command = company.folder / "detente"
    packages = Path(pytest.__file__).parents[1].relative_to(ROOT)
    python = Path(sys.executable).resolve().name
    command.write_text(COMMAND.format(packages=f"/opt/detente/{packages}", python=python))
    command.chmod(0o755)
    return {
        "PRIVATE": str(private),
        "SOURCE": str(ROOT),
        "PYTHON": sys.base_prefix,
        "COMPANY": str(company.folder),
        "HOME_FOLDER": str(company.folder / "home"),
        "COMMAND": str(command),
    }


@contextmanager
def _cgroup() -> Iterator[Path]:
    """A control group for what is begun in it."""
    mounts = [line.split() for line in Path("/proc/self/mounts").read_text().splitlines()]
    tops = [Path(fields[1]) for fields in mounts if fields[2] == "cgroup2"]
    if not tops:
        impossible("there are no control groups, version 2")
    own = next(
        line[3:]
        for line in Path("/proc/self/cgroup").read_text().splitlines()
        if line.startswith("0::")
    )
    group = tops[0] / own.lstrip("/") / f"detente-{os.getpid()}"
    try:
        group.mkdir()
    except OSError as error:
        impossible(f"no control group can be made: {error}")
    try:
        yield group
    finally:
        while "populated 1" in (group / "cgroup.events").read_text():
            time.sleep(0.1)
        for folder in sorted(group.rglob("*/"), reverse=True):
            folder.rmdir()
        group.rmdir()
