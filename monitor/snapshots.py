"""`detente snapshot …`: what the figures said, kept with what they were made from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from importlib.metadata import version
from typing import Any, TypedDict, cast

from metrics import compare as metrics_compare
from metrics.compare import Change
from metrics.declaration import Result
from metrics.estimate import Estimate
from metrics.indicators import CATALOGUE
from model.definitions import Definitions
from model.periods import local_day
from monitor import headlines, surveys
from monitor.kept import pack, unpack
from monitor.progress import SILENT, Progress
from monitor.reading import Reading
from monitor.report import (
    IndicatorsForm,
    StageForm,
    estimate_of,
    indicators_form,
    instant,
    said_of,
    stage_form,
)
from monitor.workspace import Workspace
from store.records.snapshots import Snapshot, SnapshotDraft, SnapshotHead, SnapshotKind


class SnapshotLine(TypedDict):
    """A snapshot in a list. `dimensions`: scores by id; `indicators`: value, low, high, score, n
    and status by id.
    """

    id: str
    taken_at: str
    as_of: str
    kind: str
    definitions: str
    stage: str | None
    withheld: str | None
    headline: str | None
    score: float | None
    low: float | None
    high: float | None
    probabilities: dict[str, float]
    dimensions: dict[str, float | None]
    indicators: dict[str, dict[str, Any]]


class SnapshotForm(TypedDict):
    """A whole snapshot. `versions`: the version of every table; `unknown`: what the records do not
    tell of its day, for a backfilled one; `health`: counts of dirty records.
    """

    id: str
    taken_at: str
    kind: str
    manifest: int
    software: str
    predecessor: str | None
    versions: dict[str, int]
    unknown: list[str]
    stage: StageForm
    indicators: IndicatorsForm
    health: dict[str, int]


class ChangeForm(TypedDict):
    """One indicator in two snapshots; `exceeds`: the change is larger than its uncertainty."""

    id: str
    title: str
    unit: str
    before: float | None
    after: float | None
    difference: float | None
    exceeds: bool
    words: str


class ComparisonForm(TypedDict):
    """Two snapshots; `note` warns where their definitions differ."""

    from_id: str
    to_id: str
    from_as_of: str
    to_as_of: str
    note: str | None
    changes: list[ChangeForm]


@dataclass(frozen=True)
class Taken:
    """The kept snapshot, whether it is new or was kept before, and what of its day is unknown."""

    head: SnapshotHead
    is_new: bool
    unknown: tuple[str, ...] = ()

    def line(self) -> str:
        """One sentence."""
        said = "kept" if self.is_new else "was kept before; nothing to do"
        return f"Snapshot {self.head.id} as of {self.head.as_of_at:%Y-%m-%d} {said}."

    def to_json(self) -> dict[str, object]:
        """The form of `--json`."""
        return {
            "id": self.head.id,
            "as_of": instant(self.head.as_of_at),
            "kind": self.head.kind,
            "is_new": self.is_new,
            "unknown": list(self.unknown),
        }


def lines_of(taken: Sequence[Taken]) -> list[str]:
    """Each snapshot in a sentence, and then what of their days is unknown."""
    unknown = dict.fromkeys(words for one in taken for words in one.unknown)
    told = [one.line() for one in taken]
    if unknown:
        told.append("The records do not tell of those days (today's values are used):")
    return [*told, *(f"- {words}" for words in unknown)]


def take(workspace: Workspace, day: date | None = None) -> Taken:
    """Keep the newest figures, or those as of the end of a past `day` (marked backfilled)."""
    with Reading.open(workspace, day) as reading:
        return _keep(reading, "live" if day is None else "backfilled")


def backfill(workspace: Workspace, months: int, progress: Progress = SILENT) -> list[Taken]:
    """Keep the month-end figures of the past `months`, rebuilt from the CRM's own history."""
    with Reading.open(workspace) as newest:
        last = newest.as_of_on
    days = month_ends(last, months)
    taken = []
    for done, day in enumerate(days):
        progress.step("backfilled snapshots", done, len(days))
        taken.append(take(workspace, day))
    progress.end("backfilled snapshots")
    return taken


def month_ends(last: date, months: int) -> list[date]:
    """The last days of the `months` months that ended before `last`, oldest first."""
    found, first = [], last.replace(day=1)
    for _ in range(months):
        end = first - timedelta(days=1)
        found.append(end)
        first = end.replace(day=1)
    return found[::-1]


def _keep(reading: Reading, kind: SnapshotKind) -> Taken:
    workspace, manifest = reading.workspace, reading.manifest
    kept = workspace.records.snapshots
    definitions = workspace.definitions_version
    before = kept.find(manifest.id, reading.as_of, definitions)
    if before is not None:
        unknown = kept.get(before.id).payload["unknown"]
        return Taken(before, is_new=False, unknown=tuple(unknown))
    results = reading.indicators(keep=True)
    previous = kept.latest("live", before=reading.as_of)
    payload = _payload(reading, results, kind)
    snapshot = kept.keep(
        SnapshotDraft(
            taken_at=datetime.now(UTC).replace(tzinfo=None),
            as_of_at=reading.as_of,
            manifest_id=manifest.id,
            definitions=definitions,
            software=version("detente"),
            kind=kind,
            predecessor_id=previous.id if previous else None,
            summary=_summary(payload),
            payload=payload,
            statistics=pack(results),
        )
    )
    return Taken(snapshot, is_new=True, unknown=tuple(payload["unknown"]))


def _payload(reading: Reading, results: Sequence[Result], kind: SnapshotKind) -> dict[str, Any]:
    definitions = reading.workspace.definitions_version
    survey = surveys.form(reading.workspace) if kind == "live" else None
    verdict = reading.verdict_of(results)
    settled = headlines.settled(reading.workspace, reading.as_of)
    if kind == "live":
        settled = settled.after(said_of(verdict, reading.as_of, definitions))
    return {
        "stage": stage_form(verdict, survey, reading.as_of, definitions, {}, settled),
        "indicators": indicators_form(results, reading.as_of, definitions, *reading.shown()),
        "health": {one.id: one.count for one in reading.findings()},
        "versions": dict(reading.manifest.versions),
        "unknown": reading.unknown() if kind == "backfilled" else [],
    }


def _summary(payload: Mapping[str, Any]) -> dict[str, Any]:
    stage: StageForm = payload["stage"]
    shown = ("value", "bound", "low", "high", "score", "n", "status")
    said = ("stage", "withheld", "headline", "score", "low", "high", "probabilities")
    return {
        **{key: stage[key] for key in said},
        "dimensions": {one["id"]: one["score"] for one in stage["dimensions"]},
        "indicators": {
            row["id"]: {key: row[key] for key in shown} for row in payload["indicators"]["rows"]
        },
    }


def listed(workspace: Workspace) -> list[SnapshotLine]:
    """All snapshots by the day they speak of, oldest first."""
    return [
        cast(
            SnapshotLine,
            {
                "id": head.id,
                "taken_at": instant(head.taken_at),
                "as_of": instant(head.as_of_at),
                "kind": head.kind,
                "definitions": head.definitions,
                **head.summary,
            },
        )
        for head in workspace.records.snapshots.list()
    ]


def show(workspace: Workspace, snapshot_id: str) -> SnapshotForm:
    """One snapshot, whole. RecordsError where there is none."""
    return _form(workspace.records.snapshots.get(snapshot_id))


def _form(snapshot: Snapshot) -> SnapshotForm:
    return cast(
        SnapshotForm,
        {
            "id": snapshot.id,
            "taken_at": instant(snapshot.taken_at),
            "kind": snapshot.kind,
            "manifest": snapshot.manifest_id,
            "software": snapshot.software,
            "predecessor": snapshot.predecessor_id,
            **snapshot.payload,
        },
    )


def compare(workspace: Workspace, first_id: str, second_id: str) -> ComparisonForm:
    """What changed from one snapshot to another, and which changes exceed their uncertainty."""
    first, second = (workspace.records.snapshots.get(one) for one in (first_id, second_id))
    zone = workspace.settings.calendar.default.timezone
    before, after = (_estimates(one, workspace.definitions) for one in (first, second))
    note = None
    if first.definitions != second.definitions:
        note = (
            f"The definitions differ ({first.definitions}, {second.definitions}): a change may "
            "come from them and not from the records."
        )
    days = [local_day(one.as_of_at, zone).isoformat() for one in (first, second)]
    return {
        "from_id": first.id,
        "to_id": second.id,
        "from_as_of": days[0],
        "to_as_of": days[1],
        "note": note,
        "changes": [_change_form(one) for one in metrics_compare.compare(before, after, CATALOGUE)],
    }


def _estimates(snapshot: Snapshot, definitions: Definitions) -> dict[str, Estimate]:
    """The estimates as kept, with each owner's influence made again from the statistics."""
    statistics = unpack(snapshot.statistics)
    found = {}
    for row in snapshot.payload["indicators"]["rows"]:
        name, estimate = row["id"], estimate_of(row)
        if estimate.is_assessed and (name, "{}") in statistics and name in CATALOGUE:
            again = (
                CATALOGUE[name]
                .statistic(definitions)
                .estimate(statistics[name, "{}"], minimum_n=1, ends_at=snapshot.as_of_at)
            )
            estimate = replace(estimate, influence=again.influence)
        found[name] = estimate
    return found


def _change_form(change: Change) -> ChangeForm:
    one = CATALOGUE[change.indicator]
    return {
        "id": one.id,
        "title": one.title,
        "unit": one.unit,
        "before": change.before.value,
        "after": change.after.value,
        "difference": change.difference,
        "exceeds": bool(change.exceeds),
        "words": change.words,
    }
