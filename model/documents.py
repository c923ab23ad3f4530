"""YAML text into keys and values, with the place where each key stands."""

from typing import Any, NamedTuple

import yaml

from model.errors import ConfigurationError


class Place(NamedTuple):
    """Where a key stands, both counted from 1."""

    line: int
    column: int

    def __str__(self) -> str:
        return f"line {self.line}, column {self.column}"


def parse_yaml(text: str, where: str) -> tuple[dict[str, Any], dict[str, Place]]:
    """A YAML mapping, and the place of each dotted key (of a list's items, by number). `where` is
    its file.

    Raises ConfigurationError for text that is not a YAML mapping, or a key that stands twice.
    """
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        data = yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f", {_place(mark)}" if mark else ""
        what = getattr(error, "problem", None) or "is not YAML"
        raise ConfigurationError(str(what), f"{where}{place}") from None
    if data is None:
        return {}, {}
    if not isinstance(data, dict):
        raise ConfigurationError("is not a list of keys with values", where)
    places: dict[str, Place] = {}
    _note_places(node, "", places, where)
    return data, places


def _place(mark: Any) -> Place:
    return Place(mark.line + 1, mark.column + 1)


def _note_places(node: Any, prefix: str, places: dict[str, Place], where: str) -> None:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            dotted = f"{prefix}{key.value}"
            if dotted in places:
                raise ConfigurationError(
                    f"stands here a second time (first on line {places[dotted].line})",
                    f"{where}, {_place(key.start_mark)}, key {dotted}",
                    "Keep one of the two.",
                )
            places[dotted] = _place(key.start_mark)
            _note_places(value, f"{dotted}.", places, where)
    elif isinstance(node, yaml.SequenceNode):
        for index, value in enumerate(node.value):
            places[f"{prefix}{index}"] = _place(value.start_mark)
            _note_places(value, f"{prefix}{index}.", places, where)
