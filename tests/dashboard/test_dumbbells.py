"""The dumbbells and the gap: both halves on their own scales, nothing drawn that is not shown."""

from typing import Any, cast

import pytest

from dashboard import dumbbells
from dashboard.theme import DARK, LIGHT, Palette
from monitor.comparison import ComparedForm, WaveGapForm

PALETTES = pytest.mark.parametrize("colours", [LIGHT, DARK], ids=["light", "dark"])


def evidence(**changes: Any) -> dict[str, Any]:
    base = {
        "value": 0.3, "bound": None, "low": 0.2, "high": 0.4, "n": 80, "status": "ok",
        "reason": None, "id": "x", "title": "X", "unit": "share", "how": "measured",
        "declared": False, "score": 60.0, "score_low": 50.0, "score_high": 65.0,
        "stage": "aligned", "side": "open",
    }  # fmt: skip
    return {**base, **changes}


def compared(sales: float | None, marketing: float | None, *found: dict[str, Any]) -> ComparedForm:
    def opinion(mean: float | None) -> dict[str, Any]:
        return {"mean": mean, "view": None, "agreement": "unknown", "hidden": None}

    return cast(
        ComparedForm,
        {
            "number": 3,
            "topic": "Marketers meet key customers",
            "text": "…",
            "root": "cultural",
            "sales": opinion(sales),
            "marketing": opinion(marketing),
            "difference": None,
            "evidence": list(found),
            "record": "open",
            "is_weak": False,
            "sentence": "Sales agrees (4.0 of 5).",
            "split": None,
        },
    )


def rows(chart: Any) -> list[dict[str, Any]]:
    spec = chart.to_dict()
    return [row for table in spec["datasets"].values() for row in table]


@PALETTES
def test_ratings_stand_left_and_scores_right(colours: Palette) -> None:
    drawn = rows(dumbbells.dumbbells([compared(1.0, 5.0, evidence())], colours))
    said = {row["team"]: row["x"] for row in drawn if "team" in row}
    assert said == {"sales": dumbbells.LEFT[0], "marketing": dumbbells.LEFT[1]}
    (shown,) = [row for row in drawn if "full" in row]
    middle = (dumbbells.RIGHT[0] + dumbbells.RIGHT[1]) / 2
    assert shown["x"] == pytest.approx(middle)
    assert dumbbells.RIGHT[0] < shown["low"] < shown["x"] < shown["high"] < dumbbells.RIGHT[1]
    assert shown["full"]


@PALETTES
def test_what_is_hidden_or_not_assessed_is_not_drawn(colours: Palette) -> None:
    nothing = evidence(score=None, score_low=None, score_high=None, value=None, side=None)
    drawn = rows(dumbbells.dumbbells([compared(None, 4.0, nothing)], colours))
    assert {row["team"] for row in drawn if "team" in row} == {"marketing"}
    assert not [row for row in drawn if "full" in row]
    alone = rows(dumbbells.dumbbells([compared(None, None)], colours))
    assert not [row for row in alone if "team" in row]


def test_a_proxy_and_weak_evidence_are_empty_marks() -> None:
    found = (evidence(how="proxy"), evidence(status="weak"), evidence(score_low=None))
    drawn = rows(dumbbells.dumbbells([compared(3.0, 3.0, *found)], LIGHT))
    assert [row["full"] for row in drawn if "full" in row] == [False, False, True]
    assert len({row["y"] for row in drawn if "full" in row}) == 3


def test_the_text_says_every_statement() -> None:
    said = dumbbells.text([compared(4.0, 2.0)])
    assert said == "3. Marketers meet key customers: Sales agrees (4.0 of 5)."


@PALETTES
def test_a_wave_that_may_not_be_shown_leaves_a_hole_in_the_gap(colours: Palette) -> None:
    waves: list[WaveGapForm] = [
        {
            "wave": name,
            "closes_on": "2026-10-14",
            "sales": None,
            "marketing": None,
            "gap": None if gap is None else {"value": gap, "low": gap - 4, "high": gap + 4},
        }
        for name, gap in (("Spring", -10.0), ("Summer", None), ("Autumn", -18.0))
    ]
    drawn = [row for row in rows(dumbbells.gaps(waves, colours)) if "wave" in row]
    assert [(row["wave"], row["gap"]) for row in drawn] == [
        ("Spring", -10.0),
        ("Summer", None),
        ("Autumn", -18.0),
    ]
