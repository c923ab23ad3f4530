"""What may be shown of a wave, and how a file of answers was understood."""

from collections.abc import Sequence

from model.words import percent, score
from monitor.outputs.terminal.printing import line, table
from monitor.survey_columns import ColumnForm
from monitor.survey_forms import CellForm, GapForm, GroupForm, HeadForm, RootForm, SurveyForm
from monitor.surveys import ImportForm

HOW_TO_BEGIN = "Import one with `detente survey import FILE`, or `detente survey open` a wave."
TEAMS = {"sales": "Sales", "marketing": "Marketing", "all": "Both"}
ROOTS = {"economic": "Money and means", "cultural": "People and culture"}
MOST_PROBLEMS = 20
NONE = "–"


def survey(form: SurveyForm | None) -> None:
    """What may be shown of a wave."""
    if form is None:
        line(f"No survey yet. {HOW_TO_BEGIN}")
        return
    line(f"Survey {form['wave']} ({form['state']}):")
    for name, group in (
        ("Sales", form["sales"]),
        ("Marketing", form["marketing"]),
        ("Both", form["all"]),
    ):
        line(f"  {name}: {_group(group)}")
    if form["gap"] is not None:
        gap: GapForm = {"value": form["gap"], "low": form["gap_low"], "high": form["gap_high"]}
        line(f"  Sales minus Marketing: {_gap(gap)}")
    for root in form["roots"]:
        line(f"  {_root(root)}")
    for head in form["heads"]:
        line(f"  {_head(head)}")
    for note in form["notes"]:
        line(f"  {note}")
    _segments(form)
    _statements(form)


def tables(form: SurveyForm) -> None:
    """What may be shown of a wave by segment and by statement."""
    _segments(form)
    _statements(form)


def _group(group: GroupForm) -> str:
    if group["mean"] is None or group["stage"] is None:
        return group["hidden"] or "no result"
    parts = [f"{group['stage'].capitalize()}, {group['mean']:.1f}"]
    if group["low"] is not None and group["high"] is not None:
        parts[0] += f" (95 % {group['low']:.0f} to {group['high']:.0f})"
    parts.append(f"n {group['n']}")
    if group["response_rate"] is not None:
        parts.append(f"{100 * group['response_rate']:.0f} % of {group['invited']} asked")
    if group["sd"] is not None:
        parts.append(f"spread {group['sd']:.0f}")
    if group["agreement"] is not None:
        parts.append(f"agreement {group['agreement']:.2f} of 1")
    if group["stages"] is not None:
        shares = ", ".join(
            f"{name.capitalize()} {percent(p)}" for name, p in group["stages"].items() if p
        )
        parts.append(f"by person {shares}")
    return ", ".join(parts)


def _gap(gap: GapForm) -> str:
    if gap["low"] is None or gap["high"] is None:
        return _signed(gap["value"])
    return f"{_signed(gap['value'])} (95 % {_signed(gap['low'])} to {_signed(gap['high'])})"


def _signed(value: float) -> str:
    return f"{round(value, 1) + 0.0:+.1f}"  # no minus before a zero


def _root(root: RootForm) -> str:
    means = f"Sales {root['sales']:.1f}, Marketing {root['marketing']:.1f} of 5"
    return f"{ROOTS[root['root']]}: {means}; difference {_gap(root['gap'])}"


def _head(head: HeadForm) -> str:
    said = "not scored" if head["score"] is None else score(head["score"])
    where = ", ".join([TEAMS.get(head["function"], head["function"]), *head["segment"].values()])
    stage = f", {head['stage'].capitalize()}" if head["stage"] else ""
    return f"{head['name']} (head, {where}): {said}{stage}"


def _segments(form: SurveyForm) -> None:
    for one in form["segments"]:
        title = one["dimension"].replace("_", " ").capitalize()
        rows = [[r["value"], _cell(r["sales"]), _cell(r["marketing"])] for r in one["rows"]]
        table([title, "Sales", "Marketing"], rows)


def _cell(cell: CellForm) -> str:
    if cell["mean"] is None or cell["stage"] is None:
        return cell["hidden"] or NONE
    return f"{cell['stage'].capitalize()} {cell['mean']:.1f}, n {cell['n']}"


def _statements(form: SurveyForm) -> None:
    shown = [s for s in form["statements"] if s["sales"] is not None or s["marketing"] is not None]
    if shown:
        rows = [
            [
                str(one["number"]),
                _mean(one["sales"]),
                _mean(one["marketing"]),
                _gap(one["gap"]) if one["gap"] else NONE,
                one["text"],
            ]
            for one in shown
        ]
        table(["", "Sales", "Marketing", "Difference", "Statement"], rows, (0, 1, 2, 3))


def _mean(value: float | None) -> str:
    return NONE if value is None else f"{value:.1f}"


def understood(form: ImportForm) -> None:
    """How a file was understood, column by column."""
    line(f"{form['file']} ({form['read_as']}):")
    table(["Column", "Taken as", "How"], _columns(form["columns"]))
    known = {one["meaning"] for one in form["columns"]}
    if "respondent" not in known:
        line("No column tells persons apart: each row counts as a person, and nobody's twice.")
    if "level" not in known:
        line("No column says who is a head: all count as staff, without names.")
    for said, count, then in _counts(form) if not form["problems"] else []:
        if count:
            line(f"{said}: {count}; {then}.")


def _columns(forms: Sequence[ColumnForm]) -> list[list[str]]:
    """A row for each column; the twenty statements in one, where they stand alike in order."""
    rows: list[list[str]] = []
    alike = [f for f in forms if f["meaning"].startswith("statement ")]
    in_order = [f["meaning"] for f in alike] == [f"statement {n}" for n in range(1, 21)]
    is_short = in_order and len({f["how"] for f in alike}) == 1
    for one in forms:
        if not is_short or one not in alike:
            rows.append([one["column"], one["meaning"], one["how"]])
        elif one is alike[0]:
            titles = f"{_cut(one['column'])} … {_cut(alike[-1]['column'])}"
            rows.append([titles, "statements 1 to 20", f"each {one['how']}"])
    return rows


def _cut(title: str) -> str:
    return title if len(title) <= 40 else f"{title[:37]}…"


def _counts(form: ImportForm) -> list[tuple[str, int, str]]:
    return [
        ("Earlier rows of the same person", form["replaced"], "the last one sent counts"),
        ("Statements left open", form["unanswered"], "they count as no answer"),
        ("Answers that say not applicable", form["not_applicable"], "they count as no answer"),
        ("Responses with too few answers for a score", form["unscored"], "they are kept"),
        ("Responses with the same answer throughout", form["straight"], "they count like others"),
    ]


def problems(form: ImportForm) -> None:
    """What is wrong with a file, or that nothing is."""
    found = form["problems"]
    if not found:
        line(f"Responses that can be imported: {form['responses']}.")
        return
    line(f"Nothing can be imported before {len(found)} mistakes are corrected:")
    for one in found[:MOST_PROBLEMS]:
        line(f"  row {one['row']}, column {one['column']}: {one['what']}")
    if len(found) > MOST_PROBLEMS:
        line(f"  … and {len(found) - MOST_PROBLEMS} more; --json has all.")


def imported(form: ImportForm) -> None:
    """What was kept."""
    line(f"Responses imported into wave {form['wave']}, which is closed: {form['responses']}.")
