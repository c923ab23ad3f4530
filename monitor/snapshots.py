"""`detente snapshot …`: what the figures said, kept with what they were made from."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from importlib.metadata import version
from typing import Any, TypedDict, TypeVar, cast

from model.periods import local_day
from model.stages import DIMENSIONS, STAGES
from monitor import headlines, surveys
from monitor.content import COMPANY, Content, SegmentForm, value_rows, verdict_rows
from monitor.progress import SILENT, Progress
from monitor.reading import Reading
from monitor.report import IndicatorsForm, StageForm, instant, said_of
from monitor.workspace import Workspace
from store.records.snapshots import Snapshot, SnapshotDraft, SnapshotHead, SnapshotKind


class SnapshotLine(TypedDict):
    """A snapshot in a list. `as_of_on`: the local day of the instant `as_of`. `kind`: live,
    backfilled (rebuilt from history) or restated (another one, `restates`, under newer
    definitions). `dimensions`: scores by id.
    """

    id: str
    taken_at: str
    as_of: str
    as_of_on: str
    kind: str
    restates: str | None
    definitions: str
    stage: str | None
    withheld: str | None
    headline: str | None
    score: float | None
    low: float | None
    high: float | None
    probabilities: dict[str, float]
    dimensions: dict[str, float | None]


class PointForm(TypedDict):
    """One figure in one snapshot."""

    as_of: str
    definitions: str
    kind: str
    value: float | None
    low: float | None
    high: float | None
    status: str


Line = TypeVar("Line", SnapshotLine, PointForm)


class SnapshotForm(TypedDict):
    """A whole snapshot. `versions`: the version of every table; `unknown`: what the records do not
    tell of its day, for one that was rebuilt; `health`: counts of dirty records; `left_out`:
    segments beyond the most that are held; `configuration`: what its definitions were;
    `shown_from`: from how many people on a group was shown.
    """

    id: str
    taken_at: str
    kind: str
    restates: str | None
    manifest: int
    software: str
    predecessor: str | None
    versions: dict[str, int]
    unknown: list[str]
    stage: StageForm
    indicators: IndicatorsForm
    segments: list[SegmentForm]
    left_out: list[dict[str, str]]
    health: dict[str, int]
    people: dict[str, int]
    configuration: dict[str, Any]
    shown_from: dict[str, Any]


@dataclass(frozen=True)
class Taken:
    """The kept snapshot, the local day that it speaks of, whether it is new or was kept before, and
    what of its day is unknown.
    """

    head: SnapshotHead
    as_of_on: date
    is_new: bool
    unknown: tuple[str, ...] = ()

    def line(self) -> str:
        """One sentence."""
        kept = "kept" if self.head.restates is None else f"kept, restating {self.head.restates}"
        said = kept if self.is_new else "was kept before; nothing to do"
        return f"Snapshot {self.head.id} as of {self.as_of_on} {said}."

    def to_json(self) -> dict[str, object]:
        """The form of `--json`."""
        return {
            "id": self.head.id,
            "as_of": instant(self.head.as_of_at),
            "as_of_on": self.as_of_on.isoformat(),
            "kind": kind_of(self.head),
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
        return keep(reading, "live" if day is None else "backfilled")


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


def keep(reading: Reading, kind: SnapshotKind, restates: str | None = None) -> Taken:
    """Keep what an open reading says; the one of the same manifest, as-of and definitions where
    there is one.
    """
    workspace, manifest = reading.workspace, reading.manifest
    kept = workspace.records.snapshots
    definitions = workspace.definitions_version
    before = kept.find(manifest.id, reading.as_of, definitions)
    if before is not None:
        unknown = kept.get(before.id).payload["unknown"]
        return Taken(before, reading.as_of_on, is_new=False, unknown=tuple(unknown))
    content = Content.of(reading)
    survey = surveys.form(workspace) if kind == "live" else None
    settled = headlines.settled(workspace, reading.as_of)
    if kind == "live":
        settled = settled.after(said_of(content.company.verdict, reading.as_of, definitions))
    whole, segments = content.forms(survey, settled)
    payload = {**whole, **_beside(reading, content, kind)}
    previous = kept.latest("live", before=reading.as_of)
    snapshot = kept.keep(
        SnapshotDraft(
            taken_at=datetime.now(UTC).replace(tzinfo=None),
            as_of_at=reading.as_of,
            as_of_on=reading.as_of_on,
            manifest_id=manifest.id,
            definitions=definitions,
            software=version("detente"),
            kind=kind,
            predecessor_id=previous.id if previous else None,
            restates=restates,
            summary=_summary(payload["stage"]),
            payload=payload,
            segments=segments,
            statistics=content.statistics(),
            verdicts=verdict_rows(payload["stage"], segments),
            values=value_rows(payload["indicators"], segments),
        )
    )
    return Taken(snapshot, reading.as_of_on, is_new=True, unknown=tuple(payload["unknown"]))


def _beside(reading: Reading, content: Content, kind: SnapshotKind) -> dict[str, Any]:
    """What a snapshot holds beside the figures."""
    return {
        "health": {one.id: one.count for one in reading.findings()},
        "versions": dict(reading.manifest.versions),
        "unknown": reading.unknown() if _is_past(reading, kind) else [],
        "people": reading.headcount(),
        "left_out": [dict(segment) for segment in content.left_out],
        "configuration": reading.definitions.model_dump(mode="json"),
        "shown_from": reading.workspace.settings.people.model_dump(mode="json"),
    }


def _is_past(reading: Reading, kind: SnapshotKind) -> bool:
    return kind == "backfilled" and reading.as_of < reading.manifest.cutoff_at


def _summary(stage: StageForm) -> dict[str, Any]:
    told = ("stage", "withheld", "headline", "score", "low", "high", "probabilities")
    return {
        **{key: stage[key] for key in told},  # type: ignore[literal-required]
        "dimensions": {one["id"]: one["score"] for one in stage["dimensions"]},
    }


def kind_of(head: SnapshotHead) -> str:
    """`live`, `backfilled` or `restated`."""
    return "restated" if head.restates else head.kind


def series(lines: Sequence[Line]) -> list[Line]:
    """What a chart draws of `lines` (by as-of): where a day was restated, its newest restatement
    in place of what it restates.
    """
    by_day: dict[str, list[Line]] = defaultdict(list)
    for one in lines:
        by_day[one["as_of"]].append(one)
    restated = {
        day: [one for one in some if one["kind"] == "restated"] for day, some in by_day.items()
    }
    return [one for day, some in by_day.items() for one in (restated[day][-1:] or some)]


def before(lines: Sequence[SnapshotLine], form: StageForm, days: int) -> SnapshotLine | None:
    """The newest of `lines` that is at least so many days older than `form`, under the same
    definitions; else the oldest such that is a month older; None where there is none.
    """
    as_of = datetime.fromisoformat(form["as_of"])

    def older(one: SnapshotLine, least: int) -> bool:
        age = as_of - datetime.fromisoformat(one["as_of"])
        return age >= timedelta(days=least) and one["definitions"] == form["definitions"]

    far = [one for one in lines if older(one, days)]
    near = [one for one in lines if older(one, 28)]
    return far[-1] if far else near[0] if near else None


def of_segment(workspace: Workspace, segment: tuple[str, str]) -> list[SnapshotLine]:
    """What every snapshot that holds a segment (dimension, value) says of it, oldest first."""
    told = ("definitions", "kind", "restates", "stage", "headline", "score", "low", "high")
    return [
        cast(
            SnapshotLine,
            {
                **{key: row[key] for key in told},
                "id": row["snapshot_id"],
                "withheld": None,
                "taken_at": instant(row["taken_at"]),
                "as_of": instant(row["as_of_at"]),
                "as_of_on": row["as_of_on"].isoformat(),
                "probabilities": {one.value: row[f"p_{one.value}"] for one in STAGES},
                "dimensions": {one.value: row[f"{one.value}_score"] for one in DIMENSIONS},
            },
        )
        for row in workspace.records.snapshots.verdicts(*segment)
    ]


def listed(workspace: Workspace) -> list[SnapshotLine]:
    """All snapshots by the day they speak of, oldest first."""
    zone = workspace.settings.calendar.default.timezone
    return [
        cast(
            SnapshotLine,
            {
                **head.summary,
                "id": head.id,
                "taken_at": instant(head.taken_at),
                "as_of": instant(head.as_of_at),
                "as_of_on": local_day(head.as_of_at, zone).isoformat(),
                "kind": kind_of(head),
                "restates": head.restates,
                "definitions": head.definitions,
            },
        )
        for head in workspace.records.snapshots.list()
    ]


def history(
    workspace: Workspace, indicator: str, segment: tuple[str, str] = COMPANY
) -> list[PointForm]:
    """One figure in every snapshot that holds it, oldest first, for the company or a segment
    (dimension, value).
    """
    return [_point(row) for row in workspace.records.snapshots.values(indicator, *segment)]


def histories(
    workspace: Workspace, days: int, segment: tuple[str, str] = COMPANY
) -> dict[str, list[PointForm]]:
    """Every figure, by id, in the snapshots of the last `days` before the newest."""
    heads = workspace.records.snapshots.list()
    if not heads:
        return {}
    since = heads[-1].as_of_at - timedelta(days=days)
    found: dict[str, list[PointForm]] = defaultdict(list)
    for row in workspace.records.snapshots.values_since(since, *segment):
        found[row["indicator"]].append(_point(row))
    return dict(found)


def _point(row: Mapping[str, Any]) -> PointForm:
    shown = ("definitions", "kind", "value", "low", "high", "status")
    return cast(PointForm, {"as_of": instant(row["as_of_at"]), **{key: row[key] for key in shown}})


def show(workspace: Workspace, snapshot_id: str) -> SnapshotForm:
    """One snapshot, whole. RecordsError where there is none."""
    return form_of(workspace.records.snapshots.get(snapshot_id))


def form_of(snapshot: Snapshot) -> SnapshotForm:
    """A snapshot as a form; one of an earlier version lacks what that did not keep."""
    return cast(
        SnapshotForm,
        {
            "people": {},
            "left_out": [],
            "configuration": {},
            "shown_from": {},
            **snapshot.payload,
            "segments": list(snapshot.segments),
            "id": snapshot.id,
            "taken_at": instant(snapshot.taken_at),
            "kind": kind_of(snapshot),
            "restates": snapshot.restates,
            "manifest": snapshot.manifest_id,
            "software": snapshot.software,
            "predecessor": snapshot.predecessor_id,
        },
    )
