"""Records in the order of the time that each was watched: what curves are worked out of."""

from abc import ABC, abstractmethod
from collections.abc import Mapping

import numpy as np

from metrics.blocks import blocks
from metrics.rows import CLUSTER, Array, Ints, Rows, Timed
from metrics.statistics.base import Floats, Sums


class Lines(ABC):
    """Lines by duration, those with the event first where it is the same.

    By distinct time with an event: `times`, the places of its `first` line with it and of the one
    after the last of those (`ends`), the weight of these lines (`events`) and of all before them
    (`before`). `sizes` is the weight by cluster, `longest` the longest time.
    """

    times: Floats
    first: Ints
    ends: Ints
    events: Array
    before: Array
    sizes: Floats
    longest: float
    count: int

    @abstractmethod
    def summed(self, until: Floats, drop: Floats) -> tuple[Floats, Floats]:
        """By cluster, of the lines before the time that comes after those of `until`: the sum of
        what each has, and their weight. A line has `until` of the last time with an event, and
        `drop` of it less where it is one with the event; none before the first time.
        """

    def _stop(self, index: int) -> int:
        return int(self.first[index]) if index < len(self.first) else self.count

    def _each(self, until: Floats, drop: Floats, block: slice) -> Floats:
        """What each line of a block has."""
        begins = int(np.searchsorted(self.first, block.start, side="right")) - 1
        part = slice(max(begins, 0), int(np.searchsorted(self.first, block.stop)))
        has = np.zeros(2 * (part.stop - part.start) + 1)
        has[1::2] = until[part] - drop[part]
        has[2::2] = until[part]
        edges = np.empty(len(has) + 1, dtype=np.int64)
        edges[0], edges[-1] = block.start, block.stop
        edges[1:-1:2] = self.first[part]
        edges[2:-1:2] = self.ends[part]
        edges = np.clip(edges, block.start, block.stop)
        return np.repeat(has, edges[1:] - edges[:-1])

    @abstractmethod
    def watched(self, at: float) -> float:
        """The weight of the lines that had the event or last until `at`."""


class Rowwise(Lines):
    """A line for each of the rows, with the weight 1. `occurs` says which clusters have any."""

    def __init__(self, timed: Timed, clusters: int) -> None:
        self.timed = timed
        self.count = len(timed.keys)
        counts = np.zeros(clusters, dtype=np.int64)
        for block in blocks(self.count):
            counts += np.bincount(timed.clusters(block), minlength=clusters)
        self.occurs = counts > 0
        self.sizes = counts[self.occurs].astype(np.float64)
        self.first, self.ends = _runs(timed)
        self.times = timed.numbers(self.first)
        self.events, self.before = self.ends - self.first, self.first
        self.longest = float(timed.numbers(slice(-1, None)).max(initial=0.0))

    def summed(self, until: Floats, drop: Floats) -> tuple[Floats, Floats]:
        """See `Lines`."""
        total, weight = np.zeros(len(self.occurs)), np.zeros(len(self.occurs), dtype=np.int64)
        for block in blocks(self._stop(len(until))):
            clusters = self.timed.clusters(block)
            np.add.at(total, clusters, self._each(until, drop, block))
            weight += np.bincount(clusters, minlength=len(weight))
        return total[self.occurs], weight[self.occurs].astype(np.float64)

    def watched(self, at: float) -> float:
        """See `Lines`."""
        had = int(self.events[: np.searchsorted(self.times, at)].sum())
        return float(self.count - (self.timed.before(at) - had))


class Times(Sums):
    """duration, is_event, n: the `lines` of the rows whose duration is given, in their order.
    Columns are made when somebody looks at them.
    """

    def __init__(self, rows: Rows, duration: str, event: str) -> None:
        super().__init__({})
        names = rows.labels(CLUSTER)
        self.lines = Rowwise(rows.timed(duration, event), len(names))
        self.names = names[self.lines.occurs]

    @property
    def columns(self) -> Mapping[str, Array]:
        """duration, is_event, n."""
        return {name: self[name] for name in ("duration", "is_event", "n")}

    def __getitem__(self, name: str) -> Array:
        if name == "n":
            return np.broadcast_to(1.0, self.lines.count)
        timed = self.lines.timed
        return timed.numbers() if name == "duration" else timed.cells() & 1 == 0

    @property
    def clusters(self) -> Ints:
        """Each line's place among the names."""
        return np.asarray((np.cumsum(self.lines.occurs) - 1)[self.lines.timed.clusters()])


def _runs(timed: Timed) -> tuple[Ints, Ints]:
    """Where the rows with the flag begin at each number that has any, and where they end."""
    count = len(timed.keys)
    first, ends = [], []
    cells = np.full(1, -1)  # as if one without the flag came before
    for block in blocks(count):
        cells = np.concatenate((cells[-1:], timed.cells(block)))
        is_new, has_flag = cells[1:] != cells[:-1], cells & 1 == 0
        first.append(np.flatnonzero(is_new & has_flag[1:]) + block.start)
        ends.append(np.flatnonzero(is_new & has_flag[:-1]) + block.start)
    if cells[-1] & 1 == 0:
        ends.append(np.array([count]))
    nothing = np.zeros(0, dtype=np.int64)
    return np.concatenate([nothing, *first]), np.concatenate([nothing, *ends])


class Weighted(Lines):
    """Lines as `Sums` have them, in any order and of any weight."""

    def __init__(self, sums: Sums) -> None:
        duration, is_event = sums["duration"], sums["is_event"] > 0
        order = np.lexsort((~is_event, duration))
        duration, is_event = duration[order], is_event[order]
        self._clusters, self._weight = sums.clusters[order], sums["n"][order]
        self._lasting = duration, is_event
        self._names = len(sums)
        self.count = len(duration)
        self.sizes = self._by_cluster(self._weight)
        had = np.flatnonzero(is_event)
        starts = np.flatnonzero(np.diff(duration[had], prepend=-np.inf))
        self.first = had[starts]
        self.ends = self.first + np.diff(starts, append=len(had))
        self.times = duration[self.first]
        self.events = np.add.reduceat(self._weight[had], starts) if len(had) else self.times
        self.before = (np.cumsum(self._weight) - self._weight)[self.first]
        self.longest = float(duration[-1])

    def summed(self, until: Floats, drop: Floats) -> tuple[Floats, Floats]:
        """See `Lines`."""
        part = slice(0, self._stop(len(until)))
        weight = self._weight[part]
        return self._by_cluster(self._each(until, drop, part) * weight), self._by_cluster(weight)

    def _by_cluster(self, values: Floats) -> Floats:
        return np.bincount(self._clusters[: len(values)], values, self._names).astype(np.float64)

    def watched(self, at: float) -> float:
        """See `Lines`."""
        duration, is_event = self._lasting
        return float(self._weight[(duration >= at) | is_event].sum())
