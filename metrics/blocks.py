"""Long columns a block at a time: what is made of a block stays in the processor's cache. Whole
columns of intermediate numbers are new memory each time, and that takes longer than the sums.
"""

from collections.abc import Iterator

BLOCK = 1 << 15


def blocks(stop: int) -> Iterator[slice]:
    """The places from 0 up to `stop`, in order."""
    return (slice(start, min(start + BLOCK, stop)) for start in range(0, stop, BLOCK))
