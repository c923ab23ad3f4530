"""Who may do what on the dashboard: roles from what an identity provider or a proxy says."""

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from config.settings import AuthSettings, Role
from model.errors import ConfigurationError

__all__ = ["LOCAL", "AuthSettings", "Person", "Role", "by_claims", "by_headers", "check_address"]
RANKS: tuple[Role, ...] = ("viewer", "contributor", "admin")


@dataclass(frozen=True)
class Person:
    """Somebody who was let in: a name for the screen, an id that stays the same, and a role."""

    name: str
    id: str
    role: Role

    def may(self, role: Role) -> bool:
        """Whether this person has at least the rights of `role`."""
        return RANKS.index(self.role) >= RANKS.index(role)


LOCAL = Person("", "local", "admin")


def check_address(address: str | None, settings: AuthSettings) -> None:
    """Raises ConfigurationError where others could open the dashboard and nobody asks who they
    are. `address`: what the server listens on; None or empty is every address of the machine.
    """
    if settings.kind == "none" and not _is_loopback(address):
        raise ConfigurationError(
            "the dashboard would be open to everybody who reaches this machine",
            f"server.address {address or 'unset'}",
            "Configure auth (oidc or proxy), or listen on localhost.",
        )


def _is_loopback(address: str | None) -> bool:
    if not address:
        return False
    if address == "localhost":
        return True
    try:
        return ipaddress.ip_address(address.strip("[]")).is_loopback
    except ValueError:
        return False


def by_claims(
    claims: Mapping[str, Any], client_id: str, settings: AuthSettings, now: float
) -> Person | None:
    """The person whom an identity token's claims describe; None where the token is for another
    client (`aud`), has expired (`exp`, seconds since 1970, against `now`), or has no role.
    """
    audience = claims.get("aud")
    audiences = [audience] if isinstance(audience, str) else list(audience or ())
    expires = claims.get("exp")
    if client_id not in audiences or not isinstance(expires, int | float) or expires <= now:
        return None
    role = _role([claims.get(name) for name in settings.claims], settings)
    subject = f"{claims.get('iss')} {claims.get('sub')}"
    name = str(claims.get("name") or claims.get("email") or claims.get("sub"))
    return Person(name, subject, role) if role and claims.get("sub") else None


def by_headers(headers: Mapping[str, str], settings: AuthSettings) -> Person | None:
    """The person whom the proxy's headers name, the first of them saying who; None where it
    names nobody, or somebody without a role.
    """
    folded = {name.lower(): value for name, value in headers.items()}
    values = [folded.get(name.lower()) for name in settings.headers]
    role = _role([value.split(",") if value else None for value in values], settings)
    who = values[0] if values else None
    return Person(who, who, role) if role and who else None


def _role(values: list[Any], settings: AuthSettings) -> Role | None:
    """The highest role of which a pattern fits one of `values` (texts, or lists of texts)."""
    texts = []
    for value in values:
        texts += [value] if isinstance(value, str) else list(value or ())
    folded = [str(text).strip().lower() for text in texts]
    for role in reversed(RANKS):
        for pattern in settings.roles.get(role, ()):
            if any(fnmatchcase(text, pattern.lower()) for text in folded):
                return role
    return None
