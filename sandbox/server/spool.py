"""Lines of text on disk with the place of each, so that any page of them is one read of bytes."""

import os
import struct
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa

from sandbox.soql.compiler import Compiled

_CHUNK = 1 << 18
_PLACE = struct.Struct("<q")


class Spool:
    """The lines of one answer in their order, all of one moment; `rows` counts them."""

    def __init__(self, file: Path, compiled: Compiled) -> None:
        self.file, self.compiled, self.rows = file, compiled, 0
        self._places = file.with_suffix(".places")

    def fill(self, batches: Iterable[pa.RecordBatch]) -> None:
        """Write the lines: the first column of each batch, strings of which none is null."""
        size = 0
        with self.file.open("wb") as lines, self._places.open("wb") as places:
            places.write(_PLACE.pack(0))
            for batch in batches:
                _, offsets, text = batch.column(0).cast(pa.large_string()).buffers()
                if not len(batch) or text is None:
                    continue
                first = batch.column(0).offset
                ends = np.frombuffer(offsets, np.int64)[first : first + len(batch) + 1]
                lines.write(memoryview(text)[int(ends[0]) : int(ends[-1])])
                (ends[1:] - ends[0] + size).tofile(places)
                size += int(ends[-1] - ends[0])
                self.rows += len(batch)

    def read(self, start: int, count: int) -> Iterator[bytes]:
        """The lines from `start` on, `count` of them, in chunks."""
        with self._places.open("rb") as places:
            begin, end = (self._place(places.fileno(), row) for row in (start, start + count))
        with self.file.open("rb") as lines:
            lines.seek(begin)
            left = end - begin
            while left and (chunk := lines.read(min(_CHUNK, left))):
                left -= len(chunk)
                yield chunk

    def drop(self) -> None:
        """Remove the lines; pages can no longer be read."""
        self.file.unlink(missing_ok=True)
        self._places.unlink(missing_ok=True)

    @staticmethod
    def _place(places: int, row: int) -> int:
        (place,) = _PLACE.unpack(os.pread(places, _PLACE.size, row * _PLACE.size))
        return int(place)
