"""Figures in words: one way of writing a share, a duration, an interval, a status."""

from metrics.indicators import CATALOGUE
from model.words import percent, score
from monitor.report import DimensionForm, EstimateForm, StageForm
from monitor.snapshots import SnapshotLine


def amount(value: float | None, unit: str) -> str:
    """A value with its unit: `62 %`, `7.5 h`, `31 days`; a dash for None."""
    if value is None:
        return "–"
    if unit == "share":
        return percent(value)
    if unit == "hours":
        return f"{value:,.1f} h" if value < 100 else f"{value:,.0f} h"
    plain = {
        "level": f"{value:.0f} of 100",
        "amount": f"{value:,.0f}",
        "times": f"{value:,.1f} times",
    }
    if unit in plain:
        return plain[unit]
    return f"{value:,.0f} {unit.replace('amount ', '')}"


def figure(form: EstimateForm, unit: str) -> str:
    """The value, or the bound beyond which it lies, or a dash; never a zero for nothing."""
    if form["bound"]:
        return f"{form['bound'].replace('>', 'over ')} {unit}"
    return amount(form["value"], unit)


def interval(form: EstimateForm, unit: str) -> str:
    """`58 % to 66 %`, `from 12.0 h` without an upper limit, empty for a complete count."""
    if form["low"] is None:
        return ""
    if form["high"] is None:
        return f"from {amount(form['low'], unit)}"
    return f"{amount(form['low'], unit)} to {amount(form['high'], unit)}"


def told(form: EstimateForm, unit: str) -> str:
    """`63 % (58 % to 67 %)`: the value with its interval, where it has one."""
    between = interval(form, unit)
    return f"{figure(form, unit)} ({between})" if between else figure(form, unit)


def status_words(form: EstimateForm) -> str:
    """Empty for a sound figure; otherwise what limits it."""
    if form["status"] == "ok":
        return ""
    kind = "not assessed" if form["status"] == "not_assessed" else "weak"
    return f"{kind}: {form['reason']}" if form["reason"] else kind


def points(form: StageForm | DimensionForm | SnapshotLine) -> str:
    """`58 (52 to 64)` on 20 to 100; a dash where nothing is assessed."""
    found, low, high = form["score"], form["low"], form["high"]
    if found is None:
        return "–"
    return score(found) + ("" if low is None or high is None else f" ({low:.0f} to {high:.0f})")


def logging(form: StageForm) -> str | None:
    """How many in Sales log what they do; None where all do, or nobody knows."""
    found = form["logging"]
    if found is None or found["value"] is None or found["value"] == 1:
        return None
    return (
        f"{percent(found['value'])} of {found['n']} people in Sales logged a call, an e-mail or a "
        "meeting in the last 90 days; what nobody logs cannot be counted."
    )


def company_only(form: StageForm) -> str | None:
    """Which indicators a segment cannot have of its own; None where it has all."""
    if not form["company_only"]:
        return None
    titles = "; ".join(CATALOGUE[one].title for one in form["company_only"])
    return f"Known for the whole company only, and so left open here: {titles}."
