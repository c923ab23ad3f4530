"""The whole configuration: the definitions, and where things are."""

from typing import Any, Literal

from pydantic import Field, field_validator, model_validator

from model.definitions import Definitions, Part


class LakeSettings(Part):
    """Where the canonical tables are kept; `<home>/lake` unless a folder or object store URL."""

    url: str | None = None
    storage_options: dict[str, str] = {}


class RecordsSettings(Part):
    """Where the application's own state is kept; SQLite in `<home>` unless a database URL."""

    url: str | None = None


class EngineSettings(Part):
    """What computes: DuckDB inside the process within `memory_limit`, or the Spark Connect server
    at `url`, with the token in the environment variable `token_env`.
    """

    url: str | None = None
    token_env: str | None = None
    memory_limit: str = Field(default="2GB", pattern=r"^\d+(\.\d+)?\s?(MB|GB|MiB|GiB)$")

    @field_validator("url")
    @classmethod
    def _without_token(cls, url: str | None) -> str | None:
        """No secret stands in the file."""
        if url is not None and not url.startswith("sc://"):
            raise ValueError("must be the address of a Spark Connect server, as sc://host:15002")
        if url is not None and "token=" in url:
            raise ValueError("holds a token: name an environment variable in token_env instead")
        return url


class PeopleSettings(Part):
    """How far figures may be broken down: never below a team of `smallest_team` people, and by
    person only where `per_person` says that the company may.
    """

    per_person: bool = False
    smallest_team: int = Field(default=5, ge=2)


Role = Literal["viewer", "contributor", "admin"]


class AuthSettings(Part):
    """Who may open the dashboard, and what for.

    `kind` none: only from the machine itself; oidc: Streamlit's own log-in, whose secrets stand in
    `.streamlit/secrets.toml`; proxy: a proxy in front signs people in and names them in headers.
    `roles` are patterns of what the `claims` may hold (with a proxy: of its headers' values).
    """

    kind: Literal["none", "oidc", "proxy"] = "none"
    claims: tuple[str, ...] = ("email", "groups")
    headers: tuple[str, ...] = ("X-Forwarded-Email", "X-Forwarded-Groups")
    roles: dict[Role, tuple[str, ...]] = {}

    @model_validator(mode="after")
    def _opens(self) -> "AuthSettings":
        if self.kind != "none" and not any(self.roles.values()):
            raise ValueError("names nobody: say under roles who is viewer, contributor and admin")
        return self


class Settings(Definitions):
    """Every key of the configuration file. A source's own keys are checked by its connector."""

    sources: tuple[dict[str, Any], ...] = ()
    lake: LakeSettings = LakeSettings()
    records: RecordsSettings = RecordsSettings()
    engine: EngineSettings = EngineSettings()
    people: PeopleSettings = PeopleSettings()
    auth: AuthSettings = AuthSettings()

    @property
    def definitions(self) -> Definitions:
        """Only what changes the meaning of a number; this is what is hashed."""
        return Definitions.model_validate(self.model_dump(include=set(Definitions.model_fields)))
