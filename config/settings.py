"""The whole configuration: the definitions, and where things are."""

from typing import Any

from pydantic import Field

from model.definitions import Definitions, Part


class LakeSettings(Part):
    """Where the canonical tables are kept; `<home>/lake` unless a folder or object store URL."""

    url: str | None = None
    storage_options: dict[str, str] = {}


class RecordsSettings(Part):
    """Where the application's own state is kept; SQLite in `<home>` unless a database URL."""

    url: str | None = None


class EngineSettings(Part):
    """How much of the machine the engine may take."""

    memory_limit: str = Field(default="2GB", pattern=r"^\d+(\.\d+)?\s?(MB|GB|MiB|GiB)$")


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
