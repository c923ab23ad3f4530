"""Pictures of a running dashboard: the README's, or every page in every form.

python -m docs.screenshots [URL]          writes docs/{overview,handoff,belief}.png
python -m docs.screenshots URL FOLDER     writes the ten pages, wide and narrow, light and dark
"""

import sys
from pathlib import Path
from typing import Literal

from playwright.sync_api import Browser, Page

from tests.dashboard.chromium import browser, drawn, executable, shoot
from tests.dashboard.places import PAGES

HERE = Path(__file__).parent
README = {"overview": 1660, "handoff": 1140, "belief": 1180}  # pixels from the top
WIDTHS = {1280: 900, 390: 844}
Scheme = Literal["light", "dark"]


def main(url: str = "http://localhost:8501", folder: str | None = None) -> None:
    """Draw the pages at `url` as a reader sees them first."""
    path = executable()
    if path is None:
        raise SystemExit("No Chromium found: install one, such as `apt install chromium`.")
    with browser(path) as opened:
        if folder is None:
            for name, height in README.items():
                page = _page(opened, 1280, height, "light")
                _go(page, url, name)
                page.screenshot(path=HERE / f"{name}.png")
            return
        for scheme in ("light", "dark"):
            for width, height in WIDTHS.items():
                page = _page(opened, width, height, scheme)
                for name in PAGES:
                    _go(page, url, name)
                    shoot(page, Path(folder) / f"{name}-{width}-{scheme}.png")


def _page(opened: Browser, width: int, height: int, scheme: Scheme) -> Page:
    context = opened.new_context(
        viewport={"width": width, "height": height}, color_scheme=scheme, reduced_motion="reduce"
    )
    return context.new_page()


def _go(page: Page, url: str, name: str) -> None:
    page.goto(f"{url}/{'' if name == 'overview' else name}")
    drawn(page)


if __name__ == "__main__":
    main(*sys.argv[1:])
