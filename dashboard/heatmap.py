"""The map of indicators by segment: colour is the stage, the figure stands in the cell."""

from collections.abc import Sequence
from typing import Any, TypedDict

import altair as alt
import pandas as pd

from dashboard import words
from dashboard.theme import SMALL, Palette, dressed, fixed
from model.stages import STAGES
from monitor.report import IndicatorForm

ROW, NAME = 44, 18
CANNOT = "cannot be split"
WEAK = "*"


class CellForm(TypedDict):
    """A cell; `fill` is the stage's name, or empty where nothing is shown."""

    indicator: str
    segment: str
    fill: str
    said: str
    status: str
    about: str


def cell(row: IndicatorForm, segment: str) -> CellForm:
    """What one indicator shows in one segment."""
    missing = row["status"] == "not_assessed"
    between = words.interval(row["low"], row["high"], row["unit"])
    weak = WEAK if row["status"] == "weak" else ""
    about = words.sentence(row["reason"]) if missing else f"{between}; n {words.number(row['n'])}"
    return {
        "indicator": row["title"],
        "segment": segment,
        "fill": "" if missing else (row["stage"] or ""),
        "said": words.NONE if missing else words.value(row, row["unit"]) + weak,
        "status": row["status"],
        "about": about,
    }


def drawn(cells: Sequence[CellForm], colours: Palette) -> Any:
    """The map, each indicator's name over its cells, so that a phone has room for both; indicators
    that cannot be split by this dimension are left out.
    """
    known = [one for one in cells if CANNOT not in one["about"].lower()]
    order = list(dict.fromkeys(one["indicator"] for one in known))
    place = {name: ROW * i for i, name in enumerate(order)}
    rows = [
        {
            **one,
            "top": place[one["indicator"]] + NAME,
            "bottom": place[one["indicator"]] + ROW - 4,
            "middle": place[one["indicator"]] + (NAME + ROW - 4) / 2,
        }
        for one in known
    ]
    table = pd.DataFrame(rows, columns=[*CellForm.__annotations__, "top", "bottom", "middle"])
    names = pd.DataFrame({"indicator": order, "top": [place[name] + NAME - 4 for name in order]})
    axis = alt.Axis(
        title=None, ticks=False, domain=False, orient="top", labelAngle=0, labelLimit=110
    )
    fills = alt.Scale(
        domain=["", *(stage.value for stage in STAGES)], range=[colours.paper, *colours.heat]
    )
    tips = [
        alt.Tooltip("indicator:N", title="Indicator"),
        alt.Tooltip("segment:N", title="Segment"),
        alt.Tooltip("said:N", title="Value"),
        alt.Tooltip("about:N", title="Evidence"),
    ]
    base = alt.Chart(table).encode(x=alt.X("segment:N", axis=axis), tooltip=tips)
    box = base.mark_rect(stroke=colours.paper, strokeWidth=2)
    text = base.mark_text(fontSize=SMALL, color=colours.ink)
    title = alt.Chart(names).mark_text(
        align="left", baseline="bottom", fontSize=SMALL, color=colours.muted
    )
    layers = [
        box.encode(
            y=_y("top"), y2=alt.Y2("bottom:Q"), fill=alt.Fill("fill:N", scale=fills, legend=None)
        ),
        text.encode(y=_y("middle"), text=alt.Text("said:N")),
        title.encode(x=fixed(alt.XValue, 0), y=_y("top"), text=alt.Text("indicator:N")),
    ]
    return dressed(layers, colours, ROW * len(order))


def _y(field: str) -> Any:
    """A place in pixels from the top."""
    return alt.Y(f"{field}:Q", scale=None, axis=None)


def text(cells: Sequence[CellForm]) -> str:
    """How many cells there are at each stage; the table has them all."""
    counts = {stage.value: 0 for stage in STAGES}
    for one in cells:
        if one["fill"]:
            counts[one["fill"]] += 1
    told = ", ".join(f"{words.stage(name)} {n}" for name, n in counts.items())
    return f"Cells by stage: {told}; not assessed {sum(not one['fill'] for one in cells)}."
