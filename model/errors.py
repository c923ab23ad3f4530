"""Every error a user can meet, drawn once.

DetenteError                 one line: what, where, what to do; exit code 1
├── ConfigurationError       config/, a mapping, a rule, an option that makes no sense
├── SourceError              a CRM or a file that cannot be read
│   ├── CredentialsError     refused log-in, expired session; never retried for ever
│   ├── LimitError           the CRM's request budget is spent
│   ├── UnreachableError     dead host, broken TLS, time-out after bounded retries
│   └── DataError            a row or a column that is not what it says it is
├── LakeError                tables that are absent or newer than this version
│   ├── BusyError            another process writes them
│   └── NoAnswerError        the server that computes over them does not answer
├── StoppedError             told to stop before the end
├── RecordsError             the application's own database
├── SurveyError              a wave that is closed, a response that cannot be read
└── PartialError             done in part; what is missing is listed; exit code 3
"""

from datetime import datetime


class DetenteError(Exception):
    """Something the user can act on.

    `what` happened, `where` it happened (a file, a host, a key: never a secret or a personal
    datum) and what `todo` about it. `str()` is the one line that the command line prints.
    """

    exit_code = 1

    def __init__(self, what: str, where: str = "", todo: str = "") -> None:
        self.what, self.where, self.todo = what, where, todo
        super().__init__(self.line())

    def line(self) -> str:
        """One line: `where: what. todo.`"""
        head = f"{self.where}: {self.what}" if self.where else self.what
        text = f"{head.rstrip('.')}. {self.todo}" if self.todo else head
        return " ".join(text.split())


class ConfigurationError(DetenteError):
    """A setting, a mapping or an argument that cannot be used."""


class SourceError(DetenteError):
    """A CRM or a file that cannot be read."""


class CredentialsError(SourceError):
    """The CRM refuses the log-in."""


class LimitError(SourceError):
    """The CRM's request budget is spent."""


class UnreachableError(SourceError):
    """The CRM does not answer."""


class DataError(SourceError):
    """A row or a column is not what it says it is."""


class LakeError(DetenteError):
    """The lake's tables cannot be used."""


class BusyError(LakeError):
    """Another process writes the lake."""


class NoAnswerError(LakeError):
    """The engine's server does not answer, as far as is known since `since_at` (naive UTC)."""

    def __init__(
        self, what: str, where: str = "", todo: str = "", since_at: datetime | None = None
    ) -> None:
        self.since_at = since_at
        super().__init__(what, where, todo)


class StoppedError(DetenteError):
    """Told to stop before the end; what was done until then is kept."""


class RecordsError(DetenteError):
    """The application's own database cannot be used."""


class SurveyError(DetenteError):
    """A survey wave or response cannot be used."""


class PartialError(DetenteError):
    """Done, but in part. `missing` lists what is not there."""

    exit_code = 3

    def __init__(self, what: str, missing: list[str], where: str = "", todo: str = "") -> None:
        self.missing = missing
        super().__init__(what, where, todo)
