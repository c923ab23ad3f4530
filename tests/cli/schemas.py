"""JSON schemas of the command line's contract (JSON Schema 2020-12)."""

from typing import Any

SCHEMA = dict[str, Any]
NUMBER: SCHEMA = {"type": ["number", "null"]}
TEXT: SCHEMA = {"type": ["string", "null"]}
STAGE: SCHEMA = {"enum": ["undefined", "defined", "aligned", "integrated"]}
MAYBE_STAGE: SCHEMA = {"enum": [*STAGE["enum"], None]}
SCORE: SCHEMA = {"type": ["number", "null"], "minimum": 20, "maximum": 100}
SHARE: SCHEMA = {"type": "number", "minimum": 0, "maximum": 1}
DAY: SCHEMA = {"type": "string", "pattern": r"^\d{4}-\d{2}-\d{2}$"}
INSTANT: SCHEMA = {"type": "string", "pattern": r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z$"}
DEFINITIONS: SCHEMA = {"type": "string", "pattern": "^[0-9a-f]{12}$"}


def exactly(**properties: SCHEMA) -> SCHEMA:
    """An object with these keys, all of them and no others."""
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def listed(items: SCHEMA) -> SCHEMA:
    return {"type": "array", "items": items}


ESTIMATE = {
    "value": NUMBER,
    "bound": TEXT,
    "low": NUMBER,
    "high": NUMBER,
    "n": {"type": "integer", "minimum": 0},
    "status": {"enum": ["ok", "weak", "not_assessed"]},
    "reason": TEXT,
}
INDICATOR = {
    **exactly(
        **ESTIMATE,
        id={"type": "string"},
        title={"type": "string"},
        dimension={"type": "string"},
        segment={"type": "object", "additionalProperties": {"type": "string"}},
        window=exactly(**{"from": DAY, "to": DAY}),
        clusters={"type": "integer"},
        declared={"type": "boolean"},
        unit={"enum": ["share", "hours", "days", "level"]},
        clock={"enum": ["business", "wall", None]},
        score=SCORE,
        stage=MAYBE_STAGE,
        variants={"type": "object", "additionalProperties": exactly(**ESTIMATE)},
    ),
    "if": {"properties": {"status": {"const": "not_assessed"}}},
    "then": {
        "properties": {
            "value": {"const": None},
            "score": {"const": None},
            "reason": {"type": "string"},
        }
    },
}
SHOWN = exactly(
    **ESTIMATE,
    id={"type": "string"},
    title={"type": "string"},
    segment={"type": "object", "additionalProperties": {"type": "string"}},
    window=exactly(**{"from": DAY, "to": DAY}),
    clusters={"type": "integer"},
    declared={"type": "boolean"},
    unit={"enum": ["share", "days", "amount", "amount per day", "times"]},
    variants={"type": "object", "additionalProperties": exactly(**ESTIMATE)},
)
INDICATORS = exactly(
    as_of=INSTANT,
    definitions=DEFINITIONS,
    rows=listed(INDICATOR),
    outcomes=listed(SHOWN),
    evidence=listed(SHOWN),
)
DIMENSION = exactly(
    id={"type": "string"},
    title={"type": "string"},
    score=SCORE,
    low=SCORE,
    high=SCORE,
    stage=MAYBE_STAGE,
    stage_range=listed(STAGE),
    evidence=SHARE,
    status={"enum": ["ok", "weak", "not_assessed"]},
    missing=listed({"type": "string"}),
)
GROUP = exactly(
    n={"type": ["integer", "null"]},
    response_rate=NUMBER,
    mean=SCORE,
    low=NUMBER,
    high=NUMBER,
    stage=MAYBE_STAGE,
    hidden=TEXT,
)
SURVEY = exactly(
    wave={"type": "string"},
    state={"enum": ["planned", "open", "closed"]},
    opens_on=DAY,
    closes_on=DAY,
    sales=GROUP,
    marketing=GROUP,
    all=GROUP,
    gap=NUMBER,
    heads={"type": "array"},
    statements={"type": "array", "minItems": 20, "maxItems": 20},
    notes=listed({"type": "string"}),
)
STEP = exactly(
    kind={"enum": ["indicator", "dimension", "gate"]},
    id={"type": "string"},
    title={"type": "string"},
    unit=TEXT,
    stage=STAGE,
    from_score=SCORE,
    to_score=SCORE,
    value=NUMBER,
    now=NUMBER,
)
STAGE_REPORT = exactly(
    as_of=INSTANT,
    segment={"type": "object"},
    stage=MAYBE_STAGE,
    stage_range={**listed(STAGE), "minItems": 2, "maxItems": 2},
    withheld={"enum": ["evidence", "people", "probability", None]},
    headline=MAYBE_STAGE,
    headline_since={"anyOf": [DAY, {"type": "null"}]},
    headline_sentence=TEXT,
    sentence={"type": "string", "minLength": 1},
    ungated_stage=MAYBE_STAGE,
    held_by=listed(exactly(gate={"type": "string"}, reason={"type": "string"})),
    score=SCORE,
    low=SCORE,
    high=SCORE,
    probabilities=exactly(undefined=SHARE, defined=SHARE, aligned=SHARE, integrated=SHARE),
    evidence=SHARE,
    dimensions={**listed(DIMENSION), "minItems": 6, "maxItems": 6},
    binding=TEXT,
    pulls={"type": "array"},
    next_step={"anyOf": [STEP, {"type": "null"}]},
    steps=listed(STEP),
    survey={"anyOf": [SURVEY, {"type": "null"}]},
    gap=NUMBER,
    definitions=DEFINITIONS,
)

RULES = exactly(
    as_of=INSTANT,
    definitions=DEFINITIONS,
    segment={"type": "object"},
    window=exactly(**{"from": DAY, "to": DAY}),
    rules=listed(
        exactly(
            **ESTIMATE,
            id={"type": "string"},
            title={"type": "string"},
            says={"type": "string"},
            applies_to={"enum": ["handoffs", "opportunities", "accounts"]},
            running={"type": "integer", "minimum": 0},
            broken=listed(
                exactly(
                    record_id={"type": "string"},
                    placed_at=INSTANT,
                    due_at={"anyOf": [INSTANT, {"type": "null"}]},
                    done_at={"anyOf": [INSTANT, {"type": "null"}]},
                    owner_id=TEXT,
                    url=TEXT,
                )
            ),
        )
    ),
)
