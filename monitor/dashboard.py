"""The dashboard's own process; it ends with the one that started it, even where that is killed."""

import os
import sys
import threading
from pathlib import Path
from subprocess import PIPE, Popen

APP = Path(__file__).parent.parent / "streamlit_app.py"


def start(config: Path | None, home: Path, port: int) -> Popen[bytes]:
    """The dashboard on loopback."""
    environment = {**os.environ, "DETENTE_HOME": str(home)}
    if config is not None:
        environment["DETENTE_CONFIG"] = str(config)
    command = [sys.executable, "-P", "-m", "monitor.dashboard", str(port)]
    return Popen(command, env=environment, stdin=PIPE)  # noqa: S603


def _end_with_parent() -> None:
    while os.read(0, 1):  # ends when the system has closed our input, as whoever held it is gone
        pass
    os._exit(1)


if __name__ == "__main__":
    from streamlit.web.cli import main

    threading.Thread(target=_end_with_parent, daemon=True).start()
    options = ["--server.port", sys.argv[1], "--server.address", "localhost"]
    main(["run", str(APP), *options])
