"""One awkward organisation, served with small pages to all clients."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

from sandbox.company import generate
from sandbox.process import Running, start
from sandbox.scenario import Scenario

CLOCK = datetime(2026, 6, 1, 12)


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """600 leads in 18 months, stopped at `CLOCK`; 60 rows to a page of REST, 1,500 to one of
    Bulk 2; without TLS too.
    """
    folder: Path = tmp_path_factory.mktemp("organisation") / "made"
    generate(folder, Scenario.preset("defined"), seed=3, leads=600, ends_at=CLOCK, months=18)
    with start(folder, folder.parent / "s.json", clock=CLOCK, page_size=60, plain=True) as server:
        yield server
