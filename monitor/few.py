"""Some columns of some facts, straight from the base tables: for who asks for a few indicators of
an instant that the lake has no facts of.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import TypeVar

import ibis.expr.types as ir

from metrics import facts
from metrics.loaded import Facts, Needed
from model.availability import Availability
from model.definitions import Definitions
from monitor.refresh import HISTORY
from store.engines import Engine, Promise

T = TypeVar("T")


def few(
    engine: Engine,
    tables: Mapping[str, ir.Table],
    availability: Availability,
    definitions: Definitions,
    as_of: datetime,
    needed: Mapping[str, Needed],
    use: Callable[[Facts], T],
) -> T:
    """What `use` makes of the facts as of `as_of`, those that are `needed` computed in the columns
    that are: while one is computed it is at work on those before. What these do not rest on is not
    computed.
    """
    steps: dict[str, ir.Table] = {}

    def mark(name: str, rows: ir.Table) -> ir.Table:
        steps[name] = rows
        return rows

    looked_at = set(needed["handoffs"].columns) if "handoffs" in needed else set()
    built = facts.build(
        tables,
        definitions,
        availability,
        as_of,
        as_of - HISTORY,
        mark,
        looked_at=None if "checks" in needed else looked_at,  # these look at any
        recorded_until=engine.recorded_until,
    )
    wanted = {fact: partial(_of, one, built, fact) for fact, one in needed.items()}

    def used(computed: Mapping[str, Promise]) -> T:
        return use(_Computed(computed, built))

    return engine.together(wanted, steps, facts.STEP_KEYS, used)


def _of(needed: Needed, built: Facts, fact: str) -> ir.Table:
    return needed.of(built[fact])


@dataclass(frozen=True)
class _Computed(Mapping[str, ir.Table]):
    """Facts: those that were promised once they are there, others as they were built."""

    promised: Mapping[str, Promise]
    built: Facts

    def __getitem__(self, name: str) -> ir.Table:
        return self.promised[name]() if name in self.promised else self.built[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.built)

    def __len__(self) -> int:
        return len(self.built)
