"""Each condition answered: from the records where they say something, else from the checklist."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from metrics.advice.conditions import Condition
from metrics.belief import side
from metrics.declaration import Result
from metrics.estimate import Estimate
from model.words import percent

YesNo = Literal["yes", "no"]
Source = Literal["records", "checklist"]
SMALL = 10
SHORT_DAYS = 30.0
TOP_OF_THE_COMPANY = 40.0


@dataclass(frozen=True)
class Given:
    """An answer of the checklist; `answer` "unknown" takes an earlier one back."""

    answer: Literal["yes", "no", "unknown"]
    by: str
    at: datetime


@dataclass(frozen=True)
class Known:
    """What the records hold that bears on the conditions.

    `people` counts the active people by function, None where unknown; a function without anybody
    is one that is not known. `cycle` is the length of the sales cycle in days over the last year,
    `cycle_before` over the year before.
    """

    people: Mapping[str, int] | None
    results: Mapping[str, Result]
    cycle: Estimate
    cycle_before: Estimate
    checklist: Mapping[str, Given] = field(default_factory=dict)

    @property
    def people_count(self) -> int | None:
        """How many people Sales and Marketing have together."""
        if self.people is None or not all(self.people.get(f) for f in ("sales", "marketing")):
            return None
        return self.people["sales"] + self.people["marketing"]


@dataclass(frozen=True)
class Answer:
    """A condition and whether it holds; `source` None and `answer` None: nobody knows yet.

    `said` is what the records say about it in words, also where the heads' answer goes before.
    `is_contested`: the records and the checklist say opposite things.
    """

    condition: Condition
    answer: YesNo | None
    source: Source | None
    said: str | None
    given: Given | None
    is_contested: bool


def answered(condition: Condition, known: Known) -> Answer:
    """The answer to one condition. The records go before the checklist, except where they are
    only a sign.
    """
    recorded, said = _PROBES[condition.by](known) if condition.by else (None, None)
    given = known.checklist.get(condition.id)
    checked: YesNo | None = None
    if given is not None and given.answer != "unknown":
        checked = given.answer
    order: list[tuple[YesNo | None, Source]] = [(recorded, "records"), (checked, "checklist")]
    if condition.is_sign:
        order.reverse()
    answer, source = next((one for one in order if one[0] is not None), (None, None))
    contested = recorded is not None and checked is not None and recorded != checked
    return Answer(condition, answer, source, said, given, contested)


Probe = tuple[YesNo | None, str | None]


def _people(known: Known) -> Probe:
    count = known.people_count
    if count is None or known.people is None:
        return None, "the records do not say how many people are in both functions"
    both = f"{known.people['sales']} in Sales and {known.people['marketing']} in Marketing"
    return ("yes" if count < SMALL else "no"), f"{both} are active in the CRM"


def _dropped_tasks(known: Known) -> Probe:
    """Dropped where one of the two indicators speaks against, not where all known ones are fine;
    weak evidence answers nothing.
    """
    found = [known.results.get(name) for name in ("never_touched_rate", "ownership_bounce_rate")]
    assessed = [one for one in found if one is not None and one.score is not None]
    if not assessed:
        return None, "leads that nobody touches, or that bounce, are not assessed"
    said = "; ".join(_told(one) for one in assessed)
    sides = [side(one) for one in assessed if one.estimate.status == "ok"]
    if "against" in sides:
        return "yes", said
    return ("no" if len(sides) == len(found) and set(sides) == {"for"} else None), said


def _told(one: Result) -> str:
    value = one.estimate.value
    doubt = "" if one.estimate.status == "ok" else " (weak evidence)"
    return f"{one.indicator.title.lower()}: {'–' if value is None else percent(value)}{doubt}"


def _common_head(known: Known) -> Probe:
    found = known.results.get("common_head")
    if found is None or found.estimate.value is None:
        return None, "the records do not say who the functions report to"
    apart = found.estimate.value <= TOP_OF_THE_COMPANY
    who = "only the head of the company" if apart else "somebody below the head of the company"
    return ("yes" if apart else "no"), f"they have {who} in common"


def _cycle(known: Known) -> Probe:
    value, low, high = known.cycle.value, known.cycle.low, known.cycle.high
    if value is None or known.cycle.status != "ok":
        return None, "the length of the sales cycle is not known well enough"
    said = f"half of the deals won in the last year took {value:.0f} days or less"
    if (value if high is None else high) <= SHORT_DAYS:
        return "yes", said
    return ("no" if (value if low is None else low) > SHORT_DAYS else None), said


def _cycle_trend(known: Known) -> Probe:
    now, before = known.cycle, known.cycle_before
    if now.value is None or before.value is None or "weak" in (now.status, before.status):
        return None, "the records do not tell how the sales cycle has changed"
    said = f"the sales cycle took {before.value:.0f} days the year before and {now.value:.0f} now"
    if now.high is not None and before.low is not None and now.high < before.low:
        return "yes", f"{said}: shorter, which is a sign and no proof"
    return None, said


_PROBES = {
    "people": _people,
    "dropped_tasks": _dropped_tasks,
    "common_head": _common_head,
    "cycle": _cycle,
    "cycle_trend": _cycle_trend,
}
