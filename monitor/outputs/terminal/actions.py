"""Agreed actions."""

from collections.abc import Sequence

from monitor.agreed import ActionForm
from monitor.outputs.terminal.printing import line, table
from monitor.outputs.words import amount, figure


def actions(found: Sequence[ActionForm]) -> None:
    """The list."""
    if not found:
        line("Nothing is agreed yet: see `detente advice`, then `detente actions agree INDICATOR`.")
        return
    rows = [
        (
            str(one["id"]),
            _state(one),
            one["title"],
            one["function"].title(),
            one["due_on"],
            _where(one),
            one["sentence"],
        )
        for one in found
    ]
    table(("", "state", "action", "owner", "due", "where", "progress"), rows, right=(0,))
    for note in dict.fromkeys(one["note"] for one in found if one["note"]):
        line(f"Note: {note}.")


def action(form: ActionForm) -> None:
    """One action with its history."""
    place = _where(form)
    line(f"Action {form['id']}, {_state(form)}: {form['title']}")
    line(
        f"{form['indicator_title']}{f', {place}' if place else ''}; {form['function'].title()} "
        f"answers for it; due {form['due_on']}; target {amount(form['target'], form['unit'])}."
    )
    line(form["sentence"])
    if form["note"]:
        line(f"Note: {form['note']}.")
    for event in form["history"]:
        at = f", at {figure(event['figure'], form['unit'])}" if event["figure"] else ""
        note = f": {event['note']}" if event["note"] else ""
        line(f"  {event['at']} {event['state']} by {event['by']}{at}{note}")


def _state(form: ActionForm) -> str:
    return "overdue" if form["is_overdue"] else form["state"]


def _where(form: ActionForm) -> str:
    return ", ".join(form["segment"].values())
