"""The timetable: what was done, what comes next."""

from datetime import datetime
from zoneinfo import ZoneInfo

from monitor.outputs.terminal.printing import line, table
from monitor.timetable import RunForm, ScheduleForm


def run(form: RunForm) -> None:
    """One run that ended, in a line."""
    line(f"{_at(form['due_at'], 'UTC')} UTC {form['kind']}: {_ended(form)}")


def listing(form: ScheduleForm) -> None:
    """The past runs, oldest first, and the next, by the timetable's own clock."""
    zone = form["timezone"]
    if form["runs"]:
        rows = [
            (
                _at(one["due_at"], zone),
                one["kind"],
                one["state"],
                *_figures(one),
                one["error"] or "",
            )
            for one in form["runs"]
        ]
        headings = (f"due ({zone})", "what", "state", "seconds", "rows", "API calls", "why")
        table(headings, rows, right=(3, 4, 5))
    else:
        line("Nothing has been done on schedule yet.")
    line("")
    coming = [(_at(one["due_at"], zone), one["kind"]) for one in form["next"]]
    table((f"next ({zone})", "what"), coming)
    holder = form["holder"]
    line(f"At work: {holder}." if holder else "Nobody works through it: run `detente schedule`.")


def _ended(form: RunForm) -> str:
    seconds, rows, calls = _figures(form)
    told = [f"{form['state']} in {seconds} s"]
    told += [f"{rows} rows"] if rows else []
    told += [f"{calls} API calls"] if form["api_calls"] else []
    return ", ".join(told) + (f": {form['error']}" if form["error"] else "")


def _why(form: RunForm) -> str:
    return form["error"] or ""


def _figures(form: RunForm) -> tuple[str, str, str]:
    seconds, rows, calls = form["seconds"], form["rows"], form["api_calls"]
    return (
        "" if seconds is None else f"{seconds:,.1f}",
        "" if rows is None else f"{rows:,}",
        "" if calls is None else f"{calls:,}",
    )


def _at(text: str, zone: str) -> str:
    return f"{datetime.fromisoformat(text).astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M}"
