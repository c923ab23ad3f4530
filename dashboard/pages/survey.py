"""Survey: the form, the waves, and what the last wave said under the anonymity rules."""

import streamlit as st

from dashboard import (
    access,
    data,
    doing,
    html,
    layout,
    survey_form,
    survey_results,
    survey_waves,
    words,
)
from dashboard.survey_form import ASK


def page() -> None:
    """For who holds a link the form alone; else the form for who is signed in while a wave is
    open, the results of a closed one, and the waves.
    """
    token = access.invitation()
    if token is not None:
        survey_form.by_link(token)
        return
    layout.head("Survey")
    wave = doing.wave()
    person = survey_form.respondent(wave) if wave else None
    names = [*(["Answer"] if person else []), "Results"]
    names += ["Waves"] if access.may("admin") else []
    places = dict(zip(names, st.tabs(names), strict=True))
    if wave is not None and person is not None:
        with places["Answer"]:
            survey_form.by_login(wave, person)
    with places["Results"]:
        if wave is not None and person is None:
            html.note(f"Wave {wave['name']} is open until {words.day(wave['closes_on'])}. {ASK}")
        survey_results.page(data.survey(_chosen()))
    if "Waves" in places:
        with places["Waves"]:
            survey_waves.page()


def _chosen() -> str | None:
    """The wave to be shown; None: the newest."""
    closed = [one["name"] for one in data.all_waves() if one["state"] == "closed"]
    if len(closed) < 2:
        return None
    return st.selectbox("Wave", closed[::-1], key="wave", bind="query-params")


layout.show(page, needs_data=False)
