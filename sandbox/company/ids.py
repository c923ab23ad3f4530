"""Record keys and Salesforce ids.

Inside the generator a record is a whole number: its object in the high bits, its number in the
low ones; -1 is no record. `render` writes keys as 18-character ids.
"""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from sandbox.schema import OBJECTS

Ints = NDArray[np.int64]
NONE = -1

SHIFT = 40
_OBJECT_NUMBER = {name: number for number, name in enumerate(OBJECTS)}
_PREFIXES = np.frombuffer("".join(o.prefix for o in OBJECTS.values()).encode(), "u1").reshape(-1, 3)
_DIGITS = np.frombuffer(b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz", "u1")
_CHECK = np.frombuffer(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ012345", "u1")
_INSTANCE = np.frombuffer(b"Dt0", "u1")
_FIRST = 12_345_678


def keys(name: str, count: int, start: int = 0) -> Ints:
    """The keys of `count` records of the object `name`, from number `start` on."""
    return (np.int64(_OBJECT_NUMBER[name]) << SHIFT) + np.arange(start, start + count)


def key(name: str, number: Ints) -> Ints:
    """The keys of records by their `number` within the object `name`; NONE stays NONE."""
    base = np.int64(_OBJECT_NUMBER[name]) << SHIFT
    return np.where(number < 0, NONE, base + number).astype(np.int64)


def number_of(record: Ints) -> Ints:
    """The number of each record within its object; NONE stays NONE."""
    return np.where(record < 0, NONE, record & ((1 << SHIFT) - 1)).astype(np.int64)


def object_number(name: str) -> int:
    """What `record >> 40` is for the records of the object `name`."""
    return _OBJECT_NUMBER[name]


def render(record: Ints) -> pa.Array:
    """`record` keys as 18-character ids: 15 case-sensitive ones and the 3 that make the id safe
    where case is lost. NONE becomes null.
    """
    count = len(record)
    held = np.maximum(record, 0)
    text = np.empty((count, 18), "u1")
    text[:, 0:3] = _PREFIXES[held >> SHIFT]
    text[:, 3:6] = _INSTANCE
    rest = (held & ((1 << SHIFT) - 1)) + _FIRST
    for place in range(14, 5, -1):
        rest, digit = np.divmod(rest, 62)
        text[:, place] = _DIGITS[digit]
    is_upper = ((text[:, :15] >= ord("A")) & (text[:, :15] <= ord("Z"))).reshape(count, 3, 5)
    text[:, 15:18] = _CHECK[is_upper @ (1 << np.arange(5))]
    offsets = np.arange(0, 18 * count + 1, 18, dtype=np.int32)
    ids = pa.Array.from_buffers(
        pa.string(), count, [None, pa.py_buffer(offsets), pa.py_buffer(np.ascontiguousarray(text))]
    )
    missing = record < 0
    return pc.if_else(pa.array(~missing), ids, None) if missing.any() else ids
