"""Who may use the API, and what each of them sees and may do."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from model.errors import ConfigurationError
from sandbox.schema import Object
from sandbox.server.organisation import Organisation, Row, View
from sandbox.server.sharing import sharing


def _secret() -> str:
    return secrets.token_urlsafe(24)


@dataclass(frozen=True)
class Profile:
    """What a user may see and do.

    `hidden_objects` are not there at all, nor are the custom fields if `hides_custom`, nor any
    `hidden_fields`. With a `region` only its records are shared with the user. `views_setup` is
    Salesforce's permission View Setup and Configuration.
    """

    hidden_objects: frozenset[str] = frozenset()
    hidden_fields: frozenset[str] = frozenset()
    hides_custom: bool = False
    region: str | None = None
    may_write: bool = False
    views_setup: bool = False

    def visible(self, objects: Mapping[str, Object]) -> dict[str, Object]:
        """The objects with the fields that the profile may read."""
        return {
            name: replace(item, fields=tuple(f for f in item.fields if self._shows(f.name)))
            for name, item in objects.items()
            if name not in self.hidden_objects
        }

    def _shows(self, name: str) -> bool:
        return name not in self.hidden_fields and not (self.hides_custom and name.endswith("__c"))


PROFILES = {
    "integration": Profile(views_setup=True),
    "writer": Profile(may_write=True, views_setup=True),
    "regional": Profile(region="EMEA"),
    "restricted": Profile(
        hidden_objects=frozenset(
            {"EmailMessage", "ForecastingQuota", "CampaignInfluence", "Report"}
        ),
        hidden_fields=frozenset({"CompletedDateTime"}),
        hides_custom=True,
    ),
    "controller": Profile(region="EMEA", views_setup=True),
}


@dataclass(frozen=True)
class User:
    """One user of the API, with credentials drawn anew at every start, and the app that acts as
    it.
    """

    user_id: str
    username: str
    name: str
    email: str | None
    organization_id: str
    profile: Profile
    view: View
    password: str = field(default_factory=_secret)
    security_token: str = field(default_factory=_secret)
    client_id: str = field(default_factory=_secret)
    client_secret: str = field(default_factory=_secret)
    refresh_token: str = field(default_factory=_secret)

    def has_password(self, username: str, password: str) -> bool:
        """Whether both are the user's, the password followed by the security token."""
        same = username.casefold() == self.username.casefold()
        wanted = f"{self.password}{self.security_token}"
        return same and secrets.compare_digest(password.encode(), wanted.encode())

    def has_app(self, client_id: str, client_secret: str) -> bool:
        """Whether these are the id and the secret of the user's app."""
        known = client_id == self.client_id
        return known and secrets.compare_digest(client_secret.encode(), self.client_secret.encode())


def users_of(organisation: Organisation) -> dict[str, User]:
    """A user of the organisation for each of PROFILES, as far as it has users enough; at least
    the integration user. ConfigurationError if there is nobody.
    """
    everything = organisation.seen_by()
    company = everything.values("SELECT Id FROM Organization LIMIT 1")
    people = _people(organisation, everything)
    if not company or not people:
        raise ConfigurationError(
            "at the organisation's clock it has no user yet",
            str(organisation.folder),
            "Set the clock to a moment within the generated months.",
        )
    users = {}
    for name, profile in PROFILES.items():
        if not people:
            break
        person = min(people, key=lambda each: not _fits(name, each))
        people.remove(person)
        view = organisation.seen_by(
            profile.visible(organisation.objects), sharing(organisation.objects, profile.region)
        )
        user_id, username, shown, email = person[:4]
        users[name] = User(user_id, username, shown, email, company[0][0], profile, view)
    return users


def _people(organisation: Organisation, view: View) -> list[Row]:
    profile = "Profile.Name" if "Profile" in organisation.objects else "UserType"
    region = "Region__c" if organisation.objects["User"].field("Region__c") else "Username"
    soql = f"SELECT Id, Username, Name, Email, {profile}, {region} FROM User"  # noqa: S608
    return view.values(f"{soql} WHERE IsActive = true ORDER BY Id") or view.values(soql)


def _fits(name: str, person: Row) -> bool:
    profile, region = person[4:6]
    wanted = {"integration": "Integration User", "writer": "System Administrator"}.get(name)
    return profile == wanted if wanted else name != "regional" or region == PROFILES[name].region
