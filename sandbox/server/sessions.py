"""Sessions: the tokens handed out, and whose they are."""

import secrets
from collections.abc import Mapping

from sandbox.server.users import User


class Sessions:
    """Access tokens of several users. `control` opens the sandbox's own addresses and nothing
    else; it outlives every session.
    """

    def __init__(self, users: Mapping[str, User]) -> None:
        self.users = users
        self.control = secrets.token_urlsafe(48)
        self._open: dict[str, User] = {}

    def open(self, user: User) -> str:
        """A new access token of the user."""
        token = f"{user.organization_id[:15]}!{secrets.token_urlsafe(48)}"
        self._open[token] = user
        return token

    def whose(self, token: str) -> User | None:
        """The user to whom the token was handed out, unless it expired."""
        return self._open.get(token)

    def expire(self) -> None:
        """Close every session."""
        self._open.clear()

    def controls(self, token: str) -> bool:
        """Whether the token may use the sandbox's own addresses."""
        return secrets.compare_digest(token.encode(), self.control.encode()) or token in self._open

    def of_password(self, username: str, password: str) -> User | None:
        """The user with that password (security token included)."""
        every = self.users.values()
        return next((user for user in every if user.has_password(username, password)), None)

    def of_app(self, client_id: str) -> User | None:
        """The user whose app has that id."""
        return next((user for user in self.users.values() if user.client_id == client_id), None)
