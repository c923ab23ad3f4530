"""What the cells of a survey file mean: answers, functions, levels, days."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime, time
from functools import lru_cache

from metrics.survey.questionnaire import ANSWERS
from model.stages import Function
from monitor.survey_columns import plain
from store.records.surveys import Level

NOT_ANSWERED = frozenset(
    ["", "na", "n a", "not applicable", "don t know", "do not know", "no answer", "no opinion"]
)
LABELS = {plain(label): rating for rating, label in ANSWERS.items()} | {
    "somewhat disagree": 2,
    "neutral": 3,
    "undecided": 3,
    "neither": 3,
    "somewhat agree": 4,
}
LEVELS: dict[str, Level] = {
    **dict.fromkeys(("head", "head of a team", "head of a function", "leader"), "head"),
    **dict.fromkeys(("staff", "team member", "member of a team", "member", "employee"), "staff"),
}
FUNCTIONS = {one.value: one for one in Function}
DAYS = (
    "%Y-%m-%d",
    "%Y-%m-%d %H:%M:%S",
    "%Y-%m-%dT%H:%M:%S",
    "%Y/%m/%d %I:%M:%S %p",
    "%Y/%m/%d %H:%M:%S",
    "%m/%d/%Y %H:%M:%S",
    "%m/%d/%Y %I:%M:%S %p",
    "%m/%d/%y %H:%M:%S",
    "%m/%d/%Y %H:%M",
    "%m/%d/%Y",
    "%d/%m/%Y %H:%M:%S",
    "%d/%m/%Y %H:%M",
    "%d/%m/%Y",
    "%d.%m.%Y %H:%M:%S",
    "%d.%m.%Y %H:%M",
    "%d.%m.%Y",
)
"""As the form tools write them; where month and day could be either, the month comes first."""
ZONE = re.compile(r"(?:\.\d+)?\s*(?:Z|[A-Z]{3,4})?(?:[+-]\d{1,2}(?::?\d{2})?)?$")


class BadCellError(ValueError):
    """What is wrong with a cell."""


@lru_cache(maxsize=4096)
def answer(text: str) -> int | None:
    """1–5, from a number or a label; None where there is no answer. BadCellError else."""
    words = plain(text)
    if words in NOT_ANSWERED:
        return None
    if re.fullmatch(r"[1-5](\.0+)?", text):
        return int(text[0])
    number, _, label = words.partition(" ")
    if words in LABELS:
        return LABELS[words]
    if label in LABELS and re.fullmatch(r"[1-5]", number):
        if LABELS[label] != int(number):
            raise BadCellError(f"calls {number} {label!r}, which is {LABELS[label]} here")
        return int(number)
    said = repr(text) if len(text) <= 3 else f"a text of {len(text)} characters"
    raise BadCellError(f"{said} is not an answer; write 1 to 5, or nothing for no answer")


@lru_cache(maxsize=4096)
def function(text: str) -> Function:
    """A function, by its name or the words around it ("Sales team"). BadCellError else."""
    words = plain(text)
    if words in FUNCTIONS:
        return FUNCTIONS[words]
    named = {FUNCTIONS[word] for word in words.split() if word in FUNCTIONS}
    if len(named) == 1:
        return named.pop()
    raise BadCellError(f"unknown function {_short(text)}; write {', '.join(FUNCTIONS)}")


@lru_cache(maxsize=4096)
def level(text: str) -> Level:
    """Head or staff; BadCellError else."""
    found = LEVELS.get(plain(text))
    if found is None:
        raise BadCellError(f"unknown level {_short(text)}; write head or staff")
    return found


def _short(text: str) -> str:
    return repr(text if len(text) <= 30 else text[:27] + "...")


def day_format(texts: Sequence[str]) -> str | None:
    """The way in which all of these instants are written; None where there is no such."""
    bare = {_bare(text) for text in texts if text}
    return next((one for one in DAYS if all(_reads(text, one) for text in bare)), None)


def _reads(text: str, how: str) -> bool:
    try:
        datetime.strptime(text, how)
    except ValueError:
        return False
    return True


def instant(text: str, how: str) -> datetime:
    """An instant as written in its own zone; a day alone is its noon."""
    at = datetime.strptime(_bare(text), how)
    if "%H" in how or "%I" in how:
        return at
    return datetime.combine(at.date(), time(12), UTC).replace(tzinfo=None)


def _bare(text: str) -> str:
    """An instant without fractions of a second and without its zone."""
    return ZONE.sub("", text.strip()) if ":" in text else text.strip()
