"""The dashboard's server: `python -m dashboard [--with-parent] [options of streamlit run]`.

With `--with-parent` it ends when its standard input closes.
"""

import os
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
    code: object = 0
    try:
        cli.main(["run", str(APP), *(one for one in sys.argv[1:] if one != WITH_PARENT)])
    except SystemExit as ended:
        code = ended.code
    sys.stdout.flush()
    sys.stderr.flush()
    # Python is not to be taken down around an engine that still works out what pages will show.
    os._exit(code if isinstance(code, int) else code is not None)
