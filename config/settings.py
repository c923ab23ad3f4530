"""The whole configuration: the definitions, and where things are."""

from typing import Any, Literal

from pydantic import Field, field_validator, model_validator

from model.definitions import Definitions, Part

PERSON = "owner"  # the dimension that snapshots are never cut by


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


class SnapshotSettings(Part):
    """What snapshots hold and how long what they were made from is kept.

    `by`: the segment dimensions (None: all of `segments`), one way each, of which the `most`
    biggest segments are held. `keep_days`: for so long the table versions of the snapshot at a
    quarter's end stay readable, deleted records in them included.
    """

    by: tuple[str, ...] | None = None
    most: int = Field(default=40, ge=0, le=500)
    keep_days: int = Field(default=100, ge=0, le=400)


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
    snapshots: SnapshotSettings = SnapshotSettings()
    people: PeopleSettings = PeopleSettings()
    auth: AuthSettings = AuthSettings()

    @property
    def snapshot_dimensions(self) -> tuple[str, ...]:
        """The dimensions that snapshots are cut by."""
        if self.snapshots.by is None:
            return tuple(name for name in self.segments if name != PERSON)
        return self.snapshots.by

    @model_validator(mode="after")
    def _known_dimensions(self) -> "Settings":
        """Snapshots are cut by configured dimensions, and never by person."""
        for name in self.snapshots.by or ():
            if name not in self.segments:
                known = ", ".join(self.segments)
                raise ValueError(f"snapshots.by: {name!r} is not one of the segments ({known})")
        if PERSON in self.snapshot_dimensions:
            raise ValueError("snapshots.by: figures by owner are figures of persons; name others")
        return self

    @property
    def definitions(self) -> Definitions:
        """Only what changes the meaning of a number; this is what is hashed."""
        return Definitions.model_validate(self.model_dump(include=set(Definitions.model_fields)))
