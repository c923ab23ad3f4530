"""The product judges a relationship between two functions, not persons: what may be broken down.

Unless the configuration opens it (`people.per_person`), nothing is split by owner, and a team, a
region or a business unit with fewer people than `people.smallest_team` is not shown. Held here for
every way out: pages, command line, exports, snapshots.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import ibis.expr.types as ir

from config.settings import PeopleSettings
from metrics.declaration import Result, Shown
from metrics.estimate import Estimate
from metrics.loaded import Run
from model.errors import ConfigurationError

OWNER = "owner"
GROUPS = ("team", "region", "business_unit")
WHY_OFF = "Détente compares functions, not persons; docs/people.md says when to open it."
Hidden = Mapping[str, frozenset[str]]


def check(dimensions: Iterable[str], settings: PeopleSettings) -> None:
    """Raises ConfigurationError where figures are asked for by person and may not be."""
    if OWNER in dimensions and not settings.per_person:
        raise ConfigurationError("nothing is broken down by person", "people.per_person", WHY_OFF)


def hidden(
    users: ir.Table,
    owning: ir.Table,
    dimensions: Iterable[str],
    settings: PeopleSettings,
    run: Run,
) -> Hidden:
    """By dimension, the groups of people that are too small to be shown, and those that would
    give them away among the groups that own records (`owning` has their owners in column `owner`).
    """
    if settings.per_person:
        return {}
    human = users.filter(users.deactivated_at.isnull() & ~users.is_automation.fill_null(False))
    owners = owning.select(_owner="owner").distinct()
    joined = human.left_join(owners, [("user_id", "_owner")])
    found = {}
    for dimension in set(dimensions) & set(GROUPS):
        rows = joined.filter(joined[dimension].notnull())
        groups = rows.group_by(dimension).aggregate(n=rows.count(), owners=rows._owner.count())
        counted = run(groups).to_pylist()
        small = {row[dimension] for row in counted if row["n"] < settings.smallest_team}
        told = {row[dimension]: row["n"] for row in counted if row["owners"]}
        found[dimension] = frozenset(small) | too_small(told, settings.smallest_team)
    return found


def too_small(sizes: Mapping[str, int], least: int) -> frozenset[str]:
    """The groups to hide: each of fewer than `least`, and so many more, smallest first, that the
    hidden ones are `least` together: the whole less all that is shown must tell of no fewer.
    """
    ordered = sorted(sizes, key=lambda group: (sizes[group], group))
    small = [group for group in ordered if sizes[group] < least]
    while small and sum(sizes[group] for group in small) < least and len(small) < len(ordered):
        small.append(ordered[len(small)])
    return frozenset(small)


def results(found: Sequence[Result], small: Hidden, least: int) -> list[Result]:
    """The results, those of a hidden group blank."""
    return [
        replace(
            one,
            estimate=_nothing(least),
            variants={},
            statistics=None,
            beside={},
            score=None,
            stage=None,
        )
        if _is_hidden(one.segment, small)
        else one
        for one in found
    ]


def shown(found: Sequence[Shown], small: Hidden, least: int) -> list[Shown]:
    """The same for what is not scored."""
    return [
        replace(one, estimate=_nothing(least), variants={}, statistics=None, beside={})
        if _is_hidden(one.segment, small)
        else one
        for one in found
    ]


def _is_hidden(segment: Mapping[str, str], small: Hidden) -> bool:
    return any(value in small.get(name, ()) for name, value in segment.items())


def _nothing(least: int) -> Estimate:
    return Estimate.not_assessed(
        f"not shown: fewer than {least} people, or what is left would tell of fewer"
    )
