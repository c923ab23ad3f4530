"""Text and JSON values into the types of `Kind`, the same whatever brought them."""

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv

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


def from_csv(
    file: Path | None, kinds: Fields, where: str, *, ends_in_line: bool = False
) -> pa.Table:
    """One page of a Bulk result in the types of `kinds`; None: a page without rows.

    Arrow parses the types itself; only values in another form than Bulk's (a date where an instant
    is wanted) go by way of text. Raises DataError for what is not such a CSV, or, on demand, does
    not end with a line's end.
    """
    if file is None:
        return pa.table({name: pa.array([], kind.arrow) for name, kind in kinds.items()})
    try:
        if ends_in_line and not _ends_in_line(file):
            raise pa.ArrowInvalid("it breaks off")
        try:
            return _clocks(_csv(file, {name: _AS_BULK[kind] for name, kind in kinds.items()}))
        except pa.ArrowInvalid:
            return typed(_csv(file, dict.fromkeys(kinds, TEXT)), kinds, where)
    except (pa.ArrowInvalid, pa.ArrowKeyError):
        raise DataError(
            "the bulk result is not the CSV that was asked for", where, "Run the sync again."
        ) from None


def _ends_in_line(file: Path) -> bool:
    with file.open("rb") as stream:
        stream.seek(0, os.SEEK_END)
        stream.seek(max(0, stream.tell() - 1))
        return stream.read(1) == b"\n"


def _csv(file: Path, types: Mapping[str, pa.DataType]) -> pa.Table:
    return pa.csv.read_csv(
        file,
        read_options=pa.csv.ReadOptions(block_size=1 << 20),
        parse_options=pa.csv.ParseOptions(newlines_in_values=True),
        convert_options=pa.csv.ConvertOptions(
            column_types=types,
            include_columns=list(types),
            null_values=[""],
            strings_can_be_null=True,
            quoted_strings_can_be_null=True,
        ),
    )


def _clocks(rows: pa.Table) -> pa.Table:
    """Instants without the zone that Bulk writes; it is UTC."""
    fields = [f.with_type(INSTANT) if f.type == _UTC else f for f in rows.schema]
    return rows.cast(pa.schema(fields))


_UTC = pa.timestamp("us", "UTC")
_AS_BULK = {kind: _UTC if kind is Kind.INSTANT else kind.arrow for kind in Kind}


def from_records(records: Sequence[Mapping[str, object]], fields: Iterable[str]) -> pa.Table:
    """The records of a REST page as text columns (flags and numbers as JSON writes them)."""
    return pa.table(
        {name: pa.array([_text(r.get(name)) for r in records], TEXT) for name in fields}
    )


def _text(value: object) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return _FLAGS[value] if isinstance(value, bool) else json.dumps(value)


_FLAGS = {True: "true", False: "false"}  # of every record several, and `dumps` is slow


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
