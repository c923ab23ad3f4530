"""A large table in which rows are looked up by id, page by page."""

from collections.abc import Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

_LENGTH = 18


class Directory:
    """`table`, whose ids in the column `key` are unique.

    The ids are digested and put in order once: a page is then found without a pass over the table.
    """

    def __init__(self, table: pa.Table, key: str) -> None:
        self._table = table.combine_chunks()
        self._keys = self._table[key].combine_chunks()
        digests = _digests(self._keys)
        self._order = None if digests is None else np.argsort(digests)
        self._digests = None if digests is None else digests[self._order]
        if self._digests is not None and (self._digests[1:] == self._digests[:-1]).any():
            self._digests = None  # two ids with one digest

    def attach(self, rows: pa.Table, on: str, names: Mapping[str, str]) -> pa.Table:
        """`rows` with the columns `names` (theirs -> ours) of that row whose id is in the column
        `on`; nulls for a row that finds none.
        """
        at = self._at(rows[on].combine_chunks())
        for theirs, ours in names.items():
            rows = rows.append_column(ours, self._table[theirs].take(at))
        return rows

    def _at(self, ids: pa.Array) -> pa.Array:
        wanted = _digests(ids)
        if self._digests is None or self._order is None or wanted is None or not len(self._order):
            return pc.index_in(ids, value_set=self._keys)
        by_digest, place = np.argsort(wanted), np.empty(len(wanted), np.int64)
        place[by_digest] = np.searchsorted(self._digests, wanted[by_digest])
        found = pa.array(self._order[np.minimum(place, len(self._order) - 1)])
        return pc.if_else(pc.equal(self._keys.take(found), ids), found, None)


def _digests(ids: pa.Array) -> np.ndarray | None:
    """64 bits of each id; None where one is null or has not the 18 characters of an id."""
    if ids.null_count or not pa.types.is_string(ids.type):
        return None
    if not len(ids):
        return np.empty(0, np.uint64)
    _, offsets, text = ids.buffers()
    bounds = np.frombuffer(offsets, np.int32)[ids.offset : ids.offset + len(ids) + 1]
    if (np.diff(bounds) != _LENGTH).any():
        return None
    letters = np.frombuffer(text, np.uint8)[bounds[0] : bounds[-1]].reshape(-1, _LENGTH)
    first, second = np.ascontiguousarray(letters[:, :16]).view(np.uint64).T
    last = np.ascontiguousarray(letters[:, 16:]).view(np.uint16)[:, 0].astype(np.uint64)
    # Multiplication by odd numbers spreads what differs in few letters over all bits.
    mixed: np.ndarray = first * np.uint64(0x9E3779B97F4A7C15) ^ (
        second + last * np.uint64(0xC2B2AE3D27D4EB4F)
    )
    mixed *= np.uint64(0xFF51AFD7ED558CCD)
    return mixed
