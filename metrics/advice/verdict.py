"""Do we need to change? The answer may be: stay."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from metrics.advice.answers import Answer, Known, answered
from metrics.advice.conditions import CONDITIONS, Way, conditions_at
from model.stages import STAGES, Stage

Course = Literal["stay", "move", "weigh", "open"]
SMALL_COMPANY = "in a company this small, good informal relations need no machinery"
HIGHEST = "there is no higher stage"
NOTHING_CALLS = "none of the reasons to move on holds"


@dataclass(frozen=True)
class Advice:
    """What to do at `stage`, of which `is_firm` says whether the records settle on it.

    `course`: stay; move on; weigh (reasons stand on both sides); open (not enough is known).
    `staying` and `moving` are the reasons for either in words, `answers` every condition of the
    stage, `is_small` whether this is the answer to a company of a handful of people.
    """

    stage: Stage
    is_firm: bool
    course: Course
    staying: tuple[str, ...]
    moving: tuple[str, ...]
    answers: tuple[tuple[Way, Answer], ...]
    is_small: bool

    @property
    def unanswered(self) -> tuple[Answer, ...]:
        """What nobody has answered yet."""
        return tuple(one for _, one in self.answers if one.answer is None)


def advise(stage: Stage | None, probabilities: Mapping[Stage, float], known: Known) -> Advice:
    """The advice at `stage`; where the records settle on none, the conditions of the likeliest.

    A company of under about ten people is answered first: unless its people do not get on, it has
    no need of anything more.
    """
    at = stage or max(STAGES, key=lambda s: probabilities[s])
    answers = tuple((way, answered(one, known)) for way, one in conditions_at(at))
    staying, moving = _holding("leave", answers), _holding("move", answers)
    is_small = _is_small(known)
    if is_small:
        staying = (SMALL_COMPANY,)
    course = _course(at, answers, staying, moving)
    if stage is None and not is_small:
        course = "open"
    if course == "stay" and not staying:
        staying = (HIGHEST if at is STAGES[-1] else NOTHING_CALLS,)
    return Advice(at, stage is not None, course, staying, moving, answers, is_small)


def _is_small(known: Known) -> bool:
    small, relations = (
        answered(CONDITIONS[name], known).answer for name in ("small_company", "good_relations")
    )
    return small == "yes" and relations != "no"


def _holding(way: Way, answers: tuple[tuple[Way, Answer], ...]) -> tuple[str, ...]:
    return tuple(one.condition.text for w, one in answers if w == way and one.answer == "yes")


def _course(
    at: Stage,
    answers: tuple[tuple[Way, Answer], ...],
    staying: tuple[str, ...],
    moving: tuple[str, ...],
) -> Course:
    if at is STAGES[-1]:
        return "stay"
    if moving:
        return "weigh" if staying else "move"
    if staying:
        return "stay"
    is_open = any(one.answer is None for way, one in answers if way == "move")
    return "open" if is_open else "stay"
