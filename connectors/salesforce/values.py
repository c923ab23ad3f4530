"""Text and JSON values into the types of `Kind`, the same whatever brought them."""

import json
from collections.abc import Iterable, Mapping, Sequence

import pyarrow as pa
import pyarrow.compute as pc

from connectors.salesforce.shapes import Fields, Kind
from model.errors import DataError
from model.tables import DAY, FLAG, INSTANT, NUMBER, TEXT

NO_ID = "000000000000000AAA"  # an empty lookup in data exports


def typed(raw: pa.Table, fields: Fields, where: str) -> pa.Table:
    """`raw` (text columns, or already of a fitting type) with the fields it has in their kinds.

    Empty text is null, as Bulk and CSV write it. Raises DataError, naming `where` and the field,
    for a value that is not of its kind.
    """
    arrays = {}
    for name, kind in fields.items():
        if name in raw.column_names:
            try:
                arrays[name] = parsed(raw[name], kind)
            except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
                raise DataError(
                    f"a value is not a {kind.value}",
                    f"{where}.{name}",
                    "Check the field's type, or map another field.",
                ) from None
    return pa.table(arrays)


def from_records(records: Sequence[Mapping[str, object]], fields: Iterable[str]) -> pa.Table:
    """The records of a REST page as text columns (flags and numbers as JSON writes them)."""
    return pa.table(
        {name: pa.array([_text(r.get(name)) for r in records], TEXT) for name in fields}
    )


def _text(value: object) -> str | None:
    return value if value is None or isinstance(value, str) else json.dumps(value)


def parsed(values: pa.ChunkedArray, kind: Kind) -> pa.ChunkedArray:
    """`values` in the Arrow type of `kind`. Instants without a zone are taken as UTC.

    Raises pa.ArrowInvalid for text that is not of this kind.
    """
    if not pa.types.is_string(values.type):
        return values.cast(kind.arrow)
    values = pc.if_else(pc.equal(values, ""), pa.scalar(None, TEXT), values)
    return _PARSERS[kind](values)


def _id(values: pa.ChunkedArray) -> pa.ChunkedArray:
    return pc.if_else(pc.equal(values, NO_ID), pa.scalar(None, TEXT), values)


def _flag(values: pa.ChunkedArray) -> pa.ChunkedArray:
    lower = pc.utf8_lower(values)
    known = pc.is_in(lower, value_set=pa.array(["true", "false", "1", "0"]))
    if not pc.all(pc.or_(known, pc.is_null(values)), min_count=0).as_py():
        raise pa.ArrowInvalid("not a flag")
    return pc.or_(pc.equal(lower, "true"), pc.equal(lower, "1")).cast(FLAG)


def _instant(values: pa.ChunkedArray) -> pa.ChunkedArray:
    day_only = pc.equal(pc.utf8_length(values), 10)
    values = pc.if_else(day_only, pc.binary_join_element_wise(values, "T00:00:00", ""), values)
    zoned = pc.match_substring_regex(values, r"(Z|[+-]\d{2}:?\d{2})$")
    values = pc.if_else(zoned, values, pc.binary_join_element_wise(values, "Z", ""))
    return values.cast(pa.timestamp("us", "UTC")).cast(INSTANT)


def _day(values: pa.ChunkedArray) -> pa.ChunkedArray:
    return pc.utf8_slice_codeunits(values, 0, 10).cast(DAY)


_PARSERS = {
    Kind.ID: _id,
    Kind.TEXT: lambda values: values,
    Kind.NUMBER: lambda values: values.cast(NUMBER),
    Kind.FLAG: _flag,
    Kind.INSTANT: _instant,
    Kind.DAY: _day,
}
