"""What may be shown of a wave as rows of a table, for CSV: never a response of the staff."""

from collections.abc import Iterator
from typing import TypedDict

from monitor.outputs.writing import csv_text
from monitor.survey_forms import GapForm, SurveyForm

BOTH = {"sales": "Sales", "marketing": "Marketing", "all": "Both"}


class TableRow(TypedDict):
    """One figure. `table`: functions, statements, roots, segments, heads."""

    wave: str
    table: str
    who: str
    item: str
    n: int | None
    value: float | None
    low: float | None
    high: float | None
    stage: str | None
    note: str | None


def rows(form: SurveyForm) -> list[TableRow]:
    """Every figure that may be shown, the heads' own answers included."""
    parts = (_functions, _statements, _roots, _segments, _heads)
    return [row for part in parts for row in part(form)]


def csv_of(form: SurveyForm) -> str:
    """The same as CSV."""
    return csv_text(list(TableRow.__annotations__), rows(form))


def _row(form: SurveyForm, table: str, who: str, item: str, **figures: object) -> TableRow:
    row: dict[str, object] = {"wave": form["wave"], "table": table, "who": who, "item": item}
    rest = dict.fromkeys(("n", "value", "low", "high", "stage", "note"))
    return {**row, **rest, **figures}  # type: ignore[typeddict-item]


def _gap(gap: GapForm) -> dict[str, object]:
    return {"value": gap["value"], "low": gap["low"], "high": gap["high"]}


def _functions(form: SurveyForm) -> Iterator[TableRow]:
    for key in ("sales", "marketing", "all"):
        group = form[key]
        yield _row(
            form,
            "functions",
            BOTH[key],
            "score",
            n=group["n"],
            value=group["mean"],
            low=group["low"],
            high=group["high"],
            stage=group["stage"],
            note=group["hidden"],
        )
        for item in ("sd", "agreement", "invited", "response_rate", "unscored"):
            if group[item] is not None:
                yield _row(form, "functions", BOTH[key], item, value=group[item])
        for stage, share in (group["stages"] or {}).items():
            yield _row(form, "functions", BOTH[key], "share at stage", value=share, stage=stage)
    if form["gap"] is not None:
        figures = {"value": form["gap"], "low": form["gap_low"], "high": form["gap_high"]}
        yield _row(form, "functions", "Sales minus Marketing", "score", **figures)


def _statements(form: SurveyForm) -> Iterator[TableRow]:
    for one in form["statements"]:
        item = f"s{one['number']}"
        for key in ("sales", "marketing", "all"):
            note = None if one[key] is not None else "not shown"
            yield _row(form, "statements", BOTH[key], item, value=one[key], note=note)
            agreed = one["agreement"][key]
            if agreed is not None:
                yield _row(form, "statements", BOTH[key], f"{item} agreement", value=agreed)
        if one["gap"] is not None:
            yield _row(form, "statements", "Sales minus Marketing", item, **_gap(one["gap"]))


def _roots(form: SurveyForm) -> Iterator[TableRow]:
    for one in form["roots"]:
        yield _row(form, "roots", "Sales", one["root"], value=one["sales"])
        yield _row(form, "roots", "Marketing", one["root"], value=one["marketing"])
        yield _row(form, "roots", "Sales minus Marketing", one["root"], **_gap(one["gap"]))


def _segments(form: SurveyForm) -> Iterator[TableRow]:
    for table in form["segments"]:
        for row in table["rows"]:
            for key in ("sales", "marketing"):
                cell = row[key]
                yield _row(
                    form,
                    "segments",
                    BOTH[key],
                    f"{table['dimension']}={row['value']}",
                    n=cell["n"],
                    value=cell["mean"],
                    stage=cell["stage"],
                    note=cell["hidden"],
                )


def _heads(form: SurveyForm) -> Iterator[TableRow]:
    for head in form["heads"]:
        where = ", ".join([head["function"], *head["segment"].values()])
        yield _row(
            form,
            "heads",
            head["name"],
            "score",
            value=head["score"],
            stage=head["stage"],
            note=where,
        )
        for number, answer in enumerate(head["answers"], start=1):
            yield _row(form, "heads", head["name"], f"s{number}", value=answer)
