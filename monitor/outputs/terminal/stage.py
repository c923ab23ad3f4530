"""The verdict beside the self-assessment."""

from collections.abc import Sequence

from model.stages import Dimension
from model.words import chance, percent, score, score_up
from monitor.outputs.belief import CAVEAT, teams
from monitor.outputs.terminal.printing import line, lines, table
from monitor.outputs.terminal.survey import survey
from monitor.outputs.words import amount, company_only, logging, points
from monitor.report import PullForm, StageForm, StepForm

MOST_PULLS = 3
UNSTATED = {"weak": "Too little evidence", "not_assessed": "Not assessed"}


def stage(form: StageForm) -> None:
    """The verdict beside the self-assessment."""
    if form["segment"]:
        line("Segment: " + ", ".join(f"{k} {v}" for k, v in form["segment"].items()))
    if form["headline_sentence"]:
        line(form["headline_sentence"])
    line(form["sentence"])
    if said := teams(form):
        line(said)
    chances = ", ".join(
        f"{name.capitalize()} {chance(p)}" for name, p in form["probabilities"].items()
    )
    if form["score"] is not None:
        line(f"Score {points(form)}; {chances}; evidence {percent(form['evidence'])}.")
    for gate in form["held_by"]:
        line(f"Held down: {gate['reason']}")
    rows = [
        (
            one["title"],
            points(one),
            one["stage"].capitalize() if one["stage"] else UNSTATED[one["status"]],
            percent(one["evidence"]),
        )
        for one in form["dimensions"]
    ]
    table(("dimension", "score (95 %)", "stage", "evidence"), rows, right=(1, 3))
    for remark in (logging(form), company_only(form)):
        if remark:
            line(remark)
    lines(_why(form))
    if not form["segment"]:
        survey(form["survey"])
    if form["survey"]:
        line(CAVEAT)


def stages(forms: Sequence[StageForm]) -> None:
    """The verdict of every segment, a line each, and then what each says."""
    rows = []
    for form in forms:
        low, high = (stage.capitalize() for stage in form["stage_range"])
        range_ = low if low == high else f"between {low} and {high}"
        said = form["stage"].capitalize() if form["stage"] else _unsaid(form)
        score = points(form) if form["score"] is not None else "–"
        weakest = Dimension(form["binding"]).label if form["binding"] else "–"
        named = ", ".join(form["segment"].values())
        rows.append((named, said, range_, score, percent(form["evidence"]), weakest))
    headings = ("segment", "stage", "possible", "score (95 %)", "evidence", "weakest dimension")
    table(headings, rows, right=(3, 4))
    for form in forms:
        line(f"{', '.join(form['segment'].values())}: {form['sentence']}")


def _unsaid(form: StageForm) -> str:
    return {
        "evidence": "not enough evidence",
        "people": "too few people",
        "probability": "none is likely enough",
    }[form["withheld"] or "evidence"]


def _why(form: StageForm) -> list[str]:
    told = []
    if form["binding"]:
        told.append(f"The weakest dimension: {Dimension(form['binding']).label}.")
    worst = [_pull(pull) for pull in form["pulls"][:MOST_PULLS] if pull["gain"] > 0]
    if worst:
        told.append(f"What pulls down most: {'; '.join(worst)}.")
    if form["steps"]:
        to = form["steps"][0]["stage"].capitalize()
        told.append(f"What reaches {to}, the smallest change first:")
        told += [f"- {_step(step)}" for step in form["steps"]]
    return told


def _pull(pull: PullForm) -> str:
    return f"{pull['title']} (scores {score(pull['score'])}, costs up to {pull['gain']:.1f} points)"


def _step(step: StepForm) -> str:
    if step["kind"] == "gate":
        return f"in any case, {step['title']}: {_least(step)}"
    if step["kind"] == "dimension":
        low, high = score(step["from_score"] or 0.0), score_up(step["to_score"] or 0.0)
        return f"all of {step['title']}: from {low} to {high}"
    unit = step["unit"] or ""
    now = "beyond what was seen" if step["now"] is None else amount(step["now"], unit)
    return f"{step['title']}: from {now} to {amount(step['value'], unit)}"


def _least(step: StepForm) -> str:
    least, now = step["value"] or 0.0, step["now"] or 0.0
    if least < 1:
        return f"from {percent(now)} to at least {percent(least)}"
    return f"from {now:.0f} to at least {least:.0f}"
