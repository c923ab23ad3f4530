from collections.abc import Iterator

import pytest

from tests.store.servers import cluster, sail

SERVERS = ["sail", pytest.param("cluster", marks=pytest.mark.full)]


@pytest.fixture(scope="session")
def sail_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with sail(tmp_path_factory.mktemp("sail")) as url:
        yield url


@pytest.fixture(scope="session")
def cluster_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with cluster(tmp_path_factory.mktemp("cluster")) as url:
        yield url


@pytest.fixture(scope="session", params=SERVERS)
def spark_url(request: pytest.FixtureRequest) -> str:
    """The `engine.url` of Sail and of a real Spark cluster."""
    return str(request.getfixturevalue(f"{request.param}_url"))


@pytest.fixture(scope="session", params=["duckdb", *SERVERS])
def engine_url(request: pytest.FixtureRequest) -> str | None:
    """The `engine.url` of every engine."""
    if request.param == "duckdb":
        return None
    return str(request.getfixturevalue(f"{request.param}_url"))
