"""The survey page in each of its states, without any CRM records."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser
from streamlit.testing.v1 import AppTest

from dashboard import words
from monitor import invitations, surveys
from monitor.survey_forms import SurveyForm
from tests.dashboard.chromium import dashboard, drawn, shoot
from tests.dashboard.places import APP, Place, said
from tests.dashboard.test_browser import PICTURES, Look, chromium, opened

__all__ = ["chromium"]

PAGE = "dashboard/pages/survey.py"
LAST = datetime.now(UTC).date() + timedelta(days=14)
Draw = Callable[..., AppTest]


@pytest.fixture
def draw(no_data: Place, monkeypatch: pytest.MonkeyPatch) -> Draw:
    """The survey page, with the parameters of its address."""
    for variable, value in no_data.environment.items():
        monkeypatch.setenv(variable, value)

    def drawn(**parameters: str) -> AppTest:
        app = AppTest.from_file(str(APP), default_timeout=120)
        app.run()
        app.switch_page(PAGE)
        for key, value in parameters.items():
            app.query_params[key] = value
        app.run()
        assert not app.exception
        return app

    return drawn


@pytest.fixture
def wave(no_data: Place) -> str:
    surveys.open_wave(no_data.open(), "Winter", None, LAST)
    return "Winter"


def links(place: Place, *people: str) -> list[str]:
    made = invitations.invite(
        place.open(), invitations.people_of("\n".join(people)), "https://d.example.com"
    )
    return [one["link"].partition("invitation=")[2] for one in made]


def fill(app: AppTest, rating: str = "4") -> None:
    for number in range(1, 21):
        app.button_group(key=f"statement_{number}").set_value("n/a" if number == 20 else rating)


def button(app: AppTest, label: str) -> None:
    (found,) = (one for one in app.button if one.label == label)
    found.click().run()
    assert not app.exception


def test_a_link_opens_the_form_alone_and_says_who_answers(
    draw: Draw, no_data: Place, wave: str
) -> None:
    (token,) = links(no_data, "a@x.com,sales,staff,EMEA")
    app = draw(invitation=token)
    assert "Your answers count for: Sales, Team member, EMEA" in said(app)
    assert not app.tabs
    assert not app.sidebar.children
    assert not app.radio
    assert not app.text_input
    fill(app)
    button(app, "Send answers")
    assert "19 of 20 answers are kept" in said(app)
    fill(app, "2")
    button(app, "Send answers")
    (kept,) = no_data.open().records.surveys.responses(1)
    assert kept.answers == (*[2] * 19, None)
    assert (kept.function, kept.level, kept.segment) == ("sales", "staff", {"region": "EMEA"})


def test_a_head_is_named_only_where_they_agree(draw: Draw, no_data: Place, wave: str) -> None:
    tokens = links(no_data, "a@x.com,sales,head", "b@x.com,marketing,head")
    for token, agrees in zip(tokens, (True, False), strict=True):
        app = draw(invitation=token)
        fill(app)
        app.checkbox[0].set_value(agrees)
        if agrees:
            button(app, "Send answers")
            assert "please give it, or take the agreement back" in said(app)
        app.text_input[0].set_value("Ada Lund")
        button(app, "Send answers")
        assert "answers are kept" in said(app)
    kept = no_data.open().records.surveys.responses(1)
    assert {(one.function, one.display_name) for one in kept} == {
        ("sales", "Ada Lund"),
        ("marketing", None),
    }


@pytest.mark.parametrize(
    ("state", "words_said"),
    [("changed", "incomplete, or was changed"), ("closed", "closed for good")],
)
def test_a_link_that_does_not_open_says_why(
    draw: Draw, no_data: Place, wave: str, state: str, words_said: str
) -> None:
    (token,) = links(no_data, "a@x.com,sales")
    if state == "closed":
        surveys.close_wave(no_data.open(), wave)
    app = draw(invitation=token if state == "closed" else token[:-9])
    (error,) = app.error
    assert words_said in error.value
    assert not app.button_group


def test_a_link_shows_no_other_page(draw: Draw, no_data: Place, wave: str) -> None:
    (token,) = links(no_data, "a@x.com,sales")
    app = draw(invitation=token)
    app.switch_page("dashboard/pages/trends.py")
    app.query_params["invitation"] = token
    app.run()
    assert "open your link to the survey exactly" in said(app)
    assert not app.title


def test_a_wave_is_opened_filled_with_links_and_closed_here(draw: Draw, no_data: Place) -> None:
    app = draw()
    app.text_input[0].set_value("Winter")
    button(app, "Open the wave")
    assert [one["state"] for one in surveys.waves(no_data.open())] == ["open"]
    assert "Winter" in said(app)
    app.text_area[0].set_value("a@x.com, sales, staff, EMEA\nb@x.com; marketing")
    button(app, "Make links")
    assert "list of people, row 2" in said(app)
    app.text_area[0].set_value("a@x.com, sales, staff, EMEA\nb@x.com, marketing")
    button(app, "Make links")
    assert "Links made: 2" in said(app)
    assert [one["invited"] for one in surveys.waves(no_data.open())] == [2]
    button(app, "Close the wave")
    assert "Please confirm" in said(app)
    (sure,) = (one for one in app.checkbox if one.label.startswith("Nobody"))
    sure.set_value(True)
    button(app, "Close the wave")
    assert [one["state"] for one in surveys.waves(no_data.open())] == ["closed"]
    app.text_input[0].set_value("Winter")
    button(app, "Open the wave")
    assert "there is a wave of that name" in said(app)


@pytest.fixture
def answered(no_data: Place, wave: str) -> SurveyForm:
    """A closed wave of twelve in Sales, eleven in Marketing, and a head of each by name."""
    regions = ("EMEA", "AMER")
    people = [f"s{n},sales,staff,{regions[n % 2]}" for n in range(12)]
    people += [f"m{n},marketing,staff,EMEA" for n in range(11)]
    people += ["boss,sales,head,EMEA", "chief,marketing,head,EMEA"]
    for n, token in enumerate(links(no_data, *people)):
        answers = [1 + (n * (k + 3) + k) % 5 for k in range(20)]
        name = {23: "Ada Lund", 24: "Ravi Menon"}.get(n)
        invitations.answer(no_data.open(), token, answers, name)
    surveys.close_wave(no_data.open(), wave)
    form = surveys.form(no_data.open())
    assert form is not None
    return form


def test_a_closed_wave_shows_all_that_may_be_shown(
    draw: Draw, no_data: Place, answered: SurveyForm
) -> None:
    text = said(draw())
    assert words.survey_gap(answered["gap"] or 0, answered["gap_low"], answered["gap_high"]) in text
    for team in (answered["sales"], answered["marketing"]):
        assert words.number(team["agreement"], 2) in text
        assert words.percent(team["response_rate"]) in text
    for root in answered["roots"]:
        assert words.gap(root["gap"]) in text
    for one in answered["statements"]:
        assert words.gap(one["gap"]) in text
    assert "n 6" in text
    for head in answered["heads"]:
        assert head["name"] in text
        assert words.mean(head["score"]) in text


def test_an_older_wave_can_be_chosen(draw: Draw, no_data: Place, answered: SurveyForm) -> None:
    surveys.open_wave(no_data.open(), "Empty", None, LAST)
    surveys.close_wave(no_data.open(), "Empty")
    assert "Not shown: fewer than 5 scored responses" in said(draw())
    assert "Wave Winter" in said(draw(wave="Winter"))


@pytest.mark.full
@pytest.mark.browser
@pytest.mark.parametrize("look", [((320, 640), "light"), ((400, 800), "dark")])
def test_a_personal_link_is_answered_on_a_phone(
    chromium: Browser, no_data: Place, tmp_path: Path, look: Look
) -> None:
    workspace = no_data.open()
    surveys.open_wave(workspace, "Winter", None, LAST)
    people = invitations.people_of("ada@example.com,marketing,head,EMEA")
    page = opened(chromium, look)
    with dashboard(no_data.environment, tmp_path / "streamlit.log") as url:
        (made,) = invitations.invite(workspace, people, url)
        page.goto(made["link"])
        drawn(page)
        assert page.locator("[data-testid=stSidebar]").count() == 0
        page.get_by_text("I agree that my ratings").click()
        page.get_by_label("Your name, if you agree").fill("Ada Lund")
        for number in range(1, 21):
            group = page.locator(f".st-key-statement_{number}")
            group.get_by_text(str(1 + number % 5), exact=True).click()
        shoot(page, PICTURES / f"survey-link-{look[0][0]}-{look[1]}.png")
        page.get_by_role("button", name="Send answers").click()
        page.wait_for_selector("text=20 of 20 answers are kept")
        assert page.evaluate("document.documentElement.scrollWidth") <= look[0][0]
    (kept,) = workspace.records.surveys.responses(1)
    assert (kept.function, kept.display_name) == ("marketing", "Ada Lund")
    assert kept.answers == tuple(1 + n % 5 for n in range(1, 21))
