"""Charts as specifications: every mark where its figure is, nothing drawn for what is unknown."""

import json
from datetime import date
from typing import Any

import pytest

from dashboard import charts, timelines
from dashboard.theme import DARK, LIGHT, Palette, specified
from monitor import snapshots
from monitor.compare import MovementForm
from monitor.snapshots import PointForm, SnapshotLine
from monitor.views import DeclarationForm
from tests.dashboard import forms

SINCE = {"handoff": "+4 (−2 to +9) since 31 Aug 2026"}
PALETTES = pytest.mark.parametrize("colours", [LIGHT, DARK], ids=["light", "dark"])


def rows(chart: Any) -> list[dict[str, Any]]:
    """All data rows of a chart; building them validates it against Vega-Lite's schema."""
    spec = chart.to_dict()
    return [row for table in spec["datasets"].values() for row in table]


def layers_with(chart: Any, mark: str) -> list[dict[str, Any]]:
    return [one for one in chart.to_dict()["layer"] if one["mark"]["type"] == mark]


@PALETTES
def test_the_ladder_has_three_marks_with_intervals_and_the_heads(colours: Palette) -> None:
    chart = charts.ladder(forms.stage(), colours)
    marks = {row["row"]: row for row in rows(chart) if "row" in row}
    assert marks["records"]["score"] == 52.7
    assert (marks["records"]["low"], marks["records"]["high"]) == (49.1, 56.0)
    assert marks["sales"]["score"] == 36.2
    assert marks["marketing"]["score"] == 63.0
    assert marks["Ada Berg"]["kind"] == "sales"
    assert {row["chance"] for row in rows(chart) if "chance" in row} >= {"91\u00a0%", "9\u00a0%"}


@PALETTES
def test_all_scores_stand_on_one_axis_from_20_to_100(colours: Palette) -> None:
    for chart in (
        charts.ladder(forms.stage(), colours),
        charts.dimensions(forms.stage()["dimensions"], SINCE, colours),
    ):
        scales = [
            one["encoding"]["x"]["scale"]
            for one in chart.to_dict()["layer"]
            if "scale" in one["encoding"].get("x", {})
        ]
        assert scales
        assert all(scale["domain"] == [20.0, 100.0] for scale in scales)


def test_too_little_evidence_draws_a_range_and_no_point() -> None:
    chart = charts.ladder(forms.not_enough(survey=None), LIGHT)
    (mark,) = [row for row in rows(chart) if row.get("row") == "records"]
    assert (mark["low"], mark["high"], mark["status"]) == (20.0, 80.0, "range")
    assert not layers_with(chart, "point")
    assert layers_with(chart, "bar")


def test_a_hidden_group_has_a_label_and_no_mark() -> None:
    hidden = forms.survey(sales=forms.group(None, hidden="fewer than 5 scored responses"), heads=[])
    chart = charts.ladder(forms.stage(survey=hidden), LIGHT)
    (sales,) = {row["label"] for row in rows(chart) if row.get("row") == "sales"}
    assert sales == "Sales about itself: not shown"
    scored = {r["row"] for r in rows(chart) if r.get("score") is not None}
    assert scored == {"records", "marketing"}


def test_the_ladder_in_words_says_what_it_shows() -> None:
    text = charts.ladder_text(forms.stage())
    assert "The records: Defined, score 53 (49 to 56)." in text
    assert "Marketing about itself: Aligned, 63 (59 to 67)." in text
    assert "Undefined under\u00a01\u00a0%, Defined 91\u00a0%" in text


@PALETTES
def test_a_dimension_without_evidence_has_no_point(colours: Palette) -> None:
    chart = charts.dimensions(forms.stage()["dimensions"], SINCE, colours)
    found = {row["title"]: row for row in rows(chart) if "evidence" in row}
    assert len(found) == 6
    assert found["Shared metrics, targets, structure"]["score"] is None
    assert found["Shared metrics, targets, structure"]["said"] == "not assessed"


def snapshot(
    day: str, definitions: str = "aaa", kind: str = "live", **changes: Any
) -> SnapshotLine:
    base: dict[str, Any] = {
        "id": day + definitions,
        "taken_at": f"{day}T20:00:00Z",
        "as_of": f"{day}T16:00:00Z",
        "as_of_on": day,
        "kind": kind,
        "definitions": definitions,
        "stage": "defined",
        "score": 50.0,
        "low": 45.0,
        "high": 55.0,
        "probabilities": {},
        "restates": None,
        "dimensions": {"handoff": 50.0, "language": None},
    }
    return {**base, **changes}  # type: ignore[typeddict-item]


KEPT = [
    snapshot("2026-08-31", kind="backfilled"),
    snapshot("2026-09-30"),
    snapshot("2026-10-31", "bbb"),
    snapshot("2026-11-22", "bbb"),
]
HISTORY: list[PointForm] = [
    {
        "as_of": one["as_of"],
        "definitions": one["definitions"],
        "kind": one["kind"],
        "value": 0.6,
        "low": 0.5,
        "high": 0.7,
        "status": "ok",
    }
    for one in KEPT
]
DECLARED: DeclarationForm = {
    "id": "lead_followup_rate",
    "kind": "indicator",
    "title": "Leads followed up in time",
    "definition": "",
    "formula": "",
    "variants": {},
    "fact": "handoffs",
    "dimension": "handoff",
    "dimension_title": "Handoff and rules of engagement",
    "unit": "share",
    "better": "higher",
    "clock": "business",
    "anchors": [
        {"stage": "defined", "value": 0.5, "kind": "convention", "source": ""},
        {"stage": "aligned", "value": 0.75, "kind": "convention", "source": ""},
        {"stage": "integrated", "value": 0.9, "kind": "convention", "source": ""},
    ],
    "statements": {},
    "window_days": 90,
    "minimum_n": 20,
    "weight": 1.0,
    "needs": [],
}


@PALETTES
def test_a_line_never_joins_two_definitions_and_the_change_is_marked(colours: Palette) -> None:
    chart = timelines.score_trend(KEPT, [], colours)
    (line,) = layers_with(chart, "line")
    assert line["encoding"]["detail"]["field"] == "definitions"
    changes = [row for row in rows(chart) if row.get("text") == "definitions changed"]
    assert {row["as_of"][:10] for row in changes} == {"2026-10-31"}
    same = timelines.score_trend([one for one in KEPT if one["definitions"] == "bbb"], [], colours)
    assert not [row for row in rows(same) if row.get("text") == "definitions changed"]


def test_rebuilt_points_are_told_apart_from_kept_ones() -> None:
    chart = timelines.score_trend(KEPT, [], LIGHT)
    (marks,) = layers_with(chart, "point")
    fill = marks["encoding"]["fill"]["scale"]
    inks = dict(zip(fill["domain"], fill["range"], strict=True))
    kept, rebuilt, again = LIGHT.records, LIGHT.paper, LIGHT.line
    assert inks == {"live": kept, "rebuilt from history": rebuilt, "restated": again}


@PALETTES
def test_survey_waves_stand_in_the_trend(colours: Palette) -> None:
    waves = [{"closes_on": date(2026, 10, 14), "sales": 36.0, "marketing": None}]
    chart = timelines.score_trend(KEPT, waves, colours)  # type: ignore[arg-type]
    (wave,) = {row["team"] for row in rows(chart) if "team" in row}
    assert wave == "sales"


@PALETTES
def test_an_indicator_over_time_stands_beside_its_thresholds(colours: Palette) -> None:
    points = timelines.indicator_points(HISTORY)
    assert list(points["value"]) == [0.6] * 4
    chart = timelines.value_trend(HISTORY, DECLARED, colours)
    assert {row["value"] for row in rows(chart) if "name" in row} == {0.5, 0.75, 0.9}
    assert timelines.indicator_points([]).empty


@PALETTES
def test_a_dimension_that_was_never_assessed_is_an_empty_chart(colours: Palette) -> None:
    chart = timelines.dimension_trend(KEPT, "language", colours)
    assert all(row["value"] is None for row in rows(chart) if "definitions" in row)


@PALETTES
def test_statements_show_only_what_may_be_shown(colours: Palette) -> None:
    one = {"number": 1, "text": "…", "root": "cultural", "sales": 2.5, "marketing": None}
    chart = charts.statements([{**one, "bearing": {}}], colours)  # type: ignore[typeddict-item]
    assert [(row["team"], row["mean"]) for row in rows(chart)] == [("sales", 2.5)]


@PALETTES
def test_type_and_colours_come_from_one_place(colours: Palette) -> None:
    text = json.dumps(charts.ladder(forms.stage(), colours).to_dict()["config"])
    assert "Source Sans" in text
    assert colours.ink in text


def contrast(first: str, second: str) -> float:
    """WCAG's contrast ratio of two colours."""

    def luminance(colour: str) -> float:
        parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        line = [p / 12.92 if p <= 0.03928 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
        return 0.2126 * line[0] + 0.7152 * line[1] + 0.0722 * line[2]

    high, low = sorted((luminance(first), luminance(second)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@PALETTES
def test_text_can_be_read_on_every_band(colours: Palette) -> None:
    for ink in (colours.ink, colours.records):
        assert all(contrast(ink, band) >= 7 for band in colours.stages)
    assert all(contrast(colours.muted, band) >= 3.5 for band in colours.stages)
    for ink in (colours.sales, colours.marketing):
        assert all(contrast(ink, band) >= 4 for band in colours.stages)


def test_what_came_before_is_a_quarter_old_under_the_same_definitions() -> None:
    lines = [
        snapshot("2026-05-31"),
        snapshot("2026-08-20", "bbb"),
        snapshot("2026-08-25"),
        snapshot("2026-10-31"),
    ]
    form = forms.stage(as_of="2026-11-22T16:40:00Z", definitions="aaa")

    def found(some: list[SnapshotLine], days: int = 85) -> str | None:
        one = snapshots.before(some, form, days)
        return one["as_of"][:10] if one else None

    assert found(lines) == "2026-08-25"
    assert found(lines, 100) == "2026-05-31"
    assert found(lines[3:]) is None
    assert found([lines[1]]) is None
    assert found([snapshot("2026-10-01"), *lines[3:]]) == "2026-10-01"


def test_what_is_shown_has_the_rows_that_altair_makes() -> None:
    waves = [{"closes_on": date(2026, 10, 14), "sales": 36.0, "marketing": None}]
    drawings: list[tuple[Any, ...]] = [
        (charts.ladder, forms.stage(), LIGHT),
        (charts.dimensions, forms.stage()["dimensions"], SINCE, LIGHT),
        (charts.dimensions, forms.not_enough()["dimensions"], {}, LIGHT),
        (timelines.value_trend, HISTORY, DECLARED, LIGHT),
        (timelines.score_trend, KEPT, waves, LIGHT),
    ]
    for draw, *of in drawings:
        whole = draw(*of).to_dict()
        for layer in whole["layer"]:
            layer["data"] = {"values": whole["datasets"][layer["data"]["name"]]}
        assert specified(draw, *of)["layer"] == whole["layer"]


def test_what_a_dimension_has_moved_is_told_with_its_interval() -> None:
    def told(points: float | None, low: float | None, high: float | None) -> str:
        one: MovementForm = {"points": points, "low": low, "high": high}
        return charts.moved(one, "2026-08-31T21:59:59Z", "Europe/Berlin")

    assert told(6.8, -1.6, 15.2) == "+7 (−2 to +15) since 31 Aug 2026"
    assert told(-6.8, -9.0, -0.2) == "−7 (−9 to 0) since 31 Aug 2026"
    assert told(0.2, -2.0, 2.4) == "no change (−2 to +2) since 31 Aug 2026"
    assert told(0.0, 0.0, 0.0) == "as on 31 Aug 2026"
    assert told(None, None, None) == "not comparable with 31 Aug 2026"
