"""The moment at which the organisation stands: now, or one that a test has set."""

from datetime import UTC, datetime


class Clock:
    """Naive UTC. `fixed` stops it; None lets it run with the machine's."""

    def __init__(self, fixed: datetime | None = None) -> None:
        self.fixed = fixed

    def now(self) -> datetime:
        """The moment as of which records are seen."""
        return self.fixed or datetime.now(UTC).replace(tzinfo=None)


def moment(text: str) -> datetime:
    """Naive UTC from an ISO text; without an offset it is UTC already. ValueError if neither."""
    read = datetime.fromisoformat(text)
    return read.astimezone(UTC).replace(tzinfo=None) if read.tzinfo else read
