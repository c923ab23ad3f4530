"""The dashboard's own process."""

import os
import subprocess
import sys
from pathlib import Path


def start(config: Path | None, home: Path, port: int) -> subprocess.Popen[bytes]:
    """The dashboard on loopback."""
    environment = {**os.environ, "DETENTE_HOME": str(home)}
    if config is not None:
        environment["DETENTE_CONFIG"] = str(config)
    options = ["--server.port", str(port), "--server.address", "localhost"]
    command = [sys.executable, "-P", "-m", "dashboard", *options]
    return subprocess.Popen(command, env=environment)  # noqa: S603
