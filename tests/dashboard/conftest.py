"""The demonstration company's records, in the states that a page can meet."""

import shutil
from datetime import date, timedelta
from pathlib import Path

import pytest

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
    place = Place(tmp_path / "detente.yaml", tmp_path)
    place.write(company.settings() | {"lake": {"url": str(company.home / "lake")}})
    return place


@pytest.fixture
def open_wave(no_survey: Place) -> Place:
    """The company's records, and a survey wave that takes answers."""
    surveys.open_wave(no_survey.open(), "Winter", None, date.today() + timedelta(days=14))
    return no_survey


@pytest.fixture(scope="session")
def not_enough(company: Place, tmp_path_factory: pytest.TempPathFactory) -> Place:
    """The company's records under a rule that asks for more evidence than they hold."""
    home = tmp_path_factory.mktemp("not-enough")
    shutil.copytree(company.home / "lake", home / "lake")
    place = Place(home / "detente.yaml", home)
    place.write(company.settings() | {"stage": {"minimum_evidence": 1.0}})
    refresh(place.open())
    return place
