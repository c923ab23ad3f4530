"""`detente serve`: the dashboard with the schedule beside it; one stops with the other."""

import subprocess
import threading
from contextlib import suppress

from model.errors import DetenteError
from monitor import dashboard, schedule
from monitor.workspace import Workspace

STOP_SECONDS = 10


def serve(
    workspace: Workspace,
    port: int,
    stop: threading.Event,
    say: schedule.Say,
    tell: schedule.Tell,
) -> None:
    """Show the dashboard and work through the timetable until `stop` is set or either ends.

    Raises DetenteError where the dashboard ends by itself with an error.
    """
    shown = dashboard.start(workspace.config, workspace.home, port)
    ended_first: list[int] = []

    def watch() -> None:
        code = shown.wait()
        if not stop.is_set():
            ended_first.append(code)
            stop.set()

    threading.Thread(target=watch, daemon=True).start()
    try:
        schedule.run(workspace, stop, say, tell)
    finally:
        stop.set()
        _end(shown)
    if any(ended_first):
        raise DetenteError(
            f"the dashboard ended with exit code {ended_first[0]}",
            f"port {port}",
            "See its message above; the port may be in use: choose another with --port.",
        )


def _end(shown: subprocess.Popen[bytes]) -> None:
    shown.terminate()
    with suppress(subprocess.TimeoutExpired):
        shown.wait(STOP_SECONDS)
        return
    shown.kill()
    shown.wait()
