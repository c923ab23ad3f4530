"""What alerts are about and what is known of each thing: what decisions and records share."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

Rule = Literal["headline", "indicators", "sla", "stale", "sync"]


@dataclass(frozen=True)
class Known:
    """What was last known of a thing; `alerted_at` (naive UTC): when anybody was told of it."""

    state: str
    alerted_at: datetime | None = None


@dataclass(frozen=True)
class MessageDraft:
    """A message that every channel is to get."""

    rule: Rule
    title: str
    body: str
