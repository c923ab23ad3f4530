"""Data health: where the records come from, what is missing and what that costs, what is dirty."""

from functools import partial

import streamlit as st

from dashboard import data, html, layout, words
from dashboard.html import Cell, Column, Row
from monitor.report import IndicatorForm
from monitor.views import StatusForm


def page() -> None:
    """Sources, what they lack, dirty records."""
    layout.head("Data health")
    status = data.status()
    _sync(status)
    st.header("Missing from the sources", anchor=False)
    _missing(status)
    st.header("Not assessed for now", anchor=False)
    _not_assessed(data.indicators({}))
    st.header("Records handled by a rule", anchor=False)
    _dirty()


def _sync(status: StatusForm) -> None:
    zone = data.zone()
    figures = [
        (
            "Records complete up to",
            words.moment(status["cutoff_at"], zone).partition(", ")[0],
            words.moment(status["cutoff_at"], zone).partition(", ")[2],
        )
    ]
    sync = status["last_sync"]
    if sync:
        ended = words.moment(sync["ended_at"] or sync["started_at"], zone)
        figures += [
            ("Last pull", words.RUNS.get(sync["state"], sync["state"]), ended),
            ("Requests to the CRM", words.number(sync["api_calls"]), "in the last pull"),
        ]
    figures.append(("Sources", str(len(status["sources"])), _names(status)))
    html.facts(figures)
    if sync and sync["error"]:
        html.note(sync["error"])
    with st.expander("The last syncs"):
        _syncs()
    for source in status["sources"]:
        for remark in source["notes"]:
            html.meta(f"{source['name']}: {remark}")


def _syncs() -> None:
    zone = data.zone()
    rows: list[Row] = [
        [
            words.moment(one["started_at"], zone),
            words.moment(one["ended_at"], zone),
            Cell(words.RUNS.get(one["state"], one["state"]), one["error"] or ""),
            words.number(one["api_calls"]),
        ]
        for one in data.last_syncs()
    ]
    columns = [
        Column("Begun"),
        Column("Ended", is_wide=True),
        Column("How it ended"),
        Column("Requests to the CRM", is_right=True),
    ]
    html.table(columns, [("", rows)])


def _names(status: StatusForm) -> str:
    return ", ".join(source["name"] for source in status["sources"])


def _missing(status: StatusForm) -> None:
    costly: list[Row] = []
    harmless: list[Row] = []
    for source in status["sources"]:
        for one in source["missing"]:
            what = Cell(one["what"], source["name"])
            cost = ", ".join(
                cost["title"] + ("" if cost["effect"] == "not_assessed" else " (weaker)")
                for cost in one["costs"]
            )
            row: Row = [what, words.sentence(one["why"]), cost]
            (costly if one["costs"] else harmless).append(row)
    if costly:
        titles = ("Table or field", "Why", "Figures that suffer")
        html.table([Column(title) for title in titles], [("", costly)])
    else:
        st.markdown("Nothing that a figure needs.")
    if harmless:
        with st.expander(f"{len(harmless)} tables or fields that no figure needs"):
            html.table([Column("Table or field"), Column("Why")], [("", harmless)])


def _not_assessed(rows: dict[str, IndicatorForm]) -> None:
    missing = [row for row in rows.values() if row["status"] == "not_assessed"]
    if not missing:
        st.markdown("Nothing: every indicator is assessed for the whole company.")
        return
    cells: list[Row] = [[row["title"], words.sentence(row["reason"])] for row in missing]
    html.table([Column("Indicator"), Column("Why")], [("", cells)])


def _dirty() -> None:
    found = data.findings()
    template = data.record_url()
    dirty = [one for one in found if one["count"]]
    if not dirty:
        st.markdown(f"None: {len(found)} kinds were looked for.")
        return
    columns = [
        Column("Kind of record"),
        Column("Records", is_right=True),
        Column("What is done about it", is_wide=True),
    ]
    html.table(
        columns,
        [("", [[one["title"], words.number(one["count"]), one["what_is_done"]] for one in dirty])],
    )
    with st.expander("These records"):
        for one in dirty:
            ids = one["sample"]
            links = [f"[{i}]({template.replace('{id}', i)})" if template else i for i in ids]
            st.markdown(f"**{one['title']}** {', '.join(links)}")
            label = f"Download all {words.number(one['count'])} as CSV"
            layout.csv(partial(data.dirty_csv, one["id"]), f"{one['id']}.csv", label)


layout.show(page)
