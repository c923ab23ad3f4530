"""A small organisation served by a process of its own, and a client that trusts it."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from simple_salesforce.api import Salesforce

from sandbox.process import Running, start
from tests.sandbox.tiny import NOW, organisation


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the hand-written organisation."""
    return organisation(tmp_path_factory.mktemp("tiny"))


@pytest.fixture(scope="session")
def running(tiny: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """That organisation served, stopped at a moment, with pages of 100.

    Who moves its clock sets it back.
    """
    state = tmp_path_factory.mktemp("server") / "state.json"
    with start(tiny, state, clock=NOW, page_size=100) as server:
        yield server


def trusting(running: Running) -> requests.Session:
    """A session that trusts the server; REQUESTS_CA_BUNDLE would override `verify`."""
    session = requests.Session()
    session.trust_env = False
    session.verify = str(running.ca_file)
    return session


@pytest.fixture
def http(running: Running) -> requests.Session:
    """A session that trusts the server and carries its token."""
    session = trusting(running)
    session.headers["Authorization"] = f"Bearer {running.access_token}"
    return session


@pytest.fixture
def salesforce(running: Running) -> Callable[..., Any]:
    """Makes simple-salesforce clients of the server; its own types do not cover its use."""

    def connect(token: str | None = None) -> Any:
        return Salesforce(
            instance_url=running.url,
            session_id=token or running.access_token,
            session=trusting(running),
            version="64.0",
        )

    return connect
