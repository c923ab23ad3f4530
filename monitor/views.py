"""What the command line and the dashboard show, as typed forms. Reads only."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, TypedDict

from metrics.asked import PERIODS
from metrics.declaration import Gauge, Measure, Result
from metrics.indicators import CATALOGUE, EVIDENCE, OUTCOMES
from metrics.loaded import UNSET
from model.definitions import Definitions
from model.errors import ConfigurationError
from model.periods import Period
from monitor import headlines, surveys
from monitor.missing import MissingForm, missing
from monitor.reading import Reading
from monitor.report import (
    IndicatorForm,
    IndicatorsForm,
    ShownForm,
    StageForm,
    indicator_form,
    indicators_form,
    instant,
    shown_form,
    stage_form,
)
from monitor.workspace import Workspace
from store.records.runs import Run

if TYPE_CHECKING:
    import pandas as pd

Segment = Mapping[str, str]


class SourceForm(TypedDict):
    """A source as last synced: notes on what was odd, and what it could not give."""

    name: str
    notes: list[str]
    missing: list[MissingForm]


class RunForm(TypedDict):
    """The newest sync; `state`: running, done, partial, failed."""

    state: str
    started_at: str
    ended_at: str | None
    api_calls: int
    error: str | None


class StatusForm(TypedDict):
    """How fresh and how complete the data is. Without data only the names are filled. `age_hours`:
    how long ago the records were complete; `is_stale`: longer than `alerts.stale_hours`.
    """

    organisation: str
    definitions: str
    has_data: bool
    manifest: int | None
    cutoff_at: str | None
    age_hours: float | None
    is_stale: bool
    committed_at: str | None
    last_sync: RunForm | None
    sources: list[SourceForm]


class AnchorForm(TypedDict):
    """From which value a stage starts, and where that value comes from."""

    stage: str
    value: float
    kind: str
    source: str


class DeclarationForm(TypedDict):
    """An indicator as it is declared, under the organisation's overrides. `formula` says how it is
    computed from the columns of `fact`, `variants` the same for the figures beside it.
    """

    id: str
    kind: str
    title: str
    definition: str
    formula: str
    variants: dict[str, str]
    fact: str
    dimension: str
    dimension_title: str
    unit: str
    better: str
    clock: str | None
    anchors: list[AnchorForm]
    statements: dict[int, str]
    window_days: int
    minimum_n: int
    weight: float
    needs: list[str]


class FiguresForm(TypedDict):
    """A segment's stage, and its indicators, outcomes and measures of evidence."""

    stage: StageForm
    indicators: IndicatorsForm


class RecordsForm(TypedDict):
    """The records behind an indicator: how many count, how many are `left_out` for each reason, and
    the `first` of them as a table.
    """

    total: int
    counted: int
    left_out: dict[str, int]
    first: "pd.DataFrame"


class PlainDeclarationForm(TypedDict):
    """An outcome or a measure of evidence as it is declared; `kind` says which. `formula` and
    `fact` are None for one that counts no records.
    """

    id: str
    kind: str
    title: str
    definition: str
    formula: str | None
    variants: dict[str, str]
    fact: str | None
    unit: str
    window_days: int | None
    minimum_n: int | None
    needs: list[str]


class ExplanationForm(TypedDict):
    """Everything about one indicator: its declaration, its figure, the rows behind it."""

    declaration: DeclarationForm
    result: IndicatorForm
    counted: int
    left_out: dict[str, int]


class PlainExplanationForm(TypedDict):
    """Everything about one outcome or measure of evidence."""

    declaration: PlainDeclarationForm
    result: ShownForm
    counted: int
    left_out: dict[str, int]


@contextmanager
def reading(workspace: Workspace, day: date | None = None) -> Iterator[Reading]:
    """The newest figures, or those as of the end of a past day."""
    with Reading.open(workspace, day) as opened:
        yield opened


def status(workspace: Workspace) -> StatusForm:
    """How fresh and how complete the data is."""
    manifest = workspace.lake.manifest()
    run = workspace.records.runs.newest()
    age = datetime.now(UTC).replace(tzinfo=None) - manifest.cutoff_at if manifest else None
    hours = age / timedelta(hours=1) if age is not None else None
    return {
        "organisation": workspace.settings.organisation,
        "definitions": workspace.definitions_version,
        "has_data": manifest is not None,
        "manifest": manifest.id if manifest else None,
        "cutoff_at": instant(manifest.cutoff_at) if manifest else None,
        "age_hours": hours,
        "is_stale": hours is not None and hours > workspace.settings.alerts.stale_hours,
        "committed_at": instant(manifest.committed_at) if manifest else None,
        "last_sync": _run_form(run) if run else None,
        "sources": [
            {
                "name": name,
                "notes": list(state.notes),
                "missing": missing(state.availability, manifest.availability),
            }
            for name, state in manifest.sources.items()
            if name not in workspace.own_sources
        ]
        if manifest
        else [],
    }


def last_syncs(workspace: Workspace, most: int) -> list[RunForm]:
    """The newest syncs, the newest first."""
    return [_run_form(run) for run in workspace.records.runs.list(most)]


def _run_form(run: Run) -> RunForm:
    return {
        "state": run.state,
        "started_at": instant(run.started_at),
        "ended_at": instant(run.ended_at) if run.ended_at else None,
        "api_calls": run.api_calls,
        "error": run.report.get("error"),
    }


def stage(workspace: Workspace, where: Segment | None = None, day: date | None = None) -> StageForm:
    """The inferred stage of the whole or one segment, beside the newest survey's."""
    with reading(workspace, day) as opened:
        return _stage(opened, dict(where or {}))


def figures(workspace: Workspace, where: Segment) -> FiguresForm:
    """The stage of the whole or one segment, and all figures that it rests on."""
    with reading(workspace) as opened:
        results = _assessed(opened, where)
        beside = opened.shown(where=where)
        definitions = workspace.definitions_version
        return {
            "stage": _form(opened, where, results),
            "indicators": indicators_form(results, opened.as_of, definitions, *beside),
        }


def stages(
    workspace: Workspace, where: Segment, by: Sequence[str], day: date | None = None
) -> list[StageForm]:
    """The stage of each segment `by` these dimensions that occurs, within `where`; one form
    without `by`.
    """
    with reading(workspace, day) as opened:
        if not by:
            return [_stage(opened, dict(where))]
        if periods := [name for name in by if name in PERIODS]:
            raise ConfigurationError(
                f"no stage by {periods[0]}", "--by", "Ask `--as-of` a day, or see the snapshots."
            )
        found: dict[tuple[str, ...], list[Result]] = {}
        for result in opened.indicators(by, where):
            values = tuple(result.segment.get(name, "") for name in by)
            found.setdefault(values, []).append(result)
        return [
            _form(opened, {**where, **dict(zip(by, values, strict=True))}, results)
            for values, results in sorted(found.items())
            if UNSET not in values  # records without a value are no segment
        ]


def _form(opened: Reading, where: Segment, results: Sequence[Result]) -> StageForm:
    verdict = opened.verdict_of(results, where)
    survey = None if where else surveys.form(opened.workspace)
    settled = None if where else headlines.settled(opened.workspace, opened.as_of)
    logging = None if where else opened.logging()
    definitions = opened.workspace.definitions_version
    return stage_form(verdict, survey, opened.as_of, definitions, where, settled, logging)


def _stage(opened: Reading, where: Segment) -> StageForm:
    return _form(opened, where, _assessed(opened, where))


def _assessed(opened: Reading, where: Segment) -> list[Result]:
    """Every indicator of the whole or one segment, which must be one that occurs."""
    results = opened.indicators(where=where)
    if not any(one.estimate.is_assessed for one in results):
        opened.check_occurs(where)
    return results


def segment_values(workspace: Workspace) -> dict[str, list[str]]:
    """The values by which the figures can be cut, for each dimension."""
    with reading(workspace) as opened:
        return opened.segment_values()


def indicators(
    workspace: Workspace,
    where: Segment | None = None,
    by: Sequence[str] = (),
    day: date | None = None,
    window: str | None = None,
    only: Sequence[str] = (),
) -> IndicatorsForm:
    """Every indicator, for the whole or a segment, split or not, with the outcomes and the measures
    of evidence quality; or `only` some indicators, by id.
    """
    with reading(workspace, day) as opened:
        period = opened.period(window)
        ask = (by, where, period)
        results = opened.few_indicators(only, *ask) if only else opened.indicators(*ask)
        if not any(one.estimate.is_assessed for one in results):
            opened.check_occurs(where or {})
        beside = ([], []) if only else opened.shown(by, where, period)
        return indicators_form(results, opened.as_of, workspace.definitions_version, *beside)


def records(
    workspace: Workspace,
    indicator: str,
    where: Segment | None = None,
    day: date | None = None,
    window: str | None = None,
) -> "pd.DataFrame":
    """The CRM records behind an indicator: ids, dates, owners, and whether and why each counts."""
    with reading(workspace, day) as opened:
        period = opened.period(window)
        frame: pd.DataFrame = opened.records(indicator, where, period).to_pandas()
        return frame


def first_records(workspace: Workspace, indicator: str, where: Segment, most: int) -> RecordsForm:
    """The first `most` records behind an indicator, and how many there are."""
    rows = records(workspace, indicator, where)
    counted, left_out = _counted(rows)
    return {
        "total": len(rows),
        "counted": counted,
        "left_out": left_out,
        "first": rows.head(most).copy(),
    }


def record_url(workspace: Workspace, record_id: str) -> str | None:
    """Where a record opens in the CRM."""
    manifest = workspace.lake.manifest()
    for state in (manifest.sources if manifest else {}).values():
        if state.record_url:
            return state.record_url.replace("{id}", record_id)
    return None


def catalogue(workspace: Workspace) -> list[DeclarationForm]:
    """Every indicator as declared, in the order of the dimensions."""
    return [_declaration(workspace, name) for name in CATALOGUE]


def _declaration(workspace: Workspace, name: str) -> DeclarationForm:
    one = CATALOGUE[name].under(workspace.definitions)
    stages_from = ("defined", "aligned", "integrated")
    return {
        "id": one.id,
        "kind": "indicator",
        "title": one.title,
        "definition": one.definition,
        **_computed(one, workspace.definitions),
        "dimension": one.dimension.value,
        "dimension_title": one.dimension.label,
        "unit": one.unit,
        "better": one.better,
        "clock": one.clock,
        "anchors": [
            {"stage": stage, "value": a.value, "kind": a.kind, "source": a.source}
            for stage, a in zip(stages_from, one.anchors, strict=True)
        ],
        "statements": dict(one.statements),
        "window_days": one.window_days,
        "minimum_n": one.minimum_n,
        "weight": one.weight,
        "needs": list(one.needs),
    }


class _Computed(TypedDict):
    formula: str
    variants: dict[str, str]
    fact: str


def _computed(one: Measure, definitions: Definitions) -> _Computed:
    variants = {name: build(definitions).formula for name, build in one.variants.items()}
    formula = one.statistic(definitions).formula
    return {"formula": formula, "variants": variants, "fact": one.fact}


def _plain(one: Measure | Gauge, definitions: Definitions) -> PlainDeclarationForm:
    kind = "outcome" if one.id in OUTCOMES else "evidence"
    computed = _computed(one, definitions) if isinstance(one, Measure) else None
    return {
        "id": one.id,
        "kind": kind,
        "title": one.title,
        "definition": one.definition,
        "formula": computed["formula"] if computed else None,
        "variants": computed["variants"] if computed else {},
        "fact": computed["fact"] if computed else None,
        "unit": one.unit,
        "window_days": one.window_days if isinstance(one, Measure) else None,
        "minimum_n": one.minimum_n if isinstance(one, Measure) else None,
        "needs": list(one.needs) if isinstance(one, Measure) else [],
    }


def outcomes(workspace: Workspace) -> list[PlainDeclarationForm]:
    """Every outcome as declared."""
    return [_plain(one, workspace.definitions) for one in OUTCOMES.values()]


def explain(
    workspace: Workspace,
    indicator: str,
    where: Segment,
    day: date | None = None,
    window: str | None = None,
) -> ExplanationForm | PlainExplanationForm:
    """One figure: declaration, value, and how many rows count or are left out, and why."""
    definitions = workspace.definitions
    beside: dict[str, Measure | Gauge] = {**OUTCOMES, **EVIDENCE}
    with reading(workspace, day) as opened:
        period = opened.period(window)
        counted, left_out = _counts(opened, indicator, where, period)
        if indicator in beside:
            outcomes, quality = opened.shown(where=where, window=period)
            found = next(one for one in [*outcomes, *quality] if one.measure.id == indicator)
            return {
                "declaration": _plain(beside[indicator], definitions),
                "result": shown_form(found),
                "counted": counted,
                "left_out": left_out,
            }
        results = opened.indicators(where=where, window=period)
        result = next(r for r in results if r.indicator.id == indicator)
    return {
        "declaration": _declaration(workspace, indicator),
        "result": indicator_form(result),
        "counted": counted,
        "left_out": left_out,
    }


def _counts(
    opened: Reading, name: str, where: Segment, window: Period | None
) -> tuple[int, dict[str, int]]:
    """How many rows count, and how many are left out for each reason."""
    if isinstance(EVIDENCE.get(name), Gauge):
        return 0, {}
    return _counted(opened.records(name, where, window).to_pandas())


def _counted(rows: "pd.DataFrame") -> tuple[int, dict[str, int]]:
    left_out = rows.loc[~rows["counted"], "reason"].value_counts()
    reasons = {str(reason): int(count) for reason, count in left_out.items()}
    return int(rows["counted"].sum()), reasons
