"""A real PostgreSQL server for the tests: on a Unix socket of its own, as an ordinary user."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy.engine import make_url

from tests.clients.installed import cannot, from_apt

USER = "detente"
PASSWORD = "a password, with / and @"
NOBODY = "nobody"
VARIABLE = "DETENTE_TEST_RECORDS_PASSWORD"
SETTINGS = {
    "listen_addresses": "",
    "fsync": "off",  # the tests kill our processes, never the server
    "shared_buffers": "16MB",
    "max_connections": "60",
    "timezone": "America/New_York",  # what we keep is naive UTC whatever the server thinks
}


def settings(url: str) -> dict[str, str | None]:
    """The configuration's `records` for an address; its password goes into the environment."""
    parsed = make_url(url)
    if parsed.password is None:
        return {"url": url}
    os.environ[VARIABLE] = str(parsed.password)
    plain = parsed._replace(password=None).render_as_string()
    return {"url": plain, "password_env": VARIABLE}


@contextmanager
def server() -> Iterator[Path]:
    """The folder of the socket of a server that is up; its superuser needs `PASSWORD`."""
    programs = _programs()
    folder = Path(tempfile.mkdtemp(prefix="pg-"))  # short: a socket's path may have 107 letters
    secret = folder / "password"
    secret.write_text(PASSWORD)
    if not os.getuid():
        folder.chmod(0o700)
        shutil.chown(folder, NOBODY)
        shutil.chown(secret, NOBODY)
    data = folder / "data"
    kept = [f"-c {name}={value}" for name, value in SETTINGS.items()]
    options = " ".join([*kept, f"-c unix_socket_directories={folder}"])
    initdb = ["-D", data, "-U", USER, "--auth=scram-sha-256", f"--pwfile={secret}", "--no-sync"]
    try:
        _run([programs / "initdb", *initdb, "-E", "UTF8", "--locale=C"], folder)
        log = folder / "log"
        _run([programs / "pg_ctl", "-D", data, "-l", log, "-o", options, "-w", "start"], folder)
        try:
            yield folder
        finally:
            _run([programs / "pg_ctl", "-D", data, "-m", "immediate", "-w", "stop"], folder)
    finally:
        shutil.rmtree(folder)


def _run(command: list[object], folder: Path) -> None:
    done = subprocess.run(
        [str(part) for part in command],
        cwd=folder,
        user=None if os.getuid() else NOBODY,  # PostgreSQL refuses to run as root
        stdin=subprocess.DEVNULL,
        stdout=(folder / "out").open("w"),
        stderr=subprocess.STDOUT,
        timeout=60,
        check=False,
    )
    if done.returncode:
        pytest.fail(f"{command[0]}: {(folder / 'out').read_text()[-1000:]}")


def _programs() -> Path:
    """The folder of `initdb` and `pg_ctl`; root installs them where there are none."""
    if _found() is None:
        from_apt("postgresql")
    return _found() or cannot("records on PostgreSQL need its server: install postgresql")


def _found() -> Path | None:
    versions = Path("/usr/lib/postgresql").glob("*/bin")
    newest = sorted(versions, key=lambda place: int(place.parent.name), reverse=True)
    named = shutil.which("initdb")
    for place in [*newest, *([Path(named).resolve().parent] if named else [])]:
        if (place / "initdb").exists() and (place / "pg_ctl").exists():
            return place
    return None
