"""Charts and words of the pipeline."""

from collections.abc import Sequence
from typing import Any

import altair as alt
import pandas as pd

from dashboard import words
from dashboard.theme import Palette, dressed
from monitor.pipeline import QuarterForm

DEFINITIONS = {
    "marketing_sourced_share": "The opportunity names a campaign as its primary one",
    "marketing_influenced_share": "Any campaign touched it before the close",
}


def forecasts(quarters: Sequence[QuarterForm], colours: Palette) -> Any:
    """The forecast as a bar and what was won as a mark, by quarter."""
    table = pd.DataFrame(quarters)
    x = alt.X("quarter:N", sort=list(table["quarter"]), axis=alt.Axis(title=None, labelAngle=0))
    tips = [
        alt.Tooltip("quarter:N", title="Quarter"),
        alt.Tooltip("forecast:Q", title="Forecast", format=",.0f"),
        alt.Tooltip("won:Q", title="Won", format=",.0f"),
        alt.Tooltip("n:Q", title="Opportunities", format=",.0f"),
    ]
    scale = alt.Scale(zero=True)
    axis = alt.Axis(format="~s", title=None, tickCount=5)
    base = alt.Chart(table).encode(x=x, tooltip=tips)
    bars = base.mark_bar(color=colours.stages[3], width=alt.RelativeBandSize(0.5)).encode(
        y=alt.Y("forecast:Q", scale=scale, axis=axis)
    )
    marks = base.mark_tick(color=colours.records, thickness=3, width=alt.RelativeBandSize(0.7))
    return dressed([bars, marks.encode(y=alt.Y("won:Q", scale=scale))], colours, 260)


def forecasts_text(quarters: Sequence[QuarterForm]) -> str:
    """The same in words."""
    return " ".join(
        f"{one['quarter']}: forecast {words.number(one['forecast'])}, "
        f"won {words.number(one['won'])}."
        for one in quarters
    )
