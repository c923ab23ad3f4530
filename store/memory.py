"""How Arrow takes memory: as little at a time as it can, and gives it back."""

from contextlib import suppress
from functools import cache

import pyarrow as pa

_IO_THREADS = 2
_DECAY_MILLISECONDS = 100


@cache
def be_thrifty() -> None:
    """Let Arrow return what it freed. Its usual allocator keeps it, by thread, which adds up to
    more than all the rows that are held at any time when several tables are pulled at once.
    """
    pa.set_io_thread_count(_IO_THREADS)
    with suppress(NotImplementedError):  # not every build has it
        pa.set_memory_pool(pa.jemalloc_memory_pool())
        pa.jemalloc_set_decay_ms(_DECAY_MILLISECONDS)
