"""Who is looking: let in, asked to sign in, or shown the survey form alone."""

import time
from collections.abc import Mapping
from typing import Any

import streamlit as st

from dashboard import data, html
from model.errors import ConfigurationError
from monitor import access
from monitor.access import AuthSettings, Person, Role
from monitor.invitations import PARAMETER


def settings() -> AuthSettings:
    """How people are let in."""
    return data.workspace().settings.auth


def check_address() -> None:
    """Raises ConfigurationError where the server is open to all and asks nobody."""
    access.check_address(st.get_option("server.address"), settings())


def person() -> Person | None:
    """Who is looking; None for somebody who was not let in."""
    chosen = settings()
    if chosen.kind == "none":
        return access.LOCAL
    if chosen.kind == "proxy":
        return access.by_headers(dict(st.context.headers), chosen)
    if not st.user.is_logged_in:
        return None
    return access.by_claims(st.user.to_dict(), _client_id(), chosen, time.time())


def may(role: Role) -> bool:
    """Whether whoever looks has at least that role."""
    found = person()
    return found is not None and found.may(role)


def need(role: Role) -> None:
    """Raises ConfigurationError for somebody who may not do what is asked."""
    if not may(role):
        raise ConfigurationError(f"only {role}s may do this", "auth.roles", "Ask an admin for it.")


def is_respondent() -> bool:
    """Whether a personal link to the survey was followed."""
    return invitation() is not None


def invitation() -> str | None:
    """The token of the personal link that was followed."""
    return st.query_params.get(PARAMETER)


def sign_in() -> None:
    """What somebody sees who was not let in."""
    chosen = settings()
    st.title("Détente", anchor=False)
    if chosen.kind == "proxy":
        st.markdown("You have no access. Ask your administrator to give you a role.")
        return
    if st.user.is_logged_in:
        who = st.user.to_dict().get("email") or "You"
        html.note(f"{who} is signed in, but has no access here, or the session has ended.")
        st.button("Sign in again", on_click=st.login)
        st.button("Sign out", on_click=st.logout)
        return
    st.markdown("Sign in to see how Sales and Marketing work together.")
    st.button("Sign in", on_click=st.login, type="primary")


def badge(found: Person) -> None:
    """Who is signed in, and the way out."""
    if not found.name:
        return
    html.meta(f"{found.name} · {found.role}")
    if settings().kind == "oidc":
        st.button("Sign out", on_click=st.logout)


def _client_id() -> str:
    """The client of this dashboard at the identity provider."""
    try:
        section: Mapping[str, Any] = st.secrets["auth"]
        return str(section["client_id"])
    except (FileNotFoundError, KeyError):
        raise ConfigurationError(
            "the identity provider's client is missing",
            ".streamlit/secrets.toml",
            "Write [auth] with client_id there: see docs/access.md.",
        ) from None
