"""The verdict beside the self-assessment."""

from model.words import percent
from monitor.outputs.terminal.printing import line, table
from monitor.outputs.terminal.survey import survey
from monitor.outputs.words import points
from monitor.report import StageForm


def stage(form: StageForm) -> None:
    """The verdict beside the self-assessment."""
    if form["segment"]:
        line("Segment: " + ", ".join(f"{k} {v}" for k, v in form["segment"].items()))
    line(form["sentence"])
    chances = ", ".join(
        f"{name.capitalize()} {percent(p)}" for name, p in form["probabilities"].items()
    )
    if form["score"] is not None:
        line(f"Score {points(form)}; {chances}; evidence {percent(form['evidence'])}.")
    for gate in form["held_by"]:
        line(f"Held down: {gate['reason']}")
    rows = [
        (
            one["title"],
            points(one),
            (one["stage"] or one["status"].replace("_", " ")).capitalize(),
            percent(one["evidence"]),
        )
        for one in form["dimensions"]
    ]
    table(("dimension", "score (95 %)", "stage", "evidence"), rows, right=(1, 3))
    survey(form["survey"])
