"""Where alerts arrive: a real SMTP server and a real HTTP server on loopback."""

import json
import threading
from asyncio import Server
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session


@dataclass
class Receiver:
    """`got` in the order of arrival; while `refuses`, nothing is taken."""

    port: int = 0
    refuses: bool = False
    got: list[Any] = field(default_factory=list)


@contextmanager
def mailbox() -> Iterator[Receiver]:
    """A mail server; `got` are messages."""
    receiver = Receiver()

    class Handler:
        async def handle_DATA(self, _: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
            if receiver.refuses:
                return "451 Not now"
            assert isinstance(envelope.content, bytes)
            mail = message_from_bytes(envelope.content, policy=default)
            assert isinstance(mail, EmailMessage)
            receiver.got.append(mail)
            return "250 OK"

    class Free(Controller):
        """On any free port."""

        def _trigger_server(self) -> None:
            assert isinstance(self.server, Server)
            self.port = self.server.sockets[0].getsockname()[1]
            super()._trigger_server()  # type: ignore[no-untyped-call]

    controller = Free(Handler(), hostname="127.0.0.1", port=0)
    controller.start()
    receiver.port = controller.port
    try:
        yield receiver
    finally:
        controller.stop()


@contextmanager
def webhook() -> Iterator[Receiver]:
    """A web server; `got` are (path, JSON)."""
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if not receiver.refuses:
                receiver.got.append((self.path, json.loads(body)))
            self.send_response(503 if receiver.refuses else 200)
            self.end_headers()
            self.wfile.write(b"ok")

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    receiver.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
