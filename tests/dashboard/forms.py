"""Forms by hand, for the charts and the words: states a company rarely shows."""

from typing import Any, cast

from model.stages import DIMENSIONS
from monitor.report import DimensionForm, StageForm
from monitor.survey_forms import GroupForm, SurveyForm


def group(mean: float | None, stage: str | None = None, hidden: str | None = None) -> GroupForm:
    around = (mean - 4, mean + 4) if mean is not None else (None, None)
    return {
        "n": 12,
        "invited": 20,
        "response_rate": 0.6,
        "unscored": 0,
        "mean": mean,
        "low": around[0],
        "high": around[1],
        "sd": 8.0,
        "stage": stage,
        "stages": None,
        "agreement": 0.5,
        "hidden": hidden,
    }


def survey(**changes: Any) -> SurveyForm:
    base: dict[str, Any] = {
        "wave": "Autumn",
        "state": "closed",
        "opens_on": "2026-10-01",
        "closes_on": "2026-10-14",
        "sales": group(36.2, "undefined"),
        "marketing": group(63.0, "aligned"),
        "all": group(49.6, "defined"),
        "gap": -26.8,
        "gap_low": -31.0,
        "gap_high": -22.6,
        "roots": [],
        "segments": [],
        "heads": [
            {
                "name": "Ada Berg",
                "function": "sales",
                "segment": {},
                "score": 44.0,
                "stage": "defined",
                "answers": [2] * 16 + [3] * 4,
            }
        ],
        "statements": [],
        "notes": [],
    }
    return cast(SurveyForm, {**base, **changes})


def dimension(place: int = 0, **changes: Any) -> DimensionForm:
    one = DIMENSIONS[place]
    base: dict[str, Any] = {
        "id": one.value,
        "title": one.label,
        "score": 52.4,
        "low": 48.0,
        "high": 57.9,
        "stage": "defined",
        "stage_range": ["defined", "defined"],
        "evidence": 1.0,
        "status": "ok",
        "missing": [],
    }
    return cast(DimensionForm, {**base, **changes})


NOTHING = {
    "score": None,
    "low": None,
    "high": None,
    "stage": None,
    "stage_range": ["undefined", "integrated"],
    "evidence": 0.0,
    "status": "not_assessed",
}


def stage(**changes: Any) -> StageForm:
    base: dict[str, Any] = {
        "as_of": "2026-11-22T16:00:00Z",
        "segment": {},
        "stage": "defined",
        "stage_range": ["defined", "aligned"],
        "withheld": None,
        "headline": None,
        "headline_since": None,
        "headline_sentence": None,
        "sentence": "Defined 91%, Aligned 9%, evidence 84%",
        "ungated_stage": "defined",
        "held_by": [],
        "score": 52.7,
        "low": 49.1,
        "high": 56.0,
        "probabilities": {"undefined": 0.001, "defined": 0.91, "aligned": 0.089, "integrated": 0.0},
        "evidence": 0.84,
        "logging": None,
        "dimensions": [dimension(i) for i in range(5)] + [dimension(5, **NOTHING)],
        "company_only": [],
        "binding": "joint_work",
        "pulls": [],
        "next_step": None,
        "steps": [],
        "survey": survey(),
        "gap": -26.8,
        "definitions": "abc123",
    }
    return cast(StageForm, {**base, **changes})


def not_enough(**changes: Any) -> StageForm:
    return stage(
        stage=None,
        stage_range=["undefined", "aligned"],
        sentence="between Undefined and Aligned, not enough evidence: 41%, at least 60% "
        "(Defined 55%, Undefined 40%, evidence 41%)",
        evidence=0.41,
        **changes,
    )
