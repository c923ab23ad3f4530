"""Charts: each a function of a form and a palette. All scores stand on one 20–100 axis."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

import altair as alt
import pandas as pd

from dashboard import words
from dashboard.theme import BODY, SMALL, Palette, dressed, fixed
from model.stages import CUTS, STAGES
from monitor.compare import MovementForm
from monitor.report import DimensionForm, StageForm
from monitor.survey_forms import GroupForm, StatementForm, SurveyForm

LOWEST, HIGHEST = 20.0, 100.0
EDGES = (LOWEST, *CUTS, HIGHEST)
SCORE = alt.Scale(domain=[LOWEST, HIGHEST], nice=False, zero=False)
AXIS = alt.Axis(values=list(EDGES), title=None, grid=False, domain=False, ticks=False)
SHAPES = {"records": "circle", "sales": "square", "marketing": "triangle-up"}
ROW, HEAD = 46, 34


def ladder(form: StageForm, colours: Palette) -> Any:
    """The four stages as bands, with what the records, Sales and Marketing say."""
    marks = _marks(form)
    rows = list(dict.fromkeys(mark["row"] for mark in marks))
    head = HEAD + 18
    height = head + ROW * len(rows) + 8
    place = {row: head + ROW * i + ROW * 0.7 for i, row in enumerate(rows)}
    table = pd.DataFrame(marks).assign(y=[place[mark["row"]] for mark in marks])
    layers = [
        *_bands(colours, height),
        *_crown(form, colours),
        *_names(colours),
        *_chances(form, colours),
        *_spans(table, colours),
        *_points(table, colours),
        _labels(table, colours),
    ]
    return dressed(layers, colours, height)


def ladder_text(form: StageForm) -> str:
    """The ladder in words, for those who cannot see it."""
    said = [f"{mark['label']}." for mark in _marks(form)]
    odds = words.odds(form["probabilities"])
    return f"{' '.join(said)} Chance of each stage by the records: {odds}."


def dimensions(forms: Sequence[DimensionForm], since: Mapping[str, str], colours: Palette) -> Any:
    """Each dimension's score with its interval on the same bands, and what changed `since`."""
    row = 74
    height = HEAD + row * len(forms)
    table = pd.DataFrame(
        {
            "row": form["title"],
            "title": form["title"],
            "said": _dimension_said(form),
            "evidence": ", ".join(
                part
                for part in (since.get(form["id"]), f"evidence {words.percent(form['evidence'])}")
                if part
            ),
            "score": form["score"],
            "low": form["low"] if form["score"] is not None else None,
            "high": form["high"],
            "kind": "records",
            "status": form["status"],
            "label": f"{form['title']}: {_dimension_said(form)}",
            "y": HEAD + row * i + 57,
        }
        for i, form in enumerate(forms)
    )
    lines = alt.Chart(table).transform_calculate(top="datum.y - 43")
    left = lines.mark_text(align="left", dx=6, fontSize=BODY, fontWeight=600, color=colours.ink)
    right = lines.mark_text(align="right", dx=-6, fontSize=BODY, color=colours.ink)
    below = lines.mark_text(align="right", dx=-6, fontSize=SMALL, color=colours.muted)
    layers = [
        *_bands(colours, height),
        *_names(colours),
        left.encode(x=_at(LOWEST), y=_y("top"), text=alt.Text("title:N")),
        right.encode(x=_at(HIGHEST), y=_y("top"), text=alt.Text("said:N")),
        below.transform_calculate(second="datum.y - 24").encode(
            x=_at(HIGHEST), y=_y("second"), text=alt.Text("evidence:N")
        ),
        *_spans(table, colours),
        *_points(table, colours),
    ]
    return dressed(layers, colours, height)


def moved(one: MovementForm, at: str, zone: str) -> str:
    """`+4 (−2 to +9) since 31 Aug 2026`, `as on …`, or that the two are not to be compared."""
    when = words.day(at, zone)
    points, low, high = one["points"], one["low"], one["high"]
    if points is None or low is None or high is None:
        return f"not comparable with {when}"
    if low == high == 0:
        return f"as on {when}"
    change = _signed(points) if round(points) else "no change"
    return f"{change} ({_signed(low)} to {_signed(high)}) since {when}"


def _signed(points: float) -> str:
    rounded = round(points)
    return f"{'+' if rounded > 0 else '−' if rounded else ''}{abs(rounded)}"


def _dimension_said(form: DimensionForm) -> str:
    if form["score"] is None:
        return words.NOT_ASSESSED
    if form["stage"]:
        return f"{words.stage(form['stage'])} {words.score(form['score'])}"
    return "not enough evidence"


def _marks(form: StageForm) -> list[dict[str, Any]]:
    """One dict for each mark on the ladder: row, kind, label, score, low, high, status."""
    marks = [_records_mark(form)]
    survey = form["survey"]
    if survey is None:
        return marks
    marks += [_group_mark("sales", survey), _group_mark("marketing", survey)]
    marks += [
        {
            "row": head["name"],
            "kind": head["function"] if head["function"] in SHAPES else "records",
            "label": f"{head['name']}, head of {words.FUNCTIONS.get(head['function'], 'a team')}: "
            f"{words.stage(head['stage'])}, {words.score(head['score'])}",
            "score": head["score"],
            "low": None,
            "high": None,
            "status": "weak",
        }
        for head in survey["heads"]
        if head["score"] is not None
    ]
    return marks


def _records_mark(form: StageForm) -> dict[str, Any]:
    mark = {"row": "records", "kind": "records", "status": "ok"}
    if form["stage"] is None:
        low, high = form["stage_range"][0], form["stage_range"][-1]
        label = f"The records: {words.stage_span(form['stage_range'])}"
        ends = {"low": EDGES[_rank(low)], "high": EDGES[_rank(high) + 1]}
        return {**mark, **ends, "label": label, "score": None, "status": "range"}
    label = f"The records: {words.stage(form['stage'])}, score {words.score(form['score'])}"
    if form["low"] is not None:
        label += f" ({words.interval(form['low'], form['high'])})"
    known = {"score": form["score"], "low": form["low"], "high": form["high"]}
    return {**mark, **known, "label": label}


def _group_mark(kind: Literal["sales", "marketing"], survey: SurveyForm) -> dict[str, Any]:
    form: GroupForm = survey[kind]
    label = f"{words.FUNCTIONS[kind]} about itself: {words.group(form).partition(': ')[0]}"
    ends = {"score": form["mean"], "low": form["low"], "high": form["high"]}
    return {"row": kind, "kind": kind, "label": label, "status": "ok", **ends}


def _rank(stage: str) -> int:
    return [s.value for s in STAGES].index(stage)


def _x(field: str) -> Any:
    """A column on the score axis."""
    return alt.X(f"{field}:Q", scale=SCORE, axis=AXIS)


def _at(score: float) -> Any:
    """A fixed place on the score axis."""
    return alt.XDatum(score, type="quantitative", scale=SCORE, axis=AXIS)


def _y(field: str) -> Any:
    """A row's place in pixels from the top."""
    return alt.Y(f"{field}:Q", scale=None, axis=None)


def _bands(colours: Palette, height: int) -> list[Any]:
    """The four stages behind everything."""
    table = pd.DataFrame(
        {"from": low, "to": high, "fill": fill}
        for low, high, fill in zip(EDGES, EDGES[1:], colours.stages, strict=False)
    )
    chart = alt.Chart(table).mark_rect()
    return [
        chart.encode(
            x=_x("from"),
            x2=alt.X2("to:Q"),
            y=fixed(alt.YValue, 0),
            y2=fixed(alt.Y2Value, height),
            color=alt.Color("fill:N", scale=None),
        )
    ]


def _crown(form: StageForm, colours: Palette) -> list[Any]:
    """A bar over the band where the records place the company."""
    if form["stage"] is None:
        return []
    rank = _rank(form["stage"])
    table = pd.DataFrame({"from": [EDGES[rank]], "to": [EDGES[rank + 1]]})
    bar = alt.Chart(table).mark_rect(color=colours.records)
    return [
        bar.encode(
            x=_x("from"), x2=alt.X2("to:Q"), y=fixed(alt.YValue, 0), y2=fixed(alt.Y2Value, 4)
        )
    ]


def _names(colours: Palette) -> list[Any]:
    """The stages' names over their bands."""
    table = pd.DataFrame(
        {"middle": (low + high) / 2, "name": stage.value.title()}
        for stage, low, high in zip(STAGES, EDGES, EDGES[1:], strict=False)
    )
    chart = alt.Chart(table).mark_text(fontSize=BODY, fontWeight=600, color=colours.ink)
    return [chart.encode(x=_x("middle"), y=fixed(alt.YValue, 18), text=alt.Text("name:N"))]


def _chances(form: StageForm, colours: Palette) -> list[Any]:
    """The probability of each stage, under its name."""
    table = pd.DataFrame(
        {
            "middle": (low + high) / 2,
            "chance": words.chance(form["probabilities"].get(stage.value, 0.0)),
            "weight": 600 if stage.value == form["stage"] else 400,
        }
        for stage, low, high in zip(STAGES, EDGES, EDGES[1:], strict=False)
    )
    chart = alt.Chart(table)
    found = []
    weights: tuple[tuple[Literal[400, 600], str], ...] = ((600, colours.ink), (400, colours.muted))
    for weight, ink in weights:
        text = chart.transform_filter(f"datum.weight == {weight}").mark_text(
            fontSize=BODY, fontWeight=weight, color=ink
        )
        found.append(
            text.encode(x=_x("middle"), y=fixed(alt.YValue, 38), text=alt.Text("chance:N"))
        )
    return found


def _spans(table: pd.DataFrame, colours: Palette) -> list[Any]:
    """Intervals as lines with ends; a range of stages as a wide pale bar."""
    if "low" not in table or table["low"].isna().all():
        return []
    known = table[table["low"].notna()]
    whole, ranges = known[known["status"] != "range"], known[known["status"] == "range"]
    found = []
    if len(whole):
        line = alt.Chart(whole).mark_rule(strokeWidth=3, opacity=0.75)
        found.append(line.encode(x=_x("low"), x2=alt.X2("high:Q"), y=_y("y"), color=_kind(colours)))
    if len(ranges):
        bar = alt.Chart(ranges).mark_bar(
            height=14, opacity=0.4, stroke=colours.records, cornerRadius=3
        )
        found.append(bar.encode(x=_x("low"), x2=alt.X2("high:Q"), y=_y("y"), color=_kind(colours)))
    return found


def _points(table: pd.DataFrame, colours: Palette) -> list[Any]:
    """Scores as marks: form and colour say whose, an empty one a single or weakly held view."""
    known = table[table["score"].notna()]
    if known.empty:
        return []
    base = alt.Chart(known).encode(
        x=_x("score"),
        y=_y("y"),
        shape=alt.Shape(
            "kind:N",
            scale=alt.Scale(domain=list(SHAPES), range=list(SHAPES.values())),
            legend=None,
        ),
        tooltip=[alt.Tooltip("label:N", title=" ")],
    )
    full = base.transform_filter("datum.status == 'ok'").mark_point(
        filled=True, size=170, opacity=1, stroke=colours.paper, strokeWidth=1.5
    )
    empty = base.transform_filter("datum.status != 'ok'").mark_point(
        size=120, opacity=1, strokeWidth=2.5, fill=colours.paper
    )
    kind = _kind(colours)
    return [full.encode(fill=_fill(colours)), empty.encode(stroke=_stroke(colours))] if kind else []


def _labels(table: pd.DataFrame, colours: Palette) -> Any:
    """What each row says, over its marks, from the left edge."""
    chart = alt.Chart(table).transform_calculate(top="datum.y - 19")
    text = chart.mark_text(align="left", dx=6, fontSize=BODY, fontWeight=600)
    return text.encode(x=_at(LOWEST), y=_y("top"), text=alt.Text("label:N"), color=_kind(colours))


def _scale(colours: Palette) -> alt.Scale:
    inks = [colours.records, colours.sales, colours.marketing]
    return alt.Scale(domain=list(SHAPES), range=inks)


def _kind(colours: Palette) -> Any:
    return alt.Color("kind:N", scale=_scale(colours), legend=None)


def _fill(colours: Palette) -> Any:
    return alt.Fill("kind:N", scale=_scale(colours), legend=None)


def _stroke(colours: Palette) -> Any:
    return alt.Stroke("kind:N", scale=_scale(colours), legend=None)


def texts(forms: Iterable[DimensionForm], since: Mapping[str, str]) -> str:
    """The dimensions in words."""
    said = [(f"{form['title']}: {_dimension_said(form)}", since.get(form["id"])) for form in forms]
    return " ".join(f"{', '.join(part for part in parts if part)}." for parts in said)


def statements(forms: Sequence[StatementForm], colours: Palette) -> Any:
    """Each statement's mean (1 to 5) by Sales and by Marketing, joined where both are shown."""
    rows = [
        {"number": str(form["number"]), "team": team, "mean": form[team], "text": form["text"]}
        for form in forms
        for team in ("sales", "marketing")
        if form[team] is not None
    ]
    order = [str(form["number"]) for form in forms]
    base = alt.Chart(pd.DataFrame(rows)).encode(
        y=alt.Y("number:N", sort=order, axis=alt.Axis(title=None, ticks=False, domain=False))
    )
    scale = alt.Scale(domain=[1, 5], nice=False, zero=False)
    axis = alt.Axis(values=[1, 2, 3, 4, 5], title=None, domain=False, ticks=False)
    x = alt.X("mean:Q", scale=scale, axis=axis)
    line = base.mark_line(color=colours.line, strokeWidth=3).encode(
        x=x, detail=alt.Detail("number:N")
    )
    marks = base.mark_point(filled=True, size=110, opacity=1).encode(
        x=x,
        shape=alt.Shape(
            "team:N", scale=alt.Scale(domain=list(SHAPES), range=list(SHAPES.values())), legend=None
        ),
        color=alt.Color("team:N", scale=_scale(colours), legend=None),
        tooltip=[
            alt.Tooltip("text:N", title="Statement"),
            alt.Tooltip("team:N", title="Who"),
            alt.Tooltip("mean:Q", title="Mean", format=".1f"),
        ],
    )
    return dressed([line, marks], colours, 24 * len(order) + 30)
