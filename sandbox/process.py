"""Starts the organisation as a process of its own, for the demo and the tests."""

import json
import ssl
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from model.closing import Closing
from model.errors import SourceError

_ROOT = Path(__file__).resolve().parent.parent
_READY_SECONDS = 60.0
_STOP_SECONDS = 10.0


@dataclass(frozen=True)
class Access:
    """The credentials of one user of the API, and the app that acts as that user."""

    username: str
    password: str
    security_token: str
    client_id: str
    client_secret: str
    access_token: str
    refresh_token: str
    private_key_file: Path


@dataclass(frozen=True)
class Running(Closing):
    """A server that answers at `url`, with a certificate of the authority in `ca_file`.

    The credentials are those of the user `integration`, who sees everything and writes nothing.
    `users` also has `restricted` (custom fields and some objects are hidden), `regional` (only the
    records of EMEA are shared), `writer` (may create and edit) and `controller` (as `regional`, but
    may view the set-up), as far as the organisation has users enough. `plain_url` answers without
    TLS, if that was asked for.
    """

    url: str
    ca_file: Path
    username: str
    password: str
    security_token: str
    client_id: str
    client_secret: str
    access_token: str
    refresh_token: str
    private_key_file: Path
    control_token: str
    users: Mapping[str, Access]
    process: subprocess.Popen[str]
    plain_url: str | None = None

    def close(self) -> None:
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
        self._control("PUT", "clock", {"now": at.isoformat() if at else None})

    def set_faults(self, faults: Sequence[Mapping[str, object]]) -> None:
        """Let calls fail from now on as `sandbox.server.faults` says; none for an empty list."""
        self._control("PUT", "faults", [dict(fault) for fault in faults])

    def requests(self) -> list[dict[str, Any]]:
        """The calls since the start or since `clear_requests`: at, method, path, query (the SOQL
        where there is one), endpoint, object and status of each.
        """
        found: list[dict[str, Any]] = self._control("GET", "requests")
        return found

    def clear_requests(self) -> None:
        """Forget the calls so far."""
        self._control("DELETE", "requests")

    def expire_sessions(self) -> None:
        """Make every access token invalid, those in `users` too."""
        self._control("PUT", "sessions", {"expire": "all"})

    def _control(self, method: str, what: str, body: object = None) -> Any:
        request = urllib.request.Request(  # noqa: S310  always https on the loopback interface
            f"{self.url}/sandbox/{what}",
            None if body is None else json.dumps(body).encode(),
            {"Authorization": f"Bearer {self.control_token}"},
            method=method,
        )
        context = ssl.create_default_context(cafile=str(self.ca_file))
        with urllib.request.urlopen(request, timeout=10, context=context) as answer:  # noqa: S310
            said = answer.read()
        return json.loads(said) if said else None


def start(
    folder: Path,
    state_file: Path,
    clock: datetime | None = None,
    page_size: int | None = None,
    port: int = 0,
    *,
    memory: str | None = None,
    plain: bool = False,
) -> Running:
    """Serve the organisation in `folder` on a loopback port (0: a free one); it ends with this
    process.

    Returns once it answers. `clock` (naive UTC) stops it at a moment. `memory` (`2GB`) is what its
    database may keep in memory, `plain` opens a port without TLS too. SourceError if it does not
    come up.
    """
    command = [sys.executable, "-m", "sandbox", "serve", "--with-parent"]
    command += ["--folder", str(folder.resolve()), "--state", str(state_file.resolve())]
    command += ["--port", str(port)]
    if clock is not None:
        command += ["--clock", clock.isoformat()]
    if page_size is not None:
        command += ["--page-size", str(page_size)]
    command += ["--memory", memory] if memory else []
    command += ["--plain"] if plain else []
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
    users = {name: Access(**_with_paths(each)) for name, each in said.pop("users").items()}
    return Running(**_with_paths(said), users=users, process=process)


def _with_paths(said: Mapping[str, str]) -> dict[str, Any]:
    return {key: Path(text) if key.endswith("_file") else text for key, text in said.items()}
