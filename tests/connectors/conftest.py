"""One generated organisation for all tests of the Salesforce connector, served at need."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pyarrow as pa
import pytest

from connectors.salesforce import SalesforceConnector, SalesforceSource
from sandbox.company import generate
from sandbox.process import Running, start
from sandbox.scenario import Scenario
from tests.connectors.contract import everything
from tests.connectors.org import CLOCK, FIELDS, SECRETS

Connect = Callable[..., SalesforceConnector]


@pytest.fixture(scope="session")
def organisation(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """300 leads in 8 months until `CLOCK`, and 40 days after it."""
    folder = tmp_path_factory.mktemp("organisation")
    scenario = Scenario.preset("defined")
    generate(folder, scenario, seed=11, leads=300, ends_at=CLOCK, months=8, future_days=40)
    return folder


@pytest.fixture(scope="session")
def serving(organisation: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """That organisation behind a real server, stopped at `CLOCK`; small pages."""
    state = tmp_path_factory.mktemp("server") / "state.json"
    with start(organisation, state, clock=CLOCK, page_size=100) as running:
        yield running


@pytest.fixture
def server(serving: Running) -> Iterator[Running]:
    """The server, its clock set back afterwards."""
    yield serving
    serving.set_clock(CLOCK)


@pytest.fixture(scope="session")
def environment(serving: Running) -> Iterator[None]:
    """The secrets, where settings look for them."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in SECRETS.items():
            patch.setenv(name, getattr(serving, value))
        yield


@pytest.fixture(scope="session")
def settings(serving: Running, environment: None) -> Callable[..., SalesforceSource]:
    """Settings for the server; keyword arguments override them."""

    def make(**changed: object) -> SalesforceSource:
        usual = {
            "instance_url": serving.url,
            "ca_file": serving.ca_file,
            "fields": FIELDS,
            "qualified_from": "Qualification",
        }
        return SalesforceSource.model_validate({**usual, **changed})

    return make


@pytest.fixture(scope="session")
def connect(settings: Callable[..., SalesforceSource]) -> Iterator[Connect]:
    """Makes connectors to the server and closes them."""
    made: list[SalesforceConnector] = []

    def make(**changed: object) -> SalesforceConnector:
        made.append(SalesforceConnector("crm", settings(**changed)))
        return made[-1]

    yield make
    for connector in made:
        connector.close()


@pytest.fixture(scope="session")
def full(connect: Connect) -> Mapping[str, pa.Table]:
    """All tables in full as of `CLOCK`, sorted by key."""
    return everything(connect())
