"""The dashboard: pages over what `monitor` returns. No arithmetic of its own.

    pages/    one file per page; streamlit_app.py lists them in their order
    words     numbers and states as a reader sees them
    charts    Altair charts, each a function of a form; theme has their colours and type
    html      tables, callouts and the like that Streamlit does not have
    data      the only calls to monitor for figures, kept until the next sync
    doing     those that ask people or change something
    warm      what is worked out before anybody looks
    layout    what every page shares: head, sidebar, errors

To add a page: write pages/NAME.py after the model of pages/health.py, add it to streamlit_app.py.
"""

import monitor  # noqa: F401  (before numpy and Arrow are loaded: it chooses how they work)
