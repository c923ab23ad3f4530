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
COUNT: SCHEMA = {"type": ["integer", "null"], "minimum": 0}
MAYBE_SHARE: SCHEMA = {"type": ["number", "null"], "minimum": 0, "maximum": 1}
RATING: SCHEMA = {"type": ["number", "null"], "minimum": 1, "maximum": 5}
SEGMENT: SCHEMA = {"type": "object", "additionalProperties": {"type": "string"}}
TEAMS: SCHEMA = {"enum": ["sales", "marketing", "sdr", "other"]}
GROUP = {
    **exactly(
        n=COUNT,
        invited=COUNT,
        response_rate=MAYBE_SHARE,
        unscored=COUNT,
        mean=SCORE,
        low=NUMBER,
        high=NUMBER,
        sd=NUMBER,
        stage=MAYBE_STAGE,
        stages={
            "anyOf": [
                exactly(undefined=SHARE, defined=SHARE, aligned=SHARE, integrated=SHARE),
                {"type": "null"},
            ]
        },
        agreement=MAYBE_SHARE,
        hidden=TEXT,
    ),
    "if": {"properties": {"hidden": {"type": "string"}}},
    "then": {
        "properties": {
            name: {"const": None}
            for name in ("n", "response_rate", "unscored", "mean", "sd", "stages", "agreement")
        }
    },
}
GAP = exactly(value={"type": "number"}, low=NUMBER, high=NUMBER)
STATEMENT = exactly(
    number={"type": "integer", "minimum": 1, "maximum": 20},
    text={"type": "string"},
    root={"enum": ["economic", "cultural"]},
    sales=RATING,
    marketing=RATING,
    all=RATING,
    gap={"anyOf": [GAP, {"type": "null"}]},
    agreement=exactly(sales=MAYBE_SHARE, marketing=MAYBE_SHARE, all=MAYBE_SHARE),
    bearing={"type": "object", "additionalProperties": {"enum": ["measured", "proxy"]}},
)
HEAD = exactly(
    name={"type": "string"},
    function=TEAMS,
    segment=SEGMENT,
    score=SCORE,
    stage=MAYBE_STAGE,
    answers={**listed({"enum": [1, 2, 3, 4, 5, None]}), "minItems": 20, "maxItems": 20},
)
CELL = exactly(n=COUNT, mean=SCORE, stage=MAYBE_STAGE, hidden=TEXT)
SURVEY = exactly(
    wave={"type": "string"},
    state={"enum": ["planned", "open", "closed"]},
    opens_on=DAY,
    closes_on=DAY,
    sales=GROUP,
    marketing=GROUP,
    all=GROUP,
    gap=NUMBER,
    gap_low=NUMBER,
    gap_high=NUMBER,
    roots=listed(
        exactly(
            root={"enum": ["economic", "cultural"]},
            sales={"type": "number"},
            marketing={"type": "number"},
            gap=GAP,
        )
    ),
    segments=listed(
        exactly(
            dimension={"type": "string"},
            rows=listed(exactly(value={"type": "string"}, sales=CELL, marketing=CELL)),
        )
    ),
    heads=listed(HEAD),
    statements={**listed(STATEMENT), "minItems": 20, "maxItems": 20},
    notes=listed({"type": "string"}),
)
WAVE = exactly(
    name={"type": "string"},
    state={"enum": ["planned", "open", "closed"]},
    opens_on=DAY,
    closes_on=DAY,
    invited={"type": "integer", "minimum": 0},
)
LINKS = listed(
    exactly(
        person={"type": "string"},
        function=TEAMS,
        level={"enum": ["head", "staff"]},
        link={"type": "string", "pattern": r"^https?://[^?]+/survey\?invitation=[\w.-]+$"},
    )
)
SURVEY_IMPORT = exactly(
    file={"type": "string"},
    read_as={"type": "string"},
    columns=listed(
        exactly(column={"type": "string"}, meaning={"type": "string"}, how={"type": "string"})
    ),
    wave=TEXT,
    responses={"type": "integer"},
    replaced={"type": "integer"},
    unanswered={"type": "integer"},
    not_applicable={"type": "integer"},
    unscored={"type": "integer"},
    straight={"type": "integer"},
    problems=listed(
        exactly(row={"type": "integer"}, column={"type": "string"}, what={"type": "string"})
    ),
)
SURVEY_TABLE = listed(
    exactly(
        wave={"type": "string"},
        table={"enum": ["functions", "statements", "roots", "segments", "heads"]},
        who={"type": "string"},
        item={"type": "string"},
        n=COUNT,
        value=NUMBER,
        low=NUMBER,
        high=NUMBER,
        stage=MAYBE_STAGE,
        note=TEXT,
    )
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
    logging={"anyOf": [exactly(**ESTIMATE), {"type": "null"}]},
    dimensions={**listed(DIMENSION), "minItems": 6, "maxItems": 6},
    company_only=listed({"type": "string"}),
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
            n_broken={"type": "integer", "minimum": 0},
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
