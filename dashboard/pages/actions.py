"""Actions and rules: whether to change, what was agreed and came of it, what would help, and how
far the rules of engagement are kept.
"""

from datetime import date

import pandas as pd
import streamlit as st

from dashboard import access, data, doing, html, layout, words
from dashboard.html import Cell, Column, Row
from model.errors import DetenteError
from monitor.access import Role
from monitor.advice import AdviceForm, AnswerForm, MoveForm
from monitor.agreed import ActionForm
from monitor.rules import RuleForm, RulesForm

CHOICES = {"yes": "Yes", "no": "No", "unknown": "Not known"}
WAYS = {"leave": "Reasons to stay", "move": "Reasons to move on"}
ROLE: Role = "contributor"
OWNERS = ["sales", "marketing"]


def page() -> None:
    """The answer, the agreed actions, the moves, the forms."""
    layout.head("Actions and rules")
    said = st.session_state.pop("actions_said", None)
    if said:
        st.success(said)
    advice = data.advice()
    st.header("Do we need to change?", anchor=False)
    _advice(advice)
    st.header("Agreed actions", anchor=False)
    _actions(doing.actions())
    if access.may(ROLE):
        _agree(advice)
    st.header("What would help", anchor=False)
    _moves(advice)
    st.header("Rules of engagement", anchor=False)
    _rules(data.rules(data.where()))


def _advice(form: AdviceForm) -> None:
    html.note(words.spaced(form["sentence"]))
    for used in form["used"]:
        html.meta(words.spaced(used))
    if not form["answers"]:
        return
    groups = [
        (title, [_condition(one) for one in form["answers"] if one["way"] == way])
        for way, title in WAYS.items()
    ]
    html.table([Column(""), Column("Holds"), Column("Because", is_wide=True)], groups)
    if access.may(ROLE):
        with st.expander("Answer the checklist"):
            _checklist(form)


def _condition(one: AnswerForm) -> Row:
    because = [words.spaced(one["said"])] if one["said"] else []
    given = one["given"]
    if given:
        because.append(f"{given['by']} said {given['answer']} on {words.day(given['on'])}")
    if one["is_contested"]:
        because.append("the records and the answer disagree")
    holds = {"yes": "yes", "no": "no"}.get(one["answer"] or "", f"not{words.SPACE}known")
    text = one["text"][:1].upper() + one["text"][1:]
    return [text, Cell(holds, is_muted=one["answer"] is None), words.sentence("; ".join(because))]


def _checklist(form: AdviceForm) -> None:
    with st.form("checklist", border=False):
        given = {one["id"]: _question(one) for one in form["answers"]}
        by = _who("checklist_by")
        if not st.form_submit_button("Keep the answers"):
            return
    before = {one["id"]: (one["given"] or {"answer": None})["answer"] for one in form["answers"]}
    changed = {name: said for name, said in given.items() if said and said != before[name]}
    if not changed:
        st.error("Nothing has been answered anew.")
        return
    try:
        access.need(ROLE)
        for name, said in changed.items():
            doing.answer_question(name, said, by)
    except DetenteError as error:
        st.error(error.line())
        return
    st.session_state["actions_said"] = "Your answers are kept."
    st.rerun()


def _who(key: str) -> str:
    """The name of whoever is signed in, else one that is asked for."""
    found = access.person()
    return found.name if found and found.name else st.text_input("Your name", key=key)


def _question(one: AnswerForm) -> str | None:
    given = one["given"]
    return st.segmented_control(
        one["question"],
        list(CHOICES),
        format_func=CHOICES.__getitem__,
        default=given["answer"] if given else None,
        key=f"question_{one['id']}",
    )


def _actions(found: list[ActionForm]) -> None:
    if not found:
        st.markdown("Nothing is agreed yet. A move that would help is a good beginning.")
        return
    columns = [
        Column("Action"),
        Column("Owner"),
        Column("Due"),
        Column("Then", is_right=True, is_wide=True),
        Column("Now", is_right=True),
        Column("Target", is_right=True),
        Column("What has happened", is_wide=True),
    ]
    groups = [
        (title, [_action(one) for one in found if one["state"] in states])
        for title, states in (("Open", ("open",)), ("Ended", ("done", "dropped")))
    ]
    html.table(columns, [(title, rows) for title, rows in groups if rows])
    for note in dict.fromkeys(one["note"] for one in found if one["note"]):
        html.meta(words.sentence(note))
    _end([one for one in found if one["state"] == "open"])
    with st.expander("History"):
        html.table([Column("When"), Column("What"), Column("Who")], _history(found))


def _action(one: ActionForm) -> Row:
    place = words.segment(one["segment"]) if one["segment"] else ""
    state = {"open": "overdue" if one["is_overdue"] else "", "done": "done"}.get(
        one["state"], "dropped"
    )
    notes = ", ".join(part for part in (one["indicator_title"], place) if part)
    return [
        Cell(words.spaced(one["title"]), notes, layout.indicator_link(one["indicator"])),
        words.FUNCTIONS[one["function"]],
        Cell(words.day(one["due_on"]), state),
        words.value(one["baseline"], one["unit"]),
        Cell(
            words.value(one["now"], one["unit"]) if one["now"] else words.NONE,
            words.way(one["share"], one["reached"]),
        ),
        words.quantity(one["target"], one["unit"]),
        words.spaced(one["sentence"]),
    ]


def _history(found: list[ActionForm]) -> list[tuple[str, list[Row]]]:
    return [
        (
            one["title"],
            [
                [
                    words.day(event["at"], data.zone()),
                    Cell(words.EVENTS[event["state"]], event["note"]),
                    event["by"],
                ]
                for event in one["history"]
            ],
        )
        for one in found
    ]


def _end(still: list[ActionForm]) -> None:
    if not still or not access.may(ROLE):
        return
    titles = {one["id"]: one["title"] for one in still}
    with st.expander("Close an action"), st.form("end", border=False):
        chosen = st.selectbox("Action", list(titles), format_func=titles.__getitem__)
        state = st.radio("It is", ["done", "dropped"], horizontal=True)
        note = st.text_input("What to remember about it", max_chars=2000)
        by = _who("end_by")
        if not st.form_submit_button("Close it"):
            return
        try:
            access.need(ROLE)
            ended = doing.close_action(chosen, "done" if state == "done" else "dropped", by, note)
        except DetenteError as error:
            st.error(error.line())
            return
    st.session_state["actions_said"] = f"{ended['title']}: {ended['state']}."
    st.rerun()


def _agree(advice: AdviceForm) -> None:
    declared = data.catalogue()
    proposed = [call["id"] for move in advice["moves"] for call in move["calls"]]
    order = list(dict.fromkeys([*proposed, *declared]))
    with st.expander("Agree an action"):
        chosen = st.selectbox(
            "Indicator that it is to move",
            order,
            format_func=lambda name: declared[name]["title"],
            key="agree_indicator",
        )
        unit = declared[chosen]["unit"]
        is_share = unit == "share"
        with st.form("agree", border=False):
            what = st.text_input("What will be done", max_chars=500)
            owner = st.radio(
                "Who answers for it",
                OWNERS,
                format_func=words.FUNCTIONS.__getitem__,
                horizontal=True,
                index=None,
                key="agree_owner",
            )
            wanted = st.number_input(
                f"Target ({'%' if is_share else unit}); empty: where its next stage begins",
                min_value=0.0,
                max_value=100.0 if is_share or unit == "level" else None,
                value=None,
                step=1.0,
                key=f"target_{chosen}",
            )
            due = st.date_input("Due", value=doing.next_meeting(), key="agree_due")
            by = _who("agree_by")
            if not st.form_submit_button("Agree", type="primary"):
                return
        _send(chosen, what, owner, wanted, is_share, due, by)


def _send(
    indicator: str,
    what: str,
    owner: str | None,
    wanted: float | None,
    is_share: bool,
    due: object,
    by: str,
) -> None:
    if owner is None or not isinstance(due, date):
        st.error("Please say who answers for it, and when it is due.")
        return
    target = wanted / 100 if is_share and wanted is not None else wanted
    try:
        access.need(ROLE)
        kept = doing.agree(indicator, what.strip() or None, owner, target, due, by)
    except DetenteError as error:
        st.error(error.line())
        return
    st.session_state["actions_said"] = f"Agreed: {kept['title']}."
    st.rerun()


def _moves(form: AdviceForm) -> None:
    if not form["moves"]:
        st.markdown("You are at the highest stage, or nothing that helps is missing.")
        return
    reaches = words.stage(form["moves"][0]["reaches"])
    if form["course"] == "stay":
        html.meta(f"You may stay where you are. To move on to {reaches} all the same:")
    else:
        html.meta(f"Moves towards {reaches}, the most worthwhile first")
    for move in form["moves"]:
        _move(move)


def _move(move: MoveForm) -> None:
    st.subheader(move["title"], anchor=False)
    st.markdown(move["text"])
    html.lines(
        Cell(
            call["title"],
            words.spaced(call["sentence"].partition(": ")[2]),
            layout.indicator_link(call["id"]),
        )
        for call in move["calls"]
    )
    if move["unknown"]:
        html.meta(f"Not assessed: {', '.join(move['unknown'])}.")


def _rules(form: RulesForm) -> None:
    if not form["rules"]:
        st.markdown("No rule is written yet. Write some under `rules` in the configuration.")
        return
    html.meta(words.period(form["window"]))
    columns = [
        Column("Rule"),
        Column("Kept", is_right=True),
        Column("95 % interval", is_right=True, is_wide=True),
        Column("Of", is_right=True),
        Column("Broken by", is_right=True),
    ]
    html.table(columns, [("", [_rule(one) for one in form["rules"]])])
    for one in form["rules"]:
        if one["broken"]:
            with st.expander(f"Records that break it: {one['title']}"):
                _broken(one, form["segment"])


def _rule(one: RuleForm) -> Row:
    why = words.sentence(one["reason"]) if one["status"] != "ok" else ""
    return [
        Cell(one["title"], " ".join(part for part in (words.sentence(one["says"]), why) if part)),
        words.value(one, "share"),
        words.interval(one["low"], one["high"], "share"),
        words.number(one["n"]),
        words.number(one["n_broken"]),
    ]


def _broken(one: RuleForm, where: dict[str, str]) -> None:
    st.dataframe(pd.DataFrame(one["broken"]), hide_index=True, width="stretch")
    if one["n_broken"] > len(one["broken"]):
        html.meta(f"The newest {len(one['broken'])} of {words.number(one['n_broken'])}.")
    layout.csv(lambda: data.broken_csv(one["id"], where), f"{one['id']}.csv")


layout.show(page)
