"""Date literals such as THIS_QUARTER and LAST_N_DAYS:30, as spans of days.

Weeks begin on Sunday, as in the service's default locale.
"""

import re
from datetime import date, timedelta

_FORM = re.compile(
    r"(?P<which>THIS|LAST|NEXT)_(?P<unit>WEEK|MONTH|QUARTER|YEAR)"
    r"|(?P<n>LAST|NEXT)_N_(?P<units>DAY|WEEK|MONTH|QUARTER|YEAR)S"
    r"|N_(?P<ago>DAY|WEEK|MONTH|QUARTER|YEAR)S_AGO"
)
_DAYS = {
    "TODAY": (0, 1),
    "YESTERDAY": (-1, 0),
    "TOMORROW": (1, 2),
    "LAST_90_DAYS": (-90, 1),
    "NEXT_90_DAYS": (1, 91),
}
_MONTHS = {"MONTH": 1, "QUARTER": 3, "YEAR": 12}


def span(name: str, count: int | None, today: date) -> tuple[date, date] | None:
    """The first day of the period and the first day after it; None where the name is unknown,
    its count is missing, zero or uncalled for, or the days lie outside the calendar.
    """
    steps = _steps(name, count)
    if steps is None:
        return None
    unit, first, after = steps
    try:
        start = _start(unit, today)
        return _shift(unit, start, first), _shift(unit, start, after)
    except (ValueError, OverflowError):
        return None


def _steps(name: str, count: int | None) -> tuple[str, int, int] | None:
    """The period's unit, and its first and next step from the present one."""
    form = _FORM.fullmatch(name)
    counted = form is not None and form["which"] is None
    if counted != bool(count) or (count == 0):
        return None
    if form is None:
        return ("DAY", *_DAYS[name]) if name in _DAYS else None
    return _counted(form, count) if count else _named(form)


def _named(form: re.Match[str]) -> tuple[str, int, int]:
    place = {"LAST": -1, "THIS": 0, "NEXT": 1}[form["which"]]
    return form["unit"], place, place + 1


def _counted(form: re.Match[str], count: int) -> tuple[str, int, int]:
    if form["ago"]:
        return form["ago"], -count, 1 - count
    if form["n"] == "NEXT":
        return form["units"], 1, count + 1
    # The last n days include today; the last n weeks, months ... end where the present one begins.
    return form["units"], -count, 1 if form["units"] == "DAY" else 0


def _start(unit: str, today: date) -> date:
    if unit == "DAY":
        return today
    if unit == "WEEK":
        return today - timedelta(days=today.isoweekday() % 7)
    months = _MONTHS[unit]
    return today.replace(month=(today.month - 1) // months * months + 1, day=1)


def _shift(unit: str, start: date, steps: int) -> date:
    if unit in _MONTHS:
        months = start.year * 12 + start.month - 1 + steps * _MONTHS[unit]
        return date(months // 12, months % 12 + 1, 1)
    return start + timedelta(days=steps * (7 if unit == "WEEK" else 1))
