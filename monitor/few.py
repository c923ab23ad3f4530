"""Some columns of some facts, straight from the base tables: for who asks for a few indicators of
an instant that the lake has no facts of.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime

import ibis.expr.types as ir

from metrics import facts
from metrics.loaded import Facts, Needed
from model.availability import Availability
from model.definitions import Definitions
from monitor.refresh import HISTORY
from store.engines import Engine


@contextmanager
def few(
    engine: Engine,
    tables: Mapping[str, ir.Table],
    availability: Availability,
    definitions: Definitions,
    as_of: datetime,
    needed: Mapping[str, Needed],
) -> Iterator[Facts]:
    """The facts as of `as_of`, those that are `needed` computed in the columns that are; dropped at
    the end. What these do not rest on is not computed.
    """
    steps: dict[str, ir.Table] = {}

    def mark(name: str, rows: ir.Table) -> ir.Table:
        steps[name] = rows
        return rows

    built = facts.build(tables, definitions, availability, as_of, as_of - HISTORY, mark)
    wanted = {fact: one.of(built[fact]) for fact, one in needed.items()}
    with engine.together(wanted, steps, facts.STEP_KEYS) as computed:
        for name, rows in computed.items():
            built.put(name, rows)
        yield built
