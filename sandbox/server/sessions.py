"""Who may ask: the credentials of the organisation's API user, and the sessions they open."""

import secrets
from dataclasses import dataclass, field

from sandbox.server.organisation import Organisation

_ACCESS = "SELECT Id, Username, Name, Email FROM User WHERE {} ORDER BY Id LIMIT 1"
_PREFERRED = (
    "Profile.Name = 'Integration User' AND IsActive = true",
    "IsActive = true",
    "Id != null",
)


def _secret() -> str:
    return secrets.token_urlsafe(24)


@dataclass(frozen=True)
class Identity:
    """The user that every session acts as, and the organisation."""

    user_id: str
    username: str
    name: str
    email: str | None
    organization_id: str

    @classmethod
    def of(cls, organisation: Organisation) -> "Identity":
        """An active integration user; else any active user; else any."""
        (company,) = organisation.values("SELECT Id FROM Organization LIMIT 1")
        for condition in _PREFERRED:
            if "Profile" in condition and "Profile" not in organisation.objects:
                continue
            for user_id, username, name, email, *_ in organisation.values(
                _ACCESS.format(condition)
            ):
                return cls(user_id, username, name, email, company[0])
        raise LookupError("the organisation has no user")


@dataclass
class Sessions:
    """Credentials drawn anew at every start, and the tokens handed out against them."""

    identity: Identity
    password: str = field(default_factory=_secret)
    security_token: str = field(default_factory=_secret)
    client_id: str = field(default_factory=_secret)
    client_secret: str = field(default_factory=_secret)
    _tokens: set[str] = field(default_factory=set)

    def open(self) -> str:
        """A new access token."""
        token = f"{self.identity.organization_id[:15]}!{secrets.token_urlsafe(48)}"
        self._tokens.add(token)
        return token

    def is_open(self, token: str) -> bool:
        """Whether the token was handed out here."""
        return token in self._tokens

    def knows_user(self, username: str, password: str) -> bool:
        """Whether the password is the user's, followed by the security token."""
        same = username.casefold() == self.identity.username.casefold()
        return same and secrets.compare_digest(
            password.encode(), f"{self.password}{self.security_token}".encode()
        )

    def knows_client(self, client_id: str, client_secret: str) -> bool:
        """Whether the app's id and secret belong together."""
        return client_id == self.client_id and secrets.compare_digest(
            client_secret.encode(), self.client_secret.encode()
        )
