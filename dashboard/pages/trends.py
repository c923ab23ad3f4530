"""Trends: the snapshots over time, and two of them compared."""

import streamlit as st

from dashboard import data, html, layout, timelines, words
from dashboard.html import Cell, Column, Row
from model.stages import DIMENSIONS
from monitor.compare import NOW, ChangeForm
from monitor.snapshots import SnapshotLine

LISTED = 100


def page() -> None:
    """Total, dimensions, one indicator, a comparison."""
    layout.head("Trends")
    segment = data.held_segment()
    kept = data.snapshot_lines(segment)
    if data.where() and not (segment and kept):
        html.note("Snapshots do not hold this segment: the whole company.", is_muted=True)
        segment, kept = None, data.snapshot_lines()
    if not kept:
        st.markdown("No snapshot has been kept yet. Take one, or rebuild the last twelve months:")
        st.code("detente snapshot take\ndetente snapshot backfill --months 12", language=None)
        return
    st.header("Score", anchor=False)
    layout.chart(timelines.score_trend, kept, data.waves(), text=_score_text(kept))
    st.caption(f"{timelines.TREND_READING} {timelines.WAVES} {words.SCALES}")
    st.header("Dimensions", anchor=False)
    _dimensions(kept)
    _as_table(kept)
    _indicator(segment)
    _compare(data.snapshot_lines())


def _dimensions(kept: list[SnapshotLine]) -> None:
    for start in range(0, len(DIMENSIONS), 3):
        for place, one in zip(st.columns(3), DIMENSIONS[start : start + 3], strict=True):
            with place:
                st.markdown(f"**{one.label}**")
                text = f"{one.label}: scores over time; the table below has them"
                layout.chart(timelines.dimension_trend, kept, one.value, text=text)


def _score_text(kept: list[SnapshotLine]) -> str:
    first, last = kept[0], kept[-1]
    return (
        f"Score {words.score(first['score'])} on {words.day(first['as_of_on'])}, "
        f"{words.score(last['score'])} on {words.day(last['as_of_on'])}, {len(kept)} snapshots."
    )


def _as_table(kept: list[SnapshotLine]) -> None:
    with st.expander("The same as a table"):
        titles = [Column(one.label.partition(" and ")[0], is_right=True) for one in DIMENSIONS]
        columns = [
            Column("As of"),
            Column("Kind"),
            Column("Stage"),
            Column("Score", is_right=True),
            Column("95 % interval", is_right=True),
            *titles,
        ]
        rows: list[Row] = [
            [
                Cell(words.day(one["as_of_on"]), one["definitions"]),
                words.KINDS[one["kind"]],
                words.stage(one["stage"]),
                words.score(one["score"]),
                words.interval(one["low"], one["high"]),
                *(words.score(one["dimensions"].get(d.value)) for d in DIMENSIONS),
            ]
            for one in kept[: -LISTED - 1 : -1]
        ]
        html.table(columns, [("", rows)])
        if len(kept) > LISTED:
            st.caption(f"The newest {LISTED} of {len(kept)}; `detente snapshot list` has all.")


def _indicator(segment: data.Held | None) -> None:
    st.header("One indicator", anchor=False)
    declared = data.catalogue()
    chosen = st.selectbox(
        "Indicator",
        list(declared),
        format_func=lambda name: declared[name]["title"],
        key="trend",
    )
    points = data.history(chosen, segment)
    if any(one["value"] is not None for one in points):
        text = f"{declared[chosen]['title']} over {len(points)} snapshots"
        layout.chart(timelines.value_trend, points, declared[chosen], text=text)
    else:
        st.markdown("Not assessed in any snapshot.")


def _compare(kept: list[SnapshotLine]) -> None:
    st.header("Compare two snapshots", anchor=False)
    if data.where():
        html.note("Of the whole company.", is_muted=True)
    by_id = {one["id"]: one for one in kept}
    ids = list(by_id)
    left, right = st.columns(2)
    first = left.selectbox(
        "From",
        ids,
        format_func=lambda i: _named(by_id[i]),
        key="compare_from",
        index=max(len(ids) - 4, 0),
    )
    second = right.selectbox(
        "To",
        [*ids, NOW],
        format_func=lambda i: "Now" if i == NOW else _named(by_id[i]),
        key="compare_to",
        index=len(ids) - 1 if len(ids) > 1 else 1,
    )
    found = data.comparison(first, second)
    if found["note"]:
        html.note(found["note"])
    columns = [
        Column("Indicator"),
        Column("Before", is_right=True),
        Column("After", is_right=True),
        Column("Change", is_right=True, is_wide=True),
        Column("Beyond the uncertainty"),
    ]
    rows: list[Row] = [
        [
            one["title"],
            words.quantity(one["before"], one["unit"]),
            words.quantity(one["after"], one["unit"]),
            words.change(one["difference"], one["unit"]),
            _verdict(one),
        ]
        for one in sorted(found["changes"], key=lambda one: not one["exceeds"])
    ]
    html.table(columns, [("", rows)])


def _verdict(one: ChangeForm) -> Cell:
    """Whether a change says something; in the monitor's words where there is nothing to compare."""
    known = one["before"] is not None and one["after"] is not None
    why = "" if known else words.sentence(one["words"].removeprefix(f"{one['title']}: "))
    said = "yes" if one["exceeds"] else "no" if known else words.NONE
    return Cell(said, why, is_muted=not one["exceeds"])


def _named(one: SnapshotLine) -> str:
    kind = "" if one["kind"] == "live" else f", {words.KINDS[one['kind']]}"
    return f"{words.day(one['as_of_on'])}{kind}"


layout.show(page)
