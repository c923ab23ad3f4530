"""The use cases, one file a verb: they connect sources, store and metrics, and compute nothing."""

import gc
import os
import sys

if sys.platform == "linux":
    # Arrow chooses its allocator when it is loaded. The usual one keeps what was freed, by thread:
    # more, in a sync, than all the rows that are held at any time.
    os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "jemalloc")

# Matrices here are small: the threads that numpy would set on them wait for each other, and two
# sessions' threads for one another's.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

# Ibis makes a million small objects for a question and soon drops them: looking through them every
# 700 times takes longer than making them.
gc.set_threshold(100_000, 20, 20)
