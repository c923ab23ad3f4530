"""The dashboard's own process; it ends with the one that started it, even where that is killed."""

import os
import sys
import threading
from pathlib import Path
from subprocess import PIPE, Popen

WITH_PARENT = "--with-parent"


def start(config: Path | None, home: Path, port: int) -> Popen[bytes]:
    """The dashboard on loopback."""
    environment = {**os.environ, "DETENTE_HOME": str(home)}
    if config is not None:
        environment["DETENTE_CONFIG"] = str(config)
    options = ["--server.port", str(port), "--server.address", "localhost"]
    command = [sys.executable, "-P", "-m", "dashboard", WITH_PARENT, *options]
    return Popen(command, env=environment, stdin=PIPE)  # noqa: S603


def end_with_parent() -> None:
    """End this process as soon as the one that holds its standard input is gone."""
    threading.Thread(target=_wait_and_end, daemon=True).start()


def _wait_and_end() -> None:
    while os.read(0, 1):  # ends when the system has closed our input, as whoever held it is gone
        pass
    os._exit(1)
