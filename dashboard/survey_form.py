"""The twenty statements to be rated: by a personal link, or by who is signed in."""

from collections.abc import Mapping

import streamlit as st

from dashboard import access, data, doing, html, words
from dashboard.doing import Level
from monitor.access import LOCAL, Person
from monitor.surveys import WaveForm

SCALE = ["1", "2", "3", "4", "5", "n/a"]
HEAD, STAFF = "Head of a team", "Team member"
LEVELS = {"head": HEAD, "staff": STAFF}
HOW = (
    "Say how far each statement is true of Sales and Marketing here: 1 is strongly disagree, "
    "5 strongly agree."
)
ANONYMOUS = (
    "Team members stay anonymous: only means of at least {floor} people are shown, and only after "
    "the close. "
)
BY_LINK = ANONYMOUS + (
    "Your link holds no address, and it serves to replace your earlier answers; what connects the "
    "two is destroyed at the close."
)
BY_LOGIN = ANONYMOUS + (
    "Your login serves to replace your earlier answers; it is kept as a keyed code whose key is "
    "destroyed at the close. Heads answer by name, which the other head sees."
)
ASK = (
    "People answer by the personal link that each was sent. An admin makes links under Waves, or "
    "with “detente survey invite”."
)


def by_link(token: str) -> None:
    """The form for whoever holds the link; who they are stands in it and cannot be changed."""
    said = doing.invitation(token)
    st.title(f"Sales and Marketing: {said['wave']}", anchor=False)
    html.note(f"{HOW} You can answer until {words.day(said['closes_on'])}.")
    who = [words.FUNCTIONS.get(said["function"], said["function"].upper()), LEVELS[said["level"]]]
    html.meta(f"Your answers count for: {', '.join([*who, *said['segment'].values()])}")
    with st.form("survey", border=False):
        agrees, name = _naming() if said["level"] == "head" else (False, "")
        given = _statements()
        st.caption(BY_LINK.format(floor=doing.survey_floor()))
        is_sent = st.form_submit_button("Send answers", type="primary", width="stretch")
    if is_sent:
        if agrees and not name:
            st.error("You agreed to answer by name: please give it, or take the agreement back.")
            return
        answers = _answers(given)
        doing.answer(token, answers, name if agrees else None)
        _thank(answers)


def _naming() -> tuple[bool, str]:
    agrees = st.checkbox("I agree that my ratings are shown with my name")
    name = st.text_input("Your name, if you agree", autocomplete="name")
    return agrees, name.strip()


def respondent(wave: WaveForm) -> Person | None:
    """Who may answer without a link: somebody who signed in, in a wave without links."""
    known = access.person()
    is_known = known is not None and known is not LOCAL and known.may("contributor")
    return known if is_known and not wave["invited"] else None


def by_login(wave: WaveForm, person: Person) -> None:
    """The form for who is signed in."""
    html.note(f"Wave {wave['name']}, open until {words.day(wave['closes_on'])}. {HOW}")
    with st.form("survey", border=False):
        function = st.radio(
            "You work in",
            ["sales", "marketing"],
            format_func=words.FUNCTIONS.get,
            horizontal=True,
            index=None,
        )
        level = st.radio("You are a", [STAFF, HEAD], horizontal=True, index=None)
        name = st.text_input("Your name, if you are a head and agree to answer by name")
        given = _statements()
        st.caption(BY_LOGIN.format(floor=doing.survey_floor()))
        is_sent = st.form_submit_button("Send answers", type="primary")
    if is_sent:
        _send(person.id, function, level, name, given)


def _send(
    person: str,
    function: str | None,
    level: str | None,
    name: str,
    given: Mapping[int, str | None],
) -> None:
    if function is None or level is None:
        st.error("Please say which team you work in and whether you head it; then send.")
        return
    if level == HEAD and not name.strip():
        st.error("Heads answer by name: please give it, or answer as a team member.")
        return
    kind: Level = "head" if level == HEAD else "staff"
    answers = _answers(given)
    doing.submit(person, function, kind, answers, name.strip() if kind == "head" else None)
    _thank(answers)


def _statements() -> dict[int, str | None]:
    return {
        one["number"]: st.segmented_control(
            f"{one['number']}. {one['text']}",
            SCALE,
            key=f"statement_{one['number']}",
            width="stretch",
        )
        for one in data.questionnaire()
    }


def _answers(given: Mapping[int, str | None]) -> list[int | None]:
    return [int(one) if one and one.isdigit() else None for one in given.values()]


def _thank(answers: list[int | None]) -> None:
    answered = sum(one is not None for one in answers)
    st.success(
        f"Thank you: {answered} of {len(answers)} answers are kept. You can send again "
        "until the close; the last sending counts."
    )
    least = doing.survey_minimum()
    if answered < least:
        st.warning(f"Under {least} answers are counted but not scored.")
