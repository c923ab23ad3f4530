"""The review pack for the joint meeting, as one HTML file that prints well, or as Markdown."""

from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any, Literal

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from markupsafe import Markup, escape

from model import words
from model.errors import ConfigurationError
from model.words import chance, percent
from monitor.meeting import SHOWN, DealForm, MeetingForm
from monitor.outputs import svg
from monitor.outputs.belief import CAVEAT
from monitor.outputs.svg import Mark, Row
from monitor.outputs.words import amount
from monitor.report import DimensionForm, StageForm
from monitor.survey_forms import GroupForm
from store.files import written_whole

Format = Literal["html", "md"]
ESCAPED = str.maketrans({"|": "\\|", "\n": " ", "<": "&lt;", "[": "\\[", "]": "\\]", "*": "\\*"})
TEAMS: tuple[Literal["sales", "marketing"], ...] = ("sales", "marketing")
PULLS = 3
FEWEST_POINTS = 2


def render(form: MeetingForm, to: Format) -> str:
    """The pack as a text that needs nothing else."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=select_autoescape(["html.j2"]),
        undefined=StrictUndefined,
        trim_blocks=to == "md",
    )
    shown: dict[str, Any] = {
        **_said(form),
        "form": form,
        "day": _day,
        "amount": amount,
        "why": _why,
    }
    if to == "html":
        shown |= {"link": _html_link, **_charts(form)}
    else:
        shown |= {
            "link": _md_link,
            "rows": _rows(form["stage"]) + _dimensions(form["stage"]["dimensions"]),
            "cell": _cell,
            "score": _score,
            "interval": _interval,
        }
    return environment.get_template(f"pack.{to}.j2").render(shown)


def write(form: MeetingForm, to: Format, file: Path) -> None:
    """Write the pack, whole or not at all. ConfigurationError where that cannot be done."""
    text = render(form, to)
    try:
        with written_whole(file) as draft:
            draft.write_text(text, encoding="utf-8")
    except OSError as error:
        raise ConfigurationError(
            f"it cannot be written ({error.strerror})", str(file), "Choose another place."
        ) from None


def _said(form: MeetingForm) -> dict[str, Any]:
    stage = form["stage"]
    return {
        "verdict": _verdict(stage),
        "teams": _teams(stage),
        "remarks": _remarks(stage),
        "caveat": CAVEAT if stage["survey"] else "",
        "agenda": agenda(form),
        "pulls": ", ".join(one["title"] for one in stage["pulls"][:PULLS] if one["gain"] > 0),
        "step": _step(stage),
        "changed": _changed(form),
        "deals_said": _deals_said(form),
        "dropped_said": _dropped_said(form),
    }


def _verdict(stage: StageForm) -> str:
    if stage["stage"]:
        odds = chance(stage["probabilities"][stage["stage"]])
        return f"The records place Sales and Marketing at {stage['stage'].title()} ({odds})."
    low, high = (stage["stage_range"][i].title() for i in (0, -1))
    where = f"between {low} and {high}" if low != high else f"near {low}"
    return f"The records do not settle on one stage: Sales and Marketing are {where}."


def _teams(stage: StageForm) -> str:
    survey = stage["survey"]
    if survey is None:
        return ""
    said = []
    for team in TEAMS:
        group: GroupForm = survey[team]
        if group["stage"]:
            said.append(f"{team.title()} sees itself at {group['stage'].title()}.")
        else:
            said.append(f"{team.title()}'s own view is not shown: {group['hidden']}.")
    return " ".join(said)


def _remarks(stage: StageForm) -> list[str]:
    found = [f"Held down: {gate['reason']}." for gate in stage["held_by"]]
    if not stage["stage"]:
        found.append(_sentence(stage["sentence"]))
    if stage["survey"] is None:
        found.append("The teams have not been asked yet how they see themselves.")
    found.append(
        f"The records hold {percent(stage['evidence'])} of the evidence that was looked for."
    )
    return found


def _step(stage: StageForm) -> str:
    step = stage["next_step"]
    if step is None:
        return ""
    target = step["stage"].title()
    if step["kind"] == "indicator":
        goal = amount(step["value"], step["unit"] or "")
        return f"The shortest way to {target}: {step['title']} at {goal}."
    if step["kind"] == "dimension":
        goal = words.score_up(step["to_score"] or 0.0)
        return f"The shortest way to {target}: {step['title']} at a score of {goal}."
    return f"First of all, {target} needs this: {step['title']}."


def _changed(form: MeetingForm) -> list[str]:
    if form["since"] is None:
        return ["No earlier snapshot is kept, so there is nothing to compare with yet."]
    found = []
    before, after = form["since"]["stage"], form["stage"]["stage"]
    if before != after:
        was, now = (one.title() if one else "no single stage" for one in (before, after))
        found.append(f"The verdict went from {was} to {now}.")
    compared = form["comparison"]
    if compared and compared["note"]:
        found.append(compared["note"])
    if not form["changes"]:
        found.append("No indicator has changed by more than its uncertainty.")
    else:
        found.append("These indicators changed by more than their uncertainty:")
    return found


def _deals_said(form: MeetingForm) -> str:
    if form["deals"] is None:
        return "The records do not tell enough about open opportunities."
    looked = f"Of the {form['deals_of']} major open opportunities"
    if not form["deals"]:
        return f"{looked}, none is at risk or without the other function."
    at_risk = sum(bool(one["risks"]) for one in form["deals"])
    alone = sum(one["is_alone"] for one in form["deals"])
    count = len(form["deals"])
    below = "the one below is" if count == 1 else f"the {count} below are"
    return (
        f"{looked}, {below} to be talked about: {at_risk} at risk, {alone} on which Sales works "
        "without Marketing."
    )


def _dropped_said(form: MeetingForm) -> str:
    if form["dropped"] is None:
        return "The records do not tell which leads wait for an answer."
    count = form["dropped_of"]
    if not count:
        return "No lead of the last 90 days waits for an answer beyond the agreed time."
    leads = "1 lead waits" if count == 1 else f"{count:,} leads wait"
    shown = f"; the {len(form['dropped'])} that have waited longest" if count > SHOWN else ""
    return f"{leads} for a first answer beyond the agreed time{shown}:"


def agenda(form: MeetingForm) -> list[str]:
    """A proposal for the meeting, from what there is to talk about."""
    items = []
    if form["actions"]:
        late = sum(one["is_overdue"] for one in form["actions"])
        overdue = f", {late} of them overdue" if late else ""
        items.append(f"What we agreed: {len(form['actions'])} open actions{overdue}.")
    if form["stage"]["survey"]:
        items.append("How each side sees it, and where the records see it otherwise.")
    worse = [one["title"] for one in form["changes"] if one["direction"] == "worse"]
    if form["changes"]:
        named = f": {', '.join(worse[:PULLS])} got worse" if worse else " for the better"
        items.append(f"What has changed{named}.")
    if form["deals"]:
        items.append("The major opportunities below: who does what by when.")
    broken = [one["title"] for one in form["rules"] if one["broken"]]
    if form["dropped_of"] or broken:
        parts = [f"leads without an answer ({form['dropped_of']:,})"] if form["dropped_of"] else []
        parts += [f"rules that are not kept ({len(broken)})"] if broken else []
        items.append(f"Problems: {' and '.join(parts)}.")
    items.append("What we do until next time: an owner, a day and a target for each action.")
    return items


def _why(deal: DealForm) -> str:
    parts = [*deal["risks"], *(["Marketing has no part in it"] if deal["is_alone"] else [])]
    return _sentence("; ".join(parts))


def _charts(form: MeetingForm) -> dict[str, Markup | str]:
    stage = form["stage"]
    rows, dimensions = _rows(stage), _dimensions(stage["dimensions"])
    points = [one for one in form["history"] if one["score"] is not None]
    scores = f"Score over {len(points)} snapshots."
    return {
        "ladder": Markup(svg.ladder(rows, _text(rows))),  # noqa: S704  (escaped there)
        "dimensions": Markup(svg.ladder(dimensions, _text(dimensions))),  # noqa: S704
        "trend": Markup(svg.trend(points, scores)) if len(points) >= FEWEST_POINTS else "",  # noqa: S704
    }


def _rows(stage: StageForm) -> list[Row]:
    said = stage["stage"].title() if stage["stage"] else "no single stage"
    rows = [Row("The records", said, stage["score"], stage["low"], stage["high"])]
    survey = stage["survey"]
    for team in TEAMS if survey else ():
        group: GroupForm = survey[team]  # type: ignore[index]
        own = group["stage"].title() if group["stage"] else "not shown"
        mark: Mark = team
        title = f"{team.title()} about itself"
        rows.append(Row(title, own, group["mean"], group["low"], group["high"], mark))
    return rows


def _dimensions(forms: Sequence[DimensionForm]) -> list[Row]:
    return [
        Row(
            one["title"],
            one["stage"].title() if one["stage"] else _unsettled(one),
            one["score"],
            one["low"],
            one["high"],
        )
        for one in forms
    ]


def _unsettled(one: DimensionForm) -> str:
    return "not assessed" if one["status"] == "not_assessed" else "not enough evidence"


def _text(rows: Sequence[Row]) -> str:
    return " ".join(f"{row.title}: {row.said}, {_score(row.score)}." for row in rows)


def _score(score: float | None) -> str:
    return "–" if score is None else words.score(score)


def _interval(row: Row) -> str:
    known = row.low is not None and row.high is not None
    return f"{row.low:.0f} to {row.high:.0f}" if known else "–"


def _day(text: str) -> str:
    on = date.fromisoformat(text[:10])
    return f"{on.day} {on:%b %Y}"


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:].rstrip('.')}." if text else ""


def _cell(text: str) -> str:
    return text.translate(ESCAPED)


def _md_link(one: Mapping[str, Any]) -> str:
    return f"[{_cell(one['id'])}]({one['url']})" if one["url"] else _cell(one["id"])


def _html_link(one: Mapping[str, Any]) -> Markup:
    if not one["url"]:
        return escape(one["id"])
    return Markup('<a href="{}">{}</a>').format(one["url"], one["id"])
