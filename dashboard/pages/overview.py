"""Overview: where the records place the company, where its teams see themselves, and why."""

import streamlit as st

from dashboard import charts, data, html, layout, words
from dashboard.html import Cell, Column, Row
from model.stages import STAGES
from monitor.outputs.words import company_only, logging
from monitor.report import IndicatorForm, PullForm, StageForm, StepForm
from monitor.views import DeclarationForm

READING = (
    "Under each stage: its chance by the records. Marks are scores, lines their 95 % intervals; "
    "empty marks are single heads."
)
MOVED = (
    "In brackets: 95 % interval of the change. Not comparable: other figures were assessed then."
)


def page() -> None:
    """The verdict first, then why."""
    where = data.where()
    with layout.meanwhile(bool(where) or data.has_stage(where)):
        form, rows = data.stage(where), data.indicators(where)
    _verdict(form)
    _remarks(form)
    _figures(form)
    left, right = st.columns([3, 2], gap="large")
    with left:
        _dimensions(form)
    with right:
        _pulls(form, rows, data.catalogue())


def _verdict(form: StageForm) -> None:
    layout.whose()
    html.verdict(words.headline(form))
    layout.chart(charts.ladder, form, text=charts.ladder_text(form))
    st.caption(f"{READING} {words.SCALES}")


def _remarks(form: StageForm) -> None:
    if form["headline_sentence"]:
        html.note(words.sentence(form["headline_sentence"]))
    if form["stage"] is None:
        html.note(words.why_range(form))
    if held := words.held(form):
        html.note(held)
    for remark in (logging(form), company_only(form)):
        if remark:
            html.note(remark, is_muted=True)
    if form["survey"] is None:
        text = (
            "The teams' own view is asked for the whole company, not for a segment."
            if form["segment"]
            else "The teams have not been asked yet how they see themselves: see the Survey page."
        )
        html.note(text, is_muted=True)
        return
    for name in ("sales", "marketing"):
        hidden = form["survey"][name]["hidden"]
        if hidden:
            html.note(f"{words.FUNCTIONS[name]}'s own view is not shown: {hidden}.", is_muted=True)


def _figures(form: StageForm) -> None:
    status = data.status()
    sync = status["last_sync"]
    pulled = words.moment(sync["ended_at"], data.zone()) if sync else words.NONE
    complete = words.moment(form["as_of"], data.zone())
    around = words.interval(form["low"], form["high"])
    figures = [
        ("Score by the records", words.score(form["score"]), f"95 % interval {around}"),
        ("Evidence", words.percent(form["evidence"]), "of what is asked for is recorded"),
        ("Records complete up to", complete.partition(", ")[0], complete.partition(", ")[2]),
        ("Last pulled", pulled.partition(", ")[0], pulled.partition(", ")[2]),
    ]
    if form["survey"]:
        when = f"closed {words.day(form['survey']['closes_on'])}"
        if form["survey"]["state"] != "closed":
            when = f"closes {words.day(form['survey']['closes_on'])}"
        figures.append(("Survey", form["survey"]["wave"], when))
    html.facts(figures)


def _dimensions(form: StageForm) -> None:
    st.header("Six dimensions", anchor=False)
    dimensions = form["dimensions"]
    since = _since(form)
    layout.chart(charts.dimensions, dimensions, since, text=charts.texts(dimensions, since))
    if since:
        st.caption(MOVED)
    with st.expander("The same as a table"):
        columns = [
            Column("Dimension"),
            Column("Stage"),
            Column("Score", is_right=True),
            Column("95 % interval", is_right=True),
            Column("Evidence", is_right=True),
        ]
        rows: list[Row] = [
            [
                one["title"],
                Cell(words.dimension_stage(one), words.STATUS[one["status"]]),
                words.score(one["score"]),
                words.interval(one["low"], one["high"]),
                words.percent(one["evidence"]),
            ]
            for one in form["dimensions"]
        ]
        html.table(columns, [("", rows)])


def _since(form: StageForm) -> dict[str, str]:
    """How each dimension's score has moved since about a quarter ago."""
    then = data.before(form)
    if then is None:
        return {}
    return {
        name: charts.moved(one, then["as_of"], data.zone())
        for name, one in data.moved(then["id"], form["segment"]).items()
        if then["dimensions"].get(name) is not None
    }


def _pulls(
    form: StageForm,
    rows: dict[str, IndicatorForm],
    declared: dict[str, DeclarationForm],
) -> None:
    st.header("What pulls down most", anchor=False)
    worst = [pull for pull in form["pulls"] if pull["gain"] > 0][:3]
    if worst:
        html.lines(
            Cell(
                pull["title"],
                _pull(pull, rows[pull["id"]], declared[pull["id"]]),
                layout.indicator_link(pull["id"]),
            )
            for pull in worst
        )
    else:
        st.markdown("Nothing: no assessed indicator lowers the score.")
    st.header("The cheapest steps up", anchor=False)
    if not form["steps"]:
        text = "No single change reaches the next stage."
        at_top = form["stage"] == STAGES[-1].value
        st.markdown("You are at the highest stage." if at_top else text)
        return
    html.lines(Cell(_step(step, rows)) for step in form["steps"][:3])


def _step(step: StepForm, rows: dict[str, IndicatorForm]) -> str:
    row = rows.get(step["id"])
    return words.step(step, words.value(row, row["unit"]) if row else None)


def _pull(pull: PullForm, row: IndicatorForm, declared: DeclarationForm) -> str:
    """`12.3 % now; Defined starts at 50.0 %. Worth up to 4.2 points.`"""
    now = words.value(row, row["unit"])
    gain = f"Worth up to {words.gain(pull['gain'])} of the score."
    rank = [s.value for s in STAGES].index(row["stage"] or STAGES[0].value)
    if rank >= len(declared["anchors"]):
        return f"{now} now. {gain}"
    anchor = declared["anchors"][rank]
    start = words.quantity(anchor["value"], row["unit"])
    return f"{now} now; {words.stage(anchor['stage'])} starts at {start}. {gain}"


layout.show(page)
