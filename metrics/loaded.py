"""Facts in memory: what figures need of each, loaded from an engine when first asked for.

A fact comes once, in the order of its dates, and every slice is taken from it there. The first
question loads what it looks at; the first that looks elsewhere loads the whole.
"""

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import reduce
from threading import RLock
from typing import Any

import ibis.expr.types as ir
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from metrics.rows import Columns, Rows
from model.availability import Availability
from model.definitions import Definitions

Facts = Mapping[str, ir.Table]
Run = Callable[[ir.Table], pa.Table]
UNSET = "(none)"  # how a segment without a value is called


@dataclass(frozen=True)
class Needed:
    """What figures look at in a fact: `columns`, and `placed_by`, the instants by which they place
    a row, the first of which orders the rows. `is_stock`: some look at all rows whenever they fell.
    `segments` are the dimensions that it can be cut by. `lately` are columns that only conditions
    look at, in late rows.
    """

    columns: tuple[str, ...]
    placed_by: tuple[str, ...] = ()
    is_stock: bool = False
    segments: tuple[str, ...] = ()
    lately: tuple[str, ...] = ()

    def of(self, fact: ir.Table) -> ir.Table:
        """The fact in the columns that this takes, the record's first."""
        seen = (*self.placed_by, *self.columns, *self.lately, *self.segments)
        wanted = (fact.columns[0], *seen, "cluster")
        return fact.select(*dict.fromkeys(wanted))


@dataclass(frozen=True)
class Span:
    """The instants from `first` to `last`, both included."""

    first: datetime
    last: datetime

    def is_in(self, other: "Span") -> bool:
        """Whether the other has all of it."""
        return other.first <= self.first and self.last <= other.last

    def with_(self, other: "Span") -> "Span":
        """From the first of both to the last."""
        return Span(min(self.first, other.first), max(self.last, other.last))


@dataclass
class Memory:
    """What was loaded, within which span (None: all), and what was worked out of it. Belongs to
    one set of facts.
    """

    columns: dict[str, tuple[Span | None, Columns]] = field(default_factory=dict)
    made: dict[Hashable, Any] = field(default_factory=dict)
    lock: RLock = field(default_factory=RLock)


@dataclass(frozen=True)
class Loaded:
    """The facts of one manifest, built as of `as_of` under `definitions`, as rows in memory; any
    thread may ask.

    `facts` gives the tables that `run` can compute; neither is touched for what `memory` has.
    """

    facts: Callable[[], Facts]
    run: Run
    availability: Availability
    definitions: Definitions
    as_of: datetime
    needed: Mapping[str, Needed]
    memory: Memory = field(default_factory=Memory)

    def rows(self, fact: str, span: Span | None = None) -> Rows:
        """The rows of `fact` that any of its instants places in the span, and perhaps more; all of
        them without one.
        """
        needed = self.needed[fact]
        if needed.is_stock or not needed.placed_by:
            span = None
        with self.memory.lock:
            if fact in self.memory.columns:
                held, columns = self.memory.columns[fact]
                if held is None or (span is not None and span.is_in(held)):
                    return Rows(columns)
                span = None  # who looks elsewhere once will do so again
            columns = self._load(fact, needed, span)
            self.memory.columns[fact] = span, columns
        return Rows(columns)

    def table(self, fact: str, *columns: str) -> pa.Table:
        """Some columns of a small fact, as they are."""
        return self.once((fact, columns), lambda: self.run(self.facts()[fact].select(*columns)))

    def once(self, key: Hashable, make: Callable[[], Any]) -> Any:
        """What `make` gives, made the first time that `key` is asked for."""
        with self.memory.lock:
            if key not in self.memory.made:
                self.memory.made[key] = make()
            return self.memory.made[key]

    def _load(self, name: str, needed: Needed, span: Span | None) -> Columns:
        fact = self.facts()[name]
        rows = fact
        if span is not None:
            placed = [fact[at].between(span.first, span.last) for at in needed.placed_by]
            rows = fact.filter(reduce(lambda one, other: one | other, placed))
        record = fact.columns[0]
        found = self.run(needed.of(rows))
        at = needed.placed_by[0] if needed.placed_by else None
        order = in_order(found, at, record)
        if record not in needed.columns:
            found = found.drop_columns([record])
        return Columns.of(
            found, unset=dict.fromkeys(needed.segments, UNSET), order=order, sorted_by=at
        )


def in_order(rows: pa.Table, at: str | None, record: str) -> NDArray[np.int64]:
    """The places of the rows by the column `at`, and by `record` where it is the same: sums of
    floats depend on the order, and an engine promises none.
    """
    if at is None:
        return np.asarray(pc.sort_indices(rows.column(record))).astype(np.int64)
    instants = rows.column(at).cast(pa.timestamp("us")).to_numpy().view(np.int64)
    order = np.argsort(instants)
    same = np.diff(instants[order]) == 0
    tied = np.flatnonzero(np.append(same, False) | np.insert(same, 0, False))
    several = order[tied]
    names = rows.column(record).take(several)
    ties = pa.table({"at": instants[several], "record": names})
    places = pc.sort_indices(ties, [("at", "ascending"), ("record", "ascending")])
    order[tied] = several[np.asarray(places)]
    return order


def instant(at: datetime) -> np.datetime64:
    """An instant as columns hold it."""
    return np.datetime64(at, "us")
