"""Spark Connect servers for the tests: Sail in this process, and a real Spark cluster on loopback.

Both take free ports, and nothing of them is left at the end.
"""

import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pyspark
import pytest
from pysail.spark import SparkConnectServer

from tests.clients.installed import cannot, from_apt

START_SECONDS = 90
STOP_SECONDS = 20
JRE = "default-jre-headless"
QUICK_START = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"
CONNECT = "org.apache.spark.sql.connect.service.SparkConnectServer"
SETTINGS = {
    "spark.connect.grpc.binding.address": "127.0.0.1",
    "spark.connect.grpc.binding.port": 0,
    "spark.driver.extraJavaOptions": QUICK_START,
    "spark.executor.extraJavaOptions": QUICK_START,
    "spark.driver.memory": "1g",
    "spark.executor.memory": "2g",
    "spark.sql.adaptive.enabled": "false",
    "spark.sql.shuffle.partitions": 2,
    "spark.ui.enabled": "false",
}


@contextmanager
def sail(folder: Path, port: int = 0) -> Iterator[str]:
    """The URL of a Sail server that keeps its checkpoints in `folder`; port 0 is a free one."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SAIL_EXECUTION__CHECKPOINT__PATH", folder.as_uri())
        patch.setenv("RUST_LOG", "error")
        server = SparkConnectServer("127.0.0.1", port)
        server.start(background=True)
    try:
        _, port = server.listening_address
        yield f"sc://127.0.0.1:{port}"
    finally:
        server.stop()


@contextmanager
def cluster(folder: Path) -> Iterator[str]:
    """The URL of a Connect server on a standalone cluster: a master and two workers."""
    environment = {
        **os.environ,
        "JAVA_HOME": str(_java_home()),
        "SPARK_HOME": str(Path(pyspark.__file__).parent),
        "SPARK_LOCAL_IP": "127.0.0.1",
        "SPARK_LOCAL_DIRS": str(folder),
        "SPARK_DAEMON_JAVA_OPTS": QUICK_START,
    }

    def started(name: str, arguments: Sequence[object], ready: str) -> str:
        return stack.enter_context(_running(folder / name, arguments, environment, ready))

    listen = ["--host", "127.0.0.1", "--port", 0, "--webui-port", 0]
    settings = [part for key, value in SETTINGS.items() for part in ("--conf", f"{key}={value}")]
    with ExitStack() as stack:
        master = started(
            "master",
            ["spark-class", "org.apache.spark.deploy.master.Master", *listen],
            r"Starting Spark master at (spark://\S+)",
        )
        for name in ("worker-1", "worker-2"):
            limits = ["--cores", 1, "--memory", "2500m", "--work-dir", folder / name]
            worker = ["spark-class", "org.apache.spark.deploy.worker.Worker", *listen, *limits]
            started(name, [*worker, master], r"Successfully registered with master (\S+)")
        server = ["spark-submit", "--master", master, "--class", CONNECT, *settings]
        address = started(
            "connect", [*server, "spark-internal"], r"Connect server started at: (\S+)"
        )
        yield f"sc://{address}"


@contextmanager
def _running(
    folder: Path, arguments: Sequence[object], environment: dict[str, str], ready: str
) -> Iterator[str]:
    """A Spark process in a session of its own, until the end; what its log says when it is up."""
    folder.mkdir()
    log = folder / "log"
    command = [str(Path(pyspark.__file__).parent / "bin" / str(arguments[0]))]
    command += [str(argument) for argument in arguments[1:]]
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            cwd=folder,
            env=environment,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        yield _said(process, log, ready)
    finally:
        _end(process)


def _said(process: subprocess.Popen[bytes], log: Path, ready: str) -> str:
    give_up = time.monotonic() + START_SECONDS
    while time.monotonic() < give_up and process.poll() is None:
        if found := re.search(ready, log.read_text(errors="replace")):
            return found[1]
        time.sleep(0.1)
    pytest.fail(f"{log} says no {ready}: {log.read_text(errors='replace')[-2000:]}")


def _end(process: subprocess.Popen[bytes]) -> None:
    """Stop it with what it started, and see that nothing is left."""
    for sign in (signal.SIGTERM, signal.SIGKILL):
        give_up = time.monotonic() + STOP_SECONDS
        while time.monotonic() < give_up:
            process.poll()
            try:
                os.killpg(process.pid, sign)
            except ProcessLookupError:
                return
            time.sleep(0.2)
    pytest.fail(f"process group {process.pid} does not end")


def _java_home() -> Path:
    """The machine's Java; root installs it where there is none."""
    if shutil.which("java") is None and "JAVA_HOME" not in os.environ:
        from_apt(JRE)
        if shutil.which("java") is None:
            cannot(f"Spark needs Java 17 or later: install {JRE}")
    if "JAVA_HOME" in os.environ:
        return Path(os.environ["JAVA_HOME"])
    return Path(str(shutil.which("java"))).resolve().parents[1]
