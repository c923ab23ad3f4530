"""Runs the organisation on the loopback interface, over TLS, until it is told to stop."""

import json
import logging
import os
import select
import socket
import ssl
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

import trustme
import uvicorn
from starlette.applications import Starlette

from model.errors import ConfigurationError
from sandbox.server.app import application
from sandbox.server.assertion import Assertions
from sandbox.server.clock import Clock
from sandbox.server.files import write_private
from sandbox.server.organisation import Organisation
from sandbox.server.sessions import Sessions
from sandbox.server.users import User, users_of

HOST = "127.0.0.1"
# Clients that know no other log-in address reach the server under these through a proxy.
_LOGIN_HOSTS = ("login.salesforce.com", "test.salesforce.com", "*.my.salesforce.com")
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
    folder: Path,
    state: Path,
    port: int,
    clock: Clock,
    page_size: int,
    *,
    memory: str,
    with_parent: bool,
    plain: bool,
) -> None:
    """Serve the organisation in `folder` on 127.0.0.1 until a signal comes.

    Once ready, the address and the credentials are written to `state` (JSON, for the owner's eyes
    only) and to standard output, the certificate authority to `<state>.ca.pem`, and the key with
    which the apps sign to `<state>.key.pem`. With
    `with_parent` the server also stops when standard input closes or its parent is gone; with
    `plain` a second port answers without TLS, for clients that cannot be told of an authority.
    """
    organisation = Organisation(folder, clock, memory)
    sessions = Sessions(users_of(organisation))
    assertions = Assertions(sessions)
    authority = trustme.CA()
    ca_file = state.with_name(f"{state.stem}.ca.pem").absolute()
    key_file = state.with_name(f"{state.stem}.key.pem").absolute()
    listener = _listen(port)
    users = {name: _access(sessions, user, key_file) for name, user in sessions.users.items()}
    ready_line: dict[str, object] = {
        "url": f"https://{HOST}:{listener.getsockname()[1]}",
        "ca_file": str(ca_file),
        "control_token": sessions.control,
        **users["integration"],
        "users": users,
    }
    open_listener = _listen(0) if plain else None
    if open_listener:
        ready_line["plain_url"] = f"http://{HOST}:{open_listener.getsockname()[1]}"

    def ready() -> None:
        state.parent.mkdir(parents=True, exist_ok=True)
        authority.cert_pem.write_to_path(str(ca_file))
        assertions.write_key(key_file)
        write_private(state, json.dumps(ready_line, indent=2).encode())
        sys.stdout.write(json.dumps(ready_line) + "\n")
        sys.stdout.flush()

    app = application(organisation, sessions, assertions, page_size)
    secure = _config(app, ssl_context_factory=lambda _config, _default: _tls(authority))
    logging.getLogger("uvicorn.error").addFilter(_is_no_cut)
    server = _Server(secure, ready)
    if with_parent:
        threading.Thread(target=_stop_with_parent, args=[server], daemon=True).start()
    if open_listener:
        beside = uvicorn.Server(_config(app))
        threading.Thread(target=beside.run, args=[[open_listener]], daemon=True).start()
    try:
        server.run(sockets=[listener])
    finally:
        organisation.close()


def _config(app: Starlette, **tls: Any) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        log_level="warning",
        access_log=False,
        date_header=False,  # the organisation has a clock of its own
        lifespan="off",
        timeout_keep_alive=75,  # longer than clients wait between two looks at a job
        **tls,
    )


def _listen(port: int) -> socket.socket:
    # Of an unnamed protocol asyncio does not know that small answers must not wait for each other.
    listener = socket.socket(proto=socket.IPPROTO_TCP)
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
    authority.issue_cert(HOST, "localhost", *_LOGIN_HOSTS).configure_cert(context)
    return context


def _is_no_cut(record: logging.LogRecord) -> bool:
    """A connection that a fault has cut is no news."""
    return "without completing response" not in record.msg


def _access(sessions: Sessions, user: User, key_file: Path) -> dict[str, str]:
    return {
        "username": user.username,
        "password": user.password,
        "security_token": user.security_token,
        "client_id": user.client_id,
        "client_secret": user.client_secret,
        "access_token": sessions.open(user),
        "refresh_token": user.refresh_token,
        "private_key_file": str(key_file),
    }


def _stop_with_parent(server: _Server) -> None:
    parent = os.getppid()
    while os.getppid() == parent:
        readable, _, _ = select.select([sys.stdin], [], [], _LOOK_SECONDS)
        if readable and not sys.stdin.read(1):
            break
    server.stop()
