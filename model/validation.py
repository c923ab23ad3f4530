"""Turning a failed validation into one line that says where, what, and what was probably meant."""

from difflib import get_close_matches
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, ValidationError

from model.documents import Place
from model.errors import ConfigurationError

Model = TypeVar("Model", bound=BaseModel)


def suggest(word: str, known: list[str]) -> str:
    """`Did you mean x?`, or the list of what is known."""
    close = get_close_matches(word, known, n=1, cutoff=0.6)
    return f"Did you mean {close[0]}?" if close else f"Known here: {', '.join(sorted(known))}."


def validated(
    kind: type[Model], data: Any, where: str, places: dict[str, Place] | None = None
) -> Model:
    """`data` as a `kind`, or ConfigurationError naming the first thing wrong.

    `where` is the file; `places` maps dotted keys to where they stand in it.
    """
    try:
        return kind.model_validate(data)
    except ValidationError as failure:
        error = failure.errors()[0]
        path = [str(part) for part in error["loc"]]
        key = ".".join(path)
        at = place_of(path, places or {})
        place = where + (f", {at}" if at else "") + (f", key {key}" if key else "")
        if error["type"] == "extra_forbidden":
            known = _keys_at(kind, path[:-1])
            raise ConfigurationError("unknown key", place, suggest(path[-1], known)) from None
        if error["type"] == "missing":
            raise ConfigurationError("this key is required", place, "Add it.") from None
        said = error["msg"].removeprefix("Value error, ").replace("valid tuple", "list")
        raise ConfigurationError(said[0].lower() + said[1:], place) from None


def place_of(path: list[str], places: dict[str, Place]) -> Place | None:
    """The place of the deepest part of `path` that stands in the file."""
    parts = (".".join(path[:depth]) for depth in range(len(path), 0, -1))
    return next((places[part] for part in parts if part in places), None)


def _keys_at(kind: type[BaseModel], path: list[str]) -> list[str]:
    """The keys known at `path` below `kind`: walks models, and models inside dicts and tuples."""
    candidates = [kind]
    for part in path:
        found: list[type[BaseModel]] = []
        for model in candidates:
            field = model.model_fields.get(part)
            found += _models_in(field.annotation) if field else [model]
        candidates = found
    return sorted({name for model in candidates for name in model.model_fields})


def _models_in(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for inner in get_args(annotation) for model in _models_in(inner)]
