"""Belief and record: statement by statement, what both teams say beside what the CRM shows."""

import streamlit as st

from dashboard import data, dumbbells, html, layout, words
from dashboard.html import Cell, Column, Row
from monitor.comparison import BeliefForm, ComparedForm, named

READING = (
    "Left: each team's mean, 1 (strongly disagree) to 5 (strongly agree). Right: the indicators "
    "that bear on the statement, on the four stages (Undefined, Defined, Aligned, Integrated), "
    "with their 95 % intervals; a full mark measures it, an empty one is a sign of it or rests on "
    "weak evidence."
)
RULE = (
    "A team holds a statement true from a mean of 3.5 on, untrue up to 2.5, as far as its interval "
    "allows. The records bear it out where the whole interval of an indicator lies at Aligned or "
    "above, and speak against it where all of it lies below. What is not assessed contradicts "
    "nobody."
)


def page() -> None:
    """The largest disagreements first, then every statement, the heads, and the waves."""
    layout.head("Belief and record")
    if data.where():
        html.note("The teams are asked for the whole company, not for a segment.", is_muted=True)
    form = data.belief()
    _state(form)
    if form["difference"]:
        html.note(form["difference"])
    _disagreements(form)
    _statements(form)
    _heads(form)
    _gaps(form)


def _state(form: BeliefForm) -> None:
    survey = form["survey"]
    if survey is None:
        html.note(
            "The teams have not been asked yet: open a wave on the Survey page. Until then this "
            "page shows what the CRM has to say on each statement.",
            is_muted=True,
        )
    elif survey["state"] != "closed":
        when = words.day(survey["closes_on"])
        html.note(f"Wave {survey['wave']} is being answered until {when}; results appear then.")
    else:
        for name in ("sales", "marketing"):
            hidden = survey["sales" if name == "sales" else "marketing"]["hidden"]
            if hidden:
                html.note(f"{words.FUNCTIONS[name]} is not shown: {hidden}.", is_muted=True)


def _disagreements(form: BeliefForm) -> None:
    if form["survey"] is None or form["survey"]["state"] != "closed":
        return
    left, right = st.columns(2, gap="large")
    with left:
        st.header("The records contradict", anchor=False)
        _lines(
            [(one["text"], one["sentence"]) for one in named(form, form["contradictions"])],
            "No statement that a team holds is contradicted by what the CRM shows.",
        )
    with right:
        st.header("The teams differ", anchor=False)
        _lines(
            [(one["text"], one["split"] or "") for one in named(form, form["splits"])],
            "On no statement do the two teams differ by more than half a point.",
        )


def _lines(pairs: list[tuple[str, str]], nothing: str) -> None:
    if pairs:
        html.lines(Cell(title, words.spaced(note)) for title, note in pairs)
    else:
        st.markdown(nothing)


def _statements(form: BeliefForm) -> None:
    st.header("Statement by statement", anchor=False)
    ordered = _by_disagreement(form)
    html.key()
    layout.chart(dumbbells.dumbbells, ordered, text=dumbbells.text(ordered))
    st.caption(f"{READING} {RULE} {form['caveat']}")
    with st.expander("The same as a table"):
        html.table(
            [
                Column("", is_right=True),
                Column("Statement"),
                Column("Sales", is_right=True),
                Column("Marketing", is_right=True),
                Column("What the CRM shows"),
            ],
            [("", [_row(one) for one in ordered])],
        )


def _by_disagreement(form: BeliefForm) -> list[ComparedForm]:
    """What the records contradict, then what divides the teams, then the others."""
    by_number = {one["number"]: one for one in form["statements"]}
    order = dict.fromkeys([*form["contradictions"], *form["splits"], *by_number])
    return [by_number[number] for number in order]


def _row(one: ComparedForm) -> Row:
    figures = "; ".join(words.evidence_said(each) for each in one["evidence"])
    shows = Cell(words.RECORD[one["record"]], figures, is_muted=one["record"].startswith("not_"))
    return [
        str(one["number"]),
        Cell(one["text"], words.ROOTS[one["root"]]),
        *(
            Cell(
                words.mean(each["mean"]),
                "" if each["hidden"] else words.AGREEMENT[each["agreement"]],
            )
            for each in (one["sales"], one["marketing"])
        ),
        shows,
    ]


def _heads(form: BeliefForm) -> None:
    if not form["heads"]:
        return
    st.header("Heads on their own part", anchor=False)
    html.table(
        [
            Column("Head"),
            Column("Sees it at"),
            Column("Score", is_right=True),
            Column("The records place it at"),
            Column("Evidence", is_right=True, is_wide=True),
        ],
        [
            (
                "",
                [
                    [
                        Cell(
                            one["name"],
                            f"{words.FUNCTIONS.get(one['function'], one['function'])}, "
                            f"{words.segment(one['segment'])}",
                        ),
                        words.stage(one["stage"]),
                        words.score(one["score"]),
                        words.placed(one["verdict"]),
                        words.percent(one["verdict"]["evidence"]),
                    ]
                    for one in form["heads"]
                ],
            )
        ],
    )
    st.caption("Heads answer by name. The records of a part have less evidence than the whole.")


def _gaps(form: BeliefForm) -> None:
    shown = [one for one in form["gaps"] if one["gap"] is not None]
    if not form["gaps"]:
        return
    st.header("The perception gap over waves", anchor=False)
    if len(shown) > 1:
        told = "; ".join(f"{one['wave']}: {words.gap(one['gap'])}" for one in form["gaps"])
        layout.chart(dumbbells.gaps, form["gaps"], text=told)
    html.table(
        [
            Column("Wave"),
            Column("Closed"),
            Column("Sales", is_right=True),
            Column("Marketing", is_right=True),
            Column("Sales minus Marketing", is_right=True),
        ],
        [
            (
                "",
                [
                    [
                        one["wave"],
                        words.day(one["closes_on"]),
                        words.mean(one["sales"]),
                        words.mean(one["marketing"]),
                        words.gap(one["gap"]),
                    ]
                    for one in form["gaps"]
                ],
            )
        ],
    )


layout.show(page)
