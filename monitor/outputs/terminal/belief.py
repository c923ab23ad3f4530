"""What people believe beside what the records show."""

from monitor.comparison import BeliefForm, ComparedForm, OpinionForm, named
from monitor.outputs.belief import NAMES
from monitor.outputs.terminal.printing import line, table
from monitor.survey_forms import GapForm

RECORD = {
    "for": "is so",
    "against": "is not so",
    "mixed": "both",
    "open": "open",
    "not_assessed": "not assessed",
    "not_observable": "not observable",
}


def belief(form: BeliefForm) -> None:
    """The sentence, the largest disagreements, every statement, the heads, the gaps."""
    if form["difference"]:
        line(form["difference"])
    line(form["caveat"])
    if form["survey"] is None:
        line("Nobody has been asked yet: `detente survey open`, or `detente survey import FILE`.")
    elif form["survey"]["state"] != "closed":
        line(f"Wave {form['survey']['wave']}: results appear after its close.")
    _hidden(form)
    _listed("The records contradict:", [f'"{s["text"]}" {s["sentence"]}' for s in _against(form)])
    splits = [f'"{s["text"]}" {s["split"]}' for s in named(form, form["splits"])]
    _listed("Sales and Marketing differ on:", splits)
    line("")
    table(
        ("", "statement", "Sales", "Marketing", "the CRM shows", "what the records say"),
        [_row(one) for one in form["statements"]],
        right=(0, 2, 3),
    )
    line("Means of 1 (strongly disagree) to 5 (strongly agree).")
    _listed("Heads on their own part:", [one["sentence"] for one in form["heads"]])
    _listed(
        "Sales minus Marketing, wave by wave:",
        [f"{one['wave']} ({one['closes_on']}): {_gap(one['gap'])}" for one in form["gaps"]],
    )


def _against(form: BeliefForm) -> list[ComparedForm]:
    return named(form, form["contradictions"])


def _hidden(form: BeliefForm) -> None:
    survey = form["survey"]
    for name in NAMES if survey and survey["state"] == "closed" else ():
        group = survey["sales" if name == "sales" else "marketing"] if survey else None
        if group and group["hidden"]:
            line(f"{NAMES[name]} is not shown: {group['hidden']}.")


def _listed(title: str, texts: list[str]) -> None:
    if texts:
        line("")
        line(title)
        for text in texts:
            line(f"  {text}")


def _row(one: ComparedForm) -> tuple[str, ...]:
    doubt = " (weak)" if one["is_weak"] else ""
    return (
        str(one["number"]),
        one["topic"],
        _mean(one["sales"]),
        _mean(one["marketing"]),
        f"{RECORD[one['record']]}{doubt}",
        "; ".join(f"{each['title']} ({each['how']})" for each in one["evidence"]),
    )


def _gap(form: GapForm | None) -> str:
    if form is None:
        return "not shown"
    if form["low"] is None or form["high"] is None:
        return f"{form['value']:+.1f}"
    return f"{form['value']:+.1f} ({form['low']:+.1f} to {form['high']:+.1f})"


def _mean(form: OpinionForm) -> str:
    return "–" if form["mean"] is None else f"{form['mean']:.1f}"
