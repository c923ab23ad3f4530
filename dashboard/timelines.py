"""Charts over the snapshots. A line never joins two versions of the definitions."""

from collections.abc import Sequence
from typing import Any

import altair as alt
import pandas as pd

from dashboard import words
from dashboard.charts import EDGES, SCORE, SHAPES
from dashboard.data import WavePoint
from dashboard.theme import BODY, SMALL, Palette, dressed, fixed
from model.stages import STAGES
from monitor.snapshots import PointForm, SnapshotLine
from monitor.views import DeclarationForm

TREND_READING = (
    "Full marks were kept on the day, empty ones are rebuilt from the CRM's history, grey ones say "
    "a day anew under later definitions. Shaded: 95 % interval. A dashed upright line marks "
    "changed definitions; figures on its two sides are not comparable and not joined."
)
WAVES = "Square and triangle: how Sales and Marketing saw themselves when a survey closed."
SCORE_AXIS = alt.Axis(values=list(EDGES), title=None, grid=False)
POINT = ("as_of", "definitions", "kind", "value", "low", "high", "said")


def score_trend(kept: Sequence[SnapshotLine], waves: Sequence[WavePoint], colours: Palette) -> Any:
    """The total score over time on the four stages, with the surveys' means."""
    height = 340
    points = _scores(kept)
    layers = [
        *_bands(colours, named=True),
        *_line(points, colours, SCORE, SCORE_AXIS),
        *_waves(waves, colours),
    ]
    return dressed(layers, colours, height)


def dimension_trend(kept: Sequence[SnapshotLine], dimension: str, colours: Palette) -> Any:
    """One dimension's score over time, small."""
    height = 150
    found = [_point(one, one["dimensions"].get(dimension), None, None) for one in kept]
    points = _frame([{**p, "said": words.score(p["value"])} for p in found])
    layers = [
        *_bands(colours, named=False),
        *_line(points, colours, SCORE, SCORE_AXIS),
    ]
    return dressed(layers, colours, height)


def value_trend(history: Sequence[PointForm], declared: DeclarationForm, colours: Palette) -> Any:
    """An indicator's value over time, in its unit, with the values from which a stage starts."""
    points = indicator_points(history)
    share = declared["unit"] == "share"
    top = 1.0 if share else _top(points, declared)
    scale = alt.Scale(domain=[0, top], nice=not share)
    title = None if share else declared["unit"]
    axis = alt.Axis(format=".0%" if share else "~s", tickCount=5, title=title)
    layers = [
        *_anchors(declared, colours),
        *_line(points, colours, scale, axis),
    ]
    return dressed(layers, colours, 260)


def indicator_points(history: Sequence[PointForm]) -> pd.DataFrame:
    """An indicator over time: as_of, definitions, kind, value, low, high."""
    found = [
        {
            **_point(one, one["value"], one["low"], one["high"]),
            "said": words.STATUS[one["status"]],
        }
        for one in history
    ]
    return _frame(found)


def _scores(kept: Sequence[SnapshotLine]) -> pd.DataFrame:
    found = []
    for one in kept:
        said = f"{words.stage(one['stage'])}, {words.score(one['score'])}"
        found.append({**_point(one, one["score"], one["low"], one["high"]), "said": said})
    return _frame(found)


def _point(
    one: SnapshotLine | PointForm, value: float | None, low: float | None, high: float | None
) -> dict[str, Any]:
    return {
        "as_of": pd.Timestamp(one["as_of"]),
        "definitions": one["definitions"],
        "kind": words.KINDS[one["kind"]],
        "value": value,
        "low": low,
        "high": high,
    }


def _frame(points: list[dict[str, Any]]) -> pd.DataFrame:
    return pd.DataFrame(points, columns=list(POINT))


def _x() -> Any:
    axis = alt.Axis(format="%b %y", title=None, grid=False, tickCount=6, labelOverlap="greedy")
    return alt.X("as_of:T", axis=axis, scale=alt.Scale(padding=14))


def _bands(colours: Palette, *, named: bool) -> list[Any]:
    table = pd.DataFrame(
        {"from": low, "to": high, "fill": fill, "name": stage.title()}
        for stage, low, high, fill in zip(STAGES, EDGES, EDGES[1:], colours.stages, strict=False)
    )
    rows = alt.Chart(table).encode(y=alt.Y("from:Q", scale=SCORE, axis=SCORE_AXIS))
    band = rows.mark_rect().encode(y2=alt.Y2("to:Q"), color=alt.Color("fill:N", scale=None))
    if not named:
        return [band]
    name = alt.Chart(table).mark_text(
        align="left", baseline="top", dx=8, dy=6, fontSize=BODY, fontWeight=600, color=colours.muted
    )
    return [
        band,
        name.encode(
            x=fixed(alt.XValue, 0),
            y=alt.Y("to:Q", scale=SCORE, axis=SCORE_AXIS),
            text=alt.Text("name:N"),
        ),
    ]


def _line(points: pd.DataFrame, colours: Palette, scale: Any, axis: Any) -> list[Any]:
    """Interval, line and marks for each version of the definitions, and marks between versions."""
    y = alt.Y("value:Q", scale=scale, axis=axis)
    base = alt.Chart(points).encode(x=_x(), detail=alt.Detail("definitions:N"))
    kinds = alt.Scale(
        domain=list(words.KINDS.values()), range=[colours.records, colours.paper, colours.line]
    )
    tooltip = [
        alt.Tooltip("as_of:T", title="As of", format="%d %b %Y"),
        alt.Tooltip("value:Q", title="Value", format=",.3~f"),
        alt.Tooltip("said:N", title="That is"),
        alt.Tooltip("kind:N", title="Kept"),
        alt.Tooltip("definitions:N", title="Definitions"),
    ]
    area = base.mark_area(color=colours.records, opacity=0.14)
    line = base.mark_line(color=colours.records, strokeWidth=2)
    marks = base.mark_point(size=55, strokeWidth=1.75, stroke=colours.records, opacity=1)
    fill = alt.Fill("kind:N", scale=kinds, legend=None)
    drawn = [line.encode(y=y), marks.encode(y=y, fill=fill, tooltip=tooltip)]
    if points["low"].notna().any():
        drawn.insert(0, area.encode(y=alt.Y("low:Q", scale=scale, axis=axis), y2=alt.Y2("high:Q")))
    return [*drawn, *_changes(points, colours)]


def _changes(points: pd.DataFrame, colours: Palette) -> list[Any]:
    """An upright line where each version of the definitions after the first begins."""
    starts = points.groupby("definitions", sort=False)["as_of"].min().sort_values().iloc[1:]
    if starts.empty:
        return []
    table = pd.DataFrame({"as_of": starts.to_numpy(), "text": "definitions changed"})
    rule = alt.Chart(table).mark_rule(strokeDash=[4, 4], color=colours.muted)
    text = alt.Chart(table).mark_text(
        align="right", baseline="top", dx=-5, dy=4, fontSize=SMALL, color=colours.muted
    )
    return [
        rule.encode(x=_x()),
        text.encode(x=_x(), y=fixed(alt.YValue, 0), text=alt.Text("text:N")),
    ]


def _waves(waves: Sequence[WavePoint], colours: Palette) -> list[Any]:
    """The surveys' means at their close."""
    rows = [
        {
            "as_of": pd.Timestamp(one["closes_on"], tz="UTC"),
            "team": team,
            "value": one[team],
            "said": f"{words.FUNCTIONS[team]} about itself",
        }
        for one in waves
        for team in ("sales", "marketing")
        if one[team] is not None
    ]
    if not rows:
        return []
    inks = [colours.records, colours.sales, colours.marketing]
    marks = alt.Chart(pd.DataFrame(rows)).mark_point(
        filled=True, size=150, opacity=1, stroke=colours.paper, strokeWidth=1.5
    )
    shapes = alt.Scale(domain=list(SHAPES), range=list(SHAPES.values()))
    return [
        marks.encode(
            x=_x(),
            y=alt.Y("value:Q", scale=SCORE, axis=SCORE_AXIS),
            shape=alt.Shape("team:N", scale=shapes, legend=None),
            color=alt.Color(
                "team:N", scale=alt.Scale(domain=list(SHAPES), range=inks), legend=None
            ),
            tooltip=[
                alt.Tooltip("said:N", title=" "),
                alt.Tooltip("value:Q", title="Score", format=".1f"),
                alt.Tooltip("as_of:T", title="Closed", format="%d %b %Y"),
            ],
        )
    ]


def _anchors(declared: DeclarationForm, colours: Palette) -> list[Any]:
    """The values from which the stages start, as thin lines with names."""
    names = [words.stage(one["stage"]) for one in declared["anchors"]]
    table = pd.DataFrame({"value": [one["value"] for one in declared["anchors"]], "name": names})
    rule = alt.Chart(table).mark_rule(color=colours.line, strokeWidth=1.5)
    text = alt.Chart(table).mark_text(
        align="left", baseline="middle", dx=4, fontSize=SMALL, color=colours.muted
    )
    return [
        rule.encode(y=alt.Y("value:Q")),
        text.encode(y=alt.Y("value:Q"), x=fixed(alt.XValue, "width"), text=alt.Text("name:N")),
    ]


def _top(points: pd.DataFrame, declared: DeclarationForm) -> float:
    """The upper end of the axis: all values, the nearest anchors, and intervals within reason."""
    values = points["value"].max()
    highest = max(one["value"] for one in declared["anchors"])
    return float(max(highest, values if pd.notna(values) else 0.0)) * 1.15
