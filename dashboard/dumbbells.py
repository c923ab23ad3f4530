"""Belief and record: what Sales and Marketing say on the left, what the CRM shows on the right.

The two halves share rows and nothing else: 1 to 5 on the left, stages on the right.
"""

from collections.abc import Sequence
from typing import Any

import altair as alt
import pandas as pd

from dashboard import words
from dashboard.charts import EDGES, HEAD, HIGHEST, LOWEST, SHAPES
from dashboard.theme import BODY, SMALL, Palette, dressed, fixed
from model.stages import STAGES
from monitor.comparison import ComparedForm, WaveGapForm

ROW = 58
LEFT, RIGHT = (0.0, 46.0), (54.0, 100.0)  # the two halves on an axis of 0 to 100
X = alt.Scale(domain=[0, 100], nice=False, zero=False)
RATINGS = {1: "1 disagree", 3: "3", 5: "5 agree"}
GAP = [-80, -40, 0, 40, 80]


def dumbbells(statements: Sequence[ComparedForm], colours: Palette) -> Any:
    """A row for each statement, in the order given."""
    height = HEAD + ROW * len(statements)
    rows = pd.DataFrame(
        {
            "title": f"{one['number']}. {one['topic']}",
            "said": words.agreement(one),
            "y": HEAD + ROW * i + 38,
        }
        for i, one in enumerate(statements)
    )
    layers = [
        *_bands(colours, height),
        *_heads(colours),
        *_titles(rows, colours),
        *_said(statements, colours),
        *_shown(statements, colours),
    ]
    return dressed(layers, colours, height)


def text(statements: Sequence[ComparedForm]) -> str:
    """The rows in words, for those who cannot see them."""
    return " ".join(f"{one['number']}. {one['topic']}: {one['sentence']}" for one in statements)


def gaps(found: Sequence[WaveGapForm], colours: Palette) -> Any:
    """Sales minus Marketing, wave by wave; a gap in the line where a wave may not be shown."""
    table = pd.DataFrame(
        {
            "wave": one["wave"],
            "gap": gap["value"] if gap else None,
            "low": gap["low"] if gap else None,
            "high": gap["high"] if gap else None,
            "said": words.gap(gap),
        }
        for one in found
        for gap in [one["gap"]]
    )
    order = [one["wave"] for one in found]
    base = alt.Chart(table).encode(
        x=alt.X("wave:N", sort=order, axis=alt.Axis(title=None, labelAngle=0, ticks=False))
    )
    axis = alt.Axis(values=GAP, title="Sales minus Marketing", domain=False, ticks=False)
    scale = alt.Scale(domain=[-80, 80], nice=False)
    y = alt.Y("gap:Q", scale=scale, axis=axis)
    zero = alt.Chart(pd.DataFrame({"zero": [0]})).mark_rule(color=colours.muted)
    line = base.mark_line(color=colours.records, strokeWidth=2).encode(y=y)
    tooltip = [alt.Tooltip("said:N", title=" ")]
    marks = base.mark_point(filled=True, size=90, opacity=1, color=colours.records)
    around = base.mark_rule(color=colours.records, strokeWidth=3, opacity=0.4)
    span = around.encode(y=alt.Y("low:Q", scale=scale, axis=axis), y2=alt.Y2("high:Q"))
    layers = [zero.encode(y=alt.Y("zero:Q")), span, line, marks.encode(y=y, tooltip=tooltip)]
    return dressed(layers, colours, 220)


def _x(field: str) -> Any:
    return alt.X(f"{field}:Q", scale=X, axis=None)


def _at(place: float) -> Any:
    return alt.XDatum(place, type="quantitative", scale=X, axis=None)


def _y(field: str = "y") -> Any:
    return alt.Y(f"{field}:Q", scale=None, axis=None)


def _rating(mean: float) -> float:
    return LEFT[0] + (mean - 1) / 4 * (LEFT[1] - LEFT[0])


def _score(score: float) -> float:
    return RIGHT[0] + (score - LOWEST) / (HIGHEST - LOWEST) * (RIGHT[1] - RIGHT[0])


def _bands(colours: Palette, height: int) -> list[Any]:
    """The stages behind the right half, and the middle of the left one."""
    bands = pd.DataFrame(
        {"from": _score(low), "to": _score(high), "fill": fill}
        for low, high, fill in zip(EDGES, EDGES[1:], colours.stages, strict=False)
    )
    middle = alt.Chart(pd.DataFrame({"x": [_rating(3)]})).mark_rule(
        color=colours.line, strokeDash=[3, 3]
    )
    drawn = alt.Chart(bands).mark_rect()
    return [
        drawn.encode(
            x=_x("from"),
            x2=alt.X2("to:Q"),
            y=fixed(alt.YValue, HEAD - 8),
            y2=fixed(alt.Y2Value, height),
            color=alt.Color("fill:N", scale=None),
        ),
        middle.encode(x=_x("x"), y=fixed(alt.YValue, HEAD - 8), y2=fixed(alt.Y2Value, height)),
    ]


def _heads(colours: Palette) -> list[Any]:
    """The names of the ratings and of the stages."""
    aligned: dict[int, Any] = {1: "left", 3: "center", 5: "right"}
    found = [
        alt.Chart(pd.DataFrame({"name": [name]}))
        .mark_text(align=aligned[rating], fontSize=SMALL, color=colours.muted)
        .encode(x=_at(_rating(rating)), y=fixed(alt.YValue, 12), text=alt.Text("name:N"))
        for rating, name in RATINGS.items()
    ]
    stages = pd.DataFrame(
        {"x": _score((low + high) / 2), "name": stage.value.title()[:1]}
        for stage, low, high in zip(STAGES, EDGES, EDGES[1:], strict=False)
    )
    marks = alt.Chart(stages).mark_text(fontSize=SMALL, fontWeight=600, color=colours.ink)
    return [*found, marks.encode(x=_x("x"), y=fixed(alt.YValue, 12), text=alt.Text("name:N"))]


def _titles(rows: pd.DataFrame, colours: Palette) -> list[Any]:
    """The topic over the marks, and whether belief and record agree on the right of it."""
    lines = alt.Chart(rows).transform_calculate(top="datum.y - 24")
    left = lines.mark_text(align="left", fontSize=BODY, fontWeight=600, color=colours.ink)
    right = lines.mark_text(align="right", dx=-4, fontSize=SMALL, color=colours.muted)
    return [
        left.encode(x=_at(LEFT[0]), y=_y("top"), text=alt.Text("title:N")),
        right.encode(x=_at(RIGHT[1]), y=_y("top"), text=alt.Text("said:N")),
    ]


def _said(statements: Sequence[ComparedForm], colours: Palette) -> list[Any]:
    """Both functions' means, joined where both are shown."""
    rows = []
    for i, one in enumerate(statements):
        for team, opinion in (("sales", one["sales"]), ("marketing", one["marketing"])):
            if opinion["mean"] is not None:
                said = f"{words.FUNCTIONS[team]}: {words.mean(opinion['mean'])} of 5"
                place = {"x": _rating(opinion["mean"]), "y": HEAD + ROW * i + 38}
                rows.append({**place, "team": team, "row": i, "said": said})
    if not rows:
        return []
    base = alt.Chart(pd.DataFrame(rows)).encode(x=_x("x"), y=_y())
    inks = [colours.records, colours.sales, colours.marketing]
    line = base.mark_line(color=colours.muted, strokeWidth=2, opacity=0.6)
    marks = base.mark_point(filled=True, size=120, opacity=1)
    return [
        line.encode(detail=alt.Detail("row:N")),
        marks.encode(
            shape=alt.Shape(
                "team:N",
                scale=alt.Scale(domain=list(SHAPES), range=list(SHAPES.values())),
                legend=None,
            ),
            color=alt.Color(
                "team:N", scale=alt.Scale(domain=list(SHAPES), range=inks), legend=None
            ),
            tooltip=[alt.Tooltip("said:N", title=" ")],
        ),
    ]


def _shown(statements: Sequence[ComparedForm], colours: Palette) -> list[Any]:
    """Each indicator's score with its interval; an empty mark is a proxy or weak."""
    rows = []
    for i, one in enumerate(statements):
        known = [each for each in one["evidence"] if each["score"] is not None]
        for place, each in enumerate(known):
            low, high = each["score_low"], each["score_high"]
            rows.append(
                {
                    "x": _score(each["score"] or LOWEST),
                    "low": None if low is None else _score(low),
                    "high": None if high is None else _score(high),
                    "y": HEAD + ROW * i + 38 + 9 * (place - (len(known) - 1) / 2),
                    "full": each["how"] == "measured" and each["status"] == "ok",
                    "said": words.evidence_said(each),
                }
            )
    if not rows:
        return []
    table = pd.DataFrame(rows)
    base = alt.Chart(table).encode(y=_y(), tooltip=[alt.Tooltip("said:N", title=" ")])
    line = base.mark_rule(color=colours.records, strokeWidth=2, opacity=0.6)
    full = base.transform_filter("datum.full").mark_point(
        filled=True, size=80, opacity=1, color=colours.records
    )
    empty = base.transform_filter("!datum.full").mark_point(
        size=70, opacity=1, strokeWidth=2, stroke=colours.records, fill=colours.paper
    )
    spans = [line.encode(x=_x("low"), x2=alt.X2("high:Q"))] if table["low"].notna().any() else []
    return [*spans, full.encode(x=_x("x")), empty.encode(x=_x("x"))]
