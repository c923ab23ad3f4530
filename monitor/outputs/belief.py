"""What people believe beside what the records show, in sentences; stages are compared, and never
one scale subtracted from the other.
"""

from collections.abc import Mapping, Sequence

from metrics.belief import Bearing, Compared
from model.stages import CUTS, STAGES
from model.words import percent
from monitor.outputs.words import amount, figure, interval
from monitor.report import StageForm, estimate_form
from monitor.survey_forms import GroupForm

CAVEAT = (
    "Both scales run from 20 to 100, but they do not measure the same thing: one counts what the "
    "CRM recorded, the other asks for opinions. Compare stages and intervals; do not subtract."
)
NAMES = {"sales": "Sales", "marketing": "Marketing"}
LEAST_CHANCE = 0.05  # a stage that the records give less than this is ruled out
EDGES = (20.0, *CUTS, 100.0)
STEPS = {1: "a stage", 2: "two stages", 3: "three stages"}


def teams(form: StageForm) -> str:
    """`Sales sees itself at Undefined, a stage lower; Marketing at Aligned, perhaps a stage
    higher.`: where each function that may be shown stands beside the records.
    """
    survey = form["survey"]
    if survey is None:
        return ""
    groups = {"sales": survey["sales"], "marketing": survey["marketing"]}
    shown = {name: group for name, group in groups.items() if group["stage"]}
    said = {name: relation(group, form) for name, group in shown.items()}
    stages = {group["stage"] for group in shown.values()}
    if len(shown) == 2 and len(stages) == 1 and len(set(said.values())) == 1:
        name, group = next(iter(shown.items()))
        return f"Sales and Marketing both see themselves at {_title(group)}{said[name]}."
    parts = [
        f"{NAMES[name]} {'sees itself ' if i == 0 else ''}at {_title(group)}{said[name]}"
        for i, (name, group) in enumerate(shown.items())
    ]
    return f"{'; '.join(parts)}." if parts else ""


def relation(group: GroupForm, form: StageForm) -> str:
    """How a function's own stage lies beside that of the records, as the end of a sentence.

    "Perhaps" where the intervals leave room for no difference: the function's own reaches into the
    stage of the records, or the records give the function's stage a chance of 5 % or more.
    """
    place = _rank(group["stage"] or "")
    low, high = (_rank(form["stage"] or end) for end in form["stage_range"])
    if form["stage"] is None and low <= place <= high:
        return ", which the records leave possible"
    if low <= place <= high:
        return ", as the records do"
    apart = STEPS[low - place if place < low else place - high]
    way = "lower" if place < low else "higher"
    if form["stage"] is None:
        return f", {apart} {way} than all that the records leave possible"
    chance = form["probabilities"].get(group["stage"] or "", 0.0)
    is_near = _reaches(group, low) or chance >= LEAST_CHANCE
    return f", {'perhaps ' if is_near else ''}{apart} {way}"


def _reaches(group: GroupForm, rank: int) -> bool:
    low, high = group["low"], group["high"]
    return low is not None and high is not None and low < EDGES[rank + 1] and high >= EDGES[rank]


def statement(one: Compared) -> str:
    """What the functions say and what the CRM shows, in one sentence."""
    said, shows = _opinions(one), _record(one)
    if one.contradicted:
        joint = ", but "
    elif said and one.record in ("for", "against") and "undecided" not in _agreements(one):
        joint = ", and "
    else:
        joint = "; "
    return f"{said or 'No view is shown'}{joint}{shows}."


def split(one: Compared) -> str | None:
    """`Sales rates it 1.6 higher than Marketing (0.9 to 2.3).`, None where either is not shown."""
    gap = one.difference
    if gap is None:
        return None
    way = "higher" if gap.value > 0 else "lower"
    if round(abs(gap.value), 1) == 0:
        return "Sales and Marketing rate it alike."
    told = f"Sales rates it {abs(gap.value):.1f} {way} than Marketing"
    if gap.low is None or gap.high is None:
        return f"{told}."
    ends = sorted((abs(gap.low), abs(gap.high)))
    if gap.exceeds:
        return f"{told} ({ends[0]:.1f} to {ends[1]:.1f})."
    return f"{told}, which may be chance."


def head(name: str, where: Mapping[str, str], stage: str | None, verdict: StageForm) -> str:
    """`Ada Berg puts EMEA at Aligned; the records place it at Defined (71 %).`"""
    place = ", ".join(where.values())
    own = (
        f"puts {place} at {stage.title()}" if stage else f"left {place} unscored (too few answers)"
    )
    if verdict["stage"]:
        odds = percent(verdict["probabilities"][verdict["stage"]])
        return f"{name} {own}; the records place it at {verdict['stage'].title()} ({odds})."
    low, high = verdict["stage_range"]
    if low == high:
        return f"{name} {own}; the records point to {low.title()}, but not firmly."
    return f"{name} {own}; the records leave it between {low.title()} and {high.title()}."


def _agreements(one: Compared) -> set[str]:
    return {one.agreement(name) for name in NAMES if one.opinions[name].view}


def _opinions(one: Compared) -> str:
    """`Sales agrees (4.2 of 5), Marketing disagrees (2.1 of 5)`; empty where none is shown."""
    verbs = {
        "true": ("agrees", "agree"),
        "untrue": ("disagrees", "disagree"),
        "of two minds": ("is of two minds", "are of two minds"),
    }
    known = [(name, view) for name in NAMES if (view := one.opinions[name].view)]
    means = {name: f"{one.opinions[name].mean:.1f}" for name, _ in known}
    if len(known) == 2 and known[0][1] == known[1][1]:
        both = f"{means['sales']} and {means['marketing']} of 5"
        return f"Sales and Marketing both {verbs[known[0][1]][1]} ({both})"
    return ", ".join(f"{NAMES[n]} {verbs[view][0]} ({means[n]} of 5)" for n, view in known)


def _record(one: Compared) -> str:
    if one.record == "not_observable":
        return "a CRM cannot show it"
    assessed = [each for each in one.evidence if each.side is not None]
    if one.record == "not_assessed":
        reasons = "; ".join(
            f"{each.result.indicator.title}, {each.estimate.reason or 'not computed'}"
            for each in one.evidence
        )
        return f"the CRM does not show it yet: {reasons}" if reasons else "the CRM does not show it"
    shows = "shows" if any(each.how == "measured" for each in assessed) else "hints"
    words = {
        "for": f"the CRM {shows} that it is so",
        "against": f"the CRM {shows} that it is not so",
        "mixed": f"the CRM {shows} both",
        "open": "the CRM leaves it open",
    }
    return f"{words[one.record]}: {_figures(assessed)}"


def _figures(assessed: Sequence[Bearing]) -> str:
    return "; ".join(_figure(each) for each in assessed)


def _figure(each: Bearing) -> str:
    """`Leads followed up in time 58 % (51 % to 66 %), Defined`."""
    form, unit = estimate_form(each.estimate), each.result.indicator.unit
    around = interval(form, unit)
    stage = each.result.stage.value.title() if each.result.stage else ""
    doubt = ", weak evidence" if form["status"] == "weak" else ""
    doubt += ", declared" if each.estimate.declared else ""
    value = figure(form, unit) if form["bound"] else amount(form["value"], unit)
    return (
        f"{each.result.indicator.title} {value}{f' ({around})' if around else ''}, {stage}{doubt}"
    )


def _title(group: GroupForm) -> str:
    return (group["stage"] or "").title()


def _rank(stage: str) -> int:
    return [one.value for one in STAGES].index(stage)
