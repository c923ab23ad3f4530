"""The reference page of the indicators is what the declarations say."""

from docs.indicators import PAGE, page
from metrics.indicators import CATALOGUE, EVIDENCE, OUTCOMES


def test_the_page_is_current() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run python -m docs.indicators"


def test_every_figure_is_on_it() -> None:
    text = page()
    for name in (*CATALOGUE, *OUTCOMES, *EVIDENCE):
        assert f"`{name}`" in text
