"""An engine's server that refuses, that never answers, and that comes back."""

import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from model.errors import NoAnswerError
from monitor.reading import Reading
from monitor.workspace import Workspace
from store.lake import Lake
from tests.store.servers import sail
from tests.store.workers import draft, stamped

AT_ONCE = 0.5  # seconds; a server is given ten


@pytest.fixture
def port() -> int:
    """A port that refuses."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@pytest.fixture
def deaf() -> Iterator[int]:
    """A port that takes connections and never says a word."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        yield int(listening.getsockname()[1])


def workspace(folder: Path, port: int) -> Workspace:
    """A lake of a few leads, and the engine at a port."""
    lake = Lake(str(folder / "lake"))
    written = lake.upsert("crm", "leads", [stamped("leads", 1)])
    lake.publish(draft({"crm/leads": written.version}))
    config = folder / "detente.yaml"
    config.write_text(yaml.safe_dump({"engine": {"url": f"sc://127.0.0.1:{port}"}}))
    return Workspace.open(config, folder)


def refused(at: Workspace, *, again: bool = False) -> tuple[NoAnswerError, float]:
    began = time.monotonic()
    with Reading.open(at) as opened, pytest.raises(NoAnswerError) as found:
        at.engine(opened.manifest, again=again)
    return found.value, time.monotonic() - began


@pytest.mark.full
@pytest.mark.parametrize("kind", ["port", "deaf"])
def test_that_nobody_answers_is_waited_for_once(
    kind: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    number = request.getfixturevalue(kind)
    at = workspace(tmp_path, number)
    first, _ = refused(at)
    second, waited = refused(at)
    assert waited < AT_ONCE
    assert f"127.0.0.1:{number}" in second.line()
    assert (second.line(), second.since_at) == (first.line(), first.since_at)
    third, waited = refused(at, again=True)
    assert waited > AT_ONCE  # it was really asked
    assert third.since_at == first.since_at


@pytest.mark.full
def test_one_that_comes_back_is_found_by_who_asks_again(tmp_path: Path, port: int) -> None:
    at = workspace(tmp_path, port)
    refused(at)
    with sail(tmp_path / "sail", port):
        refused(at)  # nobody has asked it since
        with Reading.open(at) as opened:
            at.engine(opened.manifest, again=True).close()
            assert at.reach.silent is None
            at.engine(opened.manifest).close()
    error, _ = refused(at, again=True)
    assert error.since_at is not None
    assert at.reach.silent is not None
