"""Changes of records become versions of records.

A ledger collects who changed what when. `versions` sorts the changes, carries each value forward
until it is changed again, and says between which instants each version is visible.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sandbox.company.ids import Ints

Column = NDArray[np.int64] | NDArray[np.float64] | NDArray[np.bool_]
Flags = NDArray[np.bool_]
MISSING = np.int64(-(2**62))
PURGED_AFTER = 15 * 86_400  # seconds in the recycle bin
_SPREAD = np.int64(2**34)


@dataclass(frozen=True)
class Versions:
    """Versions of the records of one object, sorted by record and time; columns are parallel.

    `record` is the record's number, `at` when the version began, `until` when its successor
    becomes visible or a deleted record is purged (MISSING: never); `is_first` marks creations. A
    version that is never visible (its successor became visible with it) has `until` equal to
    `visible_from`.
    """

    record: Ints
    at: Ints
    visible_from: Ints
    until: Ints
    created_at: Ints
    created_by: Ints
    modified_at: Ints
    modified_by: Ints
    is_first: Flags
    columns: dict[str, Column]

    def take(self, chosen: Flags | Ints) -> "Versions":
        """The chosen versions."""
        columns = {name: values[chosen] for name, values in self.columns.items()}
        plain = {
            name: getattr(self, name)[chosen]
            for name in self.__dataclass_fields__
            if name != "columns"
        }
        return Versions(**plain, columns=columns)

    def first_seen(self, count: int) -> Ints:
        """When each of `count` records can first be seen, by number; 0 where it never is."""
        seen = np.zeros(count, np.int64)
        seen[self.record[self.is_first]] = self.visible_from[self.is_first]
        return seen

    def purged(self, count: int) -> Ints:
        """When each of `count` records is purged, by number; MISSING where it is not."""
        at = np.full(count, MISSING)
        if "IsDeleted" in self.columns:
            gone = self.columns["IsDeleted"].astype(bool)
            at[self.record[gone]] = self.until[gone]
        return at

    @property
    def is_seen(self) -> Flags:
        """Versions that are visible for a while."""
        seen: Flags = self.until != self.visible_from
        return seen


@dataclass(frozen=True)
class _Block:
    record: Ints
    at: Ints
    by: Ints
    delay: Ints
    is_silent: bool
    values: dict[str, Column]


class Ledger:
    """The changes of `count` records of one object."""

    def __init__(self, count: int) -> None:
        self.count = count
        self._blocks: list[_Block] = []

    def change(
        self,
        record: Ints,
        at: Ints,
        by: Ints,
        values: dict[str, Column],
        *,
        delay: Ints | None = None,
        is_silent: bool = False,
    ) -> None:
        """At `at` the user `by` sets `values` on records (one row each, parallel arrays).

        The first change of a record creates it and must set every column. `delay` is how many
        seconds later the change can be seen. A silent change does not count as a modification.
        """
        late = np.zeros(len(record), np.int64) if delay is None else delay
        self._blocks.append(_Block(record, at, by, late, is_silent, values))

    def versions(self, horizon: int) -> Versions:
        """Every version up to `horizon`; what follows a deletion is left out."""
        blocks = [_before(block, horizon) for block in self._blocks]
        record = np.concatenate([b.record for b in blocks])
        at = np.concatenate([b.at for b in blocks])
        order = np.lexsort((np.arange(len(at)), at, record))
        record, at = record[order], at[order]
        rows = np.arange(len(record))
        is_first = np.ones(len(record), bool)
        is_first[1:] = record[1:] != record[:-1]

        def carried(values: list[tuple[_Block, Column | None]]) -> Column:
            parts = [np.zeros(len(b.record)) if v is None else v for b, v in values]
            kind = next(v.dtype for _, v in values if v is not None)
            is_set = np.concatenate([np.full(len(b.record), v is not None) for b, v in values])
            joined = np.concatenate([part.astype(kind) for part in parts])[order]
            last = np.maximum.accumulate(np.where(is_set[order], rows, -1))
            filled: Column = joined[last]
            return filled

        names = {name: None for b in blocks for name in b.values}
        columns = {name: carried([(b, b.values.get(name)) for b in blocks]) for name in names}
        modified_at = carried([(b, None if b.is_silent else b.at) for b in blocks])
        modified_by = carried([(b, None if b.is_silent else b.by) for b in blocks])
        first_row = np.maximum.accumulate(np.where(is_first, rows, -1))
        delay = np.concatenate([b.delay for b in blocks])[order]
        seen = np.maximum.accumulate(at + delay + record * _SPREAD) - record * _SPREAD
        found = Versions(
            record=record,
            at=at,
            visible_from=seen,
            until=np.full(len(record), MISSING),
            created_at=at[first_row],
            created_by=np.asarray(modified_by[first_row], np.int64),
            modified_at=np.asarray(modified_at, np.int64),
            modified_by=np.asarray(modified_by, np.int64),
            is_first=is_first,
            columns=columns,
        )
        return _closed(found)


def _before(block: _Block, horizon: int) -> _Block:
    keep = block.at <= horizon
    return _Block(
        block.record[keep],
        block.at[keep],
        block.by[keep],
        block.delay[keep],
        block.is_silent,
        {name: values[keep] for name, values in block.values.items()},
    )


def _closed(found: Versions) -> Versions:
    """One version for each record and instant, none after a deletion, each with its end."""
    same_record = found.record[1:] == found.record[:-1]
    keep = np.ones(len(found.record), bool)
    if "IsDeleted" in found.columns:
        keep[1:] &= ~(same_record & found.columns["IsDeleted"][:-1].astype(bool))
    kept = found.take(keep)
    same_record = kept.record[1:] == kept.record[:-1]
    last = np.ones(len(kept.record), bool)
    last[:-1] = ~(same_record & (kept.at[1:] == kept.at[:-1]))
    kept = kept.take(last)
    same_record = kept.record[1:] == kept.record[:-1]
    kept.is_first[:] = True
    kept.is_first[1:] = ~same_record
    kept.until[:-1] = np.where(same_record, kept.visible_from[1:], MISSING)
    if "IsDeleted" in kept.columns:
        is_deleted = kept.columns["IsDeleted"].astype(bool)
        kept.until[is_deleted] = kept.at[is_deleted] + PURGED_AFTER
    return kept
