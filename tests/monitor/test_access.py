"""Who is let in, and as what: tokens for us, in time, with a role; nothing else."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from config.settings import AuthSettings
from model.errors import ConfigurationError
from monitor import access

NOW = 1_800_000_000.0
SETTINGS = AuthSettings(
    kind="oidc",
    roles={
        "viewer": ("*@example.com",),
        "contributor": ("sales-*",),
        "admin": ("ops", "Boss@x.org"),
    },
)
PROXY = SETTINGS.model_copy(update={"kind": "proxy"})


def claims(**changed: Any) -> dict[str, Any]:
    base = {"iss": "https://id.example", "sub": "1", "aud": "us", "exp": NOW + 60}
    return {**base, "email": "ann@example.com", "groups": [], **changed}


def role(**changed: Any) -> str | None:
    found = access.by_claims(claims(**changed), "us", SETTINGS, NOW)
    return found.role if found else None


def test_the_highest_role_that_fits_counts_whatever_the_case() -> None:
    assert role() == "viewer"
    assert role(groups=["Sales-EMEA"]) == "contributor"
    assert role(groups=["sales-emea", "OPS"]) == "admin"
    assert role(email="boss@X.org") == "admin"
    assert role(email="ann@example.com.evil.org") is None
    assert role(email=None, groups=None) is None


@pytest.mark.parametrize(
    "changed",
    [
        {"aud": "them"}, {"aud": ["them"]}, {"aud": None}, {"exp": NOW}, {"exp": NOW - 1},
        {"exp": None}, {"exp": "tomorrow"}, {"sub": None},
    ],
)  # fmt: skip
def test_a_token_for_another_client_or_out_of_time_lets_nobody_in(changed: dict[str, Any]) -> None:
    assert role(groups=["ops"]) == "admin"
    assert role(groups=["ops"], **changed) is None


def test_one_of_several_audiences_is_enough() -> None:
    assert role(aud=["them", "us"]) == "viewer"


@given(st.dictionaries(st.sampled_from(["aud", "exp", "email", "groups", "sub"]), st.text()))
def test_no_token_of_odd_contents_breaks_or_lets_in_without_an_audience(
    odd: dict[str, Any],
) -> None:
    found = access.by_claims(claims(**odd), "us", SETTINGS, NOW)
    assert found is None or not {"aud", "exp"} & odd.keys()


def test_a_proxy_names_people_in_its_headers_only() -> None:
    ann = {"x-forwarded-email": "ann@example.com", "X-Forwarded-Groups": "hr, ops"}
    found = access.by_headers(ann, PROXY)
    assert found is not None
    assert (found.id, found.role) == ("ann@example.com", "admin")
    assert access.by_headers({"X-Forwarded-Groups": "ops"}, PROXY) is None
    assert access.by_headers({}, PROXY) is None
    assert access.by_headers({"X-Email": "ann@example.com"}, PROXY) is None


@pytest.mark.parametrize("address", ["localhost", "127.0.0.1", "127.1.2.3", "::1", "[::1]"])
def test_loopback_is_open_without_auth(address: str) -> None:
    access.check_address(address, AuthSettings())


@pytest.mark.parametrize("address", [None, "", "0.0.0.0", "::", "10.0.0.7", "detente.example.com"])
def test_any_other_address_wants_auth(address: str | None) -> None:
    with pytest.raises(ConfigurationError, match="open to everybody"):
        access.check_address(address, AuthSettings())
    access.check_address(address, SETTINGS)


def test_rights_grow_with_the_role() -> None:
    may = {
        role: [other for other in access.RANKS if access.Person("x", "x", role).may(other)]
        for role in access.RANKS
    }
    assert may == {
        "viewer": ["viewer"],
        "contributor": ["viewer", "contributor"],
        "admin": ["viewer", "contributor", "admin"],
    }


def test_auth_that_names_nobody_is_refused() -> None:
    with pytest.raises(ValidationError, match="names nobody"):
        AuthSettings(kind="proxy")
