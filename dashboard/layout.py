"""What every page shares: the sidebar, the head, errors in one line, the first-run guide."""

import json
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlencode

import streamlit as st

from dashboard import access, data, html, words
from dashboard.shelf import Shelf
from dashboard.theme import palette, specified, stylesheet
from model.errors import DetenteError, NoAnswerError
from monitor.views import StatusForm

_CHARTS = Shelf(400)
INDICATOR = "indicator"  # the address's parameter that names one


@contextmanager
def errors() -> Iterator[None]:
    """Say what a user can act on in one line, and stop the page."""
    try:
        yield
    except NoAnswerError as error:
        _unreached(error)
        st.stop()
    except DetenteError as error:
        st.error(error.line())
        st.stop()


def _unreached(error: NoAnswerError) -> None:
    """What was said last, since when nothing newer can be said, and what to do about it."""
    last = data.last_said()
    html.verdict(words.said_last(last, data.zone()) if last else "The figures cannot be read now.")
    st.error(error.line())
    html.meta(words.unreached(error.since_at, data.zone()))


def is_for_respondent() -> bool:
    """Whether a personal link to the survey was followed: then there is the form and no more."""
    if access.is_respondent():
        st.html(stylesheet())
        return True
    return False


def only(form: st.Page, asked: st.Page) -> None:
    """Run the survey form, whatever page the address asks for besides."""
    if asked is form:
        form.run()
    else:
        st.error("Please open your link to the survey exactly as it was sent to you.")


def let_in() -> None:
    """Stop where the dashboard is open to all and asks nobody, or nobody known is looking."""
    st.html(stylesheet())
    with errors():
        access.check_address()
        if access.person() is None:
            st.navigation([st.Page(access.sign_in, title="Sign in")], position="hidden").run()
            st.stop()


def frame() -> None:
    """The sidebar with the segment, the as-of and who is looking: the same on every page."""
    with errors():
        status = data.status()
        with meanwhile(data.has_segments() or not status["has_data"]), st.sidebar:
            html.brand(status["organisation"])
            _watch(_shown(status))
            if status["has_data"]:
                _segments()
                html.meta(f"As of {words.moment(status['cutoff_at'], data.zone())}")
            if found := access.person():
                access.badge(found)


@contextmanager
def meanwhile(is_there: bool) -> Iterator[None]:
    """What was said last, until what is said now has been worked out; nothing if it `is_there`."""
    if is_there:
        yield
        return
    place = st.empty()
    with place.container():
        last = data.last_said()
        said = words.said_last(last, data.zone()) if last else "Détente is reading the records."
        html.verdict(said)
        html.meta("The newest figures are being worked out, as after every start.")
    try:
        yield
    except DetenteError:
        place.empty()
        raise
    place.empty()


def show(page: Callable[[], None], *, needs_data: bool = True) -> None:
    """Draw a page; without data, say how to get some."""
    with errors():
        if needs_data and data.manifest() is None:
            _guide()
        else:
            page()


def head(title: str) -> None:
    """A page's title, and whose figures as of when."""
    st.title(title, anchor=False)
    whose()


def whose() -> None:
    """Whose figures as of when, and what is not as it should be with the sync."""
    status = data.status()
    parts = [status["organisation"], words.segment(data.where())]
    if status["cutoff_at"]:
        parts.append(f"as of {words.moment(status['cutoff_at'], data.zone())}")
    html.meta(" · ".join(parts))
    if said := words.freshness(status, data.zone()):
        html.note(said)


def indicator_link(indicator: str) -> str:
    """The address of an indicator's page, for the same segment."""
    return "indicators?" + urlencode({**data.where(), INDICATOR: indicator})


def csv(make: Callable[[], bytes], name: str, label: str = "Download as CSV") -> None:
    """A button for the file `name`, made by `make` when it is asked for."""
    st.download_button(
        label, make, file_name=name, mime="text/csv", key=f"csv_{name}", on_click="ignore"
    )


def chart(draw: Callable[..., Any], *of: Any, text: str) -> None:
    """What `draw` makes of forms, and of the reader's palette, with its text for screen readers.
    Kept until the forms change.
    """
    colours = palette()
    key = (draw.__module__, draw.__qualname__, json.dumps(of, default=str), colours.paper)
    spec = _CHARTS.get(key, lambda: specified(draw, *of, colours))
    st.vega_lite_chart(spec, theme=None, width="stretch", alt=text)


def _segments() -> None:
    try:
        found = data.segment_values()
    except NoAnswerError:
        html.meta("Segments cannot be read now.")  # the page says why, if it needs the engine too
        return
    for name, values in found.items():
        if len(values) > 1:
            st.selectbox(
                words.dimension_name(name),
                values,
                index=None,
                key=name,
                bind="query-params",
                placeholder="All",
            )


@st.fragment(run_every="30s")
def _watch(shown: Hashable) -> None:
    """Draw the page anew when a sync begins, ends or has brought something, and when the engine
    is reached again.
    """
    if _shown(data.status()) != shown:
        st.rerun()


def _shown(status: StatusForm) -> Hashable:
    is_reached = data.unreached() is None
    return status["manifest"], words.freshness(status, data.zone()), is_reached


def _guide() -> None:
    st.title("No records yet", anchor=False)
    st.markdown(
        "Détente reads handoffs, follow-up and pipeline from your CRM. Nothing has been pulled "
        "so far. To begin:"
    )
    st.markdown("**To look around**, start the demonstration company:")
    st.code("make run", language=None)
    st.markdown("**With your own CRM**, write a configuration, have it checked, and pull:")
    st.code("detente init\ndetente doctor\ndetente sync", language=None)
    st.markdown("This page fills by itself once the first pull has ended.")
