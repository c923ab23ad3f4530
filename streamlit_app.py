"""The dashboard's router: which pages there are and in which order. No logic."""

import streamlit as st

from dashboard import layout

SURVEY = st.Page("dashboard/pages/survey.py", title="Survey")
PAGES = [
    st.Page("dashboard/pages/overview.py", title="Overview", default=True),
    st.Page("dashboard/pages/belief.py", title="Belief and record"),
    st.Page("dashboard/pages/handoff.py", title="Handoff"),
    st.Page("dashboard/pages/pipeline.py", title="Pipeline"),
    st.Page("dashboard/pages/indicators.py", title="Indicators"),
    st.Page("dashboard/pages/segments.py", title="Segments"),
    st.Page("dashboard/pages/actions.py", title="Actions"),
    SURVEY,
    st.Page("dashboard/pages/trends.py", title="Trends"),
    st.Page("dashboard/pages/health.py", title="Data health"),
]

st.set_page_config(page_title="Détente", layout="wide")
if layout.is_for_respondent():
    layout.only(SURVEY, st.navigation(PAGES, position="hidden"))
else:
    layout.let_in()
    page = st.navigation(PAGES)
    layout.frame()
    page.run()
