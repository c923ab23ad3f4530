"""The contract that every connector keeps.

A connector is opened, says what it can give (`offer`), and is pulled table by table. It yields
Arrow tables in canonical shape, in bounded memory, and never writes anything itself. A pull is
either a *replacement* (all rows, every time) or *changes* since a cursor; the caller stores the
cursor in the same commit as the rows, so a killed sync loses nothing and doubles nothing.
`tests/connectors/contract.py` is the suite that each of them inherits.
"""

from abc import abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

import pyarrow as pa

from connectors.inspection import Inspection, LiveCheck
from model.availability import Availability
from model.closing import Closing
from model.errors import DataError


class PullAgainError(DataError):
    """The batches of a pull cannot be continued; the same pull, begun anew, may succeed."""


class OfferChangedError(DataError):
    """The source shows other tables or columns than a moment ago: `renew`, and ask again."""


@dataclass(frozen=True)
class Offer:
    """What a source can give now.

    `availability` names columns and reasons; `cutoff_at` is the instant (naive UTC) up to which
    the records are complete: the figures are as of then, not as of the clock on the wall.
    `notes` are sentences for the user ("3 rows of Lead.csv are duplicates"). `drifting` names the
    tables with columns that may change without a trace, so that now and then all rows are pulled;
    `costly` those which are pulled only then, as each pull takes many requests.
    """

    availability: Availability
    cutoff_at: datetime
    notes: tuple[str, ...] = ()
    drifting: frozenset[str] = frozenset()
    costly: frozenset[str] = frozenset()

    @property
    def tables(self) -> tuple[str, ...]:
        """The canonical tables on offer, in a stable order."""
        return tuple(sorted(self.availability.columns))


@dataclass(frozen=True)
class Counted:
    """Records that are not deleted: `seen` by the connection, `held` by the CRM's own count."""

    seen: int
    held: int


def _nothing_kept() -> None:
    """No pull of this kind keeps anything."""


@dataclass
class Part:
    """What a pull takes from one of the objects that feed its table: the rows that were `read`, of
    those `expected` where their number is known.
    """

    name: str
    expected: int | None
    read: int = 0

    def counting(self, batches: Iterable[pa.Table]) -> Iterator[pa.Table]:
        """The same batches, counted as they are read."""
        for rows in batches:
            self.read += rows.num_rows
            yield rows


@dataclass(frozen=True)
class Pull:
    """One table's rows since a cursor.

    `replaces` says that the batches are the whole table. `batches` is read once, lazily.
    `cursor()` is the opaque text to store with the rows; call it only after `batches` ends.
    `finish()` is to be called once the rows are stored: what was kept to resume the pull goes.
    `complete_at` is the instant up to which the rows are complete, where it may lie before the
    offer's cutoff because the pull resumes an older one; a further pull brings the rest. `parts`
    are the objects that the batches come from, where the source tells them apart.
    """

    table: str
    replaces: bool
    batches: Iterator[pa.Table]
    cursor: Callable[[], str]
    finish: Callable[[], None] = _nothing_kept
    complete_at: datetime | None = None
    parts: Sequence[Part] = ()


class Connector(Closing):
    """A source of canonical tables; a context manager. Errors are SourceErrors."""

    kind: ClassVar[str]

    def __init__(self, name: str) -> None:
        self.name = name

    @property
    def api_calls(self) -> int:
        """Requests made to the CRM so far; 0 where there is no API."""
        return 0

    @abstractmethod
    def offer(self) -> Offer:
        """What can be pulled now, and what cannot, with reasons. May contact the source."""

    @abstractmethod
    def pull(self, table: str, cursor: str | None) -> Pull:
        """The rows of `table` since `cursor` (None: from the beginning).

        `table` is one of `offer().tables`. A cursor that the connector does not understand is
        treated as None.
        """

    @property
    def parallel(self) -> int:
        """How many tables may be pulled at once, from as many threads."""
        return 1

    @property
    def reconcile_days(self) -> int | None:
        """After how many days rows are compared with `present` again; None: never."""
        return None

    def present(self, table: str) -> Iterator[pa.Array] | None:
        """The ids of all records that the source still holds for `table`, in batches.

        The key of a row is the id of the record that it comes from, or begins with it and a
        colon. None where records cannot vanish, or every pull is a replacement.
        """
        return None

    def renew(self) -> None:
        """Forget what was found of the source, so that the next `offer` looks again."""

    def counted(self) -> Mapping[str, Counted]:
        """By table, for those whose records the CRM counts itself and the connection may ask."""
        return {}

    def inspect(self) -> Inspection | None:
        """What `detente doctor` shows beyond the offer; None where there is nothing to ask."""
        return None

    def live_checks(self) -> Iterator[LiveCheck]:
        """Our assumptions about the source, each tried on it when asked for. Reads only."""
        return iter(())

    @abstractmethod
    def record_url(self, record_id: str) -> str | None:
        """Where the record opens in the CRM, or None."""

    def close(self) -> None:
        """Release sessions and files."""
