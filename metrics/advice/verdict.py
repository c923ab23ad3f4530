"""Do we need to change? The answer may be: stay."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from metrics.advice.answers import Answer, Known, answered
from metrics.advice.conditions import CONDITIONS, Way, conditions_at
from model.stages import STAGES, Stage

Course = Literal["stay", "move", "weigh", "open"]


@dataclass(frozen=True)
class Advice:
    """What to do at `stage`, of which `is_firm` says whether the records settle on it.

    `course`: stay; move up; weigh (reasons stand on both sides); open (not enough is known).
    `why` are the reasons in words, `answers` every condition of the stage, `is_small` whether the
    answer is that for a company of a handful of people.
    """

    stage: Stage
    is_firm: bool
    course: Course
    why: tuple[str, ...]
    answers: tuple[tuple[Way, Answer], ...]
    is_small: bool

    @property
    def unanswered(self) -> tuple[Answer, ...]:
        """What nobody has answered yet."""
        return tuple(one for _, one in self.answers if one.answer is None)


def advise(stage: Stage | None, probabilities: Mapping[Stage, float], known: Known) -> Advice:
    """The advice at `stage`; where the records settle on none, the conditions of the likeliest."""
    at = stage or max(STAGES, key=lambda s: probabilities[s])
    answers = tuple((way, answered(one, known)) for way, one in conditions_at(at))
    holds: dict[Way, list[Answer]] = {"leave": [], "move": []}
    for way, one in answers:
        if one.answer == "yes":
            holds[way].append(one)
    relations = answered(CONDITIONS["good_relations"], known).answer
    if answered(CONDITIONS["small_company"], known).answer == "yes" and relations != "no":
        why = ("good informal relations need no machinery", *_texts(holds["move"]))
        course: Course = "weigh" if holds["move"] else "stay"
        return Advice(at, stage is not None, course, why, answers, is_small=True)
    course, why = _course(at, answers, holds)
    if stage is None:
        course = "open"
    return Advice(at, stage is not None, course, why, answers, is_small=False)


def _course(
    at: Stage, answers: tuple[tuple[Way, Answer], ...], holds: Mapping[Way, list[Answer]]
) -> tuple[Course, tuple[str, ...]]:
    if at is STAGES[-1]:
        return "stay", ("there is no higher stage",)
    why = _texts([*holds["move"], *holds["leave"]])
    if holds["leave"] and holds["move"]:
        return "weigh", why
    if holds["move"]:
        return "move", why
    if any(one.answer is None for way, one in answers if way == "move"):
        return "open", why
    return "stay", why or ("none of the reasons to move up holds",)


def _texts(answers: list[Answer]) -> tuple[str, ...]:
    return tuple(one.condition.text for one in answers)
