"""Long columns a block at a time: what is made of a block stays in the processor's cache. Whole
columns of intermediate numbers are new memory each time, and that takes longer than the sums.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

BLOCK = 1 << 15


def blocks(stop: int) -> Iterator[slice]:
    """The places from 0 up to `stop`, in order."""
    return (slice(start, min(start + BLOCK, stop)) for start in range(0, stop, BLOCK))


def spread(
    values: NDArray[np.float64], edges: NDArray[np.int64], block: slice
) -> NDArray[np.float64]:
    """By place of the block the one of `values` that holds from an edge up to the next; there is an
    edge more than there are values.
    """
    first, last = np.searchsorted(edges, (block.start, block.stop - 1), side="right")
    cut = np.clip(edges[first - 1 : last + 1], block.start, block.stop)
    return np.repeat(values[first - 1 : last], np.diff(cut))
