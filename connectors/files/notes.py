"""Words for notes and errors."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from difflib import SequenceMatcher

from connectors.files.columns import Outcome
from connectors.files.staging import Staged


def listed(names: Iterable[str], at_most: int = 12) -> str:
    """`a, b and 3 more`."""
    all_ = list(names)
    if len(all_) <= at_most:
        return ", ".join(all_)
    return f"{', '.join(all_[:at_most])} and {len(all_) - at_most} more"


def plural(count: int, thing: str) -> str:
    """`1 row`, `2 rows`."""
    return f"{count} {thing}" + ("" if count == 1 else "s")


def closest(word: str, known: Iterable[str]) -> list[str]:
    """`known`, the most similar to `word` first."""

    def likeness(name: str) -> float:
        return SequenceMatcher(None, word.casefold(), name.casefold()).ratio()

    return sorted(known, key=likeness, reverse=True)


class Notes:
    """Sentences for the user, in the order in which they came up; none twice."""

    def __init__(self) -> None:
        self._said: dict[str, None] = {}

    def __iter__(self) -> Iterator[str]:
        return iter(self._said)

    def add(self, sentence: str) -> None:
        """Takes in a sentence."""
        self._said[sentence] = None

    def encoding(self, staged: Staged) -> None:
        """Says so when a CSV is not UTF-8."""
        if staged.encoding and staged.encoding not in ("utf-8", "utf-8-sig"):
            self.add(f"{staged.file.label} is not UTF-8: read as {staged.encoding}")

    def clocks(self, staged: Staged, outcome: Outcome) -> None:
        """Says how local times were read that a change of the clocks made doubtful."""
        if outcome.skipped:
            self.add(
                f"{staged.file.label}: {plural(outcome.skipped, 'time')} in an hour that the "
                "clocks skipped, read as an hour later"
            )
        if outcome.repeated:
            self.add(
                f"{staged.file.label}: {plural(outcome.repeated, 'time')} in an hour that the "
                "clocks repeat, read as the first of the two"
            )

    def cutoff(self, latest: datetime | None, newest_file: datetime) -> datetime:
        """The moment of an export that does not state it, and a sentence on where it is from."""
        if latest is None:
            self.add(
                "no file says when its records were created or changed: the time of the newest "
                f"file, {newest_file:%Y-%m-%d %H:%M:%S} UTC, is taken as the moment of the export"
            )
            return newest_file
        self.add(
            f"exported_at is not configured: the latest change in the files, "
            f"{latest:%Y-%m-%d %H:%M:%S} UTC, is taken as the moment of the export"
        )
        return latest
