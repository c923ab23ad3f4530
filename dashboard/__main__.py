"""The dashboard's server: `python -m dashboard [--with-parent] [options of streamlit run]`.

With `--with-parent` it ends when its standard input closes.
"""

import sys
from pathlib import Path

from streamlit.web import cli

from dashboard import theme, warm
from monitor.dashboard import WITH_PARENT, end_with_parent

APP = Path(__file__).parents[1] / "streamlit_app.py"

if __name__ == "__main__":
    if WITH_PARENT in sys.argv:
        end_with_parent()
    theme.stylesheet()
    warm.settle()
    warm.start()
    cli.main(["run", str(APP), *(one for one in sys.argv[1:] if one != WITH_PARENT)])
