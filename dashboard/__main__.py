"""The dashboard's server: `python -m dashboard [options of streamlit run]`."""

import sys
from pathlib import Path

from streamlit.web import cli

from dashboard import theme, warm

APP = Path(__file__).parents[1] / "streamlit_app.py"

if __name__ == "__main__":
    theme.stylesheet()
    warm.settle()
    warm.start()
    cli.main(["run", str(APP), *sys.argv[1:]])
