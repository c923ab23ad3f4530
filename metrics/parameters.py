"""Whether the definitions' parameters fit the indicators that there are."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from metrics.declaration import Indicator
from metrics.stage.gates import KNOWN, SHARED
from model.definitions import Anchors, Definitions, GateSettings
from model.validation import suggest


class Problem(NamedTuple):
    """A parameter that cannot be used: its dotted key, what is wrong, what to do."""

    key: str
    what: str
    todo: str


def problems(definitions: Definitions, catalogue: Mapping[str, Indicator]) -> Iterator[Problem]:
    """Every parameter that names what does not exist, or contradicts itself."""
    for name, override in definitions.indicators.items():
        key = f"indicators.{name}"
        if name not in catalogue:
            yield Problem(key, f"there is no indicator {name!r}", suggest(name, list(catalogue)))
        elif override.anchors is not None:
            yield from _anchors(f"{key}.anchors", override.anchors, catalogue[name])
    for stage, gate in definitions.stage.gates.items():
        if gate is not None:
            yield from _gate(f"stage.gates.{stage}", gate, catalogue)
    yield from _unmeasured(definitions, catalogue)
    seen: set[str] = set()
    for i, rule in enumerate(definitions.rules):
        if rule.id in seen:
            yield Problem(
                f"rules.{i}.id", f"a second rule has the id {rule.id!r}", "Name one of them anew."
            )
        seen.add(rule.id)


def _anchors(key: str, anchors: Anchors, one: Indicator) -> Iterator[Problem]:
    values = [anchors.defined, anchors.aligned, anchors.integrated]
    falls = one.better == "lower"
    if values != sorted(values, reverse=falls) or len(set(values)) < 3:
        way = "fall" if falls else "rise"
        usual = ", ".join(f"{anchor.value:g}" for anchor in one.anchors)
        yield Problem(
            key,
            f"the anchors {', '.join(f'{v:g}' for v in values)} do not {way}, though "
            f"{one.better} is better",
            f"Write them so that each {way}s, as {usual}.",
        )
    elif one.unit == "share" and not all(0 < value < 1 for value in values):
        yield Problem(key, "an anchor of a share is not between 0 and 1", "Write 0.8 for 80 %.")
    elif one.unit == "level" and not all(20 < value < 100 for value in values):
        yield Problem(key, "an anchor of a level is not between 20 and 100", "Write 40, 60, 80.")
    elif min(values) <= 0:
        yield Problem(key, f"an anchor in {one.unit} is not above 0", "Write a positive number.")


def _gate(key: str, gate: GateSettings, catalogue: Mapping[str, Indicator]) -> Iterator[Problem]:
    fitting = [n for n, one in catalogue.items() if one.unit == "share" and one.better == "higher"]
    if gate.needs in catalogue and gate.needs not in fitting:
        one = catalogue[gate.needs]
        yield Problem(
            f"{key}.needs",
            f"{gate.needs} cannot be a gate: it is in {one.unit}, and {one.better} is better",
            "Name an indicator that is a share of which more is better.",
        )
    elif gate.needs not in (*KNOWN, *fitting):
        yield Problem(
            f"{key}.needs",
            f"there is no gate or indicator {gate.needs!r}",
            suggest(gate.needs, [*KNOWN, *fitting]),
        )
    elif gate.needs != SHARED and gate.least > 1:
        yield Problem(f"{key}.least", f"{gate.least:g} is more than all", "Write 0.1 for 10 %.")


def _unmeasured(definitions: Definitions, catalogue: Mapping[str, Indicator]) -> Iterator[Problem]:
    """A dimension that has weight though every indicator of it was given none."""
    for dimension, weight in definitions.stage.weights.items():
        own = [one.under(definitions) for one in catalogue.values() if one.dimension == dimension]
        if weight > 0 and own and not any(one.weight > 0 for one in own):
            yield Problem(
                f"stage.weights.{dimension.value}",
                f"every indicator of {dimension.label} has the weight 0",
                "Give the dimension the weight 0 as well, or one of its indicators some.",
            )
