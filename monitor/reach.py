"""Whether the engine's server answers: who asks soon after it did not is told at once."""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from threading import Lock

from model.errors import NoAnswerError
from store.engines import Engine

PATIENCE_SECONDS = 60.0


class Reach:
    """The way to the engine of a workspace. Any thread may ask."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._silent: NoAnswerError | None = None
        self._until = 0.0

    @property
    def silent(self) -> NoAnswerError | None:
        """What is wrong, unless the server answered when it was last asked."""
        return self._silent

    def open(self, make: Callable[[], Engine], *, again: bool = False) -> Engine:
        """What `make` opens. Where the server was silent within the last minute, that is said at
        once and it is not asked, unless `again`. Raises NoAnswerError.
        """
        with self._lock:
            silent = self._silent
            if silent is not None and not again and time.monotonic() < self._until:
                raise _since(silent, silent.since_at)
        try:
            engine = make()
        except NoAnswerError as error:
            raise self._remembered(error) from None
        with self._lock:
            self._silent = None
        return engine

    def _remembered(self, error: NoAnswerError) -> NoAnswerError:
        with self._lock:
            before = self._silent.since_at if self._silent else None
            now = datetime.now(UTC).replace(tzinfo=None)
            self._silent = _since(error, before or now)
            self._until = time.monotonic() + PATIENCE_SECONDS
            return self._silent


def _since(error: NoAnswerError, since_at: datetime | None) -> NoAnswerError:
    return NoAnswerError(error.what, error.where, error.todo, since_at)
