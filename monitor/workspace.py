"""The open application: settings, home folder, lake, records. Everything else is derived."""

import os
from collections.abc import Hashable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from config import Settings, load
from metrics.indicators import CATALOGUE, OUTCOMES, declarations
from metrics.loaded import Memory
from model.definitions import Definitions
from model.errors import ConfigurationError
from store.engines import Engine, open_engine
from store.lake import Lake
from store.lock import writer_lock
from store.manifest import Manifest
from store.records import Records

CONFIG_NAME = "detente.yaml"


@dataclass(frozen=True)
class Workspace:
    """What a command or a page works in. `own_sources` are the lake's tables that we write."""

    home: Path
    settings: Settings
    own_sources: tuple[str, ...] = ("declared", "detente")

    @classmethod
    def open(cls, config: Path | None = None, home: Path | None = None) -> "Workspace":
        """The workspace of `config` (else DETENTE_CONFIG, else ./detente.yaml where it exists,
        else the defaults) and `home` (else DETENTE_HOME, else ./.detente).
        """
        named = config or _path_in("DETENTE_CONFIG")
        usual = Path(CONFIG_NAME)
        file = named or (usual if usual.exists() else None)
        folder = home or _path_in("DETENTE_HOME") or Path(".detente")
        return cls(folder.absolute(), load(file))

    @cached_property
    def lake(self) -> Lake:
        """The canonical tables and facts."""
        settings = self.settings.lake
        url = settings.url or str(self.home / "lake")
        return Lake(
            url,
            settings.storage_options,
            memory_limit=self.settings.engine.memory_limit,
            temp_folder=self.home / "tmp",
        )

    @cached_property
    def records(self) -> Records:
        """Survey, snapshots, sync runs."""
        self.home.mkdir(parents=True, exist_ok=True)
        return Records.open(self.settings.records.url or f"sqlite:///{self.home / 'records.db'}")

    @cached_property
    def definitions(self) -> Definitions:
        """The organisation's definitions."""
        return self.settings.definitions

    @cached_property
    def definitions_version(self) -> str:
        """The version of everything that gives a number its meaning."""
        return self.definitions.version(declarations({**CATALOGUE, **OUTCOMES}))

    def engine(self, manifest: Manifest) -> Engine:
        """The engine of the settings over the tables that `manifest` names."""
        settings = self.settings.engine
        return open_engine(
            self.lake,
            manifest,
            url=settings.url,
            token=_secret(settings.token_env) if settings.url else None,
            memory_limit=settings.memory_limit,
            temp_folder=self.home / "tmp",
        )

    def memory(self, of: Hashable) -> Memory:
        """What is in memory of the facts of a manifest, as-of and definitions; the last only."""
        held = self._held.get("newest")
        if held is None or held[0] != of:
            held = self._held["newest"] = of, Memory()
        return held[1]

    @cached_property
    def _held(self) -> dict[str, tuple[Hashable, Memory]]:
        return {}

    @contextmanager
    def writing(self) -> Iterator[None]:
        """The right to write the lake: one process at a time, released even by a kill."""
        self.home.mkdir(parents=True, exist_ok=True)
        with writer_lock(self.home):
            yield


def _secret(variable: str | None) -> str | None:
    if variable is None:
        return None
    value = os.environ.get(variable)
    if not value:
        raise ConfigurationError(
            f"the secret {variable} is not set",
            "engine.token_env",
            f"Set the environment variable {variable}.",
        )
    return value


def _path_in(variable: str) -> Path | None:
    value = os.environ.get(variable)
    return Path(value) if value else None
