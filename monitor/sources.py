"""From a configured source to its connector. A new kind of CRM is one line in `KINDS`, and the
function that it names.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

from pydantic import BaseModel

from config import Settings
from connectors.base import Connector
from model.errors import ConfigurationError
from model.validation import suggest, validated

Kind: TypeAlias = tuple[type[BaseModel], Callable[[str, Any, Path | None], Connector]]


def _salesforce() -> Kind:
    from connectors.salesforce import SalesforceConnector, SalesforceSource

    return SalesforceSource, SalesforceConnector


def _files() -> Kind:
    from connectors.files import FilesConnector, FilesSource

    return FilesSource, lambda name, settings, _: FilesConnector(name, settings)


# Loaded only where a source is of the kind: most commands read what is here already.
KINDS: dict[str, Callable[[], Kind]] = {"salesforce": _salesforce, "files": _files}


def names(settings: Settings) -> list[str]:
    """The configured sources' names, in order; ConfigurationError for none or a name twice."""
    if not settings.sources:
        raise ConfigurationError(
            "no source is configured",
            "sources",
            "Add your Salesforce or a folder of export files; `detente init` writes an example.",
        )
    found = [str(source.get("name") or source.get("kind") or "") for source in settings.sources]
    for name in found:
        if found.count(name) > 1:
            raise ConfigurationError(f"the name {name} stands twice", "sources", "Rename one.")
        if not name.replace("_", "").replace("-", "").isalnum() or name in ("facts", "declared"):
            raise ConfigurationError(
                f"{name!r} cannot be a source's name", "sources", "Use letters, digits, - and _."
            )
    return found


def chosen(settings: Settings, only: str | None) -> list[str]:
    """All sources, or the one that is asked for."""
    known = names(settings)
    if only is None:
        return known
    if only not in known:
        raise ConfigurationError(f"no source {only!r}", "--source", suggest(only, known))
    return [only]


def connector(settings: Settings, name: str, home: Path | None = None) -> Connector:
    """The connector of the configured source `name`, not yet connected to anything.

    In `home` it keeps what it needs to resume a pull that is killed; without, it keeps nothing.
    """
    position = names(settings).index(name)
    source = dict(settings.sources[position])
    source.pop("name", None)
    kind = str(source.pop("kind", ""))
    where = f"sources, entry {position + 1} ({name})"
    if kind not in KINDS:
        raise ConfigurationError(f"unknown kind {kind!r}", where, suggest(kind, list(KINDS)))
    options, build = KINDS[kind]()
    work = None if home is None else home / "pulls" / name
    return build(name, validated(options, source, where), work)
