"""Runs the organisation on the loopback interface, over TLS, until it is told to stop."""

import json
import os
import select
import socket
import ssl
import sys
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from types import FrameType

import trustme
import uvicorn

from model.errors import ConfigurationError
from sandbox.server.app import application
from sandbox.server.clock import Clock
from sandbox.server.organisation import Organisation
from sandbox.server.sessions import Identity, Sessions

HOST = "127.0.0.1"
_LOOK_SECONDS = 1.0


class _Server(uvicorn.Server):
    """Says that it is ready once it answers; told to stop, waits for no idle connection."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._ready()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        self.stop()

    def stop(self) -> None:
        """End at once, so that the caller can clean up."""
        self.should_exit = self.force_exit = True


def serve(
    folder: Path, state: Path, port: int, clock: Clock, page_size: int, *, with_parent: bool
) -> None:
    """Serve the organisation in `folder` on 127.0.0.1 until a signal comes.

    Once ready, the address and the credentials are written to `state` (JSON, for the owner's eyes
    only) and to standard output, and the certificate authority to `<state>.ca.pem`. With
    `with_parent` the server also stops when standard input closes or its parent is gone.
    """
    organisation = Organisation(folder, clock)
    sessions = Sessions(Identity.of(organisation))
    authority = trustme.CA()
    ca_file = state.with_name(f"{state.stem}.ca.pem").absolute()
    listener = _listen(port)
    ready_line: dict[str, str] = {
        "url": f"https://{HOST}:{listener.getsockname()[1]}",
        "ca_file": str(ca_file),
        "username": sessions.identity.username,
        "password": sessions.password,
        "security_token": sessions.security_token,
        "client_id": sessions.client_id,
        "client_secret": sessions.client_secret,
        "access_token": sessions.open(),
    }

    def ready() -> None:
        state.parent.mkdir(parents=True, exist_ok=True)
        authority.cert_pem.write_to_path(str(ca_file))
        _write(state, ready_line)
        sys.stdout.write(json.dumps(ready_line) + "\n")
        sys.stdout.flush()

    config = uvicorn.Config(
        application(organisation, sessions, page_size),
        log_level="warning",
        access_log=False,
        date_header=False,  # the organisation has a clock of its own
        lifespan="off",
        ssl_context_factory=lambda _config, _default: _tls(authority),
    )
    server = _Server(config, ready)
    if with_parent:
        threading.Thread(target=_stop_with_parent, args=[server], daemon=True).start()
    try:
        server.run(sockets=[listener])
    finally:
        organisation.close()


def _listen(port: int) -> socket.socket:
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((HOST, port))
    except OSError as error:
        listener.close()
        reason = error.strerror or "the port cannot be used"
        raise ConfigurationError(reason, f"{HOST}:{port}", "Choose another port, or 0.") from None
    listener.listen(128)
    return listener


def _tls(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert(HOST, "localhost").configure_cert(context)
    return context


def _write(state: Path, content: Mapping[str, str]) -> None:
    draft = state.with_name(f".{state.name}.{os.getpid()}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        json.dump(content, file, indent=2)
    draft.replace(state)


def _stop_with_parent(server: _Server) -> None:
    parent = os.getppid()
    while os.getppid() == parent:
        readable, _, _ = select.select([sys.stdin], [], [], _LOOK_SECONDS)
        if readable and not sys.stdin.read(1):
            break
    server.stop()
