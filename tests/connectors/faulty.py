"""A TLS proxy on loopback that hands calls on to the sandbox and, on request, spoils some.

It is the network between us and Salesforce, at its worst; what answers is still the real server.
"""

import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import requests
import trustme

from sandbox.process import Running

Answer = tuple[int, dict[str, str], bytes]
Spoil = Callable[["Call", Answer], Answer | None]  # None: cut the connection in the middle


@dataclass(frozen=True)
class Call:
    """What was asked: the method, the path with its query, the body, and the how-manieth."""

    method: str
    path: str
    body: str
    number: int


def as_it_is(call: Call, answer: Answer) -> Answer | None:
    """Spoil nothing."""
    return answer


@dataclass
class Proxy:
    """A running proxy: its address, the authority it uses, the calls it saw."""

    url: str
    ca_file: Path
    calls: list[Call] = field(default_factory=list)
    spoil: Spoil = as_it_is

    def count(self, part: str) -> int:
        """How many calls had `part` in their path."""
        return sum(part in call.path for call in self.calls)


@contextmanager
def proxy(upstream: Running, folder: Path) -> Iterator[Proxy]:
    """Run a proxy to `upstream` for the time of a `with`."""
    authority = trustme.CA()
    ca_file = folder / "proxy.pem"
    authority.cert_pem.write_to_path(str(ca_file))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    session = requests.Session()
    session.trust_env = False
    session.verify = str(upstream.ca_file)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle_any(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            call = Call(self.command, self.path, body.decode(), len(running.calls))
            running.calls.append(call)
            headers = {name: value for name, value in self.headers.items() if name != "Connection"}
            got = session.request(
                self.command, upstream.url + self.path, headers=headers, data=body or None
            )
            answer: Answer = (got.status_code, _kept(got.headers), got.content)
            self.reply(running.spoil(call, answer), len(answer[2]))

        def reply(self, answer: Answer | None, promised: int) -> None:
            status, headers, body = answer or (200, {}, b"")
            self.send_response_only(status)
            for name, value in headers.items():
                self.send_header(name, value)
            length = len(body) if answer else promised + 100
            self.send_header("Content-Length", str(length))
            self.end_headers()
            self.wfile.write(body)
            self.close_connection = answer is None

        do_GET = do_POST = do_PATCH = do_DELETE = handle_any  # noqa: N815

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    running = Proxy(f"https://127.0.0.1:{server.server_address[1]}", ca_file)
    thread = threading.Thread(target=server.serve_forever, args=[0.05])
    thread.start()
    try:
        yield running
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
        session.close()


def _kept(headers: Mapping[str, str]) -> dict[str, str]:
    left_out = {"content-length", "transfer-encoding", "connection", "content-encoding"}
    return {name: value for name, value in headers.items() if name.lower() not in left_out}


def first(times: int, part: str, status: int, code: str) -> Spoil:
    """Answer the first `times` calls with `part` in their path with an error."""
    left = {"calls": times}

    def spoil(call: Call, answer: Answer) -> Answer | None:
        if part not in call.path or left["calls"] == 0:
            return answer
        left["calls"] -= 1
        body = f'[{{"errorCode": "{code}", "message": "no"}}]'.encode()
        return status, {"Content-Type": "application/json", "Date": answer[1].get("date", "")}, body

    return spoil
