"""Numbers and states as a reader sees them. Values of shares are 0–1, scores 20–100."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from model import words as plain
from model.stages import STAGES, Dimension
from monitor.comparison import ComparedForm, EvidenceForm
from monitor.outputs.belief import CAVEAT, teams
from monitor.report import (
    DimensionForm,
    EstimateForm,
    IndicatorForm,
    StageForm,
    StepForm,
    instant,
)
from monitor.snapshots import SnapshotLine
from monitor.survey_forms import GapForm, GroupForm
from monitor.views import StatusForm

NONE = "–"
SPACE = "\u00a0"
NOT_ASSESSED = "not assessed"
SCALES = CAVEAT
STATUS = {"ok": "ok", "weak": "weak evidence", "not_assessed": NOT_ASSESSED}
PROVENANCE = {
    "convention": "convention: a round figure that we chose, not a measured norm",
    "published": "published",
    "vendor": "published by a vendor",
    "own history": "your own history",
    "declared": "set by your organisation",
}
FUNCTIONS = {"sales": "Sales", "marketing": "Marketing", "other": "Other", "all": "Both"}
ROOTS = {"economic": "money and means", "cultural": "people and culture"}
BEARING = {"measured": "measured by", "proxy": "hinted at by"}
RECORD = {
    "for": "It is so",
    "against": "It is not so",
    "mixed": "Both: one figure for it, one against",
    "open": "Leaves it open",
    "not_assessed": "Not assessed",
    "not_observable": "Not observable in a CRM",
}
AGREEMENT = {
    "borne out": "borne out",
    "contradicted": "contradicted",
    "undecided": "undecided",
    "unknown": "",
}
EVENTS = {"open": "agreed", "done": "done", "dropped": "dropped"}
KINDS = {"live": "live", "backfilled": "rebuilt from history", "restated": "restated"}
RUNS = {"done": "Done", "partial": "In part", "failed": "Failed", "running": "Running"}
BEARS = {
    "measured": "this indicator measures it",
    "proxy": "this indicator hints at it",
}
GATES = {
    "handoffs_recorded": "a handoff recorded for at least {} of the MQLs",
    "decisions_recorded": "a decision (accepted or rejected) recorded for at least {} of the MQLs",
    "shared_metrics": "a metric with a target for Sales and for Marketing",
}
VARIANTS = {
    "p90": "for 90 % of the leads",
    "wall_median": "wall clock",
    "wall_p90": "for 90 % of the leads, wall clock",
    "within_24_wall_hours": "within 24 hours, wall clock",
    "by_traceable_lead": "it can be traced from a campaign through a lead",
    "by_touch_before_creation": "a campaign touched it before it was created",
    "by_membership": "a lead or contact of it was in a campaign",
    "by_the_crms_credit": "the CRM itself credits a campaign",
}


def number(value: float | None, digits: int = 0) -> str:
    """`1,234`, or a dash where there is nothing."""
    return NONE if value is None else f"{value:,.{digits}f}"


def counted(n: int, noun: str) -> str:
    """`1 lead`, `1,234 leads`."""
    return f"{number(n)} {noun}{'' if n == 1 else 's'}"


def percent(share: float | None, digits: int = 0) -> str:
    """`53 %` of a share."""
    return NONE if share is None else f"{100 * share:.{digits}f}{SPACE}%"


def chance(probability: float) -> str:
    """A simulated probability, never claimed as certain: `91 %`, `over 99 %`, `under 1 %`."""
    if probability > 0.99:
        return f"over{SPACE}99{SPACE}%"
    return f"under{SPACE}1{SPACE}%" if probability < 0.01 else percent(probability)


def quantity(value: float | None, unit: str) -> str:
    """A value with its unit: `53.4 %`, `8.0 h`, `31.0 days`, `3.1 times`, `level 40`, `12`."""
    if value is None:
        return NONE
    if unit == "share":
        return percent(value, 1)
    if unit in ("hours", "days"):
        return f"{value:,.1f}{SPACE}{'h' if unit == 'hours' else 'days'}"
    if unit == "times":
        return f"{number(value, 1)}{SPACE}times"
    said = number(value, 0 if float(value).is_integer() or abs(value) >= 1000 else 1)
    return f"level{SPACE}{said}" if unit == "level" else said


def value(form: EstimateForm, unit: str) -> str:
    """The value of an estimate; a bound as `more than 720 h`; never a zero for what is missing."""
    if form["status"] == "not_assessed":
        return NOT_ASSESSED
    if form["value"] is None and form["bound"]:
        sign = "less than" if form["bound"].startswith("<") else "more than"
        return f"{sign} {quantity(float(form['bound'].lstrip('<>=')), unit)}"
    return quantity(form["value"], unit)


def interval(low: float | None, high: float | None, unit: str = "score") -> str:
    """`48 to 57` (scores), `51.0 to 62.3 %`, `over 12.0 h` without an upper limit; a dash
    for complete counts, which have no interval.
    """
    if low is None or low == high:
        return NONE
    if high is None:
        return f"over {score(low) if unit == 'score' else quantity(low, unit)}"
    if unit == "score":
        return f"{low:.0f} to {high:.0f}"
    first, last = quantity(low, unit), quantity(high, unit)
    return f"{first.partition(SPACE)[0]} to {last}"


def score(value: float | None) -> str:
    """A score on 20–100, or a dash where there is none."""
    return NONE if value is None else plain.score(value)


def freshness(form: StatusForm, zone: str) -> str | None:
    """What a reader should know about the sync; None where all is as it should be."""
    run = form["last_sync"]
    if run and run["state"] == "running":
        began = moment(run["started_at"], zone)
        return f"A sync is running since {began}; until it ends, you see what the last one brought."
    said = []
    if run and run["state"] == "failed":
        said.append("The last sync failed; Data health says why.")
    if form["is_stale"] and form["age_hours"] is not None:
        hours = int(form["age_hours"])
        age = counted(hours, "hour") if hours < 48 else counted(hours // 24, "day")
        said.append(f"These records are {age} old: sync, or start the schedule.")
    return " ".join(said) or None


def stage(name: str | None) -> str:
    """`Defined`; a dash where there is none."""
    return name.title() if name else NONE


def stage_span(names: Sequence[str]) -> str:
    """`Defined`, or `between Undefined and Aligned`."""
    low, high = stage(names[0]), stage(names[-1])
    return low if low == high else f"between {low} and {high}"


def clock(name: str | None) -> str:
    """What kind of time an indicator counts."""
    return {"business": "business hours of the owner's region", "wall": "wall clock"}.get(
        name or "", "no clock: a share or a count"
    )


def moment(text: str | None, zone: str = "UTC") -> str:
    """An instant (ISO, UTC) in the organisation's time zone: `22 Nov 2026, 17:40 (CET)`."""
    if text is None:
        return NONE
    at = datetime.fromisoformat(text).astimezone(ZoneInfo(zone))
    return f"{at.day} {at:%b %Y}, {at:%H:%M} ({at.tzname()})"


def day(text: str, zone: str = "UTC") -> str:
    """A local day, or the day of an instant in that time zone: `22 Nov 2026`."""
    at = datetime.fromisoformat(text)
    at = at.astimezone(ZoneInfo(zone)) if at.tzinfo else at
    return f"{at.day} {at:%b %Y}"


def segment(where: Mapping[str, str]) -> str:
    """`EMEA, Software`, or the whole company."""
    return ", ".join(where.values()) or "Whole company"


def dimension_name(name: str) -> str:
    """`Business unit` for business_unit."""
    return name.replace("_", " ").capitalize()


def dimension_title(name: str) -> str:
    """The name on screen of one of the six dimensions."""
    return Dimension(name).label


def variant(name: str) -> str:
    """What a variant shows."""
    return VARIANTS.get(name, name.replace("_", " "))


def capital(text: str) -> str:
    """The first letter large, the rest as it is."""
    return text[:1].upper() + text[1:]


def headline(form: StageForm) -> str:
    """The one sentence: what the records say, and what Sales and Marketing say."""
    return f"{records_say(form)} {teams_say(form)}".strip()


def records_say(form: StageForm) -> str:
    """`The records place you at Defined (91 %).`, or the range that is all that can be said."""
    if form["stage"]:
        odds = chance(form["probabilities"][form["stage"]])
        return f"The records place you at {stage(form['stage'])} ({odds})."
    low, high = form["stage_range"][0], form["stage_range"][-1]
    if low == high:
        return f"The records point to {stage(low)}, but not firmly enough to say so."
    span = stage_span(form["stage_range"])
    return f"The records do not settle on one stage: you are {span}."


def said_last(line: SnapshotLine, zone: str) -> str:
    """`On 22 Nov 2026 the records placed you at Defined (91 %).`, or that they left it open."""
    when = f"On {day(line['as_of'], zone)} the records"
    if line["stage"] is None:
        return f"{when} did not settle on one stage."
    odds = chance(line["probabilities"][line["stage"]])
    return f"{when} placed you at {stage(line['stage'])} ({odds})."


def unreached(since_at: datetime | None, zone: str) -> str:
    """`The engine has not answered since 26 Nov 2026, 14:02. It is asked again …`"""
    when = f" since {moment(instant(since_at), zone)}" if since_at else ""
    return (
        f"The engine has not answered{when}. It is asked again every few seconds, and this page "
        "is drawn as soon as it answers."
    )


def teams_say(form: StageForm) -> str:
    """`Sales sees itself at Undefined, a stage lower; Marketing …`, as far as it may be shown."""
    return teams(form)


def why_range(form: StageForm) -> str:
    """Why no single stage is stated: the monitor's own sentence, as a sentence."""
    return sentence(form["sentence"])


def held(form: StageForm) -> str | None:
    """`Scores Aligned, held at Defined because …`, or None where no gate holds."""
    if not form["held_by"]:
        return None
    reasons = spaced("; ".join(one["reason"] for one in form["held_by"]))
    at = stage(form["stage"]) if form["stage"] else stage_span(form["stage_range"])
    return f"Scores {stage(form['ungated_stage'])}, held at {at} because {reasons}."


def group(form: GroupForm) -> str:
    """A group's own rating, or why it is not shown."""
    if form["mean"] is None:
        return f"not shown: {form['hidden'] or 'no answers'}"
    said = f"{stage(form['stage'])}, {score(form['mean'])}"
    if form["low"] is not None:
        said += f" ({interval(form['low'], form['high'])})"
    return said


def dimension_stage(form: DimensionForm) -> str:
    """A dimension's stage, or the range that its evidence leaves."""
    if form["stage"]:
        return stage(form["stage"])
    span = stage_span(form["stage_range"])
    return span[:1].upper() + span[1:]


def step(form: StepForm, now: str | None = None) -> str:
    """What reaches the next stage, as an instruction; `now` is the present value in words."""
    target = stage(form["stage"])
    if form["kind"] == "indicator":
        present = f" from {now}" if now else ""
        goal = quantity(form["value"], form["unit"] or "")
        return f"{form['title']}{present} to {goal}: that alone would reach {target}."
    if form["kind"] == "dimension":
        scores = f"from {score(form['from_score'])} to {score_up(form['to_score'])}"
        return f"{form['title']} as a whole, {scores}: that alone would reach {target}."
    text = GATES.get(form["id"], form["title"]).format(percent(form["value"]))
    return f"First {text}: without it the stage stays below {target}."


def score_up(value: float | None) -> str:
    """A score that must be reached, or a dash where there is none."""
    return NONE if value is None else plain.score_up(value)


def gain(points: float) -> str:
    """`4.2 points`."""
    return f"{points:.1f}{SPACE}point{'' if f'{points:.1f}' == '1.0' else 's'}"


def odds(probabilities: Mapping[str, float]) -> str:
    """`Undefined under 1 %, Defined 91 %, …` in the order of the stages."""
    return ", ".join(f"{stage(s)} {chance(probabilities.get(s, 0.0))}" for s in STAGES)


def sentence(text: str | None) -> str:
    """A remark of the monitor as a sentence: capital first, full stop last."""
    if not text:
        return ""
    remark = spaced(text.strip().rstrip("."))
    return f"{remark[:1].upper()}{remark[1:]}."


def spaced(text: str) -> str:
    """A remark of the monitor as everything else on the screen: `over 99 %`, `22 Nov 2026`."""
    text = re.sub(r"(?<=\d)\s*%", f"{SPACE}%", text)
    text = text.replace(">99", f"over{SPACE}99").replace("<1" + SPACE, f"under{SPACE}1{SPACE}")
    return re.sub(r"\b\d{4}-\d{2}-\d{2}\b", lambda found: day(found.group()), text)


def evidence(form: IndicatorForm) -> str:
    """`ok`, `weak evidence`, `not assessed`; `declared` where somebody said so."""
    said = STATUS[form["status"]]
    return f"{said}, declared" if form["declared"] and form["status"] == "ok" else said


def period(window: Mapping[str, str]) -> str:
    """`25 Aug 2026 to 22 Nov 2026`."""
    return f"{day(window['from'])} to {day(window['to'])}"


def mean(value: float | None) -> str:
    """A mean of answers, to one decimal."""
    return number(value, 1)


def gap(form: GapForm | None) -> str:
    """`+0.8 (+0.1 to +1.5)`: Sales minus Marketing, with its interval where there is one."""
    if form is None:
        return "not shown"
    said = signed(form["value"])
    if form["low"] is None or form["high"] is None:
        return said
    return f"{said} ({signed(form['low'])} to {signed(form['high'])})"


def signed(value: float) -> str:
    """`+3.1`, `−18.4`, `0.0`."""
    size = round(abs(value), 1)
    return f"{'−' if value < 0 and size else '+' if size else ''}{size:.1f}"


def survey_gap(value: float, low: float | None, high: float | None) -> str:
    """How far apart the functions' views of the relationship are, and how surely."""
    if round(value, 1) == 0:
        return "Sales and Marketing rate the relationship alike."
    higher = "higher" if value > 0 else "lower"
    said = f"Sales rates the relationship {abs(value):.1f} points {higher} than Marketing does"
    if low is None or high is None:
        return f"{said}."
    ends = sorted((abs(low), abs(high))) if low * high > 0 else None
    if ends is None:
        return f"{said}, which may be chance: the 95 % interval includes no difference."
    return f"{said} (95 % interval {ends[0]:.1f} to {ends[1]:.1f})."


def change(difference: float | None, unit: str) -> str:
    """`+3.1 points` for shares, else with the unit."""
    if difference is None:
        return NONE
    size = abs(difference)
    said = (
        f"{100 * size:.1f}{SPACE}points"
        if unit == "share"
        else quantity(size, "" if unit == "level" else unit)
    )
    return f"{'+' if difference >= 0 else '−'}{said}"


def bearing(indicators: Mapping[str, str], titles: Mapping[str, str]) -> str:
    """`Measured by Leads followed up in time`; else why not."""
    if not indicators:
        return "Not observable in a CRM"
    known = [f"{BEARING[how]} {titles[i]}" for i, how in indicators.items() if i in titles]
    text = "; ".join(known)
    return text[:1].upper() + text[1:] if text else "Not measured yet"


def agreement(form: ComparedForm) -> str:
    """Whether what the teams say is borne out, in a word or two."""
    if form["record"] in ("not_assessed", "not_observable"):
        return "not observable" if form["record"] == "not_observable" else NOT_ASSESSED
    said = {form["sales"]["agreement"], form["marketing"]["agreement"]}
    if "contradicted" in said:
        return "contradicted, weak evidence" if form["is_weak"] else "contradicted"
    if "undecided" in said:
        return "undecided"
    return "borne out" if "borne out" in said else "no view is shown"


def evidence_said(form: EvidenceForm) -> str:
    """`Leads followed up in time: 58.0 % (51.0 to 66.0 %), n 310, Defined, measured`."""
    if form["status"] == "not_assessed":
        return f"{form['title']}: {NOT_ASSESSED} ({form['reason']})"
    around = interval(form["low"], form["high"], form["unit"])
    parts = [
        f"{value(form, form['unit'])}{'' if around == NONE else f' ({around})'}",
        f"n {number(form['n'])}",
        stage(form["stage"]),
        "measured" if form["how"] == "measured" else "a sign",
    ]
    parts += ["weak evidence"] if form["status"] == "weak" else []
    parts += ["declared"] if form["declared"] else []
    return f"{form['title']}: {', '.join(parts)}"


def way(share: float | None, reached: bool | None) -> str:
    """`47 % of the way`, `reached`; empty where nothing can be said."""
    if reached:
        return "reached"
    if share is None:
        return ""
    if share < 0:
        return "further away"
    return f"{int(100 * share)}{SPACE}% of the way"


def placed(form: StageForm) -> str:
    """`Defined (71 %)`, or the range that is all that can be said."""
    if form["stage"] is None:
        span = stage_span(form["stage_range"])
        return span[:1].upper() + span[1:]
    return f"{stage(form['stage'])} ({chance(form['probabilities'][form['stage']])})"
