"""Reading survey answers from the file of a form tool: all rows or none, each mistake placed."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from pathlib import Path
from typing import TypedDict, TypeVar

from model.errors import SurveyError
from model.stages import Function
from monitor import survey_values as values
from monitor.progress import SILENT, Progress
from monitor.sheets import EVERY, Sheet, read_sheet
from monitor.survey_columns import ColumnForm, Columns, statement_of, understand
from store.records.surveys import STATEMENTS, Level, ResponseDraft

CHECKING = "answers"
Found = TypeVar("Found")


class ProblemForm(TypedDict):
    """A cell that cannot be used: its row in the file, its column, and what is wrong."""

    row: int
    column: str
    what: str


@dataclass(frozen=True)
class SurveyFile:
    """A file's responses, and how it was understood: `said` how it was read, `replaced` rows that
    a later one of the same person replaced, `not_applicable` answers that say so, `unanswered` ones
    that say nothing, `straight` responses that give one answer to all statements.
    """

    name: str
    said: str
    columns: list[ColumnForm]
    responses: tuple[ResponseDraft, ...]
    replaced: int
    not_applicable: int
    problems: list[ProblemForm]

    @property
    def unanswered(self) -> int:
        """Statements left open, over all responses."""
        return sum(one.answers.count(None) for one in self.responses) - self.not_applicable

    @property
    def straight(self) -> int:
        """Responses that give one answer to all statements."""
        return sum(
            len(set(one.answers)) == 1 and one.answers[0] is not None for one in self.responses
        )

    def check(self) -> None:
        """SurveyError with the first problem, if there is any."""
        if self.problems:
            first, more = self.problems[0], len(self.problems) - 1
            others = (
                f" {more} more: `detente survey import FILE --preview` lists them." if more else ""
            )
            raise SurveyError(
                first["what"],
                f"{self.name}, row {first['row']}, column {first['column']}",
                f"Nothing was imported.{others}",
            )
        if not self.responses:
            raise SurveyError("holds no response", self.name, "It needs one row a person.")


@dataclass
class _Row:
    """A person's answers as read; `declined`: the statements that are said not to apply."""

    person: str
    function: Function
    level: Level
    name: str | None
    segment: dict[str, str]
    at: datetime
    answers: list[int | None] = field(default_factory=lambda: [None] * STATEMENTS)
    declined: set[int] = field(default_factory=set)


def read_survey(
    file: Path, segments: tuple[str, ...], today: date, progress: Progress = SILENT
) -> SurveyFile:
    """The responses in a CSV or XLSX file, one row a person (wide) or one row an answer (long).

    Of a person's several rows the last sent counts, by the time in the file, else by the order of
    rows. SurveyError where the file or its columns cannot be understood; what is wrong with single
    cells stands in `problems`, which never name a respondent.
    """
    sheet = read_sheet(file, progress)
    columns = understand(sheet, segments, file.name)
    reader = _Reader(sheet, columns, segments, today, file.name)
    rows = reader.rows(progress)
    latest: dict[str, _Row] = {}
    for row in sorted(rows, key=lambda one: one.at):
        latest[row.person.casefold()] = row
    return SurveyFile(
        name=file.name,
        said=sheet.said,
        columns=columns.forms,
        responses=tuple(_draft(row) for row in latest.values()),
        replaced=len(rows) - len(latest) + reader.replaced,
        not_applicable=sum(len(row.declined) for row in latest.values()),
        problems=reader.in_order(),
    )


def _draft(row: _Row) -> ResponseDraft:
    return ResponseDraft(
        person=row.person,
        function=row.function,
        level=row.level,
        answers=row.answers,
        submitted_at=row.at,
        segment=row.segment,
        display_name=row.name,
    )


class _Reader:
    """Turns the rows of one sheet into answers, and notes what cannot be read."""

    def __init__(
        self, sheet: Sheet, columns: Columns, segments: Sequence[str], today: date, where: str
    ) -> None:
        self._sheet, self._columns, self._where = sheet, columns, where
        self._segments = [name for name in segments if name in columns.places]
        self._titles = [one["column"] for one in columns.forms]
        self._how = self._day_format()
        self._today = datetime.combine(today, time(12))
        self.problems: list[ProblemForm] = []
        self.replaced = 0

    def rows(self, progress: Progress) -> list[_Row]:
        """A row for each person and sending."""
        first = self._columns.first
        pairs = zip(self._sheet.numbers[first:], self._sheet.rows[first:], strict=True)
        total = len(self._sheet.rows) - first
        found: list[_Row] = []
        people: dict[str, tuple[_Row, Counter[int]]] = {}
        for done, (number, cells) in enumerate(pairs, start=1):
            if done % EVERY == 0:
                progress.step(CHECKING, done, total)
            if self._columns.is_long:
                self._add_answer(people, number, cells)
            else:
                found.append(self._row(number, cells))
                for statement, place in self._columns.statements.items():
                    self._answer(found[-1], statement, number, cells[place], place)
        progress.end(CHECKING)
        return found or [row for row, _ in people.values()]

    def in_order(self) -> list[ProblemForm]:
        """What cannot be read, by row and column."""
        return sorted(self.problems, key=lambda p: (p["row"], self._titles.index(p["column"])))

    def _add_answer(
        self, people: dict[str, tuple[_Row, Counter[int]]], number: int, cells: list[str]
    ) -> None:
        """One answer of a long file; the same statement answered again counts as replaced."""
        key = self._person(number, cells).casefold()
        if key not in people:
            people[key] = self._row(number, cells), Counter()
        row, given = people[key]
        statement, _ = statement_of(self._cell("statement", cells))
        if statement is None:
            self._wrong(number, self._columns.places["statement"], "is no statement of ours")
            return
        place = self._columns.places["answer"]
        self._answer(row, statement, number, cells[place], place)
        self.replaced += given[statement] > 0
        given[statement] += 1

    def _row(self, number: int, cells: list[str]) -> _Row:
        function = self._read(number, cells, "function", values.function, Function.OTHER)
        level: Level = "staff"
        if "level" in self._columns.places:
            level = self._read(number, cells, "level", values.level, level)
        name = self._cell("name", cells) or None
        if name and level != "head":
            self._wrong(number, self._columns.places["name"], "only heads answer by name")
        return _Row(
            person=self._person(number, cells),
            function=function,
            level=level,
            name=name,
            segment={s: text for s in self._segments if (text := self._cell(s, cells))},
            at=self._at(cells),
        )

    def _person(self, number: int, cells: list[str]) -> str:
        if "respondent" not in self._columns.places:
            return f"row {number}"
        person = self._cell("respondent", cells)
        if not person:
            place = self._columns.places["respondent"]
            self._wrong(number, place, "is empty; any code for a person will do")
        return person or f"row {number}"

    def _answer(self, row: _Row, statement: int, number: int, text: str, place: int) -> None:
        try:
            found = values.answer(text)
        except values.BadCellError as error:
            self._wrong(number, place, str(error))
            return
        row.answers[statement - 1] = found
        if text and found is None:
            row.declined.add(statement)
        else:
            row.declined.discard(statement)

    def _read(
        self,
        number: int,
        cells: list[str],
        column: str,
        read: Callable[[str], Found],
        otherwise: Found,
    ) -> Found:
        try:
            return read(self._cell(column, cells))
        except values.BadCellError as error:
            self._wrong(number, self._columns.places[column], str(error))
            return otherwise

    def _cell(self, name: str, cells: list[str]) -> str:
        place = self._columns.places.get(name)
        return "" if place is None else cells[place]

    def _wrong(self, row: int, place: int, what: str) -> None:
        self.problems.append({"row": row, "column": self._titles[place], "what": what})

    def _day_format(self) -> str | None:
        """How the file writes its instants; SurveyError where it has some that cannot be read."""
        place = self._columns.places.get("submitted_on")
        if place is None:
            return None
        first = self._columns.first
        how = values.day_format([row[place] for row in self._sheet.rows[first:]])
        if how is None:
            raise SurveyError(
                "are not all days written in one way",
                f"{self._where}, column {self._titles[place]}",
                "Write 2026-06-30.",
            )
        return how

    def _at(self, cells: list[str]) -> datetime:
        text = self._cell("submitted_on", cells)
        return values.instant(text, self._how) if text and self._how else self._today
