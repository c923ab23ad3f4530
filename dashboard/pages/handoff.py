"""Handoff: how far leads get, how soon Sales answers them, and where it differs."""

import streamlit as st

from dashboard import data, html, journeys, layout, words
from dashboard.html import Cell, Column, Row
from dashboard.journeys import STEPS
from monitor.handoff import BY_GROUP, CohortForm, HandoffForm
from monitor.open_leads import OpenLeadsForm
from monitor.report import IndicatorForm
from monitor.views import DeclarationForm

BESIDE = ("mql", "responded", "accepted")  # a phone leaves them to the funnel
SAID_HOURS = {"business": (1.0, 8.0, 24.0, 40.0), "wall": (1.0, 24.0, 72.0, 168.0)}
CLOCKS = {"business": "In business hours", "wall": "On the wall clock"}


def page() -> None:
    """Answers first, then the funnel, then teams and regions."""
    layout.head("Handoff")
    form = data.handoff(data.where())
    _figures(form["figures"])
    st.header("Who is waiting", anchor=False)
    _waiting(data.open_leads(data.where()), data.where())
    st.header("How soon Sales answers", anchor=False)
    _curves(form)
    st.header("How far leads get", anchor=False)
    _funnel(form)
    st.header("By team and region", anchor=False)
    _groups(form, data.catalogue())


def _figures(rows: dict[str, IndicatorForm]) -> None:
    shown = [
        ("Answered in time", "lead_followup_rate"),
        ("Half are answered within", "first_response_hours"),
        ("Never touched in 30 days", "never_touched_rate"),
        ("Waiting spent in queues", "queue_wait_share"),
        ("Passed on or returned", "ownership_bounce_rate"),
    ]
    html.facts(
        (
            title,
            words.value(rows[name], rows[name]["unit"]),
            words.interval(rows[name]["low"], rows[name]["high"], rows[name]["unit"]),
        )
        for title, name in shown
    )
    window = words.period(rows["lead_followup_rate"]["window"])
    st.caption(
        f"Leads handed over {window}; 95 % intervals below the figures. Who is still waiting "
        "counts as waiting, not as lost."
    )
    html.links((title, layout.indicator_link(name)) for title, name in shown)


def _waiting(found: OpenLeadsForm, where: dict[str, str]) -> None:
    """Those whose time is running out first; those who are late are counted, and in the file."""
    if not found["in_time"] + found["late"]:
        st.markdown("Nobody: every open lead has been touched.")
        return
    in_time, late = words.counted(found["in_time"], "lead"), words.number(found["late"])
    st.markdown(
        f"Waiting for a first touch by Sales: {in_time} in time, {late} past what was agreed."
    )
    layout.csv(lambda: data.open_leads_csv(where), "waiting.csv")
    columns = [
        Column("Lead"),
        Column("Belongs to"),
        Column("Handed over", is_wide=True),
        Column("Answer due"),
        Column("Business hours left", is_right=True),
    ]
    listed: list[Row] = [
        [
            Cell(row["lead_id"], "", row["link"] or ""),
            row["owner"] or row["owner_id"] or words.NONE,
            words.moment(row["handed_off_at"], data.zone()),
            words.moment(row["due_at"], data.zone()),
            words.number(row["hours_left"], 1),
        ]
        for row in found["rows"]
    ]
    if listed:
        html.table(columns, [("", listed)])
    if found["in_time"] > len(listed):
        st.caption(f"The {len(listed)} with the least time left; the CSV file has all.")


def _curves(form: HandoffForm) -> None:
    for place, one in zip(st.columns(2, gap="large"), form["curves"], strict=True):
        with place:
            st.markdown(f"**{CLOCKS[one['clock']]}**")
            if one["reason"]:
                html.note(words.sentence(one["reason"]), is_muted=True)
                continue
            text = journeys.response_text(one, SAID_HOURS[one["clock"]])
            layout.chart(journeys.response, one, data.sla_hours(), text=text)
            st.caption(f"{text} {words.number(one['n'])} handoffs.")


def _funnel(form: HandoffForm) -> None:
    if form["unsplit"]:
        names = " and ".join(words.dimension_name(name).lower() for name in form["unsplit"])
        html.note(f"Cohorts of leads cannot be cut by {names}.", is_muted=True)
        return
    grown = [one for one in form["cohorts"] if not one["is_young"]]
    total = {step: sum(one["counts"][step] for one in grown) for step in STEPS}
    if total["created"]:
        layout.chart(journeys.funnel, total, text=journeys.funnel_text(total))
        st.caption(
            f"Leads created {_month(grown[0])} to {_month(grown[-1])}, at least 90 days ago. Each "
            "lead counts once in each step that it reached, whatever steps it skipped."
        )
    else:
        st.markdown("No lead is older than 90 days yet; the months below are still open.")
    columns = [
        Column("Created in"),
        *(Column(name, is_right=True, is_wide=step in BESIDE) for step, name in STEPS.items()),
    ]
    html.table(columns, [("", [_cohort(one) for one in reversed(form["cohorts"])])])
    where = data.where()
    layout.csv(lambda: data.cohort_leads_csv(where), "cohorts.csv", "Download these leads as CSV")


def _month(one: CohortForm) -> str:
    return words.day(f"{one['month']}-01").partition(" ")[2]


def _cohort(one: CohortForm) -> Row:
    counts = one["counts"]
    cells: Row = [Cell(_month(one), "still open" if one["is_young"] else "")]
    for step in STEPS:
        share = words.percent(counts[step] / counts["created"]) if counts["created"] else ""
        note = "" if step == "created" else share
        cells = [*cells, Cell(words.number(counts[step]), note, is_muted=one["is_young"])]
    return cells


def _groups(form: HandoffForm, declared: dict[str, DeclarationForm]) -> None:
    titles = [declared[name]["title"] for name in BY_GROUP]
    columns = [
        Column(""),
        Column("Handoffs", is_right=True),
        *(Column(title, is_right=True, is_wide=i > 0) for i, title in enumerate(titles)),
    ]
    groups = []
    for split, rows in form["groups"].items():
        values = sorted({row["segment"][split] for row in rows})
        found = [_group([r for r in rows if r["segment"][split] == v], v) for v in values]
        if found:
            groups.append((words.dimension_name(split), found))
    if groups:
        html.table(columns, groups)
        st.caption("Groups of fewer people than the configuration allows are not shown.")
    else:
        st.markdown("The records name no team and no region.")


def _group(rows: list[IndicatorForm], name: str) -> Row:
    by_id = {row["id"]: row for row in rows}
    first = by_id[BY_GROUP[0]]
    why = words.sentence(first["reason"]) if first["status"] == "not_assessed" else ""
    cells: Row = [Cell(name, why), words.NONE if why else words.number(first["n"])]
    for one in BY_GROUP:
        row = by_id[one]
        missing = row["status"] == "not_assessed"
        text = words.NONE if missing else words.value(row, row["unit"])
        about = "" if missing else words.interval(row["low"], row["high"], row["unit"])
        cells = [*cells, Cell(text, about, is_muted=missing)]
    return cells


layout.show(page)
