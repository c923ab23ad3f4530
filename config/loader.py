"""Reads the configuration: `default.yaml`, with an organisation's own file laid over it."""

from pathlib import Path
from typing import Any

import yaml

from config.settings import Settings
from model.errors import ConfigurationError
from model.validation import validated

DEFAULT_FILE = Path(__file__).with_name("default.yaml")


def load(path: Path | None) -> Settings:
    """The settings of `path` over the defaults; the defaults alone for None.

    Mappings are merged key by key, lists and single values replace the default's. Raises
    ConfigurationError with file, line and key for anything that is not understood.
    """
    default, _ = read_yaml(DEFAULT_FILE)
    if path is None:
        return validated(Settings, default, str(DEFAULT_FILE.name))
    own, lines = read_yaml(path)
    return validated(Settings, _laid_over(default, own), str(path), lines)


def read_yaml(path: Path) -> tuple[dict[str, Any], dict[str, int]]:
    """A YAML mapping, and the line on which each dotted key stands."""
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
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        data = yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f", line {mark.line + 1}" if mark else ""
        what = getattr(error, "problem", None) or "is not YAML"
        raise ConfigurationError(str(what), f"{path}{line}") from None
    if data is None:
        return {}, {}
    if not isinstance(data, dict):
        raise ConfigurationError("is not a list of keys with values", str(path))
    lines: dict[str, int] = {}
    _note_lines(node, "", lines, str(path))
    return data, lines


def _note_lines(node: Any, prefix: str, lines: dict[str, int], where: str) -> None:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            dotted = f"{prefix}{key.value}"
            if dotted in lines:
                line = key.start_mark.line + 1
                raise ConfigurationError(
                    f"stands here a second time (first on line {lines[dotted]})",
                    f"{where}, line {line}, key {dotted}",
                    "Keep one of the two.",
                )
            lines[dotted] = key.start_mark.line + 1
            _note_lines(value, f"{dotted}.", lines, where)
    elif isinstance(node, yaml.SequenceNode):
        for index, value in enumerate(node.value):
            _note_lines(value, f"{prefix}{index}.", lines, where)


def _laid_over(default: dict[str, Any], own: dict[str, Any]) -> dict[str, Any]:
    merged = dict(default)
    for key, value in own.items():
        both = isinstance(value, dict) and isinstance(merged.get(key), dict)
        merged[key] = _laid_over(merged[key], value) if both else value
    return merged
