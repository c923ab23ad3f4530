"""Reads the configuration: `default.yaml`, with an organisation's own file laid over it."""

from pathlib import Path
from typing import Any

from config.settings import Settings
from model.documents import Place, parse_yaml
from model.errors import ConfigurationError
from model.validation import place_of, validated

DEFAULT_FILE = Path(__file__).with_name("default.yaml")


def load(path: Path | None) -> Settings:
    """The settings of `path` over the defaults; the defaults alone for None.

    Mappings are merged key by key, lists and single values replace the default's. Raises
    ConfigurationError with file, line and key for anything that is not understood.
    """
    default, _ = read_yaml(DEFAULT_FILE)
    if path is None:
        return validated(Settings, default, str(DEFAULT_FILE.name))
    own, places = read_yaml(path)
    return validated(Settings, _laid_over(default, own), str(path), places)


def read_yaml(path: Path) -> tuple[dict[str, Any], dict[str, Place]]:
    """A YAML mapping, and where each dotted key stands."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise ConfigurationError(
            "no such file", str(path), "Write one with `detente init`, or name it with --config."
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(
            f"cannot be read ({type(error).__name__})", str(path), "It must be a UTF-8 text file."
        ) from None
    return parse_yaml(text, str(path))


def place(path: Path | None, key: str) -> str:
    """Where a dotted key stands: its file, line and column, or those of what it stands in."""
    if path is None:
        return f"{DEFAULT_FILE.name}, key {key}"
    at = place_of(key.split("."), read_yaml(path)[1])
    return f"{path}, {at}, key {key}" if at else f"{path}, key {key}"


def _laid_over(default: dict[str, Any], own: dict[str, Any]) -> dict[str, Any]:
    merged = dict(default)
    for key, value in own.items():
        both = isinstance(value, dict) and isinstance(merged.get(key), dict)
        merged[key] = _laid_over(merged[key], value) if both else value
    return merged
