"""One writer at a time: a lock in the home folder, released by the system if its holder dies."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from model.errors import BusyError

LOCK_FILE = "sync.lock"


@contextmanager
def writer_lock(home: Path) -> Iterator[None]:
    """Hold the right to write the lake; BusyError at once if another process holds it."""
    home.mkdir(parents=True, exist_ok=True)
    lock = FileLock(home / LOCK_FILE, timeout=0)
    try:
        lock.acquire()
    except Timeout:
        raise BusyError(
            "another sync is running", str(home), "Wait until it ends, or stop it, and try again."
        ) from None
    try:
        yield
    finally:
        lock.release()
