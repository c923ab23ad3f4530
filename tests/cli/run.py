"""Runs the real command: in this process, which is fast, or in a process of its own."""

import io
import os
import subprocess
import sys
from contextlib import chdir, redirect_stderr, redirect_stdout
from pathlib import Path
from typing import NamedTuple
from unittest.mock import patch

import cli

ROOT = Path(__file__).parents[2]


class Ran(NamedTuple):
    code: int
    out: str
    err: str


def detente(*arguments: object, cwd: Path = ROOT, **variables: str) -> Ran:
    """`detente …` from its entry point: exit code, standard output, standard error."""
    out, err = io.StringIO(), io.StringIO()
    code: object = None
    with (
        patch.object(sys, "argv", ["detente", *map(str, arguments)]),
        patch.dict(os.environ, _environment(variables), clear=True),
        chdir(cwd),
        redirect_stdout(out),
        redirect_stderr(err),
    ):
        try:
            cli.main()
        except SystemExit as end:
            code = end.code
    return Ran(int(str(code or 0)), out.getvalue(), err.getvalue())


def as_process(*arguments: object, cwd: Path = ROOT, **variables: str) -> Ran:
    """The same in a process of its own, as a shell starts it."""
    command = [sys.executable, "-m", "cli", *map(str, arguments)]
    environment = _environment(variables) | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        command, cwd=cwd, env=environment, capture_output=True, text=True, timeout=300, check=False
    )
    return Ran(done.returncode, done.stdout, done.stderr)


def _environment(variables: dict[str, str]) -> dict[str, str]:
    unset = {"DETENTE_CONFIG", "DETENTE_HOME"}
    return {k: v for k, v in os.environ.items() if k not in unset} | variables
