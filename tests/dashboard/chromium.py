"""The system's Chromium, and the real dashboard on a free port of this machine."""

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from tests.clients.installed import from_apt
from tests.dashboard.places import APP

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
READY_SECONDS, DRAWN_MS = 60, 120_000
DRAWN = """() => document.querySelector('[data-testid=stMainBlockContainer] .dt-meta,'
  + '[data-testid=stMainBlockContainer] h1')
  && !document.querySelector('[data-testid=stSpinner], [data-testid=stSkeleton]')
  && document.querySelector('.stApp').dataset.testScriptState !== 'running'"""


def executable() -> str | None:
    """Chromium's path; installed where apt and the right to it are there."""
    found = _found()
    if found is None:
        from_apt("chromium")
        found = _found()
    return found


def _found() -> str | None:
    return next((path for name in NAMES if (path := shutil.which(name))), None)


@contextmanager
def browser(path: str) -> Iterator[Browser]:
    """A running Chromium."""
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=path, args=FLAGS)
        try:
            yield opened
        finally:
            opened.close()


@contextmanager
def dashboard(
    environment: Mapping[str, str],
    log: Path,
    port: int | None = None,
    options: Sequence[str] = (),
) -> Iterator[str]:
    """The address of `python -m dashboard` while it runs, by default on a free port."""
    with served(["-P", "-m", "dashboard"], environment, log, port, options) as url:
        yield url


@contextmanager
def served(
    arguments: Sequence[str],
    environment: Mapping[str, str],
    log: Path,
    port: int | None = None,
    options: Sequence[str] = (),
) -> Iterator[str]:
    """The address of a Streamlit server that Python runs with these arguments."""
    if port is None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
    command = [sys.executable, *arguments, "--server.port", str(port), *options]
    with log.open("w") as output:
        process = subprocess.Popen(
            command,
            cwd=APP.parent,
            env={**os.environ, **environment},
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        try:
            _wait(f"http://localhost:{port}/_stcore/health", process, log)
            yield f"http://localhost:{port}"
        finally:
            process.terminate()
            process.wait(20)


def _wait(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    ends = time.monotonic() + READY_SECONDS
    while time.monotonic() < ends and process.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=2):
                return
        except OSError:
            time.sleep(0.2)
    raise AssertionError(f"the dashboard did not start: {log.read_text()}")


def drawn(page: Page) -> None:
    """Wait until the page is drawn, charts included."""
    page.wait_for_function(DRAWN, timeout=DRAWN_MS)
    page.wait_for_timeout(700)
    page.wait_for_function(DRAWN, timeout=DRAWN_MS)


def shoot(page: Page, file: Path) -> None:
    """A picture of the whole page, however long it is."""
    size = page.viewport_size
    assert size is not None
    height = page.evaluate("document.querySelector('[data-testid=stMain]').scrollHeight")
    page.set_viewport_size({"width": size["width"], "height": max(height, size["height"])})
    page.wait_for_timeout(500)
    file.parent.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=file)
    page.set_viewport_size(size)
