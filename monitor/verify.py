"""`detente snapshot verify`: whether what was kept can be computed again, number for number."""

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property
from typing import Any, Literal, TypedDict, cast

from config.settings import PeopleSettings
from metrics.declaration import Gauge, Measure, Result, Shown
from metrics.estimate import Estimate
from metrics.evaluate import estimate_again
from metrics.indicators import CATALOGUE, EVIDENCE, OUTCOMES
from metrics.scoring import score
from metrics.stage import infer
from model.definitions import Definitions
from model.errors import RecordsError
from model.periods import end_of
from model.stages import Stage
from monitor.content import Content, Part, flat
from monitor.kept import Kept, named, unpack
from monitor.reading import Reading
from monitor.report import EstimateForm, estimate_of
from monitor.workspace import Workspace
from store.records.snapshots import Snapshot

TOLERANCE = 1e-9


class DifferenceForm(TypedDict):
    """A figure that came out otherwise."""

    figure: str
    kept: Any
    again: Any


class VerificationForm(TypedDict):
    """What came of it. `how`: from the table versions, or from the stored statistics. `figures`
    were compared; `as_kept` could not be computed again this way and were not.
    """

    id: str
    how: Literal["versions", "statistics"]
    figures: int
    as_kept: list[str]
    differences: list[DifferenceForm]


def verify(workspace: Workspace, snapshot_id: str) -> VerificationForm:
    """Compute a snapshot again, from the table versions that its manifest names where they are
    still kept, else from its own statistics, under the definitions that it was made with.

    RecordsError where there is no such snapshot, or this version of the software does not have
    its definitions.
    """
    snapshot = workspace.records.snapshots.get(snapshot_id)
    then = _under_its_definitions(workspace, snapshot)
    manifest = workspace.lake.manifest(snapshot.manifest_id)
    before = flat(snapshot.payload, snapshot.segments)  # type: ignore[arg-type]
    as_kept: list[str] = []
    if manifest is not None:
        with Reading(then, manifest, snapshot.as_of_at) as reading:
            content = Content.of(reading)
            health = {one.id: one.count for one in reading.findings()}
        before |= {f"health {name}": count for name, count in snapshot.payload["health"].items()}
        after = _of(content) | {f"health {name}": count for name, count in health.items()}
    else:
        content, as_kept = _from_statistics(snapshot, then.settings.definitions)
        after = _of(content)
        before = {figure: before[figure] for figure in before if figure in after}
    unlike = [name for name in {**before, **after} if not _same(before.get(name), after.get(name))]
    return {
        "id": snapshot.id,
        "how": "statistics" if manifest is None else "versions",
        "figures": len(before),
        "as_kept": as_kept,
        "differences": [
            {"figure": name, "kept": before.get(name), "again": after.get(name)} for name in unlike
        ],
    }


def _of(content: Content) -> dict[str, Any]:
    return flat(*content.forms(None))


def _same(before: Any, after: Any) -> bool:
    if isinstance(before, float) and isinstance(after, (int, float)):
        return math.isclose(before, after, rel_tol=TOLERANCE, abs_tol=TOLERANCE)
    return bool(before == after)


def _under_its_definitions(workspace: Workspace, snapshot: Snapshot) -> Workspace:
    """The workspace with the configuration that the snapshot was made with."""
    configuration = snapshot.payload.get("configuration")
    held = [one["segment"] for one in snapshot.segments]
    settings = workspace.settings
    if configuration is not None:
        definitions = Definitions.model_validate(configuration)
        own = {name: getattr(definitions, name) for name in Definitions.model_fields}
        shown_from = PeopleSettings.model_validate(snapshot.payload["shown_from"])
        settings = settings.model_copy(update={**own, "people": shown_from})
    cut = settings.snapshots.model_copy(
        update={"by": tuple(dict.fromkeys(name for one in held for name in one)), "most": len(held)}
    )
    then = replace(workspace, settings=settings.model_copy(update={"snapshots": cut}))
    if then.definitions_version != snapshot.definitions:
        raise RecordsError(
            f"it was kept under definitions that this version ({snapshot.software} kept it) does "
            "not have",
            f"snapshot {snapshot.id}",
            "Verify it with that version, or see it anew with `detente snapshot restate`.",
        )
    return then


@dataclass(frozen=True)
class _Again:
    """Estimates a snapshot's figures anew."""

    snapshot: Snapshot
    kept: Kept
    definitions: Definitions

    def result(self, row: Mapping[str, Any]) -> Result:
        """One indicator's."""
        one = CATALOGUE[row["id"]].under(self.definitions)
        estimate, variants = self.estimates(one, row)
        points = score(one, estimate)
        return Result(
            one,
            row["segment"],
            *_window(row),
            estimate,
            points,
            None if points is None else Stage.of_score(points),
            variants,
        )

    def shown(self, one: Measure, row: Mapping[str, Any]) -> Shown:
        """That of an outcome or a measure of evidence."""
        return Shown(one, row["segment"], *_window(row), *self.estimates(one, row))

    def estimates(
        self, one: Measure, row: Mapping[str, Any]
    ) -> tuple[Estimate, dict[str, Estimate]]:
        """The figure's and its variants'."""
        segment = named(row["segment"])
        names = self.variants.get((one.id, segment), [])
        if "" not in names:
            variants = {name: estimate_of(form) for name, form in row["variants"].items()}
            return replace(estimate_of(row), clusters=row["clusters"]), variants  # type: ignore[arg-type]
        found = {name: self.estimate(one, segment, name, row) for name in names}
        return found.pop(""), found

    def estimate(
        self, one: Measure, segment: str, variant: str, row: Mapping[str, Any]
    ) -> Estimate:
        """One of them, with what only the context told: the same for every segment."""
        plain = self.plain(one, segment, variant, row)
        company = self.company[one.id]
        form = cast(EstimateForm, company["variants"][variant] if variant else company)
        if not plain.is_assessed:
            return plain
        plain = replace(plain, declared=company["declared"])
        doubt = self.doubt(one, variant, company, form)
        if doubt is None:
            return plain
        reasons = [plain.reason] if plain.reason else []
        return replace(plain, status="weak", reason="; ".join([*reasons, doubt]))

    def plain(self, one: Measure, segment: str, variant: str, row: Mapping[str, Any]) -> Estimate:
        """From the statistics alone."""
        zone = self.definitions.calendar.default.timezone
        ends_at = min(end_of(_window(row)[1], zone), self.snapshot.as_of_at)
        statistics = self.kept.statistics[one.id, segment, variant]
        return estimate_again(one, variant, statistics, self.definitions, ends_at)

    def doubt(
        self, one: Measure, variant: str, company: Mapping[str, Any], form: EstimateForm
    ) -> str | None:
        """Why the figure was held to be weak whatever its statistics, or None."""
        own = self.plain(one, named({}), variant, company)
        if form["status"] != "weak" or form["reason"] == own.reason:
            return None
        reason = form["reason"] or ""
        return reason.removeprefix(f"{own.reason}; ") if own.reason else reason

    @cached_property
    def variants(self) -> dict[tuple[str, str], list[str]]:
        """By figure and segment: which of its variants have statistics, "" for itself."""
        found: dict[tuple[str, str], list[str]] = defaultdict(list)
        for name, segment, variant in self.kept.statistics:
            found[name, segment].append(variant)
        return dict(found)

    @cached_property
    def company(self) -> dict[str, Mapping[str, Any]]:
        """The company's rows by figure."""
        indicators = self.snapshot.payload["indicators"]
        rows = [*indicators["rows"], *indicators["outcomes"], *indicators["evidence"]]
        return {row["id"]: row for row in rows}


def _window(row: Mapping[str, Any]) -> tuple[date, date]:
    window = row["window"]
    return date.fromisoformat(window["from"]), date.fromisoformat(window["to"])


def _from_statistics(snapshot: Snapshot, definitions: Definitions) -> tuple[Content, list[str]]:
    """The figures from the stored statistics, and those that have none."""
    kept = unpack(snapshot.statistics)
    again = _Again(snapshot, kept, definitions)
    payload = snapshot.payload

    def part(
        segment: Mapping[str, str], rows: Sequence[Mapping[str, Any]], people: Mapping[str, int]
    ) -> Part:
        results = [again.result(row) for row in rows]
        gates = {gate: one for (where, gate), one in kept.gates.items() if where == named(segment)}
        verdict = infer(results, gates, people, definitions, CATALOGUE)
        return Part(segment, results, gates, people, verdict)

    indicators, evidence = payload["indicators"], payload["indicators"]["evidence"]
    measures = {name: one for name, one in EVIDENCE.items() if not isinstance(one, Gauge)}
    content = Content(
        snapshot.as_of_at,
        snapshot.definitions,
        part({}, indicators["rows"], payload["people"]),
        [
            # an earlier version counted the company's people in every segment
            part(one["segment"], one["rows"], one.get("people", payload["people"]))
            for one in snapshot.segments
        ],
        [again.shown(OUTCOMES[row["id"]], row) for row in indicators["outcomes"]],
        [
            again.shown(measures[row["id"]], row)
            for row in indicators["evidence"]
            if row["id"] in measures
        ],
    )
    left = [row["id"] for row in evidence if row["id"] not in measures]
    return content, [*left, *(f"health: {name}" for name in payload["health"])]
