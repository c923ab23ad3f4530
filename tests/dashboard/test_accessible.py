"""Every page read by axe-core as drawn: contrast, headings in order, names, tables."""

from collections.abc import Iterator
from itertools import pairwise

import pytest
from playwright.sync_api import Browser

from tests.clients.installed import axe_core
from tests.dashboard.chromium import dashboard, drawn
from tests.dashboard.places import PAGES, Place
from tests.dashboard.test_browser import DESKTOP, PHONE, chromium, opened

__all__ = ["chromium"]
pytestmark = [pytest.mark.full, pytest.mark.browser]
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"]
# What Streamlit's own frame does on every page, and no page of ours can mend.
FRAME = ["landmark-one-main", "region", "page-has-heading-one"]
CHECK = """async (rules) => {
  const found = await axe.run('.stApp', {runOnly: rules.on, rules: rules.off});
  return found.violations.map(v => `${v.id}: ${v.help}: ` +
    v.nodes.slice(0, 3).map(n => n.html.slice(0, 160)).join(' | '));
}"""


@pytest.fixture(scope="module")
def address(company: Place, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    log = tmp_path_factory.mktemp("accessible") / "streamlit.log"
    with dashboard(company.environment, log) as url:
        yield url


@pytest.mark.parametrize("look", [(DESKTOP, "light"), (PHONE, "dark")], ids=["light", "dark"])
def test_pages_can_be_used_by_everybody(chromium: Browser, address: str, look: tuple) -> None:  # type: ignore[type-arg]
    page = opened(chromium, look)
    wrong = {}
    for name in PAGES:
        page.goto(f"{address}/{'' if name == 'overview' else name}")
        drawn(page)
        page.add_script_tag(path=axe_core())
        rules = {"on": RULES, "off": {rule: {"enabled": False} for rule in FRAME}}
        if found := page.evaluate(CHECK, rules):
            wrong[name] = found
    assert wrong == {}


def test_headings_stand_in_order_and_charts_have_words(chromium: Browser, address: str) -> None:
    page = opened(chromium, (DESKTOP, "light"))
    for name in PAGES:
        page.goto(f"{address}/{'' if name == 'overview' else name}")
        drawn(page)
        levels = page.eval_on_selector_all(
            "[data-testid=stMain] :is(h1, h2, h3, h4)", "all => all.map(h => Number(h.tagName[1]))"
        )
        assert levels, name
        assert levels[0] == 1, name
        assert all(after - before <= 1 for before, after in pairwise(levels))
        charts = page.eval_on_selector_all(
            "[data-testid=stVegaLiteChart]",
            "all => all.map(c => c.ariaLabel || c.querySelector('[aria-label]')?.ariaLabel || '')",
        )
        assert all(len(words) > 20 for words in charts), (name, charts)
