"""Belief and record, and Actions, in the states they can meet, on a company that was pulled."""

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from dashboard import words
from monitor import actions, advice, comparison, surveys
from tests.dashboard.places import APP, Place, said

Draw = Callable[[Place, str], AppTest]


@pytest.fixture
def draw(monkeypatch: pytest.MonkeyPatch) -> Draw:
    """A page drawn in a place."""

    def drawn(place: Place, name: str) -> AppTest:
        for variable, value in place.environment.items():
            monkeypatch.setenv(variable, value)
        app = AppTest.from_file(str(APP), default_timeout=120)
        app.run()
        app.switch_page(f"dashboard/pages/{name}.py").run()
        assert not app.exception
        return app

    return drawn


def test_every_statement_stands_with_its_record(draw: Draw, company: Place) -> None:
    text = said(draw(company, "belief"))
    form = comparison.form(company.open())
    assert form["difference"] in text
    assert "do not subtract" in text
    for one in form["statements"]:
        assert one["text"] in text
        assert words.RECORD[one["record"]] in text
    for one in comparison.named(form, form["splits"]):
        assert one["split"]
        assert one["split"] in text
    for head in form["heads"]:
        assert head["name"] in text
        assert words.placed(head["verdict"]) in text
    (gap,) = form["gaps"]
    assert words.gap(gap["gap"]) in text


@pytest.mark.full
def test_without_a_survey_the_crm_speaks_alone(draw: Draw, no_survey: Place) -> None:
    text = said(draw(no_survey, "belief"))
    assert "have not been asked yet" in text
    assert "The records contradict" not in text
    assert "perception gap" not in text


@pytest.mark.full
def test_an_open_wave_shows_nothing(draw: Draw, open_wave: Place) -> None:
    text = said(draw(open_wave, "belief"))
    assert "is being answered until" in text
    assert "The teams differ" not in text


@pytest.mark.full
def test_a_hidden_team_is_said_and_not_shown(draw: Draw, no_survey: Place, tmp_path: Path) -> None:
    header = ["respondent", "function", "level", *(f"s{n}" for n in range(1, 21))]
    rows = [[f"m{n}", "marketing", "staff", *["5"] * 20] for n in range(12)]
    rows += [[f"s{n}", "sales", "staff", *["1"] * 20] for n in range(3)]
    file = tmp_path / "few.csv"
    file.write_text("\n".join(",".join(row) for row in [header, *rows]))
    surveys.import_file(no_survey.open(), file)
    form = comparison.form(no_survey.open())
    assert all(one["sales"]["mean"] is None for one in form["statements"])
    assert form["splits"] == []
    text = said(draw(no_survey, "belief"))
    assert "Sales is not shown" in text
    assert "Marketing agrees (5.0 of 5), but the CRM" in text.replace("\u00a0", " ")


def test_the_advice_and_the_moves_are_those_of_the_monitor(draw: Draw, no_survey: Place) -> None:
    text = said(draw(no_survey, "actions"))
    form = advice.form(no_survey.open())
    assert words.spaced(form["sentence"]) in text
    assert "Nothing is agreed yet" in text
    for one in form["answers"]:
        assert one["text"][1:] in text
    for move in form["moves"]:
        assert move["title"] in text
        for call in move["calls"]:
            assert words.spaced(call["sentence"].partition(": ")[2]) in text


@pytest.mark.full
def test_an_answer_is_kept_with_its_name(draw: Draw, no_survey: Place) -> None:
    app = draw(no_survey, "actions")
    app.button_group(key="question_duplicated_work").set_value("yes")
    app.text_input(key="checklist_by").set_value("Ada Berg")
    _press(app, "Keep the answers")
    assert "Your answers are kept." in said(app)
    assert "Ada Berg said yes" in said(app)
    _press(app, "Keep the answers")
    assert "Nothing has been answered anew." in said(app)
    (kept,) = no_survey.open().records.checklists.history()
    assert (kept.question, kept.answer, kept.by) == ("duplicated_work", "yes", "Ada Berg")


def test_an_action_is_agreed_and_closed_here(draw: Draw, no_survey: Place) -> None:
    app = draw(no_survey, "actions")
    _press(app, "Agree")
    assert "who answers for it" in said(app)
    app.selectbox(key="agree_indicator").set_value("lead_followup_rate").run()
    app.number_input(key="target_lead_followup_rate").set_value(90.0)
    app.radio(key="agree_owner").set_value("sales")
    app.text_input(key="agree_by").set_value("Ada")
    _press(app, "Agree")
    assert not app.exception
    (kept,) = actions.listed(no_survey.open())
    assert (kept["target"], kept["function"], kept["history"][0]["by"]) == (0.9, "sales", "Ada")
    assert date.fromisoformat(kept["due_on"]) > date.today()
    assert words.spaced(kept["sentence"]) in said(app)
    app.text_input(key="end_by").set_value("Kim")
    _press(app, "Close it")
    (closed,) = actions.listed(no_survey.open())
    assert (closed["state"], closed["history"][-1]["by"]) == ("done", "Kim")
    assert "Ended" in said(app)


@pytest.mark.full
def test_a_target_that_is_no_better_is_one_line(draw: Draw, no_survey: Place) -> None:
    app = draw(no_survey, "actions")
    app.selectbox(key="agree_indicator").set_value("lead_followup_rate").run()
    app.number_input(key="target_lead_followup_rate").set_value(1.0)
    app.radio(key="agree_owner").set_value("sales")
    app.text_input(key="agree_by").set_value("Ada")
    _press(app, "Agree")
    (error,) = app.error
    assert "no better than" in error.value
    assert actions.listed(no_survey.open()) == []


def _press(app: AppTest, label: str) -> None:
    next(button for button in app.button if button.label == label).click().run()
    assert not app.exception
