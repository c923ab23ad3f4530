"""What was worked out, kept for all sessions of the process. Nobody changes what lies here."""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from threading import Lock
from typing import Any, TypeVar

Made = TypeVar("Made")


class Shelf:
    """At most so many things; the one not asked for the longest goes. Any thread may ask: who asks
    for what another is making waits for it. What failed is not kept.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._lock = Lock()
        self._things: OrderedDict[Hashable, Future[Any]] = OrderedDict()

    def has(self, key: Hashable) -> bool:
        """Whether nobody has to wait for it."""
        with self._lock:
            found = self._things.get(key)
        return found is not None and found.done()

    def get(self, key: Hashable, make: Callable[[], Made]) -> Made:
        """What lies under `key`, made if need be; raises what `make` raises."""
        with self._lock:
            found = self._things.get(key)
            is_mine = found is None
            if found is None:
                found = self._things[key] = Future()
                if len(self._things) > self._most:
                    self._things.popitem(last=False)
            self._things.move_to_end(key)
        if is_mine:
            try:
                found.set_result(make())
            except BaseException as error:
                with self._lock:
                    self._things.pop(key, None)
                found.set_exception(error)
        made: Made = found.result()
        return made
