"""Counts and sums by every combination of what rows can be cut by: few lines, of which those of any
segment add up to what its rows would give.
"""

from collections.abc import Mapping, Sequence

import ibis
import ibis.expr.types as ir
import pyarrow as pa
import pyarrow.compute as pc

from metrics.loaded import UNSET


def named(rows: ir.Table, dimensions: Sequence[str]) -> ir.Table:
    """The rows, a value of a dimension that is not there or empty called "(none)"."""
    return rows.mutate(**{name: rows[name].nullif("").fill_null(UNSET) for name in dimensions})


def cells(
    rows: ir.Table, by: Sequence[str], dimensions: Sequence[str], **summed: ibis.Deferred
) -> ir.Table:
    """`summed` (counts and sums) by the columns `by` and by `dimensions`."""
    return named(rows, dimensions).aggregate(by=[*by, *dimensions], **summed)


def in_segment(rows: ir.Table, where: Mapping[str, str]) -> ir.Table:
    """The rows of a segment; one without a value is in the segment "(none)"."""
    for dimension, value in where.items():
        rows = rows.filter(rows[dimension].nullif("").fill_null(UNSET) == value)
    return rows


def within(rows: pa.Table, where: Mapping[str, str]) -> pa.Table:
    """The same of rows whose dimensions are `named`."""
    for name, value in where.items():
        rows = rows.filter(pc.equal(rows[name], value))
    return rows


def added(
    found: pa.Table, by: Sequence[str], summed: Sequence[str], where: Mapping[str, str]
) -> pa.Table:
    """What was `summed`, of a segment, by the columns `by` and in their order."""
    total = within(found, where).group_by(list(by)).aggregate([(name, "sum") for name in summed])
    return total.rename_columns([*by, *summed]).sort_by([(name, "ascending") for name in by])
