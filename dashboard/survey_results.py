"""What a closed wave may show: groups, roots, segments, statements, and the heads by name."""

from typing import Literal

import streamlit as st

from dashboard import charts, data, doing, html, layout, words
from dashboard.html import Cell, Column, Row
from model.stages import STAGES
from monitor.survey_forms import CellForm, SurveyForm

BOTH: tuple[Literal["sales", "marketing", "all"], ...] = ("sales", "marketing", "all")


def page(results: SurveyForm | None) -> None:
    """The results, or why there are none yet."""
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
    _spread(results)
    _roots(results)
    _segments(results)
    _statements(results)
    _heads(results)
    st.download_button(
        "Download these tables (CSV)",
        doing.survey_csv(results),
        f"survey-{results['wave']}.csv",
        "text/csv",
    )


def _groups(results: SurveyForm) -> None:
    columns = [
        Column("Who"),
        Column("Sees itself at"),
        Column("Score", is_right=True),
        Column("95 % interval", is_right=True, is_wide=True),
        Column("Agreement", is_right=True, is_wide=True),
        Column("Answers", is_right=True),
        Column("Response rate", is_right=True, is_wide=True),
    ]
    rows: list[Row] = []
    for name in BOTH:
        one = results[name]
        rows.append(
            [
                Cell(words.FUNCTIONS[name], f"Not shown: {one['hidden']}" if one["hidden"] else ""),
                words.stage(one["stage"]),
                words.mean(one["mean"]),
                words.interval(one["low"], one["high"]),
                words.number(one["agreement"], 2),
                words.number(one["n"]),
                words.percent(one["response_rate"]),
            ]
        )
    html.table(columns, [("Teams", rows)])
    if results["gap"] is not None:
        html.note(words.survey_gap(results["gap"], results["gap_low"], results["gap_high"]))
    for remark in results["notes"]:
        html.meta(remark)


def _spread(results: SurveyForm) -> None:
    rows: list[Row] = []
    for name in BOTH:
        shares, deviation = results[name]["stages"], results[name]["sd"]
        if shares:
            cells = [words.percent(shares[stage.value]) for stage in STAGES]
            rows.append([words.FUNCTIONS[name], *cells, words.mean(deviation)])
    if rows:
        st.header("How far opinions spread", anchor=False)
        stages = [Column(stage.value.capitalize(), is_right=True) for stage in STAGES]
        deviation_column = Column("Standard deviation", is_right=True, is_wide=True)
        html.table([Column("Share who answer"), *stages, deviation_column], [("", rows)])
        st.caption(
            "Agreement (r_wg) runs from 0, as answers at random would, to 1, when all say the same."
        )


def _roots(results: SurveyForm) -> None:
    if not results["roots"]:
        return
    st.header("The two roots of the strain", anchor=False)
    columns = [
        Column("Statements about"),
        Column("Sales", is_right=True),
        Column("Marketing", is_right=True),
        Column("Difference", is_right=True),
    ]
    rows: list[Row] = [
        [
            words.ROOTS[one["root"]].capitalize(),
            words.mean(one["sales"]),
            words.mean(one["marketing"]),
            words.gap(one["gap"]),
        ]
        for one in results["roots"]
    ]
    html.table(columns, [("", rows)])


def _segments(results: SurveyForm) -> None:
    if not results["segments"]:
        return
    st.header("By segment", anchor=False)
    columns = [Column(""), Column("Sales"), Column("Marketing")]
    groups: list[tuple[str, list[Row]]] = [
        (
            words.dimension_name(table["dimension"]),
            [[row["value"], _cell(row["sales"]), _cell(row["marketing"])] for row in table["rows"]],
        )
        for table in results["segments"]
    ]
    html.table(columns, groups)
    st.caption("What rests on too few people, or would give them away, is left out.")


def _cell(cell: CellForm) -> Cell:
    if cell["mean"] is None:
        return Cell(words.NONE, cell["hidden"] or "", is_muted=True)
    return Cell(f"{words.stage(cell['stage'])} {words.mean(cell['mean'])}", f"n {cell['n']}")


def _statements(results: SurveyForm) -> None:
    st.header("Statement by statement", anchor=False)
    shown = [
        s for s in results["statements"] if s["sales"] is not None or s["marketing"] is not None
    ]
    if shown:
        html.key()
        layout.chart(charts.statements, shown, text="Means by statement; table below.")
    titles = {name: one["title"] for name, one in data.catalogue().items()}
    columns = [
        Column(""),
        Column("Statement"),
        Column("Sales", is_right=True),
        Column("Marketing", is_right=True),
        Column("Difference", is_right=True, is_wide=True),
        Column("Agreement", is_right=True, is_wide=True),
        Column("What the CRM can say about it", is_wide=True),
    ]
    rows: list[Row] = [
        [
            str(one["number"]),
            Cell(one["text"], words.ROOTS.get(one["root"], one["root"])),
            words.mean(one["sales"]),
            words.mean(one["marketing"]),
            words.gap(one["gap"]),
            words.number(one["agreement"]["all"], 2),
            Cell(
                words.bearing(one["bearing"], titles),
                is_muted=not any(i in titles for i in one["bearing"]),
            ),
        ]
        for one in results["statements"]
    ]
    html.table(columns, [("", rows)])
    st.caption("Means of 1 (strongly disagree) to 5 (strongly agree).")


def _heads(results: SurveyForm) -> None:
    heads = results["heads"]
    if not heads:
        return
    st.header("The heads, by name", anchor=False)
    columns = [Column("Who"), Column("Sees it at"), Column("Score", is_right=True)]
    rows: list[Row] = [
        [
            Cell(
                head["name"],
                ", ".join(
                    [
                        f"head, {words.FUNCTIONS.get(head['function'], head['function'])}",
                        *head["segment"].values(),
                    ]
                ),
            ),
            words.stage(head["stage"]),
            words.mean(head["score"]),
        ]
        for head in heads
    ]
    html.table(columns, [("", rows)])
    with st.expander("Their ratings, statement by statement"):
        titles = [Column(""), Column("Statement")]
        titles += [Column(head["name"], is_right=True) for head in heads]
        ratings: list[Row] = [
            [
                str(one["number"]),
                one["text"],
                *(words.number(head["answers"][one["number"] - 1]) for head in heads),
            ]
            for one in results["statements"]
        ]
        html.table(titles, [("", ratings)])
