"""YAML text into keys and values, with the line on which each key stands."""

from typing import Any

import yaml

from model.errors import ConfigurationError


def parse_yaml(text: str, where: str) -> tuple[dict[str, Any], dict[str, int]]:
    """A YAML mapping, and the line on which each dotted key stands. `where` is its file.

    Raises ConfigurationError for text that is not a YAML mapping, or a key that stands twice.
    """
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        data = yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f", line {mark.line + 1}" if mark else ""
        what = getattr(error, "problem", None) or "is not YAML"
        raise ConfigurationError(str(what), f"{where}{line}") from None
    if data is None:
        return {}, {}
    if not isinstance(data, dict):
        raise ConfigurationError("is not a list of keys with values", where)
    lines: dict[str, int] = {}
    _note_lines(node, "", lines, where)
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
