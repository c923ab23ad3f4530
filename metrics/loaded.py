"""Facts in memory: what figures need of each, loaded from an engine when first asked for.

A fact comes once, in the order of its dates, and every slice is taken from it there. What lies
before the earliest day asked for so far is not loaded.
"""

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import reduce
from threading import RLock
from typing import Any

import ibis.expr.types as ir
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from metrics.facts import SEGMENTS
from metrics.rows import Columns, Rows
from model.availability import Availability
from model.definitions import Definitions

Facts = Mapping[str, ir.Table]
Run = Callable[[ir.Table], pa.Table]
UNSET = "(none)"  # how a segment without a value is called
MARGIN = timedelta(days=2)


@dataclass(frozen=True)
class Needed:
    """What figures look at in a fact: `columns`, and `placed_by`, the instants by which they place
    a row, the first of which orders the rows. `is_stock`: some look at all rows whenever they fell.
    """

    columns: tuple[str, ...]
    placed_by: tuple[str, ...] = ()
    is_stock: bool = False


@dataclass
class Memory:
    """What was loaded, and since when; what was worked out of it. Belongs to one set of facts."""

    columns: dict[str, tuple[datetime | None, Columns]] = field(default_factory=dict)
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

    def rows(self, fact: str, since: datetime | None) -> Rows:
        """The rows of `fact` that any of its instants places at `since` or later; perhaps more."""
        needed = self.needed[fact]
        if needed.is_stock or not needed.placed_by:
            since = None
        with self.memory.lock:
            if fact in self.memory.columns:
                begins, columns = self.memory.columns[fact]
                if begins is None or (since is not None and begins <= since):
                    return Rows(columns)
                since = None  # who goes back once will do so again
            begins = since - MARGIN if since is not None else None
            columns = self._load(fact, needed, begins)
            self.memory.columns[fact] = begins, columns
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

    def _load(self, name: str, needed: Needed, since: datetime | None) -> Columns:
        fact = self.facts()[name]
        rows = fact
        if since is not None:
            placed = [(fact[at] >= since).fill_null(False) for at in needed.placed_by]
            rows = fact.filter(reduce(lambda one, other: one | other, placed))
        record = fact.columns[0]
        segments = SEGMENTS[name]
        wanted = dict.fromkeys((record, *needed.placed_by, *needed.columns, *segments, "cluster"))
        order = [*needed.placed_by[:1], record]
        found = self.run(rows.select(*wanted).order_by(order))
        if record not in needed.columns:
            found = found.drop_columns([record])
        return Columns.of(_named(found, segments))


def _named(rows: pa.Table, segments: tuple[str, ...]) -> pa.Table:
    """The rows, segments without a value named."""
    for name in segments:
        column = rows.column(name)
        empty = pc.fill_null(pc.equal(column, ""), True)
        place = rows.schema.get_field_index(name)
        rows = rows.set_column(place, name, pc.if_else(empty, UNSET, column))
    return rows


def instant(at: datetime) -> np.datetime64:
    """An instant as columns hold it."""
    return np.datetime64(at, "us")
