"""How fast the dashboard answers: server time of every page, a first look in Chromium, a crowd.

    python -m bench.dashboard CONFIG HOME

Server time is from the request for a page (or a chosen segment) to the server's word that its
script has ended, over the dashboard's own WebSocket, nothing drawn. The crowd is twenty sessions
that each ask for a random page and segment every ten seconds for a minute. Memory is the slope of
the server's over sessions that stay open and have seen every page. First content is the page's
headline as painted, by the browser's own clock: in a new browser as soon as the server answers,
and at the end, when the server has worked out what its pages show, in a new one and again in that.
CONFIG and HOME are of a company with records; `bench.lake` writes one of any size.
"""

import asyncio
import os
import random
import statistics
import sys
import time
from collections.abc import Iterable
from contextlib import AsyncExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlencode

import websockets
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from monitor import views
from monitor.workspace import Workspace
from tests.dashboard.chromium import browser, dashboard, executable, served
from tests.dashboard.places import PAGES

CROWD, SECONDS, EVERY = 20, 60, 10.0
ROUNDS, STEP = 10, 5
SEED, MOST_MS, VISITS = 11, 300_000, 10
WHOLE = "text=Six dimensions"  # the last thing on the overview
PAINTED = """new MutationObserver(() => {
  if (window.seen || !document.querySelector('[data-testid=stMain] h1')) return
  window.seen = true
  requestAnimationFrame(() => setTimeout(() => { window.painted = performance.now() }))
}).observe(document, {subtree: true, childList: true})"""


class Session:
    """One reader, over the WebSocket."""

    def __init__(self, url: str) -> None:
        self._url = url.replace("http", "ws", 1) + "/_stcore/stream"
        self._socket: websockets.ClientConnection | None = None

    async def __aenter__(self) -> "Session":
        self._socket = await websockets.connect(
            self._url, max_size=None, subprotocols=[websockets.Subprotocol("streamlit")]
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._socket is not None:
            await self._socket.close()

    async def look(self, page: str, segment: dict[str, str]) -> float:
        """Ask for a page; the seconds until the server has ended its script."""
        assert self._socket is not None
        asked = BackMsg()
        asked.rerun_script.page_name = "" if page == "overview" else page
        asked.rerun_script.query_string = urlencode(segment)
        began = time.perf_counter()
        await self._socket.send(asked.SerializeToString())
        while True:
            told = ForwardMsg()
            told.ParseFromString(await self._socket.recv())
            ended = told.WhichOneof("type") == "script_finished"
            if ended and told.script_finished == ForwardMsg.FINISHED_SUCCESSFULLY:
                return time.perf_counter() - began


def p95(seconds: Iterable[float]) -> float:
    ordered = sorted(seconds)
    return ordered[min(len(ordered) - 1, int(0.95 * len(ordered)))]


def told(name: str, seconds: list[float], cpu: float | None = None) -> None:
    median, most = statistics.median(seconds), p95(seconds)
    own = "" if cpu is None else f"{1000 * cpu / len(seconds):>12.0f}"
    print(f"{name:<28}{len(seconds):>6}{1000 * median:>12.0f}{1000 * most:>12.0f}{own}", flush=True)


def server(port: str) -> Path:
    """The dashboard's own process."""
    for folder in Path("/proc").iterdir():
        if folder.name.isdecimal():
            words = (folder / "cmdline").read_bytes().split(b"\0")
            if b"dashboard" in words and port.encode() in words:
                return folder
    raise RuntimeError(f"no dashboard on port {port}")


def resident_mb(url: str) -> float:
    pages = int((server(_port(url)) / "statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def cpu_seconds(url: str) -> float:
    """What the server has worked so far, on all threads; whatever else the machine does."""
    fields = (server(_port(url)) / "stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _port(url: str) -> str:
    return url.rpartition(":")[2]


async def reruns(url: str, segments: list[dict[str, str]]) -> None:
    """The first look at each page, then looks at pages and segments seen before."""
    async with Session(url) as session:
        for page in PAGES:
            told(f"{page}, first", [await session.look(page, {})])
        for segment in segments:
            for page in PAGES:
                await session.look(page, segment)
        for page in PAGES:
            before = cpu_seconds(url)
            found = [
                await session.look(page, segment) for _ in range(ROUNDS) for segment in segments
            ]
            told(f"{page}, again", found, cpu_seconds(url) - before)


async def new_segments(url: str, segments: list[dict[str, str]]) -> None:
    """What a reader waits who picks, on any page, a segment that nobody has looked at on any."""
    async with Session(url) as session:
        for i, page in enumerate(PAGES):
            own = segments[i :: len(PAGES)]
            before = cpu_seconds(url)
            found = [await session.look(page, segment) for segment in own]
            told(f"{page}, new segment", found, cpu_seconds(url) - before)


async def crowd(url: str, segments: list[dict[str, str]]) -> None:
    """Twenty readers at a time, a click every ten seconds each."""
    chance = random.Random(SEED)
    found: list[float] = []

    async def reader(delay: float) -> None:
        await asyncio.sleep(delay)
        async with Session(url) as session:
            end = time.monotonic() + SECONDS
            while time.monotonic() < end:
                took = await session.look(chance.choice(PAGES), chance.choice(segments))
                found.append(took)
                await asyncio.sleep(max(EVERY - took, 0.0))

    await asyncio.gather(*(reader(i * EVERY / CROWD) for i in range(CROWD)))
    told(f"{CROWD} sessions at a time", found)


async def memory(url: str) -> None:
    """What a reader who has seen every page holds: the slope of the server's resident memory over
    open sessions, each of which has been to all pages.
    """
    held: list[tuple[int, float]] = []
    async with AsyncExitStack() as opened:
        for count in range(CROWD + 1):
            if count % STEP == 0:
                held.append((count, resident_mb(url)))
            session = await opened.enter_async_context(Session(url))
            for page in PAGES:
                await session.look(page, {})
    print("memory by open sessions:", ", ".join(f"{n}: {mb:.0f} MB" for n, mb in held))
    slope = statistics.linear_regression(*zip(*held, strict=True)).slope
    print(f"memory of a session: {slope:.1f} MB")


def first_content(name: str, url: str, visits: int, sign: str = "h1") -> None:
    """When the page's headline is painted, by the browser's clock from the beginning of the
    navigation: cold, and `visits` times more in the same browser. A visit ends when `sign` is seen.
    """
    path = executable()
    assert path is not None, "no Chromium"
    with browser(path) as chromium:
        context = chromium.new_context()
        context.add_init_script(PAINTED)

        def visit() -> float:
            page = context.new_page()
            page.goto(url)
            painted = page.wait_for_function("window.painted", timeout=MOST_MS).json_value()
            page.wait_for_selector(sign, timeout=MOST_MS)
            page.close()
            return float(painted) / 1000

        told(f"{name}, cold", [visit()])
        if visits:
            told(f"{name}, warm", [visit() for _ in range(visits)])


def main() -> None:
    config, home = (Path(text).absolute() for text in sys.argv[1:3])
    environment = {"DETENTE_CONFIG": str(config), "DETENTE_HOME": str(home)}
    values = views.segment_values(Workspace.open(config, home))
    some = [{name: value} for name, found in values.items() for value in found[:2]]
    fresh = [{"region": r, "source": s} for r in values["region"] for s in values["source"]]
    fresh += [{"source": s, "industry": i} for s in values["source"] for i in values["industry"]]
    print(f"{'':<28}{'looks':>6}{'median ms':>12}{'p95 ms':>12}{'CPU ms':>12}")
    with TemporaryDirectory() as folder, dashboard(environment, Path(folder) / "log") as url:
        first_content("headline, server just up", url, 0, WHOLE)
        asyncio.run(reruns(url, [{}, *some[:2]]))
        asyncio.run(new_segments(url, fresh))
        asyncio.run(crowd(url, [{}, *some[:2]]))
        asyncio.run(memory(url))
        first_content("headline", url, VISITS, WHOLE)
        app = Path(folder) / "empty.py"
        app.write_text("import streamlit as st\n\nst.title('Nothing')\n", encoding="utf-8")
        with served(["-m", "streamlit", "run", str(app)], {}, Path(folder) / "empty.log") as empty:
            first_content("headline of an empty page", empty, VISITS)


if __name__ == "__main__":
    main()
