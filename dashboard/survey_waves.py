"""Opening and closing waves, and making the links to send out."""

from datetime import date, timedelta
from urllib.parse import urlsplit

import streamlit as st

from dashboard import access, data, doing, html, layout, words
from dashboard.html import Cell, Column, Row
from monitor.surveys import WaveForm

STATES = {"planned": "Planned", "open": "Open", "closed": "Closed"}
TWO_WEEKS = timedelta(days=14)
PEOPLE = "ada@example.com, sales, head, EMEA\nbob@example.com, marketing, staff, EMEA"
HERE = "http://localhost:8501"


def page() -> None:
    """The waves, and what can be done with them, for who may."""
    access.need("admin")
    waves = data.all_waves()
    if waves:
        _table(waves)
        html.meta("How many have answered is seen after the close, like everything else.")
    running = [one["name"] for one in waves if one["state"] == "open"]
    if running:
        _invite(running)
        _close(running)
    _open()


def _table(waves: list[WaveForm]) -> None:
    columns = [Column("Wave"), Column("State"), Column("Asked"), Column("Invited", is_right=True)]
    rows: list[Row] = [
        [
            Cell(one["name"]),
            STATES[one["state"]],
            f"{words.day(one['opens_on'])} to {words.day(one['closes_on'])}",
            words.number(one["invited"]) if one["invited"] else words.NONE,
        ]
        for one in reversed(waves)
    ]
    html.table(columns, [("", rows)])


def _open() -> None:
    st.header("Open a wave", anchor=False)
    with st.form("open_wave", border=False):
        name = st.text_input("Name", placeholder="2027-H1")
        last = st.date_input("Last day for answers", date.today() + TWO_WEEKS, format="YYYY-MM-DD")
        is_sent = st.form_submit_button("Open the wave")
    if is_sent:
        with layout.errors():
            doing.open_wave(name, last)
        st.rerun()


def _invite(running: list[str]) -> None:
    st.header("Make links", anchor=False)
    segments = ", ".join(["person", "function", "level", *doing.segment_names()])
    st.markdown(
        f"One line for each person: {segments}. What stands last may be left out. Nobody's address "
        "is kept, or stands in a link."
    )
    with st.form("invite", border=False):
        wave = st.selectbox("Wave", running, key="invite_wave")
        people = st.text_area("People", placeholder=PEOPLE, height=140)
        address = st.text_input("Where people reach this dashboard", _address())
        is_sent = st.form_submit_button("Make links")
    if is_sent:
        with layout.errors():
            links = doing.invite(people, address, wave)
        st.success(
            f"Links made: {len(links)}. Send each to its person alone, then delete the list."
        )
        st.download_button(
            "Download the links (CSV)", doing.links_csv(links), f"links-{wave}.csv", "text/csv"
        )


def _address() -> str:
    url = urlsplit(st.context.url or HERE)
    return f"{url.scheme}://{url.netloc}"


def _close(running: list[str]) -> None:
    st.header("Close a wave", anchor=False)
    st.markdown("A wave closes by itself after its last day. Closing it is for good.")
    with st.form("close_wave", border=False):
        wave = st.selectbox("Wave", running, key="close_wave_name")
        is_sure = st.checkbox("Nobody is to answer any more")
        is_sent = st.form_submit_button("Close the wave")
    if is_sent and wave is not None:
        if not is_sure:
            st.error("Please confirm that nobody is to answer any more.")
            return
        with layout.errors():
            doing.close_wave(wave)
        st.rerun()
