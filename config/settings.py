"""The whole configuration: the definitions, and where things are."""

import re
from typing import Any

from pydantic import Field, field_validator

from model.definitions import Definitions, Part


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


class Settings(Definitions):
    """Every key of the configuration file. A source's own keys are checked by its connector."""

    sources: tuple[dict[str, Any], ...] = ()
    lake: LakeSettings = LakeSettings()
    records: RecordsSettings = RecordsSettings()
    engine: EngineSettings = EngineSettings()

    @property
    def definitions(self) -> Definitions:
        """Only what changes the meaning of a number; this is what is hashed."""
        return Definitions.model_validate(self.model_dump(include=set(Definitions.model_fields)))
