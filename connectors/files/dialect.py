"""How a column writes its dates, its flags and its numbers: told by all of its values.

A *form* is one way of writing an instant or a day. All values of a column must share one; what
cannot be told (03/04/26) stays open until other columns of the same file, or of the folder,
settle it.
"""

import re
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

_ISO = re.compile(
    r"\d{4}-\d\d-\d\d(?P<time>[T ]\d\d:\d\d(?P<seconds>:\d\d([.,]\d{1,9})?)?"
    r"(?P<zone>Z|[+-]\d\d(:?\d\d)?)?)?"
)
_LOCAL = re.compile(
    r"(?P<a>\d{1,2})(?P<mark>[/.-])(?P<b>\d{1,2})(?P=mark)(?P<year>\d{4}|\d\d)"
    r"(?P<time>,?\s+(?P<hour>\d{1,2}):(?P<minute>\d\d)(:(?P<second>\d\d))?"
    r"(\s?(?P<half>[AaPp])\.?[Mm]\.?)?)?"
)


@dataclass(frozen=True)
class Form:
    """`2026-01-02T03:04:05Z` is iso with a zone; `02/23/26 08:55 PM` is marked by `/`."""

    mark: str  # "iso", or the character between day, month and year
    has_time: bool
    has_zone: bool = False
    to_second: bool = False  # iso without a zone only
    has_half: bool = False  # AM, PM


def form_of(text: str) -> Form | None:
    """The form of one value, or None if it is no date at all."""
    if found := _ISO.fullmatch(text):
        if found["zone"]:
            return Form("iso", True, has_zone=True)
        return Form("iso", bool(found["time"]), to_second=bool(found["seconds"]))
    if found := _LOCAL.fullmatch(text):
        return Form(found["mark"], bool(found["time"]), has_half=bool(found["half"]))
    return None


def shape(text: str) -> str:
    """A value without what it says: letters become A, digits 9; at most 30 characters."""
    plain = re.sub(r"[^\W\d_]", "A", re.sub(r"\d", "9", text))
    plain = " ".join(plain.split())
    return plain if len(plain) <= 30 else f"{plain[:30]}…"


@dataclass
class Profile:
    """What the values of one date column have shown so far; `row` is where each thing was seen."""

    forms: dict[Form, tuple[int, str]] = field(default_factory=dict)
    month_first_at: int | None = None  # the second number was over 12
    day_first_at: int | None = None
    differs: bool = False  # some value reads differently in the two orders

    def see(self, text: str, row: int) -> bool:
        """Takes in one value; False if it is no date."""
        form = form_of(text)
        if form is None:
            return False
        if form not in self.forms or row < self.forms[form][0]:
            self.forms[form] = (row, shape(text))
        if form.mark in "/-" and (found := _LOCAL.fullmatch(text)):
            self._weigh(int(found["a"]), int(found["b"]), row)
        return True

    def _weigh(self, a: int, b: int, row: int) -> None:
        self.differs = self.differs or a != b
        if b > 12 and (self.month_first_at is None or row < self.month_first_at):
            self.month_first_at = row
        if a > 12 and (self.day_first_at is None or row < self.day_first_at):
            self.day_first_at = row

    @property
    def day_first(self) -> bool | None:
        """What the column itself proves about the order; None if nothing, or both."""
        if (self.day_first_at is None) == (self.month_first_at is None):
            return None
        return self.day_first_at is not None

    @property
    def is_open(self) -> bool:
        """Whether the order matters and the column does not prove it."""
        return self.differs and self.day_first is None


@dataclass
class Clock:
    """Turns local times into UTC, and counts those that a change of the clocks made doubtful.

    An hour that the clocks skipped is read as if they had not been changed yet (02:30 becomes
    03:30 summer time); an hour that they repeat is read as the first of the two.
    """

    zone: ZoneInfo
    skipped: int = 0
    repeated: int = 0

    def utc(self, local: datetime, times: int = 1) -> datetime:
        """Naive UTC of a naive local time that occurs `times` times."""
        first = local.replace(tzinfo=self.zone, fold=0)
        gap = first.utcoffset() != local.replace(tzinfo=self.zone, fold=1).utcoffset()
        instant = first.astimezone(UTC)
        if gap and instant.astimezone(self.zone).replace(tzinfo=None) != local:
            self.skipped += times
        elif gap:
            self.repeated += times
        return instant.replace(tzinfo=None)


def read_instant(text: str, form: Form, day_first: bool) -> datetime:
    """A value of that form, naive where it states no zone; ValueError if there is no such time."""
    if form.mark == "iso":
        return datetime.fromisoformat(text.replace(",", "."))
    return _read_local(text, day_first)


def read_day(text: str, form: Form, day_first: bool) -> date:
    """The date as written, never moved by a time zone; ValueError if it has a time of day."""
    if form.mark == "iso":
        at = datetime.fromisoformat(text.replace(",", ".")).replace(tzinfo=None)
    else:
        at = _read_local(text, day_first)
    if at != datetime.combine(at.date(), datetime.min.time()):
        raise ValueError("a day with a time")
    return at.date()


def _read_local(text: str, day_first: bool) -> datetime:
    found = _LOCAL.fullmatch(text)
    if found is None:
        raise ValueError("not a date")
    a, b, year = int(found["a"]), int(found["b"]), int(found["year"])
    if len(found["year"]) == 2:
        year += 1900 if year >= 70 else 2000
    day, month = (a, b) if day_first or found["mark"] == "." else (b, a)
    at = datetime(year, month, day)
    if not found["time"]:
        return at
    hour = int(found["hour"])
    if found["half"]:
        if not 1 <= hour <= 12:
            raise ValueError("no such hour")
        hour = hour % 12 + (12 if found["half"] in "pP" else 0)
    at = at.replace(hour=hour, minute=int(found["minute"]))
    return at + timedelta(seconds=_seconds(found["second"]))


def _seconds(text: str | None) -> int:
    seconds = int(text or 0)
    if seconds > 59:
        raise ValueError("no such second")
    return seconds


FLAGS = {"true": True, "false": False, "1": True, "0": False}


def read_number(text: str, decimal: str = ".") -> float:
    """A plain number; with a decimal comma, dots may group thousands. ValueError otherwise."""
    if decimal == ",":
        if not re.fullmatch(r"[+-]?(\d{1,3}(\.\d{3})+|\d+)(,\d+)?", text):
            raise ValueError("not a number")
        text = text.replace(".", "").replace(",", ".")
    elif not re.fullmatch(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?", text):
        raise ValueError("not a number")
    return float(text)
