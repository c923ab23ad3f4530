"""Reading CSV strictly: every row has as many fields as the header, every quote is closed."""

import codecs
import csv
import io
from collections.abc import Iterator

from connectors.files.inputs import InputFile
from model.errors import DataError, SourceError

_CHUNK = 1 << 20
_LONGEST_FIELD = 1 << 24
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_DELIMITERS = ",;\t|"


def encoding_of(file: InputFile, configured: str | None) -> str:
    """By byte-order mark, else UTF-8 if the bytes are, else `configured`, else cp1252 or latin-1.

    Raises SourceError for a file of zero bytes or one that `configured` does not fit.
    """
    with file.open() as stream:
        start = stream.read(4)
    if not start:
        raise SourceError("is empty (zero bytes)", file.label, "Export it again.")
    for mark, name in _BOMS:
        if start.startswith(mark):
            return name
    for name in ["utf-8", *([configured] if configured else ["cp1252", "latin-1"])]:
        if _fits(file, name, plain=configured is not None):
            return name
    raise SourceError(
        f"is neither UTF-8 nor {configured}", file.label, "Check `encoding` of this source."
    )


def _fits(file: InputFile, encoding: str, plain: bool) -> bool:
    """Whether all bytes decode; `plain` UTF-8 has no control characters that UTF-16 (without a
    mark) or ISO-2022 would leave in it.
    """
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        with file.open() as stream:
            while chunk := stream.read(_CHUNK):
                if encoding == "utf-8" and plain and (b"\0" in chunk or b"\x1b" in chunk):
                    return False
                decoder.decode(chunk)
            decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def rows(file: InputFile, encoding: str) -> Iterator[tuple[int, list[str]]]:
    """The header and every row, each with the line on which it begins.

    Raises SourceError without a header; DataError with file and line for a row with too few or
    too many fields, a quote that is not closed, or bytes that are not text.
    """
    with file.open() as stream:
        text = io.TextIOWrapper(stream, encoding=encoding, newline="")
        first = text.readline(_LONGEST_FIELD)
        while first and not first.strip("\ufeff \t\r\n"):
            first = text.readline(_LONGEST_FIELD)
        if not first:
            raise SourceError("has no header", file.label, "Export it again, with column names.")
    with file.open() as stream:
        text = io.TextIOWrapper(stream, encoding=encoding, newline="")
        yield from _checked(file, text, _delimiter(first))


def _delimiter(header: str) -> str:
    """The character that separates most names of the header, outside quotes."""
    outside = "".join(header.split('"')[::2])
    return max(_DELIMITERS, key=outside.count)


def _checked(
    file: InputFile, text: io.TextIOWrapper, delimiter: str
) -> Iterator[tuple[int, list[str]]]:
    csv.field_size_limit(_LONGEST_FIELD)
    reader = csv.reader(text, delimiter=delimiter, strict=True)
    line, width = 1, 0
    try:
        for row in reader:
            if row and not width:
                width = len(row)
            if row and len(row) != width:
                raise DataError(
                    f"the row has {len(row)} fields, the header {width}",
                    f"{file.label}, line {line}",
                    "Nothing was imported; export the file again or mend the row.",
                )
            if row:
                yield line, row
            line = reader.line_num + 1
    except csv.Error:
        raise DataError(
            "a quote is not closed, or text follows a closed one",
            f"{file.label}, row that begins on line {line}",
            "Nothing was imported; export the file again or mend the row.",
        ) from None
    except UnicodeError:
        raise DataError(
            f"bytes that are not {text.encoding}", f"{file.label}, after line {line}"
        ) from None
