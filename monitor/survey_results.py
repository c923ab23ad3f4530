"""The form of what may be shown of a wave."""

from collections.abc import Mapping

from metrics.survey import STATEMENTS, Cell, Gap, Group, Head, RootGap, SurveyResult
from monitor.survey_forms import (
    CellForm,
    GapForm,
    GroupForm,
    HeadForm,
    RootForm,
    SegmentForm,
    StatementForm,
    SurveyForm,
)
from store.records.surveys import Wave

FUNCTIONS = {"sales": "Sales", "marketing": "Marketing"}


def survey_form(wave: Wave, shown: SurveyResult) -> SurveyForm:
    """The form of a wave's results."""
    groups, gap = shown.groups, shown.gap
    is_closed = wave.state == "closed"
    return {
        "wave": wave.name,
        "state": wave.state,
        "opens_on": wave.opens_on.isoformat(),
        "closes_on": wave.closes_on.isoformat(),
        "sales": _group_form(groups["sales"]),
        "marketing": _group_form(groups["marketing"]),
        "all": _group_form(groups["all"]),
        "gap": gap.value if gap else None,
        "gap_low": gap.low if gap else None,
        "gap_high": gap.high if gap else None,
        "roots": [_root_form(one) for one in shown.roots],
        "segments": _segment_forms(shown),
        "heads": [_head_form(head) for head in shown.heads],
        "statements": [_statement_form(number, shown) for number in range(1, len(STATEMENTS) + 1)],
        "notes": _notes(groups) if is_closed else [],
    }


def _notes(groups: Mapping[str, Group]) -> list[str]:
    """What a reader must know, counted over the groups that are shown."""
    shown = {name: groups[name] for name in FUNCTIONS if groups[name].hidden is None}
    notes = []
    unscored = sum(group.unscored for group in shown.values())
    if unscored:
        notes.append(f"{_responses(unscored)} had too few answers to be scored.")
    straight = sum(group.straight or 0 for group in shown.values())
    if straight:
        notes.append(
            f"{_responses(straight)} gave one and the same answer to every statement; such answers "
            "count like all others, and many of them are a sign of forms that were clicked through."
        )
    hidden = {
        FUNCTIONS[name]: [str(n) for n, mean in (group.statements or {}).items() if mean is None]
        for name, group in shown.items()
    }
    said = [f"{', '.join(numbers)} for {name}" for name, numbers in hidden.items() if numbers]
    if said:
        notes.append(
            f"Not shown: statement {'; statement '.join(said)}. Too few answered it, or so few "
            "left something open that the total would tell what they answered."
        )
    return notes


def _responses(count: int) -> str:
    return "1 response" if count == 1 else f"{count} responses"


def _group_form(group: Group) -> GroupForm:
    """Counts stay unseen with the results: they would tell who has answered."""
    is_shown = group.hidden is None
    return {
        "n": group.n if is_shown else None,
        "invited": group.invited,
        "response_rate": group.response_rate if is_shown else None,
        "unscored": group.unscored if is_shown else None,
        "mean": group.mean,
        "low": group.low,
        "high": group.high,
        "sd": group.sd,
        "stage": group.stage.value if group.stage else None,
        "stages": {stage.value: share for stage, share in group.stages.items()}
        if group.stages
        else None,
        "agreement": group.agreement,
        "hidden": group.hidden,
    }


def _head_form(head: Head) -> HeadForm:
    return {
        "name": head.name,
        "function": head.function,
        "segment": dict(head.segment),
        "score": head.score,
        "stage": head.stage.value if head.stage else None,
        "answers": list(head.answers),
    }


def _statement_form(number: int, shown: SurveyResult) -> StatementForm:
    statement = STATEMENTS[number - 1]
    means = {name: (group.statements or {}).get(number) for name, group in shown.groups.items()}
    agreed = {name: (group.agreements or {}).get(number) for name, group in shown.groups.items()}
    gap = (shown.statement_gaps or {}).get(number)
    return {
        "number": number,
        "text": statement.text,
        "root": statement.root,
        "sales": means["sales"],
        "marketing": means["marketing"],
        "all": means["all"],
        "gap": _gap_form(gap) if gap else None,
        "agreement": {
            "sales": agreed["sales"],
            "marketing": agreed["marketing"],
            "all": agreed["all"],
        },
        "bearing": {name: str(how) for name, how in statement.bearing.items()},
    }


def _gap_form(gap: Gap) -> GapForm:
    return {"value": gap.value, "low": gap.low, "high": gap.high}


def _root_form(one: RootGap) -> RootForm:
    return {
        "root": one.root,
        "sales": one.sales,
        "marketing": one.marketing,
        "gap": _gap_form(one.gap),
    }


def _segment_forms(shown: SurveyResult) -> list[SegmentForm]:
    return [
        {
            "dimension": name,
            "rows": [
                {
                    "value": value,
                    "sales": _cell_form(cells["sales"]),
                    "marketing": _cell_form(cells["marketing"]),
                }
                for value, cells in rows.items()
            ],
        }
        for name, rows in (shown.segments or {}).items()
        if rows
    ]


def _cell_form(cell: Cell) -> CellForm:
    return {
        "n": cell.n,
        "mean": cell.mean,
        "stage": cell.stage.value if cell.stage else None,
        "hidden": cell.hidden,
    }
