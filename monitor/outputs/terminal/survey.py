"""What may be shown of a wave."""

from monitor.outputs.terminal.printing import line
from monitor.report import GroupForm, SurveyForm


def survey(form: SurveyForm | None) -> None:
    """What may be shown of a wave."""
    if form is None:
        line("No survey yet: `detente survey import FILE`, or open a wave.")
        return
    line(f"Survey {form['wave']} ({form['state']}):")
    for name, group in (
        ("Sales", form["sales"]),
        ("Marketing", form["marketing"]),
        ("Both", form["all"]),
    ):
        line(f"  {name}: {_group(group)}")
    for head in form["heads"]:
        said = "not scored" if head["score"] is None else f"{head['score']:.0f}"
        line(f"  {head['name']} ({head['function']}): {said}, {head['stage'] or ''}")
    for note in form["notes"]:
        line(f"  {note}")


def _group(group: GroupForm) -> str:
    if group["mean"] is None or group["stage"] is None:
        return group["hidden"] or "no result"
    between = ""
    if group["low"] is not None and group["high"] is not None:
        between = f" (95 % {group['low']:.0f} to {group['high']:.0f})"
    count = f", n {group['n']}" if group["n"] is not None else ""
    return f"{group['stage'].capitalize()}, {group['mean']:.1f}{between}{count}"
