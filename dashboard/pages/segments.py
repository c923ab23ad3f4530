"""Segments: every indicator for every value of a dimension; too little evidence is a blank."""

import streamlit as st

from dashboard import data, heatmap, html, layout, words
from dashboard.html import Cell, Column, Row
from monitor.report import IndicatorForm


def page() -> None:
    """A dimension, its map, and the same as a table."""
    layout.head("Segments")
    values = {name: found for name, found in data.segment_values().items() if len(found) > 1}
    values = {name: found for name, found in values.items() if name not in data.where()}
    if not values:
        st.markdown("The records name no segment to compare; see `segments` in the configuration.")
        return
    chosen = st.segmented_control(
        "Compare by",
        list(values),
        format_func=words.dimension_name,
        default=next(iter(values)),
        key="compare_by",
    )
    if chosen is None:
        st.markdown("Choose what to compare by.")
        return
    rows = data.split(chosen, data.where())
    cells = [heatmap.cell(row, row["segment"][chosen]) for row in rows]
    layout.chart(heatmap.drawn, cells, text=heatmap.text(cells))
    st.caption(
        "Stronger colour is further on, from Undefined to Integrated. A star: weak evidence; a "
        "dash stands where too little is recorded, or where a group is too small to be shown."
    )
    with st.expander("The same as a table"):
        _table(rows, chosen)


def _table(rows: list[IndicatorForm], dimension: str) -> None:
    columns = [
        Column("Indicator"),
        Column(words.dimension_name(dimension)),
        Column("Value", is_right=True),
        Column("95 % interval", is_right=True, is_wide=True),
        Column("Records", is_right=True),
        Column("Stage"),
    ]
    cells: list[Row] = [
        [
            row["title"],
            row["segment"][dimension],
            Cell(
                words.value(row, row["unit"]),
                words.sentence(row["reason"]),
                is_muted=row["status"] != "ok",
            ),
            words.interval(row["low"], row["high"], row["unit"]),
            words.number(row["n"]),
            words.stage(row["stage"]),
        ]
        for row in rows
    ]
    html.table(columns, [("", cells)])


layout.show(page)
