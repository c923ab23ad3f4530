"""The newest snapshot in Prometheus' text format, for a node exporter's textfile collector."""

from collections.abc import Iterator, Mapping
from datetime import UTC
from typing import Any

from model.errors import RecordsError
from monitor.workspace import Workspace
from store.records.snapshots import SnapshotHead

VALUES = {
    "value": ("detente_indicator_value", "An indicator's value in its unit; shares are 0 to 1."),
    "low": ("detente_indicator_low", "Lower end of its 95 % interval."),
    "high": ("detente_indicator_high", "Upper end of its 95 % interval."),
    "n": ("detente_indicator_records", "Records that it rests on."),
    "score": ("detente_indicator_score", "Its score on 20 to 100."),
}
VERDICTS = {
    "score": ("detente_score", "Score on 20 to 100, before gates."),
    "low": ("detente_score_low", "Lower end of its 95 % interval."),
    "high": ("detente_score_high", "Upper end of its 95 % interval."),
    "evidence": ("detente_evidence", "Share of the evidence that is there, 0 to 1."),
}
STAGES = ("undefined", "defined", "aligned", "integrated")


def exposition(workspace: Workspace) -> str:
    """The text: a sample for every figure that is assessed. What is not assessed has none: it is
    never a zero. RecordsError where no live snapshot was kept.
    """
    newest = workspace.records.snapshots.latest("live")
    if newest is None:
        raise RecordsError("there is no live snapshot", "records", "Run `detente snapshot take`.")
    return "\n".join(_lines(workspace, newest)) + "\n"


def _lines(workspace: Workspace, newest: SnapshotHead) -> Iterator[str]:
    verdicts = workspace.records.snapshots.verdicts_of(newest.id)
    values = workspace.records.snapshots.values_of(newest.id)
    at = newest.as_of_at.replace(tzinfo=UTC).timestamp()
    yield from _metric("detente_snapshot_as_of_seconds", "When the figures are as of.", [({}, at)])
    for column, (name, help_) in VERDICTS.items():
        yield from _metric(name, help_, [(_place(row), row[column]) for row in verdicts])
    chances = [
        ({**_place(row), "stage": stage}, row[f"p_{stage}"]) for row in verdicts for stage in STAGES
    ]
    yield from _metric("detente_stage_probability", "Chance of each stage, 0 to 1.", chances)
    for column, (name, help_) in VALUES.items():
        samples = [
            ({**_place(row), "indicator": row["indicator"], "unit": row["unit"]}, row[column])
            for row in values
            if row["status"] != "not_assessed"
        ]
        yield from _metric(name, help_, samples)


def _place(row: Mapping[str, Any]) -> dict[str, str]:
    return {"segment_by": row["segment_by"], "segment": row["segment"]}


def _metric(
    name: str, help_: str, samples: list[tuple[dict[str, str], float | None]]
) -> Iterator[str]:
    yield f"# HELP {name} {help_}"
    yield f"# TYPE {name} gauge"
    for labels, value in samples:
        if value is not None:
            told = ",".join(f'{key}="{_escaped(text)}"' for key, text in labels.items())
            yield f"{name}{{{told}}} {value!r}" if told else f"{name} {value!r}"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
