"""How Arrow takes memory: as little at a time as it can, and gives it back."""

from contextlib import suppress
from functools import cache

import pyarrow as pa

_IO_THREADS = 2
_DECAY_MILLISECONDS = 100


@cache
def be_thrifty() -> None:
    """Read ahead little, and return soon what was freed (where the allocator is jemalloc)."""
    pa.set_io_thread_count(_IO_THREADS)
    with suppress(NotImplementedError):  # not every build has it
        pa.jemalloc_set_decay_ms(_DECAY_MILLISECONDS)
