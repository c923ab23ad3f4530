"""Reading survey answers from a CSV file: one row a person, all rows or none."""

import csv
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from pathlib import Path

from model.errors import SurveyError
from model.stages import Function
from model.validation import suggest
from store.records.surveys import STATEMENTS, ResponseDraft

REQUIRED = ("respondent", "function", "level")
OPTIONAL = ("submitted_on", "name")
NOT_ANSWERED = ("", "na", "n/a", "not applicable", "-")
LEVELS = ("head", "staff")


@dataclass(frozen=True)
class SurveyFile:
    """The responses of a file. `unanswered` counts "not applicable" and empty answers."""

    responses: tuple[ResponseDraft, ...]
    replaced: int
    unanswered: int

    @property
    def first_on(self) -> date:
        """The day of the first response."""
        return min(r.submitted_at for r in self.responses).date()

    @property
    def last_on(self) -> date:
        """The day of the last response."""
        return max(r.submitted_at for r in self.responses).date()


def read_survey(file: Path, segments: tuple[str, ...], today: date) -> SurveyFile:
    """The responses in a CSV file.

    Columns: respondent, function (sales, marketing, other), level (head, staff), a column for each
    of the twenty statements (1 … 20, or with a letter before: s1, Q1), and if wanted submitted_on,
    name (heads who agreed to it) and any configured segment. Of a person's several rows the last
    counts. Raises SurveyError naming row and column; never the respondent.
    """
    header, rows = _rows(file)
    columns = _statement_columns(header, file.name)
    known = [*REQUIRED, *OPTIONAL, *segments, *columns.values()]
    for name in header:
        if name not in known:
            raise SurveyError(f"unknown column {name!r}", file.name, suggest(name, known))
    for name in REQUIRED:
        if name not in header:
            raise SurveyError(
                f"no column {name!r}", file.name, f"There is {', '.join(header) or 'none'}."
            )
    latest: dict[str, ResponseDraft] = {}
    for number, row in enumerate(rows, start=2):
        draft = _response(row, columns, segments, today, f"{file.name}, row {number}")
        latest[draft.person.casefold()] = draft
    if not latest:
        raise SurveyError("holds no response", file.name, "It needs one row a person.")
    responses = tuple(latest.values())
    unanswered = sum(answer is None for r in responses for answer in r.answers)
    return SurveyFile(responses, len(rows) - len(responses), unanswered)


def _rows(file: Path) -> tuple[list[str], list[dict[str, str]]]:
    try:
        with file.open(encoding="utf-8-sig", newline="") as stream:
            reader = csv.reader(stream, strict=True)
            header = [name.strip() for name in next(reader, [])]
            rows = []
            for number, cells in enumerate(reader, start=2):
                if len(cells) != len(header):
                    raise SurveyError(
                        f"has {len(cells)} fields, the header {len(header)}",
                        f"{file.name}, row {number}",
                    )
                rows.append(dict(zip(header, (cell.strip() for cell in cells), strict=True)))
            return header, rows
    except FileNotFoundError:
        raise SurveyError("no such file", str(file)) from None
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise SurveyError(
            f"is not a UTF-8 CSV file ({type(error).__name__})", file.name, "Save it as CSV, UTF-8."
        ) from None


def _statement_columns(header: list[str], where: str) -> dict[int, str]:
    found: dict[int, str] = {}
    for name in header:
        match = re.fullmatch(r"[A-Za-z]?_?0?(\d{1,2})", name)
        if match and 1 <= int(match[1]) <= STATEMENTS:
            if int(match[1]) in found:
                raise SurveyError(f"statement {match[1]} has two columns", where)
            found[int(match[1])] = name
    missing = [str(n) for n in range(1, STATEMENTS + 1) if n not in found]
    if missing:
        raise SurveyError(
            f"no column for statement {', '.join(missing)}", where, "Name the columns s1 to s20."
        )
    return found


def _response(
    row: Mapping[str, str],
    columns: Mapping[int, str],
    segments: tuple[str, ...],
    today: date,
    where: str,
) -> ResponseDraft:
    if not row["respondent"]:
        raise SurveyError(
            "is empty", f"{where}, column respondent", "Any code for a person will do."
        )
    function, level = row["function"].casefold(), row["level"].casefold()
    functions = [one.value for one in Function]
    if function not in functions:
        raise SurveyError(
            f"unknown function {row['function']!r}", where, suggest(function, functions)
        )
    if level not in LEVELS:
        raise SurveyError(f"unknown level {row['level']!r}", where, "head or staff.")
    return ResponseDraft(
        person=row["respondent"],
        function=Function(function),
        level="head" if level == "head" else "staff",
        answers=[
            _answer(row[columns[n]], f"{where}, column {columns[n]}") for n in sorted(columns)
        ],
        submitted_at=_submitted(row.get("submitted_on", ""), today, where),
        segment={name: row[name] for name in segments if row.get(name)},
        display_name=row.get("name") or None,
    )


def _answer(text: str, where: str) -> int | None:
    if text.casefold() in NOT_ANSWERED:
        return None
    if not re.fullmatch(r"[1-5]", text):
        said = repr(text) if len(text) <= 3 else f"a text of {len(text)} characters"
        raise SurveyError(
            f"{said} is not an answer", where, "Write 1 to 5, or nothing for no answer."
        )
    return int(text)


def _submitted(text: str, today: date, where: str) -> datetime:
    try:
        day = date.fromisoformat(text[:10]) if text else today
    except ValueError:
        raise SurveyError(
            "is not a day", f"{where}, column submitted_on", "Write 2026-06-30."
        ) from None
    return datetime.combine(day, time(12), UTC).replace(tzinfo=None)
