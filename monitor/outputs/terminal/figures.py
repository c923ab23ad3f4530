"""Indicators, outcomes and what explains them."""

from collections.abc import Sequence
from typing import TypeGuard

from model import words
from model.stages import Dimension
from monitor.outputs.terminal.printing import line, table
from monitor.outputs.words import amount, figure, interval, status_words, told
from monitor.report import IndicatorsForm, ShownForm
from monitor.views import ExplanationForm, PlainExplanationForm


def indicators(form: IndicatorsForm) -> None:
    """The indicators, by dimension."""
    rows = []
    for row in form["rows"]:
        segment = ", ".join(row["segment"].values())
        score = "" if row["score"] is None else words.score(row["score"])
        rows.append(
            (
                Dimension(row["dimension"]).label,
                row["title"],
                segment,
                figure(row, row["unit"]),
                interval(row, row["unit"]),
                f"{row['n']:,}",
                score,
                status_words(row),
            )
        )
    line(f"As of {form['as_of']}, definitions {form['definitions']}.")
    headings = ("dimension", "indicator", "segment", "value", "95 % interval", "n", "score", "")
    table(headings, rows, right=(3, 4, 5, 6))
    _beside("Outcomes (shown, never scored)", form.get("outcomes", []))
    _beside("Evidence (what limits the claims)", form.get("evidence", []))


def _beside(title: str, found: Sequence[ShownForm]) -> None:
    if not found:
        return
    rows = [
        (
            one["title"],
            ", ".join(one["segment"].values()),
            figure(one, one["unit"]),
            interval(one, one["unit"]),
            f"{one['n']:,}",
            one["reason"] or "",
        )
        for one in found
    ]
    line("")
    table((title, "segment", "value", "95 % interval", "n", ""), rows, right=(2, 3, 4))


def explanation(form: ExplanationForm | PlainExplanationForm) -> None:
    """Everything about one figure."""
    if is_scored(form):
        _scored(form)
    else:
        declared = form["declaration"]
        line(f"{declared['title']} ({declared['id']}), {declared['kind']}: shown, never scored")
        line(declared["definition"])
    declared, result = form["declaration"], form["result"]
    if declared["formula"]:
        line(f"Formula: {declared['formula']}.")
        for name, formula in declared["variants"].items():
            line(f"  {name.replace('_', ' ')}: {formula}.")
        line(f"Source: fact {declared['fact']}, from {', '.join(declared['needs'])}.")
    unit = declared["unit"]
    status = status_words(result)
    line(f"Now: {told(result, unit)}, n {result['n']:,}." + (f" {status}." if status else ""))
    for name, found in result["variants"].items():
        line(f"  {name.replace('_', ' ')}: {told(found, unit)}")
    line(f"Records counted: {form['counted']:,}.")
    for reason, count in form["left_out"].items():
        line(f"  left out: {count:,} ({reason})")


def is_scored(form: ExplanationForm | PlainExplanationForm) -> TypeGuard[ExplanationForm]:
    """Whether it explains an indicator, and not an outcome or a measure of evidence."""
    return "anchors" in form["declaration"]


def _scored(form: ExplanationForm) -> None:
    declared = form["declaration"]
    line(f"{declared['title']} ({declared['id']}), {declared['dimension_title']}")
    line(declared["definition"])
    clock = f", {declared['clock']} clock" if declared["clock"] else ""
    line(f"Unit: {declared['unit']}{clock}; {declared['better']} is better.")
    for anchor in declared["anchors"]:
        source = f": {anchor['source']}" if anchor["source"] else ""
        value = amount(anchor["value"], declared["unit"])
        line(f"  {anchor['stage'].capitalize()} from {value} ({anchor['kind']}{source})")
