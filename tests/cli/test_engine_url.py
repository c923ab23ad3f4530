"""`engine.url` is all that a user changes; what is wrong with it is said in one line."""

import json
import sys
from pathlib import Path

import pytest

from store.lake import Lake
from tests.cli.run import Ran, as_process, detente
from tests.store.servers import sail
from tests.store.workers import draft, stamped

SECRET = "dapi-very-secret"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home folder with a lake of a few leads."""
    lake = Lake(str(tmp_path / "home" / "lake"))
    written = lake.upsert("crm", "leads", [stamped("leads", 1)])
    lake.publish(draft({"crm/leads": written.version}))
    return tmp_path / "home"


def configured(folder: Path, engine: str) -> Path:
    file = folder / "detente.yaml"
    file.write_text(f"engine: {{{engine}}}\n")
    return file


def refused(ran: Ran, *said: str) -> None:
    assert ran.code == 1, ran
    assert ran.err.count("\n") == 1, ran.err
    for words in said:
        assert words in ran.err
    assert SECRET not in ran.out + ran.err


@pytest.mark.full
def test_commands_run_on_the_server_of_the_url(home: Path, tmp_path: Path) -> None:
    inside = configured(tmp_path, "memory_limit: 1GB")
    assert detente("--config", inside, "--home", home, "refresh").code == 0
    expected = detente("--config", inside, "--home", home, "stage", "--json")
    with sail(tmp_path / "sail") as url:
        local = url.replace("127.0.0.1", "localhost")  # a token goes over TLS, or not so far
        config = configured(tmp_path, f'url: "{local}/;user_id=us", token_env: SPARK_TOKEN')
        ran = as_process("--config", config, "--home", home, "stage", "--json", SPARK_TOKEN=SECRET)
    assert (ran.code, ran.err) == (0, ""), ran
    assert SECRET not in ran.out
    assert json.loads(ran.out) == json.loads(expected.out)


def test_nobody_answers(home: Path, tmp_path: Path) -> None:
    config = configured(tmp_path, "url: 'sc://127.0.0.1:9', token_env: SPARK_TOKEN")
    ran = as_process("--config", config, "--home", home, "stage", SPARK_TOKEN=SECRET)
    refused(ran, "127.0.0.1:9", "no Spark Connect server answers", "engine.url")


@pytest.mark.parametrize(
    ("engine", "said"),
    [
        ("url: 'https://spark.example.com'", "sc://"),
        ("url: 'sc://spark.example.com:many'", "sc://"),
        (f"url: 'sc://spark.example.com/;token={SECRET}'", "token_env"),
        ("url: 'sc://spark.example.com', token_env: NOT_SET_ANYWHERE", "NOT_SET_ANYWHERE"),
    ],
)
def test_an_address_that_cannot_be_used(home: Path, tmp_path: Path, engine: str, said: str) -> None:
    config = configured(tmp_path, engine)
    refused(detente("--config", config, "--home", home, "stage"), "engine", said)


def test_what_it_takes_is_not_installed(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(sys.modules, "store.spark_engine", raising=False)
    monkeypatch.setitem(sys.modules, "pyspark.errors", None)
    config = configured(tmp_path, "url: 'sc://127.0.0.1:9'")
    refused(detente("--config", config, "--home", home, "stage"), "make spark")
