"""The open application: settings, home folder, lake, records. Everything else is derived."""

import os
from collections.abc import Hashable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from config import Settings, load, place
from metrics.indicators import CATALOGUE, OUTCOMES, declarations
from metrics.loaded import Memory
from metrics.parameters import problems
from model.definitions import Definitions
from model.errors import ConfigurationError
from monitor.reach import Reach
from store.engines import Engine, open_engine
from store.lake import Lake
from store.lock import writer_lock
from store.manifest import Manifest
from store.records import Records

CONFIG_NAME = "detente.yaml"


@dataclass(frozen=True)
class Workspace:
    """What a command or a page works in. `own_sources` are the lake's tables that we write;
    `config` is the file that the settings come from, None for the defaults.
    """

    home: Path
    settings: Settings
    own_sources: tuple[str, ...] = ("declared", "detente")
    config: Path | None = None

    @classmethod
    def open(cls, config: Path | None = None, home: Path | None = None) -> "Workspace":
        """The workspace of `config` (else DETENTE_CONFIG, else ./detente.yaml where it exists,
        else the defaults) and `home` (else DETENTE_HOME, else ./.detente).
        """
        named = config or _path_in("DETENTE_CONFIG")
        usual = Path(CONFIG_NAME)
        file = named or (usual if usual.exists() else None)
        folder = home or _path_in("DETENTE_HOME") or Path(".detente")
        settings = load(file)
        for wrong in problems(settings.definitions, CATALOGUE):
            raise ConfigurationError(wrong.what, place(file, wrong.key), wrong.todo)
        return cls(folder.absolute(), settings, config=file and file.absolute())

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
        settings = self.settings.records
        if settings.url is None:
            return Records.open(f"sqlite:///{self.home / 'records.db'}")
        return Records.open(settings.url, secret(settings.password_env, "records.password_env"))

    @cached_property
    def definitions(self) -> Definitions:
        """The organisation's definitions."""
        return self.settings.definitions

    @cached_property
    def definitions_version(self) -> str:
        """The version of everything that gives a number its meaning."""
        return self.definitions.version(declarations({**CATALOGUE, **OUTCOMES}))

    def engine(self, manifest: Manifest, *, again: bool = False) -> Engine:
        """The engine of the settings over the tables that `manifest` names. A server that was
        silent a moment ago is asked only `again`; see `monitor.reach`.
        """
        settings = self.settings.engine
        token = secret(settings.token_env, "engine.token_env") if settings.url else None

        def opened() -> Engine:
            return open_engine(
                self.lake,
                manifest,
                url=settings.url,
                token=token,
                memory_limit=settings.memory_limit,
                temp_folder=self.home / "tmp",
            )

        return self.reach.open(opened, again=again)

    @cached_property
    def reach(self) -> Reach:
        """Whether the engine's server answers."""
        return Reach()

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
        """The right to write the lake: one process at a time, of all machines that share records;
        released even by a kill.
        """
        with writer_lock(self.home), self.records.alone():
            yield


def secret(variable: str | None, key: str) -> str | None:
    """What the environment variable holds that the configuration's `key` names, if it names one.

    Raises ConfigurationError where it is not set.
    """
    if variable is None:
        return None
    value = os.environ.get(variable)
    if not value:
        raise ConfigurationError(
            f"the secret {variable} is not set",
            key,
            f"Set the environment variable {variable}.",
        )
    return value


def _path_in(variable: str) -> Path | None:
    value = os.environ.get(variable)
    return Path(value) if value else None
