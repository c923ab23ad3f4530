"""What a source cannot give, and what that costs: one form for the terminal, JSON and dashboard."""

from collections.abc import Iterator, Mapping
from typing import Literal, TypedDict

from metrics.declaration import Indicator
from metrics.indicators import CATALOGUE
from model.availability import Availability


class CostForm(TypedDict):
    """An indicator that suffers: it cannot be assessed, or rests on less than it should."""

    id: str
    title: str
    effect: Literal["not_assessed", "weaker"]


class MissingForm(TypedDict):
    """A canonical table or `table.column` that is absent or incomplete, why, and the cost."""

    what: str
    why: str
    costs: list[CostForm]


def missing(
    given: Availability,
    together: Availability | None = None,
    catalogue: Mapping[str, Indicator] = CATALOGUE,
) -> list[MissingForm]:
    """All that a source which gives `given` lacks, by name; what costs an indicator stands first.

    `together` is what all sources give: what another one makes up for costs nothing.
    """
    every = together or given
    absent: list[MissingForm] = [
        {"what": what, "why": why, "costs": list(_costs(what, every, catalogue))}
        for what, why in given.reasons.items()
    ]
    partial: list[MissingForm] = [
        {"what": table, "why": why, "costs": list(_weakened(table, catalogue))}
        for table, why in given.partial.items()
    ]
    return sorted([*absent, *partial], key=lambda one: (not one["costs"], one["what"]))


def line(one: MissingForm) -> str:
    """One line for a terminal."""
    hit = [cost["title"] for cost in one["costs"] if cost["effect"] == "not_assessed"]
    weaker = [cost["title"] for cost in one["costs"] if cost["effect"] == "weaker"]
    cost = [f"not assessed: {', '.join(hit)}"] if hit else []
    cost += [f"weaker: {', '.join(weaker)}"] if weaker else []
    return f"{one['what']}: {one['why']}" + (f" ({'; '.join(cost)})" if cost else "")


def _costs(
    what: str, every: Availability, catalogue: Mapping[str, Indicator]
) -> Iterator[CostForm]:
    """The indicators one of whose needs `what` is; one with an alternative is only weaker."""
    if every.has(what):
        return
    for one in catalogue.values():
        touched = [need for need in one.needs if any(_is(what, n) for n in need.split("|"))]
        if not touched:
            continue
        lost = any(not any(every.has(n) for n in need.split("|")) for need in touched)
        yield {"id": one.id, "title": one.title, "effect": "not_assessed" if lost else "weaker"}


def _weakened(table: str, catalogue: Mapping[str, Indicator]) -> Iterator[CostForm]:
    for one in catalogue.values():
        if any(_is(table, n) for need in one.needs for n in need.split("|")):
            yield {"id": one.id, "title": one.title, "effect": "weaker"}


def _is(what: str, need: str) -> bool:
    """Whether `need` is `what`, or a column of it."""
    return need == what or need.startswith(f"{what}.")
