"""The server as a process: what it writes, where it listens, and that it never stays behind."""

import json
import os
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest
import requests

from model.errors import SourceError
from sandbox.process import Running, start
from tests.sandbox.conftest import trusting

PARENT = """
import sys, time
from pathlib import Path
from sandbox.process import start
server = start(Path(sys.argv[1]), Path(sys.argv[2]))
print(server.process.pid, server.url, flush=True)
time.sleep(600)
"""


def _is_alive(pid: int) -> bool:
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except FileNotFoundError:
        return False


def _wait_until_gone(pid: int) -> None:
    for _ in range(100):
        if not _is_alive(pid):
            return
        time.sleep(0.1)
    raise AssertionError("the server outlived its parent")


def test_a_killed_parent_leaves_no_process(tiny: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-c", PARENT, str(tiny), str(tmp_path / "state.json")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        pid, url = parent.stdout.readline().split()
        assert _is_alive(int(pid))
        parent.send_signal(signal.SIGKILL)
        parent.wait()
        _wait_until_gone(int(pid))
    with pytest.raises(requests.ConnectionError):
        requests.get(f"{url}/services/data", timeout=2)


def test_stop_is_prompt_with_connections_open(tiny: Path, tmp_path: Path) -> None:
    server = start(tiny, tmp_path / "state.json")
    session = trusting(server)
    assert session.get(f"{server.url}/services/data").status_code == 200
    before = time.monotonic()
    server.close()
    assert time.monotonic() - before < 3
    assert server.process.returncode == 0
    server.close()


def test_a_signal_ends_it_and_its_scratch_files(tiny: Path, tmp_path: Path) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    state = tmp_path / "new" / "state.json"
    command = [sys.executable, "-m", "sandbox", "serve", "--folder", str(tiny)]
    environment = {**os.environ, "TMPDIR": str(scratch)}
    with subprocess.Popen(
        [*command, "--state", str(state)], stdout=subprocess.PIPE, text=True, env=environment
    ) as process:
        assert process.stdout is not None
        said = json.loads(process.stdout.readline())
        assert said == json.loads(state.read_text())
        assert stat.S_IMODE(state.stat().st_mode) == 0o600
        assert said["url"].startswith("https://127.0.0.1:")
        assert list(scratch.iterdir())
        process.terminate()
        assert process.wait(10) == 0
    assert not list(scratch.iterdir())


def test_only_the_loopback_interface_listens(running: Running) -> None:
    port = int(running.url.rsplit(":", 1)[1])
    held = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    listening = {local for _, local, _, state, *_ in held if state == "0A"}
    assert [at for at in listening if at.endswith(f":{port:04X}")] == [f"0100007F:{port:04X}"]


def test_a_folder_without_an_organisation_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="did not come up"):
        start(tmp_path, tmp_path / "state.json")
    command = [sys.executable, "-m", "sandbox", "serve", "--folder", str(tmp_path)]
    ended = subprocess.run(
        [*command, "--state", str(tmp_path / "s.json")], capture_output=True, text=True, check=False
    )
    assert ended.returncode == 1
    assert ended.stderr.count("\n") == 1
    assert "Organization.parquet" in ended.stderr


def test_a_moment_that_is_none_is_wrong_usage(tiny: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "sandbox", "serve", "--folder", str(tiny)]
    ended = subprocess.run(
        [*command, "--state", str(tmp_path / "s.json"), "--clock", "noon"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ended.returncode == 2
    assert "--clock" in ended.stderr


def test_a_second_port_answers_without_tls(tiny: Path, tmp_path: Path) -> None:
    with start(tiny, tmp_path / "state.json", plain=True, memory="300MB") as server:
        assert server.plain_url is not None
        assert server.plain_url.startswith("http://127.0.0.1:")
        headers = {"Authorization": f"Bearer {server.access_token}"}
        for _ in range(2):
            url = f"{server.plain_url}/services/data/v64.0/limits"
            assert requests.get(url, headers=headers, timeout=5).status_code == 200
    with pytest.raises(requests.exceptions.ConnectionError):
        requests.get(url, timeout=5)


@pytest.mark.parametrize(
    ("option", "said"), [(("--memory", "much"), "--memory"), (("--clock", "1990-01-01"), "no user")]
)
def test_what_cannot_be_served_is_said_in_a_line(
    tiny: Path, tmp_path: Path, option: tuple[str, str], said: str
) -> None:
    command = [sys.executable, "-m", "sandbox", "serve", "--folder", str(tiny), *option]
    ended = subprocess.run(
        [*command, "--state", str(tmp_path / "s.json")], capture_output=True, text=True, check=False
    )
    assert ended.returncode == 1
    assert ended.stderr.count("\n") == 1
    assert said in ended.stderr
