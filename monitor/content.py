"""What a snapshot holds: figures and verdicts of the company and its segments, as JSON, as the
statistics that they were made from, and as rows for other tools.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypedDict

from metrics.declaration import Result, Shown
from metrics.estimate import Estimate
from metrics.indicators import CATALOGUE
from metrics.stage import Verdict, infer
from metrics.stage.headline import Headline
from model.stages import DIMENSIONS, STAGES
from monitor import kept
from monitor.reading import Reading
from monitor.report import IndicatorForm, StageForm, indicator_form, indicators_form, stage_form
from monitor.survey_forms import SurveyForm

COMPANY = ("company", "all")
FIGURE = ("value", "bound", "low", "high", "n", "status", "unit")


class SegmentForm(TypedDict):
    """What a snapshot says of one segment (dimension to value)."""

    segment: dict[str, str]
    stage: StageForm
    rows: list[IndicatorForm]
    people: dict[str, int]


@dataclass(frozen=True)
class Part:
    """What the records say of the company (`segment` is empty) or of one segment."""

    segment: Mapping[str, str]
    results: Sequence[Result]
    gates: Mapping[str, Estimate]
    people: Mapping[str, int]
    verdict: Verdict


@dataclass(frozen=True)
class Content:
    """All figures of one as-of. `left_out` are segments beyond the most that are held."""

    as_of: datetime
    definitions: str
    company: Part
    segments: Sequence[Part]
    outcomes: Sequence[Shown]
    evidence: Sequence[Shown]
    left_out: Sequence[Mapping[str, str]] = ()

    @classmethod
    def of(cls, reading: Reading) -> "Content":
        """Compute them."""
        company = _part(reading, {}, reading.indicators(keep=True), reading.gates())
        segments, left_out = _segments(reading)
        version = reading.workspace.definitions_version
        return cls(reading.as_of, version, company, segments, *reading.shown(keep=True), left_out)

    def forms(
        self, survey: SurveyForm | None, settled: Headline | None = None
    ) -> tuple[dict[str, Any], list[SegmentForm]]:
        """The verdict (with the headline that snapshots have `settled`) and the indicators of the
        company, and what is said of each segment.
        """
        verdict, shown = self.company.verdict, (self.outcomes, self.evidence)
        whole = {
            "stage": stage_form(verdict, survey, self.as_of, self.definitions, {}, settled),
            "indicators": indicators_form(
                self.company.results, self.as_of, self.definitions, *shown
            ),
        }
        return whole, [self._segment(part) for part in self.segments]

    def _segment(self, part: Part) -> SegmentForm:
        return {
            "segment": dict(part.segment),
            "stage": stage_form(part.verdict, None, self.as_of, self.definitions, part.segment),
            "rows": [indicator_form(result) for result in part.results],
            "people": dict(part.people),
        }

    def statistics(self) -> bytes:
        """What it takes to estimate all of it again."""
        parts = [self.company, *self.segments]
        results = [result for part in parts for result in part.results]
        gates = {kept.named(part.segment): part.gates for part in parts}
        return kept.pack([*results, *self.outcomes, *self.evidence], gates)


def _part(
    reading: Reading,
    segment: Mapping[str, str],
    results: Sequence[Result],
    gates: Mapping[str, Estimate],
) -> Part:
    people = reading.headcount(segment)
    verdict = infer(results, gates, people, reading.definitions, CATALOGUE)
    return Part(segment, results, gates, people, verdict)


def _segments(reading: Reading) -> tuple[list[Part], list[dict[str, str]]]:
    """The biggest segments of which anything may be said, in the order of their dimensions and
    values, and the others.
    """
    settings, values = reading.workspace.settings, reading.segment_values()
    cut: dict[tuple[str, str], list[Result]] = defaultdict(list)
    for dimension in settings.snapshot_dimensions:
        if dimension in values:
            for result in reading.indicators(by=[dimension], keep=True):
                cut[dimension, result.segment[dimension]].append(result)
    found = {one: some for one, some in cut.items() if any(r.estimate.is_assessed for r in some)}
    by_size = sorted(found, key=lambda one: (-_records(found[one]), one))
    chosen = set(by_size[: settings.snapshots.most])
    parts = []
    for dimension in dict.fromkeys(name for name, _ in found):
        held = [value for name, value in found if name == dimension and (name, value) in chosen]
        gates = reading.gates_by(dimension, held)
        parts += [
            _part(reading, {dimension: value}, found[dimension, value], gates[value])
            for value in held
        ]
    return parts, [{name: value} for name, value in found if (name, value) not in chosen]


def _records(results: Sequence[Result]) -> int:
    return sum(result.estimate.n for result in results)


def verdict_rows(stage: StageForm, segments: Sequence[SegmentForm]) -> list[dict[str, Any]]:
    """The rows of `snapshot_verdicts`."""
    return [_verdict_row(COMPANY, stage)] + [
        _verdict_row(_named(one["segment"]), one["stage"]) for one in segments
    ]


def _verdict_row(name: tuple[str, str], stage: StageForm) -> dict[str, Any]:
    scores = {one["id"]: one["score"] for one in stage["dimensions"]}
    return {
        "segment_by": name[0],
        "segment": name[1],
        "stage": stage["stage"],
        "headline": stage["headline"],
        "score": stage["score"],
        "low": stage["low"],
        "high": stage["high"],
        "evidence": stage["evidence"],
        **{f"p_{one.value}": stage["probabilities"][one.value] for one in STAGES},
        **{f"{one.value}_score": scores.get(one.value) for one in DIMENSIONS},
    }


def value_rows(
    indicators: Mapping[str, Any], segments: Sequence[SegmentForm]
) -> list[dict[str, Any]]:
    """The rows of `indicator_values`."""
    figures = [(COMPANY, one) for one in [*indicators["rows"], *indicators["outcomes"]]]
    figures += [(_named(one["segment"]), row) for one in segments for row in one["rows"]]
    return [_value_row(name, figure) for name, figure in figures]


def _value_row(name: tuple[str, str], form: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "segment_by": name[0],
        "segment": name[1],
        "indicator": form["id"],
        **{key: form[key] for key in FIGURE},
        **{key: form.get(key) for key in ("dimension", "score", "stage")},
    }


def _named(segment: Mapping[str, str]) -> tuple[str, str]:
    ((dimension, value),) = segment.items()
    return dimension, value


def flat(whole: Mapping[str, Any], segments: Sequence[SegmentForm]) -> dict[str, Any]:
    """Every figure by its path, for comparing."""
    found = dict(_figures("company", whole["stage"], whole["indicators"]["rows"]))
    for name in ("outcomes", "evidence"):
        found |= dict(_rows("company", whole["indicators"].get(name, [])))
    for one in segments:
        found |= dict(_figures("=".join(_named(one["segment"])), one["stage"], one["rows"]))
    return found


def _figures(
    where: str, stage: StageForm, rows: Sequence[Mapping[str, Any]]
) -> Iterator[tuple[str, Any]]:
    for key in ("stage", "ungated_stage", "score", "low", "high", "evidence"):
        yield f"{where} {key}", stage[key]
    for name, chance in stage["probabilities"].items():
        yield f"{where} probability of {name}", chance
    for one in stage["dimensions"]:
        for key in ("score", "low", "high", "stage", "evidence", "status"):
            yield f"{where} {one['id']} {key}", one[key]  # type: ignore[literal-required]
    yield from _rows(where, rows)


def _rows(where: str, rows: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, Any]]:
    for row in rows:
        for key in ("value", "bound", "low", "high", "n", "status", "score"):
            yield f"{where} {row['id']} {key}", row.get(key)
        for name, variant in row["variants"].items():
            for key in ("value", "bound", "low", "high", "n", "status"):
                yield f"{where} {row['id']} ({name}) {key}", variant[key]
