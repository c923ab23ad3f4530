"""A fact's rows in memory, column by column, and the parts of them that figures look at.

Flags are int8 (1, 0, −1 for null), numbers float64 (NaN for null), instants datetime64[us] (NaT),
text codes into sorted labels (−1 for null), in as few bytes as will do.
"""

import math
from bisect import bisect_left
from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Any, NamedTuple, cast

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

Array = NDArray[Any]
Codes = NDArray[np.int32]
Ints = NDArray[np.int64]
Index = slice | Ints
NONE, NEVER = -1, -2  # no value; no code at all
MANY = 1_000_000  # combinations: more are found by sorting
CLUSTER = "cluster"
ALL = slice(None)


class Columns:
    """All rows of a fact, an array by column; `labels` are those of each text column."""

    def __init__(
        self,
        arrays: Mapping[str, Array],
        labels: Mapping[str, Array],
        size: int,
        sorted_by: str | None,
    ) -> None:
        self.arrays = arrays
        self.sorted_by = sorted_by
        self.labels = labels
        self.size = size
        self._ranks: dict[str, tuple[Array, Codes]] = {}
        self._keys: dict[tuple[str, str], Ints] = {}

    @classmethod
    def of(
        cls,
        table: pa.Table,
        *,
        unset: Mapping[str, str] | None = None,
        order: Ints | None = None,
        sorted_by: str | None = None,
    ) -> "Columns":
        """The columns of an Arrow table, its rows in their order or in that of `order`, which is
        then that of the instants `sorted_by`. `unset` is what text columns say where they have no
        value, or an empty one.
        """
        arrays: dict[str, Array] = {}
        labels: dict[str, Array] = {}
        for name in table.column_names:
            column = table.column(name)
            if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
                array, labels[name] = _coded(column, (unset or {}).get(name))
            else:
                array = _plain(column.combine_chunks())
            arrays[name] = array if order is None else array[order]
        return cls(arrays, labels, table.num_rows, sorted_by)

    def ranked(self, name: str) -> tuple[Array, Codes]:
        """The distinct values of a column, sorted, and each row's place among them."""
        if name not in self._ranks:
            values, place = np.unique(self.arrays[name], return_inverse=True)
            self._ranks[name] = values, place.astype(np.int32)
        return self._ranks[name]

    def keyed(self, number: str, flag: str) -> Ints:
        """A whole number by row that sorts by `number` and then those with the flag first; its last
        `cluster_bits` are the cluster's code. Negative where the number is not given.
        """
        if (number, flag) not in self._keys:
            clusters = _all_given(self.arrays[CLUSTER])
            _, ranks = self.ranked(number)
            cells = 2 * ranks.astype(np.int64) + (self.arrays[flag] <= 0)
            found = (cells << self.cluster_bits) + clusters
            found[np.isnan(self.arrays[number])] = NONE
            self._keys[number, flag] = found
        return self._keys[number, flag]

    @property
    def cluster_bits(self) -> int:
        """In how many bits a cluster's code fits."""
        return len(self.labels[CLUSTER]).bit_length()


def _all_given(clusters: Array) -> Array:
    if clusters.min(initial=0) < 0:
        raise ValueError("every row must have a cluster")
    return clusters


def _coded(column: pa.ChunkedArray, unset: str | None) -> tuple[Array, Array]:
    found = column.combine_chunks().dictionary_encode()
    texts = [*found.dictionary.to_pylist(), None]
    if unset is not None:
        texts = [text or unset for text in texts]
    labels = sorted({text for text in texts if text is not None})
    kind = np.min_scalar_type(-len(labels) - 1)
    place = np.array([NONE if t is None else bisect_left(labels, t) for t in texts], dtype=kind)
    codes = found.indices.fill_null(len(texts) - 1).to_numpy(zero_copy_only=False)
    return place[codes], np.array(labels, dtype=object)


def _plain(column: pa.Array) -> Array:
    if pa.types.is_boolean(column.type):
        return cast(Array, column.cast("int8").fill_null(-1).to_numpy(zero_copy_only=False))
    if pa.types.is_timestamp(column.type):
        micros = column.cast(pa.timestamp("us")).to_numpy(zero_copy_only=False)
        return cast(Array, micros.astype("datetime64[us]"))
    return np.asarray(column.cast("float64").to_numpy(zero_copy_only=False))


class Timed(NamedTuple):
    """Rows by a number and a flag: sorted `keys` as `Columns.keyed` makes them, whose last `bits`
    are the cluster, and the sorted `values` among which the number is.
    """

    keys: Ints
    values: Array
    bits: int

    def cells(self, part: slice = ALL) -> Ints:
        """Twice the number's place among the values, and 1 more without the flag."""
        return self.keys[part] >> self.bits

    def clusters(self, part: slice = ALL) -> Ints:
        """The cluster's code."""
        found: Ints = self.keys[part] & ((1 << self.bits) - 1)
        return found

    def numbers(self, at: Ints | slice = ALL) -> Array:
        """The number itself."""
        found: Array = self.values[self.keys[at] >> (self.bits + 1)]
        return found

    def before(self, number: float) -> int:
        """How many rows have a lesser number."""
        rank = int(np.searchsorted(self.values, number))
        return int(np.searchsorted(self.keys, rank << (self.bits + 1)))


class Rows:
    """Some rows of a fact. What is worked out of them once is kept for the next figure."""

    def __init__(self, whole: Columns, index: Index | None = None) -> None:
        self.whole = whole
        self._index: Index = slice(0, whole.size) if index is None else index
        self._made: dict[Hashable, Any] = {}

    @classmethod
    def of(cls, table: pa.Table) -> "Rows":
        """All rows of an Arrow table."""
        return cls(Columns.of(table))

    def __len__(self) -> int:
        if isinstance(self._index, slice):
            return int(self._index.stop - self._index.start)
        return len(self._index)

    def once(self, key: Hashable, make: Callable[[], Any]) -> Any:
        """What `make` gives, made the first time that `key` is asked for."""
        if key not in self._made:
            self._made[key] = make()
        return self._made[key]

    def __getitem__(self, name: str) -> Array:
        """A column of these rows."""
        found: Array = self.once(name, lambda: self.whole.arrays[name][self._index])
        return found

    def given(self, name: str) -> NDArray[np.bool_]:
        """Which of these rows have a value in the column."""
        values = self[name]
        if values.dtype.kind == "i":
            return values >= 0
        return ~np.isnan(values) if values.dtype.kind == "f" else ~np.isnat(values)

    def labels(self, name: str) -> Array:
        """The sorted texts that a text column's codes mean."""
        return self.whole.labels[name]

    def texts(self, name: str) -> Array:
        """A text column of these rows in full; every value must be given."""
        return self.labels(name)[self[name]]

    def ranked(self, name: str) -> tuple[Array, Codes]:
        """Sorted values among which all of the column's are, and each row's place among them."""
        values, ranks = self.whole.ranked(name)
        return values, ranks[self._index]

    def clusters(self) -> tuple[Array, Array]:
        """The sorted names of clusters, these rows' among them, and each row's place there. Raises
        ValueError where a row has none.
        """
        return self.labels(CLUSTER), self.once("clusters", lambda: _all_given(self[CLUSTER]))

    def timed(self, number: str, flag: str) -> "Timed":
        """The rows whose `number` is given, in its order, those with the flag first where it is
        the same.
        """
        keys = np.sort(self.whole.keyed(number, flag)[self._index])
        given = keys[np.searchsorted(keys, 0) :]
        return Timed(given, self.whole.ranked(number)[0], self.whole.cluster_bits)

    def where(self, chosen: NDArray[np.bool_]) -> "Rows":
        """Those of these rows that are chosen."""
        return Rows(self.whole, self._at(np.flatnonzero(chosen)))

    def within(self, segment: Mapping[str, str]) -> "Rows":
        """Those of these rows whose text columns have these values."""
        rows = self
        for name, value in segment.items():
            code = np.searchsorted(rows.labels(name), value)
            is_known = code < len(rows.labels(name)) and rows.labels(name)[code] == value
            rows = rows.where(rows[name] == (code if is_known else NEVER))
        return rows

    def between(self, name: str, first: np.datetime64, last: np.datetime64) -> "Rows":
        """The rows whose instant lies from `first` to `last`, both included."""
        at, ends = self[name].view(np.int64), np.array([first, last], dtype="datetime64[us]")
        begin, end = ends.view(np.int64)
        if name == self.whole.sorted_by and isinstance(self._index, slice):
            start = self._index.start + int(np.searchsorted(at, begin))
            stop = self._index.start + int(np.searchsorted(at, end, side="right"))
            return Rows(self.whole, slice(start, stop))
        return Rows(self.whole, self._at(np.flatnonzero((at >= begin) & (at <= end))))

    def split(self, codes: Ints, count: int) -> dict[int, "Rows"]:
        """The rows of each code in 0..`count` that occurs, their order kept."""
        kind = np.int16 if count <= np.iinfo(np.int16).max else np.int64
        order = np.argsort(codes.astype(kind), kind="stable")
        sizes = np.bincount(codes, minlength=count)
        ends = np.cumsum(sizes)
        return {
            int(code): Rows(self.whole, self._at(order[ends[code] - sizes[code] : ends[code]]))
            for code in np.flatnonzero(sizes)
        }

    def _at(self, places: Ints) -> Ints:
        if isinstance(self._index, slice):
            return places + int(self._index.start)
        return self._index[places]


def combined(columns: Sequence[Array], counts: Sequence[int]) -> tuple[Ints, Ints]:
    """Several columns of codes (below `counts`) as one: the combinations that occur as numbers, in
    the order of their parts, and each row's place among them.
    """
    mixed = _mixed(columns, counts)
    if math.prod(counts) > MANY:
        found, place = np.unique(mixed, return_inverse=True)
        return found, place
    occurs = np.bincount(mixed, minlength=math.prod(counts)) > 0
    return np.flatnonzero(occurs), (np.cumsum(occurs) - 1)[mixed]


def counted(columns: Sequence[Array], counts: Sequence[int]) -> tuple[Ints, Ints]:
    """The combinations as `combined` finds them, and how many rows have each."""
    mixed = _mixed(columns, counts)
    if math.prod(counts) > MANY:
        return np.unique(mixed, return_counts=True)
    by_number = np.bincount(mixed, minlength=math.prod(counts))
    found = np.flatnonzero(by_number)
    return found, by_number[found]


def _mixed(columns: Sequence[Array], counts: Sequence[int]) -> Ints:
    mixed: Ints = np.zeros(len(columns[0]), dtype=np.int64)
    for codes, count in zip(columns, counts, strict=True):
        mixed *= count
        mixed += codes
    return mixed
