"""Starts the organisation as a process of its own, for the demo and the tests."""

import json
import ssl
import subprocess
import sys
import threading
import urllib.request
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from model.errors import SourceError

_ROOT = Path(__file__).resolve().parent.parent
_READY_SECONDS = 60.0
_STOP_SECONDS = 10.0


@dataclass(frozen=True)
class Running:
    """A server that answers at `url`, with a certificate of the authority in `ca_file`."""

    url: str
    ca_file: Path
    username: str
    password: str
    security_token: str
    client_id: str
    client_secret: str
    access_token: str
    process: subprocess.Popen[str]

    def stop(self) -> None:
        """Stop the server and wait until it is gone; harmless if it is gone already."""
        if self.process.stdin and not self.process.stdin.closed:
            self.process.stdin.close()
        try:
            self.process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        if self.process.stdout:
            self.process.stdout.close()

    def wait(self) -> None:
        """Wait until the server ends by itself."""
        self.process.wait()

    def set_clock(self, at: datetime | None) -> None:
        """Stop the organisation at a moment (naive UTC), or let it run with the machine's clock."""
        request = urllib.request.Request(  # noqa: S310  always https on the loopback interface
            f"{self.url}/sandbox/clock",
            json.dumps({"now": at.isoformat() if at else None}).encode(),
            {"Authorization": f"Bearer {self.access_token}"},
            method="PUT",
        )
        context = ssl.create_default_context(cafile=str(self.ca_file))
        with urllib.request.urlopen(request, timeout=10, context=context):  # noqa: S310
            pass

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()


def start(
    folder: Path,
    state_file: Path,
    clock: datetime | None = None,
    page_size: int | None = None,
    port: int = 0,
) -> Running:
    """Serve the organisation in `folder` on a loopback port (0: a free one); it ends with this
    process.

    Returns once it answers. `clock` (naive UTC) stops it at a moment. SourceError if it does not
    come up.
    """
    command = [sys.executable, "-m", "sandbox", "serve", "--with-parent"]
    command += ["--folder", str(folder.resolve()), "--state", str(state_file.resolve())]
    command += ["--port", str(port)]
    if clock is not None:
        command += ["--clock", clock.isoformat()]
    if page_size is not None:
        command += ["--page-size", str(page_size)]
    pipe = subprocess.PIPE
    process = subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, cwd=_ROOT)  # noqa: S603
    assert process.stdout is not None  # noqa: S101
    late = threading.Timer(_READY_SECONDS, process.kill)
    late.start()
    line = process.stdout.readline()
    late.cancel()
    if not line:
        process.kill()
        process.wait()
        raise SourceError(
            "the sandbox organisation did not come up", str(folder), "Its own message stands above."
        )
    said = json.loads(line)
    return Running(**{**said, "ca_file": Path(said["ca_file"])}, process=process)
