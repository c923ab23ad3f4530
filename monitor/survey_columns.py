"""Which column of a form tool's export is what: by our codes, by the texts of the form, by the
names that Google Forms, Microsoft Forms, SurveyMonkey and Typeform give.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TypedDict

from metrics.survey import STATEMENTS
from model.errors import SurveyError
from monitor.sheets import Sheet

RESPONDENT = (
    "respondent",
    "person",
    "participant",
    "token",
    "email address",
    "email",
    "e mail",
    "e mail address",
    "your work e mail address",
    "username",
    "respondent id",
    "response id",
    "id",
    "#",
)
OTHERS: Mapping[str, tuple[str, ...]] = {
    "function": ("function", "department", "team", "you work in", "i work in"),
    "level": ("level", "position", "you are a", "i am a"),
    "submitted_on": (
        "submitted on",
        "submitted at",
        "timestamp",
        "completion time",
        "submit date utc",
        "submit date",
        "end date",
        "date submitted",
    ),
    "statement": ("statement", "question", "item"),
    "answer": ("answer", "rating", "response", "value"),
}
NAME = ("name", "Your name, if you are a head and agree to answer by name")
"""Exactly so: a form tool's own "Name" is no agreement to be named."""
NOBODY = ("", "anonymous")
CODE = re.compile(r"(?:s|q|statement|question|item)?[\s_.-]*0?(\d{1,2})", re.IGNORECASE)
NUMBERED = re.compile(r"(?:[sq]|statement|question)?\s*0?(\d{1,2})\s*[.):–-]+\s*(.*)", re.I | re.S)
IN_A_GRID = re.compile(r".*\[(.+)\]\s*", re.S)
NEARLY = 0.87


class ColumnForm(TypedDict):
    """A column of the file, what it was taken for ("not used" where for nothing), and by what."""

    column: str
    meaning: str
    how: str


@dataclass(frozen=True)
class Columns:
    """The place of each column that is used; `first` is the sheet's first row of answers."""

    places: Mapping[str, int]
    statements: Mapping[int, int]
    forms: list[ColumnForm]
    first: int

    @property
    def is_long(self) -> bool:
        """Whether each row is one answer."""
        return "statement" in self.places


def understand(sheet: Sheet, segments: Sequence[str], where: str) -> Columns:
    """What each column is. SurveyError where the statements or the function cannot be told."""
    header, first = _header(sheet)
    found: dict[str, int] = {}
    forms: list[ColumnForm] = []
    statements: dict[int, int] = {}
    known = {plain(name): name for name in segments}
    chosen = _respondent(header, sheet.rows[first:])
    for place, title in enumerate(header):
        number, by = statement_of(title)
        meaning, how = _meaning(title, known)
        if place == chosen:
            number, meaning, how = None, "respondent", "by its name"
        if number is not None:
            if number in statements:
                raise SurveyError(f"statement {number} has two columns", where)
            statements[number], meaning, how = place, f"statement {number}", by
        elif meaning is not None and meaning not in found:
            found[meaning] = place
        else:
            _refuse_slip(title, [*OTHERS, "respondent", *segments], where)
            meaning, how = "not used", _why_unused(title)
        forms.append({"column": title, "meaning": meaning, "how": how})
    if "statement" not in found or "answer" not in found or statements:
        found = {
            name: place for name, place in found.items() if name not in ("statement", "answer")
        }
        _check_statements(statements, where)
    if "function" not in found:
        raise SurveyError(
            "no column 'function'",
            where,
            f"Add one that says sales, marketing or other. There is {', '.join(header) or 'none'}.",
        )
    return Columns(found, statements, forms, first)


def plain(text: str) -> str:
    """Words without case, punctuation or accents of quotation."""
    return " ".join(re.sub(r"[^\w#]+", " ", text.casefold().replace("_", " ")).split())


_TEXTS = {plain(s.text): s.number for s in STATEMENTS} | {
    plain(s.topic): s.number for s in STATEMENTS
}


def statement_of(title: str) -> tuple[int | None, str]:
    """The statement that a title or code stands for, and by what it was known; None for none."""
    code = CODE.fullmatch(title.strip())
    if code:
        return _numbered(code[1]), "by its number"
    grid = IN_A_GRID.fullmatch(title)
    numbered = NUMBERED.fullmatch((grid[1] if grid else title).strip())
    text = plain(numbered[2] if numbered else grid[1] if grid else title)
    if text in _TEXTS:
        return _TEXTS[text], "by its text"
    close = get_close_matches(text, list(_TEXTS), 1, NEARLY) if len(text) > 20 else []
    if close:
        return _TEXTS[close[0]], "by its text, which is nearly ours"
    if numbered:
        return _numbered(numbered[1]), "by its number; the text is not ours"
    return None, ""


def _numbered(digits: str) -> int | None:
    return int(digits) if 1 <= int(digits) <= len(STATEMENTS) else None


def _header(sheet: Sheet) -> tuple[list[str], int]:
    """The titles, and the first row after them: SurveyMonkey puts the parts of a question, and
    "Response" under all others, into a second row.
    """
    header = sheet.rows[0]
    second = sheet.rows[1] if len(sheet.rows) > 1 else []
    parts = sum(statement_of(cell)[1].startswith("by its text") for cell in second)
    if "Response" in second or (parts >= len(STATEMENTS) // 2 and not second[0]):
        titles = [
            part if part and part != "Response" else title
            for title, part in zip(header, second, strict=True)
        ]
        return titles, 2
    return header, 1


def _respondent(header: Sequence[str], rows: Sequence[Sequence[str]]) -> int | None:
    """The column that tells one person from another; Microsoft says "anonymous" for all."""
    titles = [plain(title) for title in header]
    for name in RESPONDENT:
        if name not in titles:
            continue
        place = titles.index(name)
        if name == "respondent" or all(row[place].casefold() not in NOBODY for row in rows):
            return place
    return None


def _meaning(title: str, segments: Mapping[str, str]) -> tuple[str | None, str]:
    if title in NAME:
        return "name", "by its name"
    text = plain(title)
    if text in segments:
        return segments[text], "a segment, by its name"
    for meaning, names in OTHERS.items():
        if text in names:
            return meaning, "by its name"
    if re.search(r"\b(function|department)\b", text):
        return "function", "by a word in it"
    return None, ""


def _why_unused(title: str) -> str:
    if plain(title) == "name":
        return "heads are named only by a column called name, which says that they agreed"
    return ""


def _refuse_slip(title: str, known: Sequence[str], where: str) -> None:
    """A column that is nearly one of ours is a slip of the pen, not one to be passed over."""
    close = get_close_matches(plain(title), [plain(name) for name in known], 1, 0.8)
    if close and plain(title) not in (*RESPONDENT, *known):
        raise SurveyError(f"unknown column {title!r}", where, f"Did you mean {close[0]}?")


def _check_statements(statements: Mapping[int, int], where: str) -> None:
    missing = [str(s.number) for s in STATEMENTS if s.number not in statements]
    if missing:
        raise SurveyError(
            f"no column for statement {', '.join(missing)}",
            where,
            "Name the columns s1 to s20, or by the statements' texts.",
        )
