"""The one place for colours and type: light and dark, safe for colour-blind readers.

Sales is blue and square, Marketing vermilion and a triangle, the records a round mark in the ink
of the text: form and colour always say the same. Stages are four steps of one hue.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from threading import Lock
from typing import Any

import altair as alt
import pandas as pd
import streamlit as st
from altair.utils.data import to_values
from altair.utils.schemapi import debug_mode

from model.stages import STAGES

FONT = '"Source Sans", "Source Sans 3", system-ui, sans-serif'
SMALL, BODY, LARGE = 12, 14, 16
_ONE_AT_A_TIME = Lock()  # what Altair sets, it sets for the process
STYLE_FILE = Path(__file__).with_name("style.css")


@dataclass(frozen=True)
class Palette:
    """The colours of one theme. From undefined to integrated: `stages` for areas behind text and
    marks, `heat` for cells that must be told apart at a glance.
    """

    paper: str
    ink: str
    muted: str
    line: str
    records: str
    sales: str
    marketing: str
    stages: tuple[str, str, str, str]
    heat: tuple[str, str, str, str]


LIGHT = Palette(
    paper="#ffffff",
    ink="#1b2430",
    muted="#5a6675",
    line="#d5dae0",
    records="#1b2430",
    sales="#0a5c9a",
    marketing="#a8440a",
    stages=("#f5f6f7", "#e6edef", "#d2e0e3", "#c2d7dc"),
    heat=("#eef0f2", "#cfe3ec", "#a3cbdd", "#74b0cb"),
)
DARK = Palette(
    paper="#12171e",
    ink="#e8ebef",
    muted="#a3adb9",
    line="#36404c",
    records="#f2f4f7",
    sales="#6cb2ee",
    marketing="#f29a52",
    stages=("#191f27", "#1d2a33", "#213843", "#264855"),
    heat=("#1c222b", "#1f3947", "#22536a", "#256f8f"),
)


def palette() -> Palette:
    """The colours of the theme that the reader has chosen."""
    return DARK if st.context.theme.type == "dark" else LIGHT


@cache
def stylesheet() -> str:
    """The pages' own styles, the palette as CSS variables that follow the theme by themselves."""
    names = ("paper", "ink", "muted", "line", "records", "sales", "marketing")
    pairs = {f"--{name}": (getattr(LIGHT, name), getattr(DARK, name)) for name in names}
    for stage, light, dark in zip(STAGES, LIGHT.stages, DARK.stages, strict=True):
        pairs[f"--{stage.value}"] = (light, dark)
    rules = "".join(f"{name}:light-dark({light},{dark});" for name, (light, dark) in pairs.items())
    # On the app's own element, because that is where Streamlit sets the colour scheme.
    return f"<style>.stApp{{{rules}}}{STYLE_FILE.read_text(encoding='utf-8')}</style>"


def specified(draw: Callable[..., alt.TopLevelMixin], *of: Any) -> dict[str, Any]:
    """What `draw` makes, as Vega-Lite with its rows in it. The tests alone hold it against Altair's
    schema, which takes longer than the rest.
    """
    rows = alt.data_transformers
    with _ONE_AT_A_TIME, debug_mode(False), alt.theme.enable("none"):
        rows.consolidate_datasets = False  # each mark's rows stand by it
        try:
            with rows.enable(ROWS):
                found: dict[str, Any] = draw(*of).to_dict(validate=False)
        finally:
            rows.consolidate_datasets = True
    return found


def _rows(data: Any = None) -> Any:
    """A chart's rows. Altair's own way takes as long as all the rest, and is for instants alone."""
    if isinstance(data, pd.DataFrame) and not any(kind.kind == "M" for kind in data.dtypes):
        return {"values": json.loads(data.to_json(orient="records", double_precision=15))}
    return to_values(data)


ROWS = "rows"
alt.data_transformers.register(ROWS, _rows)


def fixed(channel: Callable[..., Any], place: Any) -> Any:
    """A channel at one place; for `alt.value` Altair looks through its whole schema at each use."""
    return channel(place)


def dressed(layers: Sequence[Any], colours: Palette, height: int) -> Any:
    """Layers as a chart in the house's type and colours, `height` pixels high, as wide as its
    place.
    """
    text: dict[str, Any] = {"font": FONT, "fontSize": BODY, "color": colours.ink}
    axis: dict[str, Any] = {
        "labelFont": FONT,
        "labelFontSize": SMALL,
        "labelColor": colours.muted,
        "titleFont": FONT,
        "titleFontSize": SMALL,
        "titleFontWeight": "normal",
        "titleColor": colours.muted,
        "domainColor": colours.line,
        "tickColor": colours.line,
        "gridColor": colours.line,
        "gridOpacity": 0.6,
    }
    return alt.LayerChart(  # at once: Altair's methods copy the whole chart at each call
        layer=list(layers),
        height=height,
        width="container",
        background="transparent",
        autosize=alt.AutoSizeParams(type="fit-x", contains="padding"),
        config=alt.Config(
            font=FONT,
            padding={"left": 0, "right": 0, "top": 4, "bottom": 4},
            view=alt.ViewConfig(stroke=None),
            axis=alt.AxisConfig(**axis),
            text=alt.MarkConfig(**text),
            legend=alt.LegendConfig(
                labelFont=FONT,
                labelFontSize=SMALL,
                labelColor=colours.ink,
                title=None,
                orient="top",
                padding=0,
            ),
        ),
    )
