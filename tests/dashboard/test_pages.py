"""Every page in the states it can meet, on a company that was really pulled."""

import time
from collections.abc import Callable

import pytest
from streamlit.testing.v1 import AppTest

from dashboard import words
from model.stages import DIMENSIONS
from monitor import compare, health, snapshots, surveys, views
from tests.dashboard.places import APP, PAGES, Place, said

AT_ONCE = 3.0  # seconds; a server is given ten
Draw = Callable[..., AppTest]


@pytest.fixture
def draw(monkeypatch: pytest.MonkeyPatch) -> Draw:
    """A page drawn in a place, with the parameters of its address."""

    def drawn(place: Place, name: str, **parameters: str) -> AppTest:
        for variable, value in place.environment.items():
            monkeypatch.setenv(variable, value)
        app = AppTest.from_file(str(APP), default_timeout=120)
        for key, value in parameters.items():
            app.query_params[key] = value
        app.run()
        if name != "overview":
            app.switch_page(f"dashboard/pages/{name}.py")
            for key, value in parameters.items():
                app.query_params[key] = value
            app.run()
        assert not app.exception
        return app

    return drawn


@pytest.mark.parametrize("name", PAGES)
def test_a_first_run_is_guided_and_not_an_error(draw: Draw, no_data: Place, name: str) -> None:
    text = said(draw(no_data, name))
    assert "detente sync" in text or "detente survey open" in text
    assert "Fresh Start" in text


@pytest.mark.parametrize("name", PAGES)
def test_a_broken_configuration_is_one_line(
    draw: Draw, no_data: Place, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    no_data.write({"organisaton": "Typo"})
    app = draw(no_data, name)
    (error,) = app.error
    assert "organisaton" in error.value
    assert "Traceback" not in said(app)


SLOW = [pytest.param(name, marks=pytest.mark.full) for name in PAGES if name != "health"]
EACH = ["health", *SLOW]  # the page that says most of the sync, and with FULL=1 the others


@pytest.mark.parametrize("name", EACH)
def test_that_a_sync_runs_stands_on_the_page(draw: Draw, syncing: Place, name: str) -> None:
    assert "A sync is running" in said(draw(syncing, name))


@pytest.mark.parametrize("name", EACH)
def test_old_records_are_called_old(draw: Draw, stale: Place, name: str) -> None:
    text = said(draw(stale, name))
    assert "3 days old" in text
    assert "The last sync failed" in text


@pytest.mark.full
@pytest.mark.parametrize("name", PAGES)
def test_an_engine_that_does_not_answer_is_one_line(
    draw: Draw, unreachable: Place, name: str
) -> None:
    app = draw(unreachable, name)
    began = time.monotonic()
    app.run()
    assert time.monotonic() - began < AT_ONCE
    text = said(app)
    if name in ("survey", "trends"):  # people's answers and snapshots need no engine
        assert not app.error
        return
    (error,) = app.error
    assert unreachable.settings()["engine"]["url"].removeprefix("sc://") in error.value
    assert "has not answered since" in text
    assert "being worked out" not in text
    assert "Traceback" not in text


@pytest.mark.full
@pytest.mark.parametrize("name", PAGES)
def test_with_too_little_evidence_every_page_is_drawn(
    draw: Draw, not_enough: Place, name: str
) -> None:
    app = draw(not_enough, name)
    assert not app.error
    assert "Meridian Instruments" in said(app)


def test_fresh_records_need_no_remark(draw: Draw, company: Place) -> None:
    assert words.freshness(views.status(company.open()), "UTC") is None
    assert "sync" not in said(draw(company, "overview"))


def test_the_overview_says_the_difference_in_one_sentence(draw: Draw, company: Place) -> None:
    text = said(draw(company, "overview"))
    form = views.stage(company.open())
    assert words.headline(form) in text
    assert form["survey"] is not None
    assert "do not subtract" in text
    assert words.percent(form["evidence"]) in text
    assert "As of" in text
    for dimension in DIMENSIONS:
        assert dimension.label in text


def test_the_overview_names_the_three_biggest_pulls(draw: Draw, company: Place) -> None:
    text = said(draw(company, "overview"))
    form = views.stage(company.open())
    worst = [pull for pull in form["pulls"] if pull["gain"] > 0][:3]
    assert worst
    for pull in worst:
        assert pull["title"] in text
        assert words.gain(pull["gain"]) in text


def test_without_enough_evidence_a_range_is_said(draw: Draw, not_enough: Place) -> None:
    form = views.stage(not_enough.open())
    assert form["stage"] is None
    text = said(draw(not_enough, "overview"))
    assert words.records_say(form) in text
    assert words.why_range(form) in text


def test_without_a_survey_the_overview_says_so(draw: Draw, no_survey: Place) -> None:
    assert "have not been asked yet" in said(draw(no_survey, "overview"))


def test_the_segment_of_the_address_reaches_every_page(draw: Draw, company: Place) -> None:
    form = views.stage(company.open(), {"region": "EMEA"})
    app = draw(company, "overview", region="EMEA")
    assert words.records_say(form) in said(app)
    assert app.selectbox(key="region").value == "EMEA"
    app.switch_page("dashboard/pages/indicators.py").run()
    assert app.selectbox(key="region").value == "EMEA"
    rows = views.indicators(company.open(), {"region": "EMEA"})["rows"]
    for row in rows:
        assert words.value(row, row["unit"]) in said(app)


def test_every_indicator_stands_in_the_table_with_its_value(draw: Draw, company: Place) -> None:
    text = said(draw(company, "indicators"))
    for row in views.indicators(company.open())["rows"]:
        assert row["title"] in text
        assert words.value(row, row["unit"]) in text


def test_what_is_not_assessed_says_why_and_is_no_zero(draw: Draw, company: Place) -> None:
    where = {"industry": views.segment_values(company.open())["industry"][0]}
    rows = views.indicators(company.open(), where)["rows"]
    missing = [row for row in rows if row["status"] == "not_assessed"]
    assert missing
    text = said(draw(company, "indicators", **where))
    assert text.count(words.NOT_ASSESSED) >= 2 * len(missing)
    for row in missing:
        assert words.sentence(row["reason"]).replace("`", "") in text


def test_one_indicator_opens_down_to_its_records(draw: Draw, company: Place) -> None:
    chosen = "lead_followup_rate"
    app = draw(company, "indicators", indicator=chosen)
    text = said(app)
    (declared,) = (one for one in views.catalogue(company.open()) if one["id"] == chosen)
    assert declared["definition"].split("\n")[0] in text
    for anchor in declared["anchors"]:
        assert words.quantity(anchor["value"], declared["unit"]) in text
    rows = views.records(company.open(), chosen)
    assert f"{words.number(int(rows['counted'].sum()))} records count" in text
    for reason in rows["reason"].dropna().unique():
        assert reason in text
    shown = app.dataframe[0].value
    assert len(shown) == min(len(rows), 500)
    links = shown["lead_id"].str.startswith("https://")
    assert links.all()


def test_an_unknown_indicator_in_the_address_shows_the_table(draw: Draw, company: Place) -> None:
    assert "Leads never touched" in said(draw(company, "indicators", indicator="nonsense"))


def test_the_survey_results_are_those_of_the_monitor(draw: Draw, company: Place) -> None:
    text = said(draw(company, "survey"))
    form = surveys.form(company.open())
    assert form is not None
    assert words.mean(form["sales"]["mean"]) in text
    assert words.mean(form["marketing"]["mean"]) in text
    for statement in form["statements"]:
        assert statement["text"] in text


def test_who_did_not_sign_in_answers_by_link_only(draw: Draw, open_wave: Place) -> None:
    app = draw(open_wave, "survey")
    assert "People answer by the personal link" in said(app)
    assert "results appear after its close" in said(app)
    assert not app.button_group
    assert not app.radio


def test_trends_show_the_snapshots(draw: Draw, company: Place) -> None:
    text = said(draw(company, "trends"))
    zone = company.open().settings.calendar.default.timezone
    kept = snapshots.listed(company.open())
    assert len(kept) > 2
    for one in kept:
        assert words.day(one["as_of"], zone) in text
    assert "rebuilt from history" in text


def test_two_snapshots_are_compared(draw: Draw, company: Place) -> None:
    kept = snapshots.listed(company.open())
    app = draw(company, "trends")
    app.selectbox(key="compare_from").set_value(kept[0]["id"]).run()
    found = compare.compare(company.open(), kept[0]["id"], kept[-1]["id"])
    text = said(app)
    for change in found["changes"]:
        assert words.quantity(change["before"], change["unit"]) in text
        assert words.change(change["difference"], change["unit"]) in text
    app.selectbox(key="compare_to").set_value("now").run()
    assert not app.exception
    for change in compare.compare(company.open(), kept[0]["id"])["changes"]:
        assert words.quantity(change["after"], change["unit"]) in said(app)


def test_trends_of_a_segment_are_its_own(draw: Draw, company: Place) -> None:
    lines = snapshots.of_segment(company.open(), ("region", "EMEA"))
    assert [one["as_of"] for one in lines] == [
        one["as_of"] for one in snapshots.listed(company.open())
    ]
    text = said(draw(company, "trends", region="EMEA"))
    assert words.interval(lines[-1]["low"], lines[-1]["high"]) in text
    assert "do not hold this segment" in said(draw(company, "trends", source="Web"))


def test_without_snapshots_the_trends_say_how_to_take_one(draw: Draw, no_survey: Place) -> None:
    assert "detente snapshot take" in said(draw(no_survey, "trends"))


def test_data_health_counts_what_the_monitor_found(draw: Draw, company: Place) -> None:
    text = said(draw(company, "health"))
    dirty = [one for one in health.findings(company.open()) if one["count"]]
    assert dirty
    for one in dirty:
        assert one["title"] in text
        assert words.number(one["count"]) in text
    for source in views.status(company.open())["sources"]:
        for missing in source["missing"]:
            assert missing["what"] in text
