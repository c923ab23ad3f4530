"""Indicators: every figure with what qualifies it, and one of them down to its records."""

import re
from itertools import groupby
from typing import Any

import pandas as pd
import streamlit as st

from dashboard import data, html, layout, timelines, words
from dashboard.html import Cell, Column, Row
from model.stages import DIMENSIONS
from monitor.report import IndicatorForm
from monitor.snapshots import PointForm
from monitor.views import DeclarationForm, PlainDeclarationForm

COLUMNS = [
    Column("Indicator"),
    Column("Value", is_right=True),
    Column("95 % interval", is_right=True, is_wide=True),
    Column("Records", is_right=True, is_wide=True),
    Column("Score", is_right=True),
    Column("Stage", is_wide=True),
    Column("Past year", is_wide=True),
    Column("Evidence", is_wide=True),
]


def page() -> None:
    """The table, or one indicator, or one outcome."""
    layout.head("Indicators")
    outcome = data.outcomes().get(st.query_params.get(layout.INDICATOR, ""))
    if outcome is not None:
        _outcome(outcome)
        return
    rows, declared = data.indicators(data.where()), data.catalogue()
    chosen = _choice(declared)
    if chosen is None:
        _table(rows, declared)
    else:
        _one(rows[chosen], declared[chosen])


def _choice(declared: dict[str, DeclarationForm]) -> str | None:
    ids = list(declared)
    asked = st.query_params.get(layout.INDICATOR)
    chosen = st.selectbox(
        "Open an indicator",
        ids,
        index=ids.index(asked) if asked in ids else None,
        format_func=lambda name: declared[name]["title"],
        placeholder="For its definition, history and records",
    )
    if chosen is not None:
        st.query_params[layout.INDICATOR] = chosen
    elif layout.INDICATOR in st.query_params:
        del st.query_params[layout.INDICATOR]
    return chosen


def _table(rows: dict[str, IndicatorForm], declared: dict[str, DeclarationForm]) -> None:
    wanted = st.text_input("Search", placeholder="response, forecast, not assessed …", key="search")
    past = data.histories(data.held_segment()) if len(data.where()) < 2 else {}
    found = [row for row in rows.values() if _is_found(row, declared[row["id"]], wanted)]
    groups = []
    for dimension in DIMENSIONS:
        own = [row for row in found if row["dimension"] == dimension.value]
        if own:
            groups.append((dimension.label, [_row(row, past.get(row["id"], [])) for row in own]))
    if not groups:
        st.markdown(f"No indicator says “{wanted}”.")
        return
    html.table(COLUMNS, groups)
    st.caption(
        "Scores run from 20 to 100; Defined starts at 40, Aligned at 60, Integrated at 80. What is "
        "not assessed is not zero: the records do not show it, for the reason given."
    )


def _is_found(row: IndicatorForm, declared: DeclarationForm, wanted: str) -> bool:
    """Whether every word of the search stands in what is shown of the indicator."""
    shown = (row["id"], row["title"], declared["definition"], row["stage"], row["status"])
    text = " ".join(str(part) for part in shown).replace("_", " ").lower()
    return all(word in text for word in wanted.lower().split())


def _trend(row: IndicatorForm, points: list[PointForm]) -> Cell:
    """The known values of the year, a line for each version of the definitions."""
    known = [(one["definitions"], one["value"]) for one in points]
    lines = tuple(
        tuple(value for _, value in some if value is not None)
        for _, some in groupby(known, key=lambda one: one[0])
    )
    lines = tuple(line for line in lines if line)
    if sum(map(len, lines)) < 2:
        return Cell("")
    first, last = lines[0][0], lines[-1][-1]
    unit = row["unit"]
    return Cell(f"from {words.quantity(first, unit)} to {words.quantity(last, unit)}", lines=lines)


def _row(row: IndicatorForm, points: list[PointForm]) -> Row:
    missing = row["status"] == "not_assessed"
    return [
        Cell(row["title"], words.sentence(row["reason"]), layout.indicator_link(row["id"])),
        Cell(words.value(row, row["unit"]), is_muted=missing),
        words.interval(row["low"], row["high"], row["unit"]),
        words.number(row["n"]),
        words.score(row["score"]),
        words.stage(row["stage"]),
        _trend(row, points),
        Cell(words.evidence(row), is_muted=missing),
    ]


def _one(row: IndicatorForm, declared: DeclarationForm) -> None:
    st.header(row["title"], anchor=False)
    html.meta(declared["dimension_title"])
    st.markdown(declared["definition"])
    _figures(row)
    if row["reason"]:
        html.note(words.sentence(row["reason"]))
    left, right = st.columns(2, gap="large")
    with left:
        st.subheader("Where the stages start", anchor=False)
        _anchors(declared)
    with right:
        st.subheader("How it is counted", anchor=False)
        _counting(row, declared)
    st.subheader("Over the snapshots", anchor=False)
    _history(declared)
    st.subheader("By segment", anchor=False)
    _by_segment(row["id"])
    st.subheader("The records behind it", anchor=False)
    _records(row["id"])


def _outcome(declared: PlainDeclarationForm) -> None:
    """A figure that is shown and never scored: what it is, and its records."""
    st.header(declared["title"], anchor=False)
    st.markdown(declared["definition"])
    html.meta("Shown and never scored: see the page Pipeline for its value.")
    st.subheader("The records behind it", anchor=False)
    _records(declared["id"])


def _by_segment(indicator: str) -> None:
    values = data.segment_values()
    open_to = [name for name in values if len(values[name]) > 1 and name not in data.where()]
    groups = []
    for name in open_to:
        rows = [row for row in data.split(name, data.where()) if row["id"] == indicator]
        told = [row for row in rows if row["status"] != "not_assessed"]
        if told:
            groups.append((words.dimension_name(name), [_part(row, name) for row in rows]))
    if not groups:
        st.markdown("It cannot be split, or no segment has enough records.")
        return
    columns = [
        Column(""),
        Column("Value", is_right=True),
        Column("95 % interval", is_right=True, is_wide=True),
        Column("Records", is_right=True),
        Column("Stage"),
    ]
    html.table(columns, groups)


def _part(row: IndicatorForm, dimension: str) -> Row:
    missing = row["status"] == "not_assessed"
    return [
        Cell(row["segment"][dimension], words.sentence(row["reason"])),
        Cell(words.value(row, row["unit"]), is_muted=missing),
        words.interval(row["low"], row["high"], row["unit"]),
        words.number(row["n"]),
        words.stage(row["stage"]),
    ]


def _figures(row: IndicatorForm) -> None:
    about = words.interval(row["low"], row["high"], row["unit"])
    figures = [
        ("Value", words.value(row, row["unit"]), f"95 % interval {about}"),
        ("Score", words.score(row["score"]), words.stage(row["stage"])),
        ("Records", words.number(row["n"]), f"of {words.number(row['clusters'])} owners or queues"),
        ("Evidence", words.evidence(row).capitalize(), words.period(row["window"])),
    ]
    figures += [
        (words.variant(name).capitalize(), words.value(one, row["unit"]), f"{one['n']} records")
        for name, one in row["variants"].items()
    ]
    html.facts(figures)


def _anchors(declared: DeclarationForm) -> None:
    sign = "from" if declared["better"] == "higher" else "at most"
    rows: list[Row] = [
        [
            words.stage(one["stage"]),
            f"{sign} {words.quantity(one['value'], declared['unit'])}",
            Cell(words.PROVENANCE[one["kind"]].capitalize(), one["source"]),
        ]
        for one in declared["anchors"]
    ]
    columns = [Column("Stage"), Column("Value", is_right=True), Column("Where it comes from")]
    html.table(columns, [("", rows)])


def _counting(row: IndicatorForm, declared: DeclarationForm) -> None:
    placed = f"the last {declared['window_days']} days"
    rows: list[Row] = [
        ["Window", f"{words.period(row['window'])} ({placed})"],
        ["Clock", words.clock(declared["clock"])],
        ["Formula", Cell(words.sentence(declared["formula"]), f"Fact: {declared['fact']}")],
        ["Better is", declared["better"]],
        ["Least number of records", words.number(declared["minimum_n"])],
    ]
    statements = {one["number"]: one["text"] for one in data.questionnaire()}
    for number, how in sorted(declared["statements"].items()):
        rows.append([f"Statement {number}", Cell(statements[number], words.BEARS[how])])
    html.table([Column(""), Column("")], [("", rows)])


def _history(declared: DeclarationForm) -> None:
    points = data.history(declared["id"], data.held_segment())
    if not points:
        st.markdown("No snapshot holds this indicator yet.")
        return
    text = f"{declared['title']} over {len(points)} snapshots"
    layout.chart(timelines.value_trend, points, declared, text=text)
    st.caption(timelines.TREND_READING)


def _records(indicator: str) -> None:
    where = data.where()
    found = data.records(indicator, where)
    if not found["total"]:
        st.markdown("None in this window.")
        return
    said = f"{words.number(found['counted'])} records count."
    for reason, count in found["left_out"].items():
        said += f" {words.number(count)} left out: {reason}."
    st.markdown(said)
    layout.csv(lambda: data.records_csv(indicator, where), f"{indicator}.csv")
    shown, columns = _linked(found["first"])
    st.dataframe(shown, hide_index=True, column_config=columns, placeholder="")
    first = words.number(len(shown))
    shown_of = f"The first {first} of {words.number(found['total'])}; the CSV file has all. "
    st.caption(f"{shown_of if found['total'] > len(shown) else ''}Times are in UTC.")


def _linked(rows: pd.DataFrame) -> tuple[pd.DataFrame, dict[str, Any]]:
    """The rows with their ids as links into the CRM, where its address is known."""
    first = [name for name in rows.columns if name.endswith("_id")]
    rows = rows[[*dict.fromkeys([*first, "counted", "reason", *rows.columns])]]
    titles = {name: words.dimension_name(name) for name in rows.columns}
    columns: dict[str, Any] = {n: st.column_config.Column(title) for n, title in titles.items()}
    template = data.record_url()
    if template is None:
        return rows, columns
    before, after = (re.escape(part) for part in template.split("{id}", 1))
    for name in first:
        if rows[name].astype(str).str.contains(":").any():
            continue  # our own number of a handoff, no record of the CRM's
        rows = rows.assign(
            **{name: rows[name].map(template.replace("{id}", "{}").format, "ignore")}
        )
        columns[name] = st.column_config.LinkColumn(
            titles[name], display_text=f"^{before}(.*){after}$"
        )
    return rows, columns


layout.show(page)
