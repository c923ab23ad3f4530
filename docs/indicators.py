"""Writes docs/indicators.md from the declarations: `python -m docs.indicators`."""

from collections.abc import Iterable
from pathlib import Path

from metrics.declaration import Gauge, Indicator, Measure
from metrics.indicators import CATALOGUE, EVIDENCE, OUTCOMES
from metrics.survey import STATEMENTS
from model.definitions import Definitions
from model.stages import DIMENSIONS

PAGE = Path(__file__).with_name("indicators.md")
PLAIN = Definitions()
HEAD = """# Indicators

This page is made from the declarations in `metrics/` (`python -m docs.indicators`); a test holds it
current. What is said here is what the dashboard and `detente indicators --explain ID` say.

The rules that hold for all of them:

- **Not assessed is not zero.** What the records do not show has no value, with the reason in plain
  words. A known bad is not missing: a median never reached scores 20, and so does a year without a
  joint meeting.
- **A handoff** is the first passage of a lead to Sales since its creation or its last return to
  Marketing; n counts handoffs. Only the as-of, deletion and merging end the watch on a lead.
- **Times to an event** are Kaplan–Meier over exact times, so that who is still waiting counts as
  waiting and not as failed.
- **Cohorts.** What becomes of a lead belongs to the period in which it was handed over (or became
  an MQL, or was created), not to the one in which it happened.
- **As of.** Any past day can be asked for: rows recorded by then, events up to then, values from
  history. Stocks (open opportunities, people, structure) are taken as of the day.
- **Shares of amounts** are ratios of sums. A record counts once, however many others it touches.
- **Intervals** are 95 %, for sampling, wider where records of one owner resemble each other; from
  fewer than eight owners a figure is weak. Complete counts carry none.
- **Anchors** are the values from which Defined, Aligned and Integrated start (scores 40, 60, 80).
  Your own go under `indicators` in the configuration.
"""


def page() -> str:
    """The whole page, as Markdown."""
    parts = [HEAD]
    for dimension in DIMENSIONS:
        parts.append(f"## {dimension.label}\n")
        parts += [_indicator(one) for one in CATALOGUE.values() if one.dimension is dimension]
    parts.append("## Outcomes\n\nShown, never scored: they depend on definitions.\n")
    parts += [_plain(one) for one in OUTCOMES.values()]
    parts.append("## Evidence quality\n\nWhat limits the claims that may be made.\n")
    parts += [_plain(one) for one in EVIDENCE.values()]
    return "\n".join(parts)


def _indicator(one: Indicator) -> str:
    unit = "of 100" if one.unit == "level" else one.unit
    values = " / ".join(_value(anchor.value, one.unit) for anchor in one.anchors)
    lines = [
        *_head(one),
        f"- Anchors (Defined / Aligned / Integrated): {values} ({unit}, {one.better} is better)",
        *_sources(one),
        *_statements(one),
        *_computed(one),
    ]
    return "\n".join(lines) + "\n"


def _plain(one: Measure | Gauge) -> str:
    lines = [*_head(one), f"- Unit: {one.unit}"]
    if isinstance(one, Measure):
        lines += _computed(one)
    return "\n".join(lines) + "\n"


def _head(one: Measure | Gauge) -> list[str]:
    return [f"### {one.title}", "", f"`{one.id}`", "", one.definition, ""]


def _value(value: float, unit: str) -> str:
    return f"{value:.2f}" if unit == "share" else f"{value:g}"


def _sources(one: Indicator) -> Iterable[str]:
    for stage, anchor in zip(("Defined", "Aligned", "Integrated"), one.anchors, strict=True):
        if anchor.source:
            yield f"- {stage} from: {anchor.kind}, {anchor.source}"
    if all(anchor.kind == "convention" for anchor in one.anchors):
        yield "- Where they come from: convention"


def _statements(one: Indicator) -> Iterable[str]:
    texts = {statement.number: statement.text for statement in STATEMENTS}
    for number, how in sorted(one.statements.items()):
        word = "measures" if how == "measured" else "hints at"
        yield f"- {word.capitalize()} statement {number}: {texts[number]}"


def _computed(one: Measure) -> Iterable[str]:
    yield f"- Formula: {one.statistic(PLAIN).formula}"
    for name, build in one.variants.items():
        yield f"- Variant `{name}`: {build(PLAIN).formula}"
    placed = f"placed by `{one.placed_by}`, {one.window_days} days" if one.placed_by else "a stock"
    clock = f", {one.clock} clock" if one.clock else ""
    yield f"- Counted: rows of the fact `{one.fact}`, {placed}{clock}; at least {one.minimum_n}"
    if one.needs:
        yield f"- Needs: {', '.join(f'`{need}`' for need in dict.fromkeys(one.needs))}"
    if one.cannot_split:
        yield f"- Cannot be split by: {', '.join(one.cannot_split)}"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
