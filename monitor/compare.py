"""`detente snapshot compare`: what changed between two snapshots, or a snapshot and now."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypedDict

import pyarrow as pa

from metrics import compare as metrics_compare
from metrics.compare import Change
from metrics.estimate import Estimate
from metrics.evaluate import estimate_again
from metrics.indicators import CATALOGUE
from metrics.stage import movements
from model.definitions import Definitions
from model.errors import ConfigurationError, LakeError
from model.periods import local_day
from model.validation import suggest
from monitor.kept import named, unpack
from monitor.reading import Reading
from monitor.report import estimate_of
from monitor.workspace import Workspace
from store.manifest import Manifest
from store.records.snapshots import Snapshot

NOW = "now"
RECORD_IDS = ("lead_id", "opportunity_id", "activity_id", "campaign_id", "account_id", "record_id")


class ChangeForm(TypedDict):
    """One indicator in two snapshots; `exceeds`: the change is larger than its uncertainty."""

    id: str
    title: str
    unit: str
    before: float | None
    after: float | None
    difference: float | None
    exceeds: bool
    direction: str | None
    words: str


class MovementForm(TypedDict):
    """How many points of score a dimension has moved, with the 95 % interval; None where it was not
    assessed by the same indicators then and now.
    """

    points: float | None
    low: float | None
    high: float | None


class MovedForm(TypedDict):
    """The ids of the records that an indicator counts now and did not before, and the reverse; no
    `has_records` where it counts people or metrics.
    """

    id: str
    title: str
    has_records: bool
    entered: list[str]
    left: list[str]


class ComparisonForm(TypedDict):
    """Two snapshots; `note` warns where their definitions differ. `records` is for the indicators
    that were asked for; `records_note` says why there are none.
    """

    from_id: str
    to_id: str
    from_as_of: str
    to_as_of: str
    note: str | None
    changes: list[ChangeForm]
    records: list[MovedForm]
    records_note: str | None


@dataclass(frozen=True)
class _Side:
    """A snapshot, or now. `manifest`: None where its table versions are not kept any more."""

    id: str
    as_of: datetime
    definitions: str
    estimates: Mapping[str, Estimate]
    manifest: Manifest | None


def compare(
    workspace: Workspace,
    first_id: str,
    second_id: str = NOW,
    records: Sequence[str] | None = (),
) -> ComparisonForm:
    """What changed from one snapshot to another or to "now", and which changes exceed their
    uncertainty, judged together.

    `records` are the indicators of which to say what entered and left; None: of those that
    changed by more than their uncertainty. Raises RecordsError for an unknown snapshot,
    ConfigurationError for an unknown indicator.
    """
    for name in records or ():
        if name not in CATALOGUE:
            raise ConfigurationError(f"no indicator {name!r}", "", suggest(name, list(CATALOGUE)))
    before, after = _side(workspace, first_id), _side(workspace, second_id)
    zone = workspace.settings.calendar.default.timezone
    changes = metrics_compare.compare(before.estimates, after.estimates, CATALOGUE)
    wanted = [c.indicator for c in changes if c.exceeds] if records is None else records
    moved, why_not = _moved(workspace, before, after, wanted) if wanted else ([], None)
    return {
        "from_id": before.id,
        "to_id": after.id,
        "from_as_of": local_day(before.as_of, zone).isoformat(),
        "to_as_of": local_day(after.as_of, zone).isoformat(),
        "note": _note(before, after),
        "changes": [_change_form(one) for one in changes],
        "records": moved,
        "records_note": why_not,
    }


def _note(before: _Side, after: _Side) -> str | None:
    if before.definitions == after.definitions:
        return None
    return (
        f"The definitions differ ({before.definitions}, {after.definitions}): a change may "
        "come from them and not from the records."
    )


def _side(workspace: Workspace, name: str) -> _Side:
    if name == NOW:
        with Reading.open(workspace) as reading:
            found = {one.indicator.id: one.estimate for one in reading.indicators()}
            version = workspace.definitions_version
            return _Side(NOW, reading.as_of, version, found, reading.manifest)
    snapshot = workspace.records.snapshots.get(name)
    estimates = _estimates(snapshot, workspace.settings.definitions, {})
    manifest = workspace.lake.manifest(snapshot.manifest_id)
    return _Side(snapshot.id, snapshot.as_of_at, snapshot.definitions, estimates, manifest)


def moved(
    workspace: Workspace, snapshot_id: str, where: Mapping[str, str]
) -> dict[str, MovementForm]:
    """How each dimension of the company, or of a segment that the snapshot holds, has moved."""
    snapshot = workspace.records.snapshots.get(snapshot_id)
    then = _estimates(snapshot, workspace.settings.definitions, where)
    with Reading.open(workspace) as reading:
        now = {one.indicator.id: one.estimate for one in reading.indicators(where=where)}
    found = movements(then, now, workspace.definitions, CATALOGUE)
    return {
        one.dimension.value: {"points": one.points, "low": one.low, "high": one.high}
        for one in found
    }


def _estimates(
    snapshot: Snapshot, today: Definitions, where: Mapping[str, str]
) -> dict[str, Estimate]:
    """The estimates as kept, with each owner's influence made again from the statistics."""
    rows = snapshot.payload["indicators"]["rows"]
    if where:
        held = (one["rows"] for one in snapshot.segments if one["segment"] == dict(where))
        rows = next(held, [])
    statistics = unpack(snapshot.statistics).statistics
    configuration = snapshot.payload.get("configuration")
    then = today if configuration is None else Definitions.model_validate(configuration)
    found = {}
    for row in rows:
        name, estimate = row["id"], estimate_of(row)
        own = statistics.get((name, named(where), ""))
        if estimate.is_assessed and own is not None and name in CATALOGUE:
            one = CATALOGUE[name].under(then)
            again = estimate_again(one, "", own, then, snapshot.as_of_at)
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
        "direction": change.direction,
        "words": change.words,
    }


def _moved(
    workspace: Workspace, before: _Side, after: _Side, wanted: Sequence[str]
) -> tuple[list[MovedForm], str | None]:
    """What entered and left, or why that cannot be said."""
    sides = []
    for side in (before, after):
        if side.manifest is None:
            return [], (
                f"The tables that snapshot {side.id} was made from are not kept any more: which "
                "records entered and left cannot be said."
            )
        try:
            with Reading(workspace, side.manifest, side.as_of) as reading:
                sides.append({name: _ids(reading.records(name)) for name in wanted})
        except LakeError as error:  # vacuumed since the manifest was read
            return [], error.line()
    return [_moved_form(name, sides[0][name], sides[1][name]) for name in wanted], None


def _moved_form(name: str, before: Sequence[str] | None, after: Sequence[str] | None) -> MovedForm:
    has_records = before is not None and after is not None
    then, now = (set(before or ()), set(after or ())) if has_records else (set(), set())
    return {
        "id": name,
        "title": CATALOGUE[name].title,
        "has_records": has_records,
        "entered": sorted(now - then),
        "left": sorted(then - now),
    }


def _ids(rows: pa.Table) -> list[str] | None:
    """The ids of the records that count; None where people or metrics are counted."""
    column = next((name for name in RECORD_IDS if name in rows.column_names), None)
    if column is None:
        return None
    counted = rows.filter(rows.column("counted"))
    return [str(value) for value in counted.column(column).to_pylist() if value is not None]
