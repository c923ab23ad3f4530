"""Charts of the handoff: how far leads got, and how soon they were answered."""

from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt
import pandas as pd

from dashboard import words
from dashboard.theme import BODY, SMALL, Palette, dressed, fixed
from monitor.handoff import CurveForm

STEPS = {
    "created": "Created",
    "mql": "MQL",
    "handed_off": "Handed to Sales",
    "responded": "Touched by Sales",
    "accepted": "Accepted",
    "opportunity": "Opportunity",
    "won": "Won",
}
ROW = 34
AUDIT_HOURS, AUDIT_SHARE = 24.0, 0.53  # HBR 2011, see indicator lead_followup_rate


def funnel(counts: Mapping[str, int], colours: Palette) -> Any:
    """A bar for each step, with its number and its share of the leads created."""
    whole = counts["created"]
    table = pd.DataFrame(
        {
            "step": STEPS[step],
            "n": counts[step],
            "said": f"{words.number(counts[step])}  ·  {words.percent(counts[step] / whole)}",
        }
        for step in STEPS
    )
    y = alt.Y(
        "step:N",
        sort=list(STEPS.values()),
        axis=alt.Axis(
            title=None, ticks=False, domain=False, labelFontSize=BODY, labelColor=colours.ink
        ),
    )
    scale = alt.Scale(domain=[0, whole * 1.45], nice=False)
    x = alt.X("n:Q", scale=scale, axis=None)
    bars = alt.Chart(table).mark_bar(color=colours.stages[3], height=20)
    text = alt.Chart(table).mark_text(align="left", dx=6, fontSize=BODY, color=colours.ink)
    layers = [bars.encode(x=x, y=y), text.encode(x=x, y=y, text=alt.Text("said:N"))]
    return dressed(layers, colours, ROW * len(STEPS))


def funnel_text(counts: Mapping[str, int]) -> str:
    """The same in words."""
    return ", ".join(f"{name} {words.number(counts[step])}" for step, name in STEPS.items()) + "."


def response(form: CurveForm, sla_hours: float | None, colours: Palette) -> Any:
    """The share touched by hours since the handoff, with its band and what it is held against."""
    table = pd.DataFrame({name: form[name] for name in ("hours", "share", "low", "high")})
    scale = alt.Scale(domain=[0, 1], nice=False)
    y = alt.Y("share:Q", scale=scale, axis=alt.Axis(format=".0%", title=None, tickCount=5))
    unit = "business hours" if form["clock"] == "business" else "hours on the wall clock"
    x = alt.X("hours:Q", axis=alt.Axis(title=f"{unit} since the handoff", grid=False, tickCount=8))
    base = alt.Chart(table)
    area = base.mark_area(color=colours.sales, opacity=0.18, interpolate="step-after")
    line = base.mark_line(color=colours.sales, strokeWidth=2, interpolate="step-after")
    tips = [
        alt.Tooltip("hours:Q", title="Hours", format=".1f"),
        alt.Tooltip("share:Q", title="Touched", format=".0%"),
        alt.Tooltip("low:Q", title="At least", format=".0%"),
        alt.Tooltip("high:Q", title="At most", format=".0%"),
    ]
    layers = [
        area.encode(x=x, y=alt.Y("low:Q", scale=scale), y2=alt.Y2("high:Q")),
        line.encode(x=x, y=y, tooltip=tips),
    ]
    if form["clock"] == "business" and sla_hours is not None:
        layers += _promise(sla_hours, colours)
    if form["clock"] == "wall":
        layers += _audit(colours)
    return dressed(layers, colours, 280)


def _promise(hours: float, colours: Palette) -> list[Any]:
    table = pd.DataFrame({"hours": [hours], "text": [f"promised: {hours:g} h"]})
    rule = alt.Chart(table).mark_rule(strokeDash=[4, 4], color=colours.muted)
    text = alt.Chart(table).mark_text(
        align="left", baseline="bottom", dx=5, dy=-5, fontSize=SMALL, color=colours.muted
    )
    return [
        rule.encode(x=alt.X("hours:Q")),
        text.encode(x=alt.X("hours:Q"), y=fixed(alt.YDatum, 0.0), text=alt.Text("text:N")),
    ]


def _audit(colours: Palette) -> list[Any]:
    table = pd.DataFrame(
        {"hours": [AUDIT_HOURS], "share": [AUDIT_SHARE], "text": ["2,241 firms, HBR 2011: 53 %"]}
    )
    mark = alt.Chart(table).mark_point(
        shape="diamond", size=90, filled=True, color=colours.muted, opacity=1
    )
    text = alt.Chart(table).mark_text(
        align="left", baseline="top", dx=9, dy=2, fontSize=SMALL, color=colours.muted
    )
    places = {"x": alt.X("hours:Q"), "y": alt.Y("share:Q")}
    return [mark.encode(**places), text.encode(**places, text=alt.Text("text:N"))]


def response_text(form: CurveForm, at_hours: Sequence[float]) -> str:
    """The curve in words, at some hours."""
    known = list(zip(form["hours"], form["share"], strict=True))
    said = []
    for at in at_hours:
        reached = [share for hours, share in known if hours <= at]
        if reached and known[-1][0] >= at:
            said.append(f"{words.percent(reached[-1])} after {at:g} h")
    clock = "business hours" if form["clock"] == "business" else "hours on the wall clock"
    return f"Touched by Sales, in {clock}: {', '.join(said) or 'watched for too short a time'}."
