"""Several streams of rows side by side: each in a thread of its own, in bounded memory."""

import threading
from collections.abc import Collection, Iterator, Sequence
from contextlib import suppress
from queue import Full, Queue
from typing import Generic, TypeVar

T = TypeVar("T")
HELD = 1  # items that wait for their reader, by part
LOOK_SECONDS = 0.1


def together(
    parts: Sequence[Iterator[T]], slots: threading.Semaphore, small: Collection[int] = ()
) -> Iterator[T]:
    """The items of all `parts`, those of a part in their order.

    Each part is read in a thread of its own once it has one of the `slots`, which it gives back
    when it ends; those of the `small` numbers, which take little memory, wait for none. What a part
    raises is raised here, after the others have been closed.
    """
    reading = _Together(parts, slots, small)
    try:
        yield from reading.items()
    finally:
        reading.stop()


class _Together(Generic[T]):
    def __init__(
        self, parts: Sequence[Iterator[T]], slots: threading.Semaphore, small: Collection[int]
    ) -> None:
        self._stopped = threading.Event()
        self._found: Queue[T | BaseException | None] = Queue(HELD * len(parts))  # None: a part ends
        self._threads = [
            threading.Thread(
                target=self._read, args=[part, None if n in small else slots], name=f"part-{n}"
            )
            for n, part in enumerate(parts)
        ]
        for thread in self._threads:
            thread.start()

    def items(self) -> Iterator[T]:
        left = len(self._threads)
        while left:
            item = self._found.get()
            if isinstance(item, BaseException):
                raise item
            if item is None:
                left -= 1
            else:
                yield item

    def stop(self) -> None:
        self._stopped.set()
        for thread in self._threads:
            thread.join()

    def _read(self, part: Iterator[T], slots: threading.Semaphore | None) -> None:
        try:
            while slots and not slots.acquire(timeout=LOOK_SECONDS):
                if self._stopped.is_set():
                    return
            try:
                self._pass_on(part)
            finally:
                if slots:
                    slots.release()
        except BaseException as error:  # `items` raises it again
            self._give(error)
        else:
            self._give(None)

    def _pass_on(self, part: Iterator[T]) -> None:
        try:
            for item in part:
                if not self._give(item):
                    break
        finally:
            close = getattr(part, "close", None)
            if close is not None:
                close()

    def _give(self, item: T | BaseException | None) -> bool:
        while not self._stopped.is_set():
            with suppress(Full):
                self._found.put(item, timeout=LOOK_SECONDS)
                return True
        return False
