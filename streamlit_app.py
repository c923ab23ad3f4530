"""The dashboard's router: which pages there are and in which order. No logic."""

import streamlit as st

from dashboard import layout

PAGES = [
    st.Page("dashboard/pages/overview.py", title="Overview", default=True),
    st.Page("dashboard/pages/belief.py", title="Belief and record"),
    st.Page("dashboard/pages/indicators.py", title="Indicators"),
    st.Page("dashboard/pages/actions.py", title="Actions"),
    st.Page("dashboard/pages/survey.py", title="Survey"),
    st.Page("dashboard/pages/trends.py", title="Trends"),
    st.Page("dashboard/pages/health.py", title="Data health"),
]

st.set_page_config(page_title="Détente", layout="wide")
page = st.navigation(PAGES)
layout.frame()
page.run()
