"""What the configuration says about one source of kind `files`."""

import codecs
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, field_validator, model_validator

from connectors.salesforce.personal import ApiName
from model.definitions import Zone
from model.parts import Part
from model.tables import TABLES
from model.validation import suggest


def _known_encoding(name: str) -> str:
    try:
        "a".encode(name)  # refuses codecs that do not make text, such as base64
        return codecs.lookup(name).name
    except LookupError:
        raise ValueError(f"{name!r} is not an encoding; write one such as cp1252") from None


class FilesSource(Part):
    """Export files of a CRM: a folder, a zip, or a single file.

    Without `mapping` the files are a Salesforce export, named by object. `timezone` is the zone
    of times that carry none (default UTC), `exported_at` the moment of the export, `encoding`
    that of files that are not UTF-8. `day_first` settles dates such as 03/04/26 where the files
    hold no evidence. `fields` names the API field of a canonical column
    (`leads.region: Territory__c`), `qualified_from` the first sales stage that counts as
    sales-qualified, `influence_model` the campaign influence model that counts. `record_url` is
    where a record opens (`https://example.my.salesforce.com/{id}`).
    """

    path: Path
    mapping: Path | None = None
    timezone: Zone | None = None
    exported_at: datetime | None = None
    encoding: Annotated[str, AfterValidator(_known_encoding)] | None = None
    day_first: bool | None = None
    fields: dict[str, ApiName] = {}
    qualified_from: str | None = None
    influence_model: str | None = None
    record_url: str | None = None

    @field_validator("exported_at")
    @classmethod
    def _to_utc(cls, at: datetime | None) -> datetime | None:
        return at.astimezone(UTC).replace(tzinfo=None) if at is not None and at.tzinfo else at

    @field_validator("record_url")
    @classmethod
    def _has_a_place_for_the_id(cls, url: str | None) -> str | None:
        if url is not None and "{id}" not in url:
            raise ValueError("must contain {id}, as in https://example.my.salesforce.com/{id}")
        return url

    @model_validator(mode="after")
    def _one_way(self) -> "FilesSource":
        if self.mapping and (self.fields or self.qualified_from):
            raise ValueError("fields and qualified_from do not go with a mapping; map them there")
        return self

    @field_validator("fields")
    @classmethod
    def _known_columns(cls, fields: dict[str, str]) -> dict[str, str]:
        known = [f"{table.name}.{column}" for table in TABLES.values() for column in table.columns]
        for name in fields:
            if name not in known:
                raise ValueError(f"no canonical column {name}. {suggest(name, known)}")
        return fields
