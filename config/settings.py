"""The whole configuration: the definitions, and where things are."""

import re
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, field_validator, model_validator

from model.cron import parse
from model.definitions import Definitions, Zone
from model.parts import Part

PERSON = "owner"  # the dimension that snapshots are never cut by


class LakeSettings(Part):
    """Where the canonical tables are kept; `<home>/lake` unless a folder or object store URL."""

    url: str | None = None
    storage_options: dict[str, str] = {}


class RecordsSettings(Part):
    """Where the application's own state is kept: SQLite in `<home>`, or the database at `url`,
    with the password in the environment variable `password_env`.
    """

    url: str | None = None
    password_env: str | None = None

    @field_validator("url")
    @classmethod
    def _without_password(cls, url: str | None) -> str | None:
        """No secret stands in the file."""
        if url is not None and re.search(r"://[^/@]*:[^/@]*@|[?&]password=", url):
            raise ValueError("holds a password: name an environment variable in password_env")
        return url


class EngineSettings(Part):
    """What computes: DuckDB inside the process within `memory_limit`, or the Spark Connect server
    at `url`, with the token in the environment variable `token_env`.
    """

    url: str | None = None
    token_env: str | None = None
    memory_limit: str = Field(default="1600MB", pattern=r"^\d+(\.\d+)?\s?(MB|GB|MiB|GiB)$")

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


def _readable(text: str) -> str:
    if parse(text).last("UTC", datetime(2100, 1, 1)) is None:
        raise ValueError(f"{text!r} names a day that never comes")
    return text


CronText = Annotated[str, AfterValidator(_readable)]


class ScheduleSettings(Part):
    """When `detente schedule` does what, in cron's five fields; null: never. `timezone`: the
    calendar's, unless another is named.
    """

    sync: CronText | None = "*/15 * * * *"
    snapshot: CronText | None = "0 6 * * *"
    timezone: Zone | None = None


class Channel(Part):
    """Where alerts go: `url_env` names the environment variable with the channel's Apprise URL."""

    name: str = Field(min_length=1, max_length=100)
    url_env: str


class AlertRules(Part):
    """What alerts are about."""

    headline: bool = True
    indicators: bool = True
    sla: bool = True
    stale: bool = True
    sync: bool = True


class AlertSettings(Part):
    """Who is told of what. `quiet_hours`: so long nobody is told again of the same thing.
    `sla_hours`: business hours before the SLA ends at which an open lead is named. `stale_hours`:
    wall-clock hours without news from a source. `link`: the dashboard's address.
    """

    channels: tuple[Channel, ...] = ()
    rules: AlertRules = AlertRules()
    quiet_hours: float = Field(default=24, ge=0)
    sla_hours: float = Field(default=2, gt=0)
    stale_hours: float = Field(default=24, gt=0)
    link: str | None = Field(default=None, pattern=r"^https?://")

    @model_validator(mode="after")
    def _told_apart(self) -> "AlertSettings":
        names = [channel.name for channel in self.channels]
        if len(set(names)) < len(names):
            raise ValueError("two channels have the same name")
        return self


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
    schedule: ScheduleSettings = ScheduleSettings()
    alerts: AlertSettings = AlertSettings()

    @property
    def schedule_zone(self) -> str:
        """The time zone of the timetable."""
        return self.schedule.timezone or self.calendar.default.timezone

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
