"""What `detente doctor` asks of a connector beyond its offer: may it write, what does it see, are
the mapped fields right. Plain data; every sentence is made where it is shown.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal


@dataclass(frozen=True)
class Right:
    """What the connection's user could do to an object: any of create, edit, delete."""

    object: str
    may: tuple[str, ...]


@dataclass(frozen=True)
class Seen:
    """Records of an object: `seen` by ordinary queries, `with_deleted` among all that are pulled,
    `held` as the CRM counts them itself (deleted and archived ones not among them; None where the
    user may not ask). A count is None where the CRM cannot count in time.
    """

    object: str
    seen: int | None
    with_deleted: int | None
    held: int | None

    @property
    def is_short(self) -> bool:
        """Whether clearly fewer are seen than the CRM holds (its count is an estimate)."""
        return self.seen is not None and self.held is not None and self.seen < 0.95 * self.held


@dataclass(frozen=True)
class Budget:
    """Requests of the day by every client of the organisation, and what this one keeps below."""

    used: int
    allowed: int
    stops_at: int


@dataclass(frozen=True)
class Tracked:
    """A field whose changes a history should hold; `since`: the earliest one that is recorded."""

    history: str
    field: str
    since: datetime | None


@dataclass(frozen=True)
class FieldCheck:
    """A mapped field: `problem` keeps it from being read, `remark` is to be known of it."""

    target: str
    field: str
    problem: str | None = None
    remark: str | None = None


@dataclass(frozen=True)
class Suggestion:
    """A field that might be what a column without a mapping wants; `fit` from 0 to 1."""

    target: str
    field: str
    label: str
    type: str
    fit: float


@dataclass(frozen=True)
class Inspection:
    """All of it. `asked_in_vain` says what could not be found out, and why."""

    rights: tuple[Right, ...] = ()
    records: tuple[Seen, ...] = ()
    budget: Budget | None = None
    tracked: tuple[Tracked, ...] = ()
    fields: tuple[FieldCheck, ...] = ()
    suggestions: tuple[Suggestion, ...] = ()
    asked_in_vain: tuple[str, ...] = ()


@dataclass(frozen=True)
class LiveCheck:
    """An assumption about the CRM, tried on it: what was expected, what came, what that means."""

    id: str
    title: str
    result: Literal["pass", "fail", "not_applicable"]
    found: str
    meaning: str
