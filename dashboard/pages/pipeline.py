"""Pipeline: is there enough, is it kept clean, did the forecast hold, what did Marketing begin."""

import streamlit as st

from dashboard import data, deals, html, layout, words
from dashboard.html import Cell, Column, Row
from monitor.pipeline import PipelineForm
from monitor.report import EstimateForm, IndicatorForm, ShownForm

HEALTH = ("pipeline_hygiene", "contact_role_coverage", "source_capture_rate")
CONTINUITY = ("funnel_continuity", "campaign_touch_coverage")
SHARES = ("marketing_sourced_share", "marketing_influenced_share")
FIGURES = ("pipeline_coverage", "win_rate", "average_deal_amount", "sales_cycle_days")


def page() -> None:
    """What is open, what was forecast, what came of it and who began it."""
    layout.head("Pipeline")
    form = data.pipeline(data.where())
    _figures(form)
    st.header("What is open", anchor=False)
    _open(form)
    st.header("Forecast against result", anchor=False)
    _forecast(form)
    st.header("From campaign to close", anchor=False)
    _table([form["indicators"][name] for name in CONTINUITY])
    st.header("What Marketing began and touched", anchor=False)
    _shares(form)


def _figures(form: PipelineForm) -> None:
    rows = [form["outcomes"][name] for name in FIGURES]
    html.facts((one["title"], words.value(one, one["unit"]), _about(one)) for one in rows)
    shown = [*rows, *(form["outcomes"][name] for name in SHARES)]
    html.links((one["title"], layout.indicator_link(one["id"])) for one in shown)
    reasons = [one for one in rows if one["status"] == "not_assessed"]
    for one in reasons:
        html.note(f"{one['title']}: {words.sentence(one['reason'])}", is_muted=True)


def _about(one: ShownForm) -> str:
    if one["status"] == "not_assessed":
        return ""
    between = words.interval(one["low"], one["high"], one["unit"])
    return f"{between}, n {words.number(one['n'])}" if between != words.NONE else ""


def _open(form: PipelineForm) -> None:
    if form["open"]:
        rows: list[Row] = [
            [
                one["sales_stage"],
                words.number(one["n"]),
                words.number(one["amount"]),
                words.number(one["clean"]),
                words.number(one["overdue"]),
            ]
            for one in form["open"]
        ]
        columns = [
            Column("Sales stage"),
            Column("Opportunities", is_right=True),
            Column("Amount", is_right=True),
            Column("Well kept", is_right=True),
            Column("Close date passed", is_right=True),
        ]
        html.table(columns, [("", rows)])
        st.caption(
            "Well kept: a close date to come, and a touch in the last 30 days. Amounts are in "
            "corporate currency, as of now."
        )
        where, label = data.where(), "Download these opportunities as CSV"
        layout.csv(lambda: data.open_opportunities_csv(where), "open.csv", label)
    else:
        st.markdown("No opportunity is open.")
    _table([form["indicators"][name] for name in HEALTH])


def _forecast(form: PipelineForm) -> None:
    accuracy = form["indicators"]["forecast_accuracy"]
    if not form["quarters"]:
        html.note(words.sentence(accuracy["reason"]) or "No quarter is over yet.", is_muted=True)
        return
    quarters = form["quarters"]
    layout.chart(deals.forecasts, quarters, text=deals.forecasts_text(quarters))
    st.caption(
        "Bars: the amount that Sales stood by as the quarter began (due in it, in the categories "
        "that you name). Marks: what was won in it."
    )
    _table([accuracy, form["indicators"]["attainment_gap"]])


def _table(rows: list[IndicatorForm]) -> None:
    columns = [
        Column("Indicator"),
        Column("Value", is_right=True),
        Column("95 % interval", is_right=True),
        Column("Records", is_right=True, is_wide=True),
        Column("Stage"),
    ]
    cells: list[Row] = [
        [
            Cell(row["title"], words.sentence(row["reason"]), layout.indicator_link(row["id"])),
            Cell(words.value(row, row["unit"]), is_muted=row["status"] == "not_assessed"),
            words.interval(row["low"], row["high"], row["unit"]),
            words.number(row["n"]),
            words.stage(row["stage"]),
        ]
        for row in rows
    ]
    html.table(columns, [("", cells)])


def _shares(form: PipelineForm) -> None:
    """Each definition by its name, side by side: none of them is the right one."""
    groups = []
    for name in SHARES:
        one = form["outcomes"][name]
        definitions: list[tuple[str, EstimateForm]] = [(deals.DEFINITIONS[name], one)]
        definitions += [(words.capital(words.variant(v)), f) for v, f in one["variants"].items()]
        groups.append((one["title"], [_share(title, found) for title, found in definitions]))
    columns = [
        Column("By which definition"),
        Column("Share of the amount won", is_right=True),
        Column("95 % interval", is_right=True),
        Column("Won opportunities", is_right=True, is_wide=True),
    ]
    html.table(columns, groups)
    st.caption(
        "The definitions differ, and so do their figures. Agree on one before you quote it; these "
        "shares are shown and never scored."
    )


def _share(title: str, found: EstimateForm) -> Row:
    missing = found["status"] == "not_assessed"
    return [
        Cell(title, words.sentence(found["reason"]) if missing else ""),
        Cell(words.value(found, "share"), is_muted=missing),
        words.interval(found["low"], found["high"], "share"),
        words.number(found["n"]),
    ]


layout.show(page)
