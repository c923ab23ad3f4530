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
_FEW = 4096  # many references to few records are rendered once each
_SAME_PREFIX = 62**8  # objects that share a prefix have ids of their own
_PREFIX_OF = [o.prefix for o in OBJECTS.values()]
_START = np.array(
    [_FIRST + _PREFIX_OF[:n].count(p) * _SAME_PREFIX for n, p in enumerate(_PREFIX_OF)]
)


def _upper(text: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """One bit for each character, the first the lowest: whether it is a capital letter."""
    is_upper = (text >= ord("A")) & (text <= ord("Z"))
    return (is_upper @ (1 << np.arange(text.shape[1]))).astype("u1")


_THREE = _DIGITS[np.stack(np.unravel_index(np.arange(62**3), (62, 62, 62)), axis=1)]
_THREE_CASE = _upper(_THREE)
_PREFIX_CASE = _upper(np.hstack([_PREFIXES, np.broadcast_to(_INSTANCE[:2], (len(_PREFIXES), 2))]))


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
    held = np.maximum(record, 0)
    number = held & ((1 << SHIFT) - 1)
    if len(record) > 2 * _FEW and number.max() < _FEW:
        code = (held >> SHIFT) * _FEW + number
        used = np.flatnonzero(np.bincount(code))
        place = np.zeros(used[-1] + 1, np.int64)
        place[used] = np.arange(len(used))
        texts = _texts((used // _FEW << SHIFT) + used % _FEW).take(pa.array(place[code]))
    else:
        texts = _texts(held)
    missing = record < 0
    return pc.if_else(pa.array(~missing), texts, None) if missing.any() else texts


def _texts(held: Ints) -> pa.Array:
    count = len(held)
    kind = held >> SHIFT
    high, low = np.divmod((held & ((1 << SHIFT) - 1)) + _START[kind], 62**3)
    groups = (*np.divmod(high, 62**3), low)
    text = np.empty((count, 18), "u1")
    text[:, 0:3] = _PREFIXES[kind]
    text[:, 3:6] = _INSTANCE
    for place, group in zip((6, 9, 12), groups, strict=True):
        text[:, place : place + 3] = _THREE[group]
    case = [_THREE_CASE[group] for group in groups]
    text[:, 15] = _CHECK[_PREFIX_CASE[kind]]
    text[:, 16] = _CHECK[case[0] << 1 | (case[1] & 1) << 4]
    text[:, 17] = _CHECK[case[1] >> 1 | case[2] << 2]
    offsets = np.arange(0, 18 * count + 1, 18, dtype=np.int32)
    buffers = [None, pa.py_buffer(offsets), pa.py_buffer(text)]
    return pa.Array.from_buffers(pa.string(), count, buffers)
