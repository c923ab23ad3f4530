"""The demonstration company's records, in the states that a page can meet."""

from datetime import date, timedelta
from pathlib import Path

import pytest

from monitor import surveys
from monitor.demo import Company
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


@pytest.fixture
def not_enough(company: Place, tmp_path: Path) -> Place:
    """The company's records under a rule that asks for more evidence than they hold."""
    place = Place(tmp_path / "detente.yaml", tmp_path)
    changed = {"lake": {"url": str(company.home / "lake")}, "stage": {"minimum_evidence": 1.0}}
    place.write(company.settings() | changed)
    return place
