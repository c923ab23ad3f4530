"""The demonstration company's records, in the states that a page can meet."""

import shutil
import socket
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from model.errors import LakeError
from monitor import surveys
from monitor.demo import Company
from monitor.refresh import refresh
from tests.dashboard.places import Place


@pytest.fixture(scope="session")
def company(demonstration: Company) -> Place:
    """Records, targets, a closed survey wave, snapshots. Nobody writes here."""
    return Place(demonstration.config, demonstration.workspace.home)


@pytest.fixture
def no_data(tmp_path: Path) -> Place:
    """Nothing pulled, nothing asked."""
    place = Place(tmp_path / "detente.yaml", tmp_path)
    place.write({"organisation": "Fresh Start"})
    return place


@pytest.fixture
def no_survey(company: Place, tmp_path: Path) -> Place:
    """The company's records, but no survey and no snapshot."""
    return _beside(company, tmp_path)


@pytest.fixture
def open_wave(no_survey: Place) -> Place:
    """The company's records, and a survey wave that takes answers."""
    surveys.open_wave(no_survey.open(), "Winter", None, date.today() + timedelta(days=14))
    return no_survey


@pytest.fixture(scope="session")
def syncing(company: Place, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """The company's records while a sync runs."""
    place = _beside(company, tmp_path_factory.mktemp("syncing"))
    with place.open().records.runs.running():
        yield place


@pytest.fixture(scope="session")
def stale(company: Place, tmp_path_factory: pytest.TempPathFactory) -> Place:
    """The company's records, complete up to three days ago, after a sync that failed."""
    home = tmp_path_factory.mktemp("stale")
    shutil.copytree(company.home / "lake", home / "lake")
    place = Place(home / "detente.yaml", home)
    place.write(company.settings())
    workspace = place.open()
    newest = workspace.lake.manifest()
    assert newest is not None
    workspace.lake.publish(replace(newest, cutoff_at=newest.cutoff_at - timedelta(days=3)))
    failure = LakeError("the CRM did not answer", "crm", "Try again.")
    with suppress(LakeError), workspace.records.runs.running():
        raise failure
    return place


@pytest.fixture(scope="session")
def unreachable(company: Place, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """The company's records, and an engine whose port takes connections and never answers."""
    place = _beside(company, tmp_path_factory.mktemp("unreachable"))
    with socket.socket() as deaf:
        deaf.bind(("127.0.0.1", 0))
        deaf.listen()
        place.write(
            place.settings() | {"engine": {"url": f"sc://127.0.0.1:{deaf.getsockname()[1]}"}}
        )
        yield place


def _beside(company: Place, home: Path) -> Place:
    place = Place(home / "detente.yaml", home)
    place.write(company.settings() | {"lake": {"url": str(company.home / "lake")}})
    return place


@pytest.fixture(scope="session")
def not_enough(company: Place, tmp_path_factory: pytest.TempPathFactory) -> Place:
    """The company's records under a rule that asks for more evidence than they hold."""
    home = tmp_path_factory.mktemp("not-enough")
    shutil.copytree(company.home / "lake", home / "lake")
    place = Place(home / "detente.yaml", home)
    place.write(company.settings() | {"stage": {"minimum_evidence": 1.0}})
    refresh(place.open())
    return place
