"""Survey: the twenty statements, and what the last wave said under the anonymity rules."""

import streamlit as st

from dashboard import charts, data, html, layout, theme, words
from dashboard.data import Level
from dashboard.html import Cell, Column, Row
from monitor.report import SurveyForm
from monitor.surveys import WaveForm

SCALE = ["1", "2", "3", "4", "5", "n/a"]
HEAD, STAFF = "Head of a team", "Team member"
TO_BE_SCORED = 16
PRIVACY = (
    "Team members stay anonymous: only means of at least five people are shown, and only after "
    "the close. Your address serves to replace your earlier answers; it is kept as a keyed code "
    "whose key is destroyed at the close. Heads answer by name, which the other head sees."
)


def page() -> None:
    """The form while a wave is open, and the results of the last closed one."""
    layout.head("Survey")
    wave, results = data.wave(), data.survey()
    if wave is None:
        _closed(results)
        return
    answering, reading = st.tabs(["Answer", "Results"])
    with answering:
        _form(wave)
    with reading:
        _closed(results)


def _form(wave: WaveForm) -> None:
    html.note(
        f"Wave {wave['name']}, open until {words.day(wave['closes_on'])}. Say how far each "
        "statement is true of Sales and Marketing here: 1 is strongly disagree, 5 strongly agree.",
    )
    with st.form("survey", border=False):
        function = st.radio(
            "You work in",
            ["sales", "marketing"],
            format_func=words.FUNCTIONS.get,
            horizontal=True,
            index=None,
        )
        level = st.radio("You are a", [STAFF, HEAD], horizontal=True, index=None)
        person = st.text_input("Your work e-mail address", autocomplete="email")
        name = st.text_input("Your name, if you are a head and agree to answer by name")
        given = [_statement(one["number"], one["text"]) for one in data.questionnaire()]
        st.caption(PRIVACY)
        if st.form_submit_button("Send answers", type="primary"):
            _send(person, function, level, name, given)


def _statement(number: int, text: str) -> str | None:
    return st.segmented_control(
        f"{number}. {text}", SCALE, key=f"statement_{number}", width="stretch"
    )


def _send(
    person: str, function: str | None, level: str | None, name: str, given: list[str | None]
) -> None:
    if not person.strip() or function is None or level is None:
        st.error("Please say which team you work in, what you are, and your address; then send.")
        return
    if level == HEAD and not name.strip():
        st.error("Heads answer by name: please give it, or answer as a team member.")
        return
    answers = [int(one) if one and one.isdigit() else None for one in given]
    kind: Level = "head" if level == HEAD else "staff"
    data.submit(person, function, kind, answers, name.strip() if kind == "head" else None)
    answered = sum(one is not None for one in answers)
    st.success(
        f"Thank you: {answered} of {len(answers)} answers are kept. You can send again "
        "until the close; the last sending counts."
    )
    if answered < TO_BE_SCORED:
        st.warning(f"Under {TO_BE_SCORED} answers are counted but not scored.")


def _closed(results: SurveyForm | None) -> None:
    if results is None:
        st.markdown("Nobody has been asked yet. To open a wave:")
        st.code("detente survey open Spring --closes-on 2027-03-31", language=None)
        return
    if results["state"] != "closed":
        when = words.day(results["closes_on"])
        st.markdown(f"Wave {results['wave']}: results appear after its close on {when}.")
        return
    st.header(f"Wave {results['wave']}", anchor=False)
    opened, closed = words.day(results["opens_on"]), words.day(results["closes_on"])
    html.meta(f"Asked from {opened} to {closed}")
    _groups(results)
    _statements(results)


def _groups(results: SurveyForm) -> None:
    columns = [
        Column("Who"),
        Column("Sees itself at"),
        Column("Score", is_right=True),
        Column("95 % interval", is_right=True, is_wide=True),
        Column("Answers", is_right=True),
        Column("Response rate", is_right=True, is_wide=True),
    ]
    rows: list[Row] = []
    for name in ("sales", "marketing", "all"):
        one = results[name]
        rows.append(
            [
                Cell(words.FUNCTIONS[name], f"Not shown: {one['hidden']}" if one["hidden"] else ""),
                words.stage(one["stage"]),
                words.mean(one["mean"]),
                words.interval(one["low"], one["high"]),
                words.number(one["n"]),
                words.percent(one["response_rate"]),
            ]
        )
    heads: list[Row] = [
        [
            Cell(head["name"], f"head, {words.FUNCTIONS.get(head['function'], head['function'])}"),
            words.stage(head["stage"]),
            words.mean(head["score"]),
            "",
            "",
            "",
        ]
        for head in results["heads"]
    ]
    groups = [("Teams", rows)] + ([("Heads, by name", heads)] if heads else [])
    html.table(columns, groups)
    if results["gap"] is not None:
        higher = "higher" if results["gap"] > 0 else "lower"
        points = f"{abs(results['gap']):.1f}"
        html.note(f"Sales rates the relationship {points} points {higher} than Marketing does.")
    for remark in results["notes"]:
        html.meta(remark)


def _statements(results: SurveyForm) -> None:
    st.header("Statement by statement", anchor=False)
    shown = [
        s for s in results["statements"] if s["sales"] is not None or s["marketing"] is not None
    ]
    if shown:
        html.key()
        layout.chart(charts.statements(shown, theme.palette()), "Means by statement; table below.")
    titles = {name: one["title"] for name, one in data.catalogue().items()}
    columns = [
        Column(""),
        Column("Statement"),
        Column("Sales", is_right=True),
        Column("Marketing", is_right=True),
        Column("What the CRM can say about it", is_wide=True),
    ]
    rows: list[Row] = [
        [
            str(one["number"]),
            Cell(one["text"], words.ROOTS.get(one["root"], one["root"])),
            words.mean(one["sales"]),
            words.mean(one["marketing"]),
            Cell(
                words.bearing(one["bearing"], titles),
                is_muted=not any(i in titles for i in one["bearing"]),
            ),
        ]
        for one in results["statements"]
    ]
    html.table(columns, [("", rows)])
    st.caption("Means of 1 (strongly disagree) to 5 (strongly agree).")


layout.show(page, needs_data=False)
