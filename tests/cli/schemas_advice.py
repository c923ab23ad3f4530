"""JSON schemas of belief, advice and agreed actions."""

from tests.cli.schemas import (
    DAY,
    DEFINITIONS,
    ESTIMATE,
    GAP,
    INSTANT,
    MAYBE_STAGE,
    NUMBER,
    SCORE,
    STAGE,
    STAGE_REPORT,
    TEXT,
    exactly,
    listed,
)

MAYBE_GAP = {"anyOf": [GAP, {"type": "null"}]}
TEXTS = listed({"type": "string", "minLength": 1})
YES_NO = {"enum": ["yes", "no", None]}
GIVEN = {
    "anyOf": [
        exactly(answer={"enum": ["yes", "no", "unknown"]}, by={"type": "string"}, on=DAY),
        {"type": "null"},
    ]
}
FIGURE = exactly(**ESTIMATE, as_of=INSTANT, definitions=DEFINITIONS)
MAYBE_FIGURE = {"anyOf": [FIGURE, {"type": "null"}]}
SIDE = {"enum": ["for", "against", "open", None]}
OPINION = exactly(
    mean={"type": ["number", "null"], "minimum": 1, "maximum": 5},
    view={"enum": ["true", "untrue", "of two minds", None]},
    agreement={"enum": ["borne out", "contradicted", "undecided", "unknown"]},
    hidden=TEXT,
)
COMPARED = exactly(
    number={"type": "integer", "minimum": 1, "maximum": 20},
    topic={"type": "string"},
    text={"type": "string"},
    root={"enum": ["economic", "cultural"]},
    sales=OPINION,
    marketing=OPINION,
    difference=MAYBE_GAP,
    evidence=listed(
        exactly(
            **ESTIMATE,
            id={"type": "string"},
            title={"type": "string"},
            unit={"type": "string"},
            how={"enum": ["measured", "proxy"]},
            declared={"type": "boolean"},
            score=SCORE,
            score_low=SCORE,
            score_high=SCORE,
            stage=MAYBE_STAGE,
            side=SIDE,
        )
    ),
    record={"enum": ["for", "against", "mixed", "open", "not_assessed", "not_observable"]},
    is_weak={"type": "boolean"},
    sentence={"type": "string", "minLength": 1},
    split=TEXT,
)
VERDICT = {**STAGE_REPORT, "properties": {**STAGE_REPORT["properties"], "survey": {}}}
BELIEF = exactly(
    as_of=INSTANT,
    definitions=DEFINITIONS,
    caveat={"type": "string", "pattern": "do not subtract"},
    survey={"type": ["object", "null"]},
    verdict=VERDICT,
    difference={"type": "string"},
    statements={**listed(COMPARED), "minItems": 20, "maxItems": 20},
    contradictions=listed({"type": "integer"}),
    splits=listed({"type": "integer"}),
    heads=listed(
        exactly(
            name={"type": "string", "minLength": 1},
            function={"type": "string"},
            segment={"type": "object", "minProperties": 1},
            score=SCORE,
            stage=MAYBE_STAGE,
            verdict=VERDICT,
            sentence={"type": "string", "minLength": 1},
        )
    ),
    gaps=listed(
        exactly(wave={"type": "string"}, closes_on=DAY, sales=SCORE, marketing=SCORE, gap=MAYBE_GAP)
    ),
)
ADVICE = exactly(
    as_of=INSTANT,
    definitions=DEFINITIONS,
    stage=STAGE,
    is_firm={"type": "boolean"},
    is_small={"type": "boolean"},
    course={"enum": ["stay", "move", "weigh", "open"]},
    sentence={"type": "string", "minLength": 1},
    staying=TEXTS,
    moving=TEXTS,
    used=TEXTS,
    answers=listed(
        exactly(
            id={"type": "string"},
            way={"enum": ["leave", "move"]},
            question={"type": "string", "pattern": r"\?$"},
            text={"type": "string"},
            answer=YES_NO,
            source={"enum": ["records", "checklist", None]},
            said=TEXT,
            given=GIVEN,
            is_contested={"type": "boolean"},
        )
    ),
    moves=listed(
        exactly(
            id={"type": "string"},
            title={"type": "string"},
            text={"type": "string"},
            reaches=STAGE,
            calls=listed(
                exactly(
                    **ESTIMATE,
                    id={"type": "string"},
                    title={"type": "string"},
                    unit={"type": "string"},
                    stage=STAGE,
                    target={"type": "number"},
                    gain={"type": "number", "minimum": 0},
                    closes_the_gap={"type": "boolean"},
                    sentence={"type": "string"},
                )
            ),
            unknown=TEXTS,
        )
    ),
)
QUESTIONS = listed(
    exactly(id={"type": "string"}, question={"type": "string", "pattern": r"\?$"}, given=GIVEN)
)
ACTION = exactly(
    id={"type": "integer", "minimum": 1},
    title={"type": "string", "minLength": 1},
    indicator={"type": "string"},
    indicator_title={"type": "string"},
    unit={"type": "string"},
    segment={"type": "object", "additionalProperties": {"type": "string"}},
    function={"enum": ["sales", "marketing"]},
    due_on=DAY,
    is_overdue={"type": "boolean"},
    state={"enum": ["open", "done", "dropped"]},
    baseline=FIGURE,
    target={"type": "number"},
    now=MAYBE_FIGURE,
    share=NUMBER,
    reached={"type": ["boolean", "null"]},
    for_sure={"type": ["boolean", "null"]},
    exceeds={"type": ["boolean", "null"]},
    direction={"enum": ["better", "worse", "same", None]},
    sentence={"type": "string", "minLength": 1},
    note=TEXT,
    history={
        **listed(
            exactly(
                state={"enum": ["open", "done", "dropped"]},
                at=DAY,
                by={"type": "string"},
                note={"type": "string"},
                figure=MAYBE_FIGURE,
            )
        ),
        "minItems": 1,
    },
)
ACTIONS = listed(ACTION)
