"""The keys of a source of kind `salesforce`. Secrets are named here and kept elsewhere."""

import os
from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, field_validator, model_validator

from connectors.salesforce.personal import ApiName
from model.errors import CredentialsError
from model.tables import TABLES


def _https(url: str) -> str:
    if not url.startswith("https://"):
        raise ValueError(f"{url!r} does not begin with https://")
    return url.rstrip("/")


Url = Annotated[str, AfterValidator(_https)]


class SalesforceSource(BaseModel):
    """How to reach one Salesforce organisation, and which of its own fields mean what.

    `auth` is `client_credentials` (an external client app at `instance_url`), `jwt` (the same with
    a signed token for `username`, at `login_url`), `password` (SOAP log-in at `login_url`) or
    `session` (an access token, for trying). Keys that end in `_env` name an environment variable,
    or a file in `secrets_dir`, that holds the secret.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    instance_url: Url | None = None
    login_url: Url = "https://login.salesforce.com"
    auth: Literal["session", "password", "client_credentials", "jwt"] = "session"
    token_env: str = "SALESFORCE_TOKEN"  # noqa: S105
    username: str | None = None
    password_env: str = "SALESFORCE_PASSWORD"  # noqa: S105
    security_token_env: str = "SALESFORCE_SECURITY_TOKEN"  # noqa: S105
    client_id: str | None = None
    client_secret_env: str = "SALESFORCE_CLIENT_SECRET"  # noqa: S105
    private_key_env: str = "SALESFORCE_PRIVATE_KEY"
    secrets_dir: Path | None = None
    api_version: str = Field(default="62.0", pattern=r"^\d{2}\.0$")
    ca_file: Path | None = None
    fields: dict[str, ApiName] = {}
    qualified_from: str | None = None  # the first sales stage that is sales-qualified
    influence_model: str | None = None  # the campaign influence model that counts; the default one
    bulk_threshold: int = Field(default=10_000, ge=0, le=100_000)
    parallel: int = Field(default=5, ge=1, le=10)  # tables, and requests, at a time
    reconcile_days: int = Field(default=7, ge=1)
    overlap_minutes: int = Field(default=15, ge=0)
    lag_minutes: int = Field(default=2, ge=0)
    api_budget: float = Field(default=0.8, gt=0, le=1)  # share of the daily API calls of all users

    @field_validator("fields")
    @classmethod
    def _known_columns(cls, fields: dict[str, str]) -> dict[str, str]:
        for target in fields:
            table, _, column = target.partition(".")
            if table not in TABLES:
                raise ValueError(f"no table {table!r}; there are {', '.join(TABLES)}")
            if column not in TABLES[table].columns:
                known = ", ".join(TABLES[table].columns)
                raise ValueError(f"no column {column!r} in {table}; it has {known}")
        return fields

    @model_validator(mode="after")
    def _complete(self) -> Self:
        wanted = {
            "session": {"instance_url": self.instance_url},
            "password": {"username": self.username},
            "jwt": {"username": self.username, "client_id": self.client_id},
            "client_credentials": {
                "instance_url": self.instance_url,
                "client_id": self.client_id,
            },
        }[self.auth]
        missing = [key for key, value in wanted.items() if not value]
        if missing:
            raise ValueError(f"auth {self.auth} needs {' and '.join(missing)}")
        if self.ca_file and not self.ca_file.is_file():
            raise ValueError(f"ca_file {self.ca_file} does not exist")
        return self

    @property
    def log_in_host(self) -> str:
        """Where it logs in: a name and a password, or a signed token, go to `login_url`."""
        elsewhere = self.auth in ("password", "jwt") or not self.instance_url
        return urlsplit(self.login_url if elsewhere else str(self.instance_url)).netloc

    def secret(self, name: str) -> str:
        """The secret held by the environment variable `name`, or by that file in `secrets_dir`.

        Raises CredentialsError where neither is there.
        """
        value = os.environ.get(name)
        if value is None and self.secrets_dir and (self.secrets_dir / name).is_file():
            value = (self.secrets_dir / name).read_text(encoding="utf-8").strip()
        if not value:
            raise CredentialsError(
                f"the secret {name} is not set",
                self.instance_url or self.login_url,
                f"Set the environment variable {name}"
                + (f", or write the file {self.secrets_dir / name}." if self.secrets_dir else "."),
            )
        return value
