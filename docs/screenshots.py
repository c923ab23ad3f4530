"""Writes docs/overview.png from a running dashboard: `python -m docs.screenshots [URL]`."""

import sys
from pathlib import Path

from tests.dashboard.chromium import browser, drawn, executable

PICTURE = Path(__file__).with_name("overview.png")


def main(url: str = "http://localhost:8501") -> None:
    """Draw the overview at `url` as a reader sees it first."""
    path = executable()
    if path is None:
        raise SystemExit("No Chromium found: install one, such as `apt install chromium`.")
    with browser(path) as opened:
        page = opened.new_page(viewport={"width": 1280, "height": 1420}, color_scheme="light")
        page.goto(url)
        drawn(page)
        page.screenshot(path=PICTURE)


if __name__ == "__main__":
    main(*sys.argv[1:])
