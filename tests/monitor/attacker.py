"""Somebody who knows who belongs where and who answered what, reads everything that is ever shown,
and looks for a combination of figures that rests on fewer people than the floor.

Linear algebra over the published forms, without any of the product's own reasoning: the unknowns
are single answers; a response that is the same in two waves is taken for the same unknowns.
"""

from collections import Counter
from collections.abc import Sequence
from itertools import combinations
from typing import NamedTuple

import numpy as np

from monitor.survey_forms import SurveyForm

STATEMENTS = 20
FUNCTIONS = ("sales", "marketing")


class Person(NamedTuple):
    """What the attacker knows of one staff response."""

    function: str
    answers: tuple[int | None, ...]
    segment: dict[str, str]

    @property
    def given(self) -> int:
        return STATEMENTS - self.answers.count(None)


def derivable(
    waves: Sequence[tuple[Sequence[Person], SurveyForm]], floor: int, least: int
) -> list[str]:
    """The groups smaller than `floor` about which the forms tell something exactly."""
    names, columns = _unknowns(waves, least)
    equations: list[np.ndarray] = []
    for (people, form), own in zip(waves, columns, strict=True):
        equations += _equations(people, form, own, len(names))
    if not equations:
        return []
    table = np.array(equations)
    _, values, directions = np.linalg.svd(table, full_matrices=False)
    span = directions[values > values[0] * 1e-10]
    inside = span.T @ span  # projects answers onto what the figures determine
    found = []
    for few in combinations(range(len(names)), min(floor - 1, len(names))):
        rows = np.concatenate([np.arange(p * STATEMENTS, (p + 1) * STATEMENTS) for p in few])
        if np.linalg.eigvalsh(inside[np.ix_(rows, rows)])[-1] > 1 - 1e-7:
            found.append(" and ".join(names[p] for p in few))
    return found


def _unknowns(
    waves: Sequence[tuple[Sequence[Person], SurveyForm]], least: int
) -> tuple[list[str], list[list[int | None]]]:
    """A name for each distinct person, and which of them each wave's respondents are."""
    known: dict[tuple[object, ...], int] = {}
    columns = []
    for people, _ in waves:
        seen: Counter[tuple[int | None, ...]] = Counter()
        own: list[int | None] = []
        for person in people:
            key = (person.answers, seen[person.answers])
            seen[person.answers] += 1
            if person.given < least:
                own.append(None)  # not scored, in no figure
            else:
                own.append(known.setdefault(key, len(known)))
        columns.append(own)
    return [f"person {n}" for n in range(len(known))], columns


def _equations(
    people: Sequence[Person], form: SurveyForm, own: Sequence[int | None], count: int
) -> list[np.ndarray]:
    """A row for each figure shown: which answers it adds up, with which weights."""
    rows = []
    scored = [(p, place) for p, place in zip(people, own, strict=True) if place is not None]

    def score_of(members: list[tuple[Person, int]]) -> np.ndarray:
        row = np.zeros(count * STATEMENTS)
        for person, place in members:
            for k, answer in enumerate(person.answers):
                if answer is not None:
                    row[place * STATEMENTS + k] = STATEMENTS / person.given / len(members)
        return row

    for function in FUNCTIONS:
        members = [(p, place) for p, place in scored if p.function == function]
        if form[function]["mean"] is not None:  # type: ignore[literal-required]
            rows.append(score_of(members))
        for k, statement in enumerate(form["statements"]):
            if statement[function] is not None:  # type: ignore[literal-required]
                row = np.zeros(count * STATEMENTS)
                answered = [place for p, place in members if p.answers[k] is not None]
                row[[place * STATEMENTS + k for place in answered]] = 1 / len(answered)
                rows.append(row)
        for table in form["segments"]:
            for line in table["rows"]:
                if line[function]["mean"] is not None:  # type: ignore[literal-required]
                    there = table["dimension"], line["value"]
                    rows.append(
                        score_of(
                            [(p, o) for p, o in members if p.segment.get(there[0]) == there[1]]
                        )
                    )
    if form["all"]["mean"] is not None:
        means = [score_of([(p, o) for p, o in scored if p.function == f]) for f in FUNCTIONS]
        rows.append((means[0] + means[1]) / 2)
    return rows
