"""Signing in with a real identity provider in a real browser: who is let in, and until when."""

import json
import secrets
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest
from playwright.sync_api import Browser, Page

from tests.clients.installed import node, oidc_provider
from tests.dashboard.chromium import dashboard, drawn
from tests.dashboard.places import Place
from tests.dashboard.test_browser import DESKTOP, chromium, opened, says

__all__ = ["chromium"]
pytestmark = [pytest.mark.full, pytest.mark.browser]
SCRIPT = Path(__file__).with_name("oidc.mjs")
ROLES = {"viewer": ["reader"], "contributor": ["writer"], "admin": ["keeper"]}
FIGURES = "Six dimensions"


class Site(NamedTuple):
    """A dashboard's address for each client of the provider."""

    usual: str
    brief: str
    other: str


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@contextmanager
def provider(port: int, clients: list[dict[str, object]], log: Path) -> Iterator[str]:
    command = [str(node()), str(SCRIPT), str(oidc_provider()), str(port), json.dumps(clients)]
    with log.open("w") as output:
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT)
        try:
            give_up = time.monotonic() + 60
            while "listening" not in log.read_text():
                assert process.poll() is None, log.read_text()
                assert time.monotonic() < give_up, log.read_text()
                time.sleep(0.1)
            yield f"http://localhost:{port}/.well-known/openid-configuration"
        finally:
            process.terminate()
            process.wait(20)


@pytest.fixture(scope="module")
def site(company: Place, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("login")
    place = Place(folder / "detente.yaml", company.home)
    place.write(company.settings() | {"auth": {"kind": "oidc", "roles": ROLES}})
    names = ("usual", "brief", "other")
    ports = {name: free_port() for name in names}
    redirects = {name: f"http://localhost:{port}/oauth2callback" for name, port in ports.items()}
    clients: list[dict[str, object]] = [
        {
            "client_id": name,
            "client_secret": secrets.token_hex(16),
            "redirect_uris": [to],
            "post_logout_redirect_uris": [to],
        }
        for name, to in redirects.items()
    ]
    cookie_secret = secrets.token_hex(32)  # the same for all: their cookies are signed alike
    with ExitStack() as stack:
        metadata = stack.enter_context(provider(free_port(), clients, folder / "provider.log"))
        found = []
        for client in clients:
            name = str(client["client_id"])
            file = folder / f"{name}.toml"
            file.write_text(
                f'[auth]\nredirect_uri = "{redirects[name]}"\ncookie_secret = "{cookie_secret}"\n'
                f'client_id = "{name}"\nclient_secret = "{client["client_secret"]}"\n'
                f'server_metadata_url = "{metadata}"\n'
                'client_kwargs = { scope = "openid profile email groups", prompt = "login" }\n'
            )
            options = ["--secrets.files", str(file)]
            running = dashboard(place.environment, folder / f"{name}.log", ports[name], options)
            found.append(stack.enter_context(running))
        yield Site(*found)


def sign_in(page: Page, address: str, name: str) -> None:
    page.goto(address)
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.fill("[name=login]", name)
    page.fill("[name=password]", "anything")
    page.get_by_role("button", name="Sign-in").click()
    page.get_by_role("button", name="Continue").click()
    page.wait_for_url(f"{address}/**")
    drawn(page)


def test_nobody_sees_anything_before_signing_in(chromium: Browser, site: Site) -> None:
    page = opened(chromium, (DESKTOP, "light"))
    for path in ("", "/handoff", "/survey"):
        page.goto(f"{site.usual}{path}")
        page.get_by_role("button", name="Sign in", exact=True).wait_for()
        assert FIGURES not in says(page)
        assert page.locator("[data-testid=stSidebarNav]").count() == 0


def test_an_admin_signs_in_and_out(chromium: Browser, site: Site) -> None:
    page = opened(chromium, (DESKTOP, "light"))
    sign_in(page, site.usual, "keeper-kim")
    assert FIGURES in says(page)
    page.get_by_text("keeper-kim · admin").wait_for()
    page.get_by_role("button", name="Sign out").click()
    page.get_by_role("button", name="Yes, sign me out").click()  # also at the provider
    page.get_by_role("button", name="Sign in", exact=True).wait_for()
    page.goto(site.usual)
    page.get_by_role("button", name="Sign in", exact=True).wait_for()
    assert FIGURES not in says(page)


def test_a_viewer_reads_and_a_stranger_does_not(chromium: Browser, site: Site) -> None:
    page = opened(chromium, (DESKTOP, "light"))
    sign_in(page, site.usual, "reader-rae")
    page.get_by_text("reader-rae · viewer").wait_for()
    assert FIGURES in says(page)
    stranger = opened(chromium, (DESKTOP, "light"))
    sign_in(stranger, site.usual, "nobody-ned")
    stranger.get_by_text("has no access here").wait_for()
    assert FIGURES not in says(stranger)


def test_the_session_ends_with_its_token(chromium: Browser, site: Site) -> None:
    page = opened(chromium, (DESKTOP, "light"))
    sign_in(page, site.brief, "keeper-kim")
    page.wait_for_timeout(3500)
    page.goto(f"{site.brief}/handoff")
    page.get_by_text("the session has ended").wait_for()
    assert FIGURES not in says(page)


def test_a_sign_in_for_another_client_is_none_for_this(chromium: Browser, site: Site) -> None:
    page = opened(chromium, (DESKTOP, "light"))
    sign_in(page, site.other, "keeper-kim")
    assert FIGURES in says(page)
    page.goto(site.usual)  # the same host and the same signing key: the browser sends the cookie
    page.get_by_role("button", name="Sign in").first.wait_for()
    assert FIGURES not in says(page)


def test_an_open_address_shows_nothing_without_auth(
    chromium: Browser, company: Place, tmp_path: Path
) -> None:
    options = ["--server.address", "0.0.0.0"]
    with dashboard(company.environment, tmp_path / "log", None, options) as address:
        page = opened(chromium, (DESKTOP, "light"))
        page.goto(address)
        page.locator("[data-testid=stAlert]").wait_for()
        assert "open to everybody" in says(page)
        assert FIGURES not in says(page)
