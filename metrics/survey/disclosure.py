"""What may be shown together, so that nothing can be worked out about a few.

All figures of a wave are sums over responses. Whoever adds and subtracts them must never arrive at
a sum that rests on fewer than `floor` responses. Responses that an earlier wave held already do not
count as ones, since the earlier wave could be subtracted: only *fresh* ones do.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

Flags = npt.NDArray[np.bool_]
"""One for each response, or response × statement: whether it was answered."""
Parts = npt.NDArray[np.intp]
"""The part that each response belongs to, 0 and up."""


def shown_cells(
    tables: Mapping[str, Sequence[str | None]], fresh: Flags, floor: int
) -> tuple[dict[str, set[str]], Parts]:
    """Which rows of which tables may be shown beside the total, and the parts they leave.

    `tables` maps a dimension to each response's value. A row is shown where, crossed with all that
    is shown before it, no part is left with fewer than `floor` fresh responses, what belongs to no
    shown row included; the smallest rows give way. Each part being large enough, so is whatever
    adds up from parts.
    """
    parts: Parts = np.zeros(len(fresh), np.intp)
    shown: dict[str, set[str]] = {}
    for name, values in tables.items():
        names, places = np.unique([value or "" for value in values], return_inverse=True)
        sizes = np.bincount(places[fresh], minlength=len(names))
        rows = [row for row in np.argsort(sizes, kind="stable").tolist() if names[row]]
        while rows and not _are_large(_cut(parts, places, rows), fresh, floor):
            rows.pop(0)
        shown[name] = {str(names[row]) for row in rows}
        parts = _cut(parts, places, rows)
    return shown, parts


def _cut(parts: Parts, places: Parts, rows: list[int]) -> Parts:
    """The parts cut by the shown rows; what belongs to none of them stays together."""
    column = np.where(np.isin(places, rows), places + 1, 0)
    _, cut = np.unique(np.stack([parts, column]), axis=1, return_inverse=True)
    return cut.astype(np.intp)


def _are_large(parts: Parts, fresh: Flags, floor: int) -> bool:
    return bool((np.bincount(parts[fresh], minlength=int(parts.max()) + 1) >= floor).all())


def shown_statements(given: Flags, fresh: Flags, parts: Parts, floor: int) -> Flags:
    """Which statements' means may be shown beside the totals of these parts.

    A statement needs `floor` fresh answers. And since a total counts a response with m answers
    20/m times, totals less statements can leave just those who left something open: as long as a
    remainder of fewer than `floor` exists, the statement that most have answered is hidden.
    """
    answers = given[fresh].sum(axis=0)
    shown: Flags = answers >= floor
    groups = [parts == part for part in np.unique(parts)]
    while shown.any() and not _is_apart(given, fresh, shown, groups, floor):
        most = np.where(shown, answers, -1)
        shown[np.flatnonzero(most == most.max())[-1]] = False
    return shown


def _is_apart(
    given: Flags, fresh: Flags, shown: Flags, groups: Sequence[Flags], floor: int
) -> bool:
    """Whether no total less the shown statements rests on fewer than `floor`, unless on none.

    Subtracting takes out of a part those responses that have one number of answers, and all of
    them to shown statements; what it leaves is some number for each part, by that choice.
    """
    left = [_left(given[group], fresh[group], shown) for group in groups]
    fewest = sum(min(one) for one in left)
    if fewest == 0:
        fewest = min(n for one in left for n in one if n)
    return fewest >= floor


def _left(given: Flags, fresh: Flags, shown: Flags) -> set[int]:
    """How many fresh responses may remain; 1 where only others do, and 0 where none at all."""
    counts = given.sum(axis=1)
    is_open = ~given[:, ~shown].any(axis=1)
    found = {int(fresh.sum())}
    for m in np.unique(counts[is_open]):
        rest = ~(is_open & (counts == m))
        found.add(max(int(fresh[rest].sum()), 1) if rest.any() else 0)
    return found
