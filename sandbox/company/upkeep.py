"""What administrators and integrations do to records by the dozen: many are modified in the same
second, so that a page of any size ends between records that share an instant.
"""

import numpy as np

from sandbox.company.clock import DAY
from sandbox.company.ids import Ints
from sandbox.company.ledger import Ledger
from sandbox.company.people import user_key
from sandbox.company.world import World

_AT = (-25 * DAY, 30 * 3600)  # from the present
_AT_ONCE = 80


def touch_many(world: World, ledger: Ledger, name: str, created_at: Ints) -> None:
    """Modify some dozens of the first cohort's records at one instant, changing nothing: twice,
    once before and once after the present.
    """
    if world.cohort > 0:
        return
    chance = world.chance(f"upkeep {name}")
    for after in _AT:
        at = world.now + after
        known = np.flatnonzero(created_at < at - DAY)
        chosen = np.sort(chance.choice(known, min(_AT_ONCE, len(known)), replace=False))
        by = user_key(np.full(len(chosen), world.people.integration))
        ledger.change(chosen, np.full(len(chosen), at), by, {})
