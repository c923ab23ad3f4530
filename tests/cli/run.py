"""Runs the real command in a process of its own."""

import os
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]


class Ran(NamedTuple):
    code: int
    out: str
    err: str


def detente(*arguments: object, cwd: Path = ROOT, **variables: str) -> Ran:
    """`detente …`: exit code, standard output, standard error."""
    unset = {"DETENTE_CONFIG", "DETENTE_HOME"}
    environment = {k: v for k, v in os.environ.items() if k not in unset} | variables
    command = [sys.executable, "-m", "cli", *map(str, arguments)]
    environment["PYTHONPATH"] = str(ROOT)
    done = subprocess.run(
        command, cwd=cwd, env=environment, capture_output=True, text=True, timeout=300, check=False
    )
    return Ran(done.returncode, done.stdout, done.stderr)
