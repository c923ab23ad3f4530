"""How far the rules of engagement are kept."""

from model.words import percent
from monitor.outputs.terminal.printing import line, table
from monitor.outputs.words import interval
from monitor.rules import RuleForm, RulesForm

MOST = 10  # records shown of each rule; the JSON has all


def rules(form: RulesForm) -> None:
    """Every rule in a line, and then the records that break it."""
    if not form["rules"]:
        line(
            "No rule of engagement is written. Add `rules` to the configuration; examples stand in"
        )
        line("config/default.yaml.")
        return
    window = form["window"]
    segment = "".join(f", {name} {value}" for name, value in form["segment"].items())
    line(f"From {window['from']} to {window['to']}{segment}.")
    rows = [
        (
            one["title"],
            "not assessed" if one["value"] is None else percent(one["value"]),
            interval(one, "share"),
            f"{one['n']:,}",
            f"{len(one['broken']):,}",
            f"{one['running']:,}",
            one["reason"] or "",
        )
        for one in form["rules"]
    ]
    headings = ("rule", "kept", "95 % interval", "n", "broken", "running", "")
    table(headings, rows, right=(1, 2, 3, 4, 5))
    for one in form["rules"]:
        _broken(one)


def _broken(one: RuleForm) -> None:
    if not one["broken"]:
        return
    line("")
    line(f"{one['title']} ({one['id']}: {one['says']}), broken by:")
    rows = [
        (
            record["record_id"],
            record["placed_at"][:10],
            (record["due_at"] or "–")[:10],
            (record["done_at"] or "never")[:10],
            record["owner_id"] or "–",
            record["url"] or "",
        )
        for record in one["broken"][:MOST]
    ]
    table(("record", "since", "due", "done", "owner", "in the CRM"), rows)
    more = len(one["broken"]) - MOST
    if more > 0:
        line(f"… and {more:,} more: `detente rules check --rule {one['id']} --json` has them all.")
