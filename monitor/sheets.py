"""Reading a sheet of text cells from a CSV or XLSX file, however a form tool has saved it."""

import csv
import io
import zipfile
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from model.errors import SurveyError
from monitor.progress import SILENT, Progress

DELIMITERS = ",;\t|"
EVERY = 2000  # rows from one step of progress to the next
CSV_OR_XLSX = "Save it as CSV or XLSX."


@dataclass(frozen=True)
class Sheet:
    """Rows of cells, empty rows left out; `numbers` are the rows' numbers as a reader counts
    them, from 1. `said` says how the file was read.
    """

    rows: list[list[str]]
    numbers: list[int]
    said: str


def read_sheet(file: Path, progress: Progress = SILENT, *, is_ragged: bool = False) -> Sheet:
    """The first sheet of a CSV (UTF-8, UTF-16, Windows-1252) or XLSX file; SurveyError else.
    Rows of a ragged one may be shorter than the longest.
    """
    try:
        if file.suffix.casefold() in (".xlsx", ".xlsm"):
            return _of_workbook(file, progress)
        return sheet_of(file.read_bytes(), file.name, progress, is_ragged=is_ragged)
    except FileNotFoundError:
        raise SurveyError("no such file", str(file)) from None
    except OSError as error:
        raise SurveyError(f"cannot be read ({type(error).__name__})", file.name) from None


def sheet_of(
    content: bytes | str, where: str, progress: Progress = SILENT, *, is_ragged: bool = False
) -> Sheet:
    """A sheet of CSV content."""
    text, encoding = (content, "text") if isinstance(content, str) else _decoded(content, where)
    delimiter = _delimiter(text)
    rows, numbers = [], []
    try:
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
        for number, cells in enumerate(reader, start=1):
            if number % EVERY == 0:
                progress.step(where, number, None)
            stripped = [cell.strip() for cell in cells]
            if any(stripped):
                rows.append(stripped)
                numbers.append(number)
    except csv.Error as error:
        raise SurveyError(f"is not a CSV file ({error})", where, CSV_OR_XLSX) from None
    progress.end(where)
    width = max(map(len, rows), default=0) if is_ragged else 0
    rows = [row + [""] * (width - len(row)) for row in rows]
    name = {"\t": "tabs", ",": "commas", ";": "semicolons", "|": "bars"}[delimiter]
    return _sheet(rows, numbers, where, f"{encoding}, separated by {name}")


def _decoded(content: bytes, where: str) -> tuple[str, str]:
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        encodings = {"UTF-16": "utf-16"}
    else:
        encodings = {"UTF-8": "utf-8-sig", "Windows-1252 (Latin-1)": "cp1252"}
    for name, encoding in encodings.items():
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text, name
    raise SurveyError("is not a text file", where, CSV_OR_XLSX)


def _delimiter(text: str) -> str:
    """The one that cuts the first filled line into most cells."""
    line = next((one for one in text.splitlines() if one.strip()), "")
    return max(DELIMITERS, key=lambda one: len(next(csv.reader([line], delimiter=one), [])))


def _of_workbook(file: Path, progress: Progress) -> Sheet:
    from openpyxl import load_workbook  # slow to load
    from openpyxl.utils.exceptions import InvalidFileException

    rows, numbers = [], []
    try:
        book = load_workbook(file, read_only=True, data_only=True)
        sheet = book.worksheets[0]
        for number, cells in enumerate(sheet.iter_rows(values_only=True), start=1):
            if number % EVERY == 0:
                progress.step(file.name, number, sheet.max_row)
            texts = [_text(cell) for cell in cells]
            if any(texts):
                rows.append(texts)
                numbers.append(number)
        book.close()
    except (zipfile.BadZipFile, InvalidFileException, KeyError, ValueError, IndexError) as error:
        raise SurveyError(
            f"is not an XLSX file ({type(error).__name__})", file.name, CSV_OR_XLSX
        ) from None
    progress.end(file.name)
    return _sheet(rows, numbers, file.name, f"XLSX, sheet {sheet.title}")


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, datetime | date):
        return value.isoformat(sep=" ") if isinstance(value, datetime) else value.isoformat()
    return str(value).strip()


def _sheet(rows: list[list[str]], numbers: list[int], where: str, said: str) -> Sheet:
    """The rows as wide as the header; SurveyError where one is not."""
    if not rows:
        raise SurveyError("is empty", where)
    while rows[0] and not rows[0][-1] and not any(row[len(rows[0]) - 1 :] for row in rows[1:3]):
        rows[0].pop()
    width = len(rows[0])
    for number, row in zip(numbers, rows, strict=True):
        while len(row) > width and not row[-1]:
            row.pop()
        if len(row) != width:
            raise SurveyError(
                f"has {len(row)} fields, the header {width}", f"{where}, row {number}"
            )
    return Sheet(rows, numbers, said)
