"""What the service says of a query that it will not answer."""


class SoqlError(Exception):
    """A refusal in the service's words: `code` such as MALFORMED_QUERY, and the message.

    With a query and an offset into it the message begins, as the service's does, with the line
    in question, a caret below the place, and the row and column (both from 1).
    """

    def __init__(self, code: str, reason: str, text: str = "", at: int | None = None) -> None:
        self.code = code
        self.message = reason if at is None else f"{_place(text, at)}{reason}"
        super().__init__(self.message)


def _place(text: str, at: int) -> str:
    before = text[:at]
    row, column = before.count("\n") + 1, at - (before.rfind("\n") + 1) + 1
    line = text.split("\n")[row - 1]
    return f"\n{line}\n{' ' * (column - 1)}^\nERROR at Row:{row}:Column:{column}\n"
