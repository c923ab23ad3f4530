"""The dashboard's server: `python -m dashboard [options of streamlit run]`."""

import sys
from pathlib import Path

from streamlit.web import cli

from dashboard import layout, warm

APP = Path(__file__).parents[1] / "streamlit_app.py"

if __name__ == "__main__":
    layout.stylesheet()  # with all that every page imports
    warm.start()
    cli.main(["run", str(APP), *sys.argv[1:]])
