"""The real dashboard in a real browser: every page, wide and narrow, light and dark."""

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Browser, Page

from dashboard import words
from monitor import (
    advice,
    comparison,
    handoff,
    health,
    pipeline,
    snapshots,
    surveys,
    views,
)
from tests.dashboard.chromium import browser, dashboard, drawn, executable, shoot
from tests.dashboard.places import Place

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("company")]
PICTURES = Path(__file__).parents[2] / "test-artefacts"
DESKTOP, PHONE = (1280, 900), (390, 844)
MOBILE = (  # what a phone says it is: the navigation then goes once a page is chosen
    "Mozilla/5.0 (Linux; Android 14; Pixel 7) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/130.0.0.0 Mobile Safari/537.36"
)
CHOSEN = "first_response_hours"
Look = tuple[tuple[int, int], Literal["light", "dark"]]
LOOKS = [
    pytest.param((DESKTOP, "light"), id="desktop-light"),
    pytest.param((PHONE, "dark"), id="phone-dark", marks=pytest.mark.full),
    pytest.param((DESKTOP, "dark"), id="desktop-dark", marks=pytest.mark.full),
    pytest.param((PHONE, "light"), id="phone-light", marks=pytest.mark.full),
]


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    path = executable()
    if path is None:
        reason = "no Chromium: install one (apt install chromium) to see the pages drawn"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    with browser(path) as opened:
        yield opened


@pytest.fixture(scope="module")
def address(company: Place, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    log = tmp_path_factory.mktemp("dashboard") / "streamlit.log"
    with dashboard(company.environment, log) as url:
        yield url


def opened(chromium: Browser, look: Look) -> Page:
    (width, height), scheme = look
    is_phone = look[0] == PHONE
    context = chromium.new_context(
        viewport={"width": width, "height": height},
        color_scheme=scheme,
        reduced_motion="reduce",
        is_mobile=is_phone,
        has_touch=is_phone,
        user_agent=MOBILE if is_phone else None,
    )
    return context.new_page()


def visit(page: Page, address: str, path: str) -> None:
    """Where `path` is: by the navigation, as a reader goes; the first page and one indicator by
    their address.
    """
    if path and "?" not in path:
        opens = page.locator("[data-testid=stExpandSidebarButton]")
        if opens.is_visible():
            opens.click()
        page.click(f"[data-testid=stSidebarNavLink][href$='/{path}']")
        page.wait_for_url(f"{address}/{path}")
    else:
        page.goto(f"{address}/{path}")
    drawn(page)


def plain(text: str) -> str:
    return re.sub(r"\s+", " ", text).strip()


def says(page: Page) -> str:
    """The main part's text with the charts' own words."""
    alternatives = page.eval_on_selector_all(
        "[data-testid=stMain] [aria-label]", "all => all.map(one => one.ariaLabel).join(' ')"
    )
    return plain(f"{page.inner_text('[data-testid=stMain]')} {alternatives}")


def expected(company: Place) -> dict[str, list[str]]:
    """What each page must say, as the monitor returns it."""
    workspace = company.open()
    stage = views.stage(workspace)
    rows = views.indicators(workspace)["rows"]
    chosen = next(row for row in rows if row["id"] == CHOSEN)
    survey = surveys.form(workspace)
    believed, advised = comparison.form(workspace), advice.form(workspace)
    kept = snapshots.listed(workspace)
    assert survey is not None
    return {
        "": [
            words.headline(stage),
            words.odds(stage["probabilities"]),
            words.percent(stage["evidence"]),
            *(words.gain(pull["gain"]) for pull in stage["pulls"][:3]),
        ],
        "handoff": [words.value(row, row["unit"]) for row in rows if row["id"] in handoff.BY_GROUP],
        "pipeline": [words.number(one["amount"]) for one in pipeline.form(workspace, {})["open"]],
        "segments": ["Compare by", "Cells by stage"],
        "indicators": [words.value(row, row["unit"]) for row in rows],
        f"indicators?indicator={CHOSEN}": [
            chosen["title"],
            words.value(chosen, chosen["unit"]),
            words.interval(chosen["low"], chosen["high"], chosen["unit"]),
            *(words.value(one, chosen["unit"]) for one in chosen["variants"].values()),
        ],
        "belief": [
            believed["difference"],
            *(one["sentence"] for one in believed["statements"]),
            *(one["name"] for one in believed["heads"]),
        ],
        "actions": [
            advised["sentence"],
            *(call["title"] for move in advised["moves"] for call in move["calls"]),
        ],
        "survey": [words.mean(survey["sales"]["mean"]), words.mean(survey["marketing"]["mean"])],
        "trends": [f"{len(kept)} snapshots", words.score(kept[-1]["score"])],
        "health": [
            words.number(one["count"]) for one in health.findings(workspace) if one["count"]
        ],
    }


@pytest.mark.parametrize("look", LOOKS)
def test_every_page_shows_the_real_numbers(
    chromium: Browser, address: str, company: Place, look: Look
) -> None:
    (width, _), scheme = look
    page = opened(chromium, look)
    for path, texts in expected(company).items():
        visit(page, address, path)
        shoot(
            page, PICTURES / f"{path.partition('=')[2] or path or 'overview'}-{width}-{scheme}.png"
        )
        found = says(page)
        for text in texts:
            assert plain(text) in found, f"/{path}: {text!r}"
        assert page.locator("[data-testid=stException], [data-testid=stAlert]").count() == 0
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        background = page.eval_on_selector(".stApp", "app => getComputedStyle(app).colorScheme")
        assert background == scheme


def test_the_segment_stays_in_the_address_from_page_to_page(
    chromium: Browser, address: str, company: Place
) -> None:
    page = opened(chromium, (DESKTOP, "light"))
    page.goto(f"{address}/?region=EMEA")
    drawn(page)
    sentence = words.records_say(views.stage(company.open(), {"region": "EMEA"}))
    assert plain(sentence) in says(page)
    page.click("[data-testid=stSidebarNav] >> text=Indicators")
    page.wait_for_url(re.compile(r"/indicators\?region=EMEA$"))
    drawn(page)
    page.click("text=Leads never touched")
    page.wait_for_url(re.compile(r"region=EMEA.*indicator=never_touched_rate"))
    drawn(page)
    (row,) = (
        one
        for one in views.indicators(company.open(), {"region": "EMEA"})["rows"]
        if one["id"] == "never_touched_rate"
    )
    assert plain(words.value(row, row["unit"])) in says(page)


def test_who_signed_in_fills_in_the_survey_on_a_phone(
    chromium: Browser, open_wave: Place, tmp_path: Path
) -> None:
    auth = {"kind": "proxy", "headers": ["X-Email"], "roles": {"contributor": ["*@example.com"]}}
    place = Place(tmp_path / "detente.yaml", open_wave.home)
    place.write(open_wave.settings() | {"auth": auth})
    page = opened(chromium, (PHONE, "light"))
    page.set_extra_http_headers({"X-Email": "ada@example.com"})
    with dashboard(place.environment, tmp_path / "streamlit.log") as url:
        page.goto(f"{url}/survey")
        drawn(page)
        page.get_by_role("button", name="Send answers").click()
        page.wait_for_selector("text=Please say which team you work in")
        page.get_by_text("Marketing", exact=True).click()
        page.get_by_text("Head of a team", exact=True).click()
        for number in range(1, 21):
            group = page.locator(f".st-key-statement_{number}")
            group.get_by_text("n/a" if number == 11 else str(1 + number % 5), exact=True).click()
        shoot(page, PICTURES / "survey-form-390-light.png")
        page.get_by_role("button", name="Send answers").click()
        page.wait_for_selector("text=Heads answer by name")
        page.get_by_text("Team member", exact=True).click()
        for _ in range(2):  # the second sending replaces the first
            page.get_by_role("button", name="Send answers").click()
            page.wait_for_selector("text=19 of 20 answers are kept")
            drawn(page)
        page.get_by_role("tab", name="Results").click()
        page.wait_for_selector("text=results appear after its close")
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE[0]
    records = open_wave.open().records
    (kept,) = records.surveys.responses(records.surveys.waves()[-1].id)
    assert (kept.function, kept.level, kept.named) == ("marketing", "staff", False)
    assert kept.answers == tuple(None if n == 11 else 1 + n % 5 for n in range(1, 21))


@pytest.mark.parametrize("state", ["no_data", pytest.param("not_enough", marks=pytest.mark.full)])
def test_the_other_states_are_drawn(
    chromium: Browser, state: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    place: Place = request.getfixturevalue(state)
    page = opened(chromium, (DESKTOP, "light"))
    with dashboard(place.environment, tmp_path / "streamlit.log") as url:
        page.goto(url)
        drawn(page)
        shoot(page, PICTURES / f"overview-{state}.png")
        assert page.locator("[data-testid=stException], [data-testid=stAlert]").count() == 0
        text = says(page)
    if state == "no_data":
        assert "make run" in text
    else:
        assert plain(words.why_range(views.stage(place.open()))) in text
