"""Handoff, Pipeline and Segments say what the monitor found, and say where nothing can be said."""

import re
from base64 import b64decode

import pytest

from dashboard import deals, heatmap, html, journeys, words
from dashboard.theme import LIGHT
from monitor import handoff, pipeline, views
from tests.dashboard.places import Place, said
from tests.dashboard.test_pages import Draw, draw

__all__ = ["draw"]


def test_the_handoff_page_counts_cohorts_and_answers(draw: Draw, company: Place) -> None:
    form = handoff.form(company.open(), {})
    text = said(draw(company, "handoff"))
    rows = {row["id"]: row for row in views.indicators(company.open())["rows"]}
    for name in handoff.BY_GROUP:
        assert words.value(rows[name], rows[name]["unit"]) in text
    assert sum(one["counts"]["created"] for one in form["cohorts"]) > 100
    for one in form["cohorts"]:
        assert words.number(one["counts"]["handed_off"]) in text
    for curve in form["curves"]:
        assert f"{words.number(curve['n'])} handoffs" in text
        assert curve["n"] == rows["first_response_hours"]["n"]
    for groups in form["groups"].values():
        assert groups
        for row in groups:
            assert row["segment"].popitem()[1] in text


def test_the_records_behind_the_cohorts_and_the_open_pipeline_add_up_to_them(
    company: Place,
) -> None:
    where = {"region": "EMEA"}
    leads = handoff.cohort_leads(company.open(), where).to_pandas()
    for step in ("mql", "handed_off", "responded", "accepted", "opportunity", "won"):
        counted = sum(one["counts"][step] for one in handoff.form(company.open(), where)["cohorts"])
        assert leads[step].sum() == counted > 0
    assert leads["lead_id"].is_unique
    assert leads["link"].str.endswith(leads["lead_id"][0]).sum() == 1
    deals_now = pipeline.open_opportunities(company.open(), where).to_pandas()
    rows = {one["sales_stage"]: one for one in pipeline.form(company.open(), where)["open"]}
    assert deals_now.groupby("sales_stage").size().to_dict() == {k: r["n"] for k, r in rows.items()}
    assert deals_now["amount"].astype(float).sum() == pytest.approx(
        sum(one["amount"] for one in rows.values())
    )


def test_the_curve_agrees_with_the_indicator_at_its_hours(company: Place) -> None:
    form = handoff.form(company.open(), {"region": "EMEA"})
    rows = {r["id"]: r for r in views.indicators(company.open(), {"region": "EMEA"})["rows"]}
    wall = next(one for one in form["curves"] if one["clock"] == "wall")
    day = rows["lead_followup_rate"]["variants"]["within_24_wall_hours"]
    curve = list(zip(wall["hours"], wall["share"], strict=True))
    before, after = [s for h, s in curve if h <= 24.0][-1], next(s for h, s in curve if h >= 24.0)
    assert day["value"] is not None
    assert before - 1e-9 <= day["value"] <= after + 1e-9  # between the grid's points around it
    chart = journeys.response(wall, 8.0, LIGHT).to_dict()
    assert len(chart["layer"]) == 4


def test_a_segment_that_leads_do_not_have_is_said(company: Place) -> None:
    form = handoff.form(company.open(), {"team": "EMEA"})
    assert form["unsplit"] == ["team"]
    assert form["cohorts"] == []
    assert form["groups"]["team"] == []


def test_the_pipeline_page_says_what_is_open_and_what_was_won(draw: Draw, company: Place) -> None:
    form = pipeline.form(company.open(), {})
    text = said(draw(company, "pipeline"))
    facts = views.records(company.open(), "pipeline_hygiene")
    assert sum(one["n"] for one in form["open"]) == int(facts["is_open"].sum())
    for one in form["open"]:
        assert one["sales_stage"] in text
        assert words.number(one["amount"]) in text
    assert [one["quarter"] for one in form["quarters"]] == sorted(
        one["quarter"] for one in form["quarters"]
    )
    for name in pipeline.INDICATORS:
        row = form["indicators"][name]
        assert words.value(row, row["unit"]) in text
    sourced = form["outcomes"]["marketing_sourced_share"]
    assert len(sourced["variants"]) == 2
    for definition in [sourced, *sourced["variants"].values()]:
        assert words.value(definition, "share") in text
    assert deals.forecasts_text(form["quarters"]).count("forecast") == len(form["quarters"])


def test_an_outcome_opens_the_records_behind_it(draw: Draw, company: Place) -> None:
    app = draw(company, "indicators", indicator="win_rate")
    rows = views.records(company.open(), "win_rate")
    assert len(rows) > 20
    assert f"{words.number(int(rows['counted'].sum()))} records count" in said(app)
    assert len(app.dataframe[0].value) == min(len(rows), 500)


def test_every_cell_of_the_map_stands_in_its_table(draw: Draw, company: Place) -> None:
    app = draw(company, "segments")
    text = said(app)
    rows = views.indicators(company.open(), by=("region",))["rows"]
    cells = [heatmap.cell(row, row["segment"]["region"]) for row in rows]
    shown = [one for one in cells if one["fill"]]
    assert len(shown) > 40
    for row in rows:
        assert words.value(row, row["unit"]) in text
    drawn = heatmap.drawn(cells, LIGHT).to_dict()
    (table,) = [t for t in drawn["datasets"].values() if "fill" in t[0]]
    assert [one for one in table if not one["fill"] and one["said"] != words.NONE] == []


@pytest.mark.parametrize("name", ["handoff", "pipeline", "segments"])
def test_a_company_without_enough_is_told_so(draw: Draw, company: Place, name: str) -> None:
    where = {"source": views.segment_values(company.open())["source"][-1], "region": "APAC"}
    assert said(draw(company, name, **where))


def test_the_table_is_searched_and_shows_the_past_year(draw: Draw, company: Place) -> None:
    app = draw(company, "indicators")
    assert said(app).count("Leads never touched") == 1
    body = " ".join(element.proto.body for element in app.get("html"))
    assert body.count('class="dt-spark"') > 20
    app.text_input(key="search").set_value("forecast").run()
    text = said(app)
    assert "Results close to forecast" in text
    assert "Leads never touched" not in text
    app.text_input(key="search").set_value("nonsense").run()
    assert "No indicator says" in said(app)


def test_an_indicator_is_split_by_every_segment_it_can_be(draw: Draw, company: Place) -> None:
    text = said(draw(company, "indicators", indicator="lead_followup_rate"))
    rows = views.indicators(company.open(), by=("region",))["rows"]
    for row in rows:
        if row["id"] == "lead_followup_rate":
            assert words.value(row, "share") in text


def test_a_line_breaks_where_definitions_change() -> None:
    cell = html.Cell("from 1 to 4", lines=((1.0, 2.0), (3.0,), (4.0, 4.0)))
    drawn = b64decode(re.findall('base64,([^"]+)', html.content(cell))[0]).decode()
    assert drawn.count("<polyline") == 3
    assert 'alt="from 1 to 4"' in html.content(cell)
