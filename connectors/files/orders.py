"""Settling 03/04/26: what a column does not prove, its file may; else the folder; else nobody."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from connectors.files.columns import Survey
from connectors.files.dialect import Profile


@dataclass(frozen=True)
class Orders:
    """`day_first` for each (file, column) where the order matters; `open` ones stay unknown.

    `borrowed` are the columns settled by others' evidence.
    """

    day_first: Mapping[tuple[str, str], bool]
    open: frozenset[tuple[str, str]]
    borrowed: frozenset[tuple[str, str]]


def settle(surveys: Mapping[str, Survey], configured: bool | None) -> Orders:
    """The order of every date column, by file label. `configured` decides what stays open."""
    known: dict[tuple[str, str], bool] = {}
    unknown: set[tuple[str, str]] = set()
    borrowed: set[tuple[str, str]] = set()
    folder = _proved(p for survey in surveys.values() for p in survey.dates.values())
    for label, survey in surveys.items():
        own_file = _proved(survey.dates.values())
        for name, profile in survey.dates.items():
            proved = next(
                (proof for proof in (profile.day_first, own_file, folder) if proof is not None),
                configured,
            )
            if profile.is_open and proved is None:
                unknown.add((label, name))
                continue
            known[label, name] = bool(proved)
            if profile.is_open:
                borrowed.add((label, name))
    return Orders(known, frozenset(unknown), frozenset(borrowed))


def _proved(profiles: Iterable[Profile]) -> bool | None:
    proofs = {profile.day_first for profile in profiles} - {None}
    return proofs.pop() if len(proofs) == 1 else None
