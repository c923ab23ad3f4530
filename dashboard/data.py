"""The only calls to `monitor` for figures; `doing` has those that ask and change.

What belongs to one manifest is kept until the next one. Snapshots and the status change without a
new manifest and are read each time.
"""

import os
from collections.abc import Callable, Hashable, Mapping
from contextlib import nullcontext
from datetime import date
from pathlib import Path
from typing import TypedDict, TypeVar

import pandas as pd
import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from dashboard.shelf import Shelf
from model.errors import NoAnswerError
from monitor import advice as advising
from monitor import compare, snapshots, surveys, views
from monitor import comparison as comparing
from monitor import handoff as handoffs
from monitor import health as dirty
from monitor import open_leads as waiting
from monitor import pipeline as pipelines
from monitor import rules as ruling
from monitor.advice import AdviceForm
from monitor.compare import ComparisonForm, MovementForm
from monitor.comparison import BeliefForm
from monitor.handoff import HandoffForm
from monitor.health import FindingForm
from monitor.open_leads import OpenLeadForm, OpenLeadsForm
from monitor.pipeline import PipelineForm
from monitor.report import IndicatorForm, StageForm
from monitor.rules import RulesForm
from monitor.snapshots import PointForm, SnapshotLine
from monitor.survey_forms import SurveyForm
from monitor.surveys import StatementText, WaveForm
from monitor.views import (
    DeclarationForm,
    FiguresForm,
    PlainDeclarationForm,
    RecordsForm,
    RunForm,
    StatusForm,
)
from monitor.workspace import CONFIG_NAME, Workspace

YEAR_DAYS, QUARTER_DAYS = 366, 85
MOST_RECORDS, MOST_BROKEN, MOST_WAITING, MOST_SYNCS = 500, 200, 25, 10
Held = tuple[str, str]  # a segment as snapshots hold it: dimension, value
Segment = Mapping[str, str]
Made = TypeVar("Made")
_SHELF, _WORKSPACES = Shelf(400), Shelf(2)


class WavePoint(TypedDict):
    """What a closed wave said, for the trend."""

    closes_on: date
    sales: float | None
    marketing: float | None


def _opened() -> tuple[Hashable, Workspace]:
    """The workspace of DETENTE_CONFIG and DETENTE_HOME, and what tells it from others; opened anew
    when the file changes.
    """
    config, home = os.environ.get("DETENTE_CONFIG"), os.environ.get("DETENTE_HOME")
    file = Path(config or CONFIG_NAME)
    stamp = file.stat().st_mtime_ns if file.exists() else None
    of = ("workspace", config, home, str(Path.cwd()), stamp)
    return of, _WORKSPACES.get(of, Workspace.open)


def workspace() -> Workspace:
    """Where everything is."""
    return _opened()[1]


def kept(
    saying: str, parts: tuple[Hashable, ...], make: Callable[[Workspace], Made], segment: Segment
) -> Made:
    """What `make` gives for a manifest, these parts and a segment; `saying` it while one waits."""
    key, opened = _key(parts, segment)
    is_seen = get_script_run_ctx(suppress_warning=True) is not None
    with st.spinner(saying) if is_seen and not _SHELF.has(key) else nullcontext():
        return _SHELF.get(key, lambda: make(opened))


def _key(parts: tuple[Hashable, ...], segment: Segment) -> tuple[Hashable, Workspace]:
    of, opened = _opened()
    return (of, manifest(), *parts, tuple(segment.items())), opened


def zone() -> str:
    """The organisation's time zone."""
    return workspace().settings.calendar.default.timezone


def status() -> StatusForm:
    """How fresh and how complete the data is, now."""
    return views.status(workspace())


def last_syncs() -> list[RunForm]:
    """The newest syncs, the newest first."""
    return views.last_syncs(workspace(), MOST_SYNCS)


def manifest() -> int | None:
    """The id of the newest manifest, None before the first sync."""
    found = workspace().lake.manifest()
    return found.id if found else None


def unreached() -> NoAnswerError | None:
    """What is wrong with the engine's server, where it did not answer when last asked."""
    return workspace().reach.silent


def reach_again() -> None:
    """Ask a server that did not answer. Raises NoAnswerError where it still does not."""
    at = workspace()
    newest = at.lake.manifest()
    if at.reach.silent and newest:
        at.engine(newest, again=True).close()


def where() -> dict[str, str]:
    """The segment that the reader has chosen, empty for the whole company."""
    chosen = {name: st.session_state.get(name) for name in workspace().settings.segments}
    return {name: str(value) for name, value in chosen.items() if value}


def segment_values() -> dict[str, list[str]]:
    """The values that the figures can be cut by."""
    return kept("Reading the records …", ("values",), views.segment_values, {})


def has_segments() -> bool:
    """Whether nobody has to wait for the values of the segments."""
    return _SHELF.has(_key(("values",), {})[0])


def has_stage(segment: Segment) -> bool:
    """Whether nobody has to wait for the stage of a segment and its indicators."""
    return _SHELF.has(_key(("figures",), segment)[0])


def last_said() -> SnapshotLine | None:
    """The newest snapshot of the whole company that was kept on its day."""
    lines = snapshots.listed(workspace())
    return next((one for one in reversed(lines) if one["kind"] == "live"), None)


def stage(segment: Segment) -> StageForm:
    """The inferred stage of a segment; with the newest survey for the whole company."""
    form = _figures(segment)["stage"]
    said = None if segment else survey()
    return {**form, "survey": said, "gap": said["gap"] if said else None}


def indicators(segment: Segment) -> dict[str, IndicatorForm]:
    """Every indicator of a segment, by id, in the order of the dimensions."""
    return {row["id"]: row for row in _figures(segment)["indicators"]["rows"]}


def _figures(segment: Segment) -> FiguresForm:
    return kept(
        "Working out the stage …", ("figures",), lambda at: views.figures(at, segment), segment
    )


def split(dimension: str, segment: Segment) -> list[IndicatorForm]:
    """Every indicator by the values of a dimension."""
    return kept(
        "Comparing the segments …",
        ("split", dimension),
        lambda at: views.indicators(at, segment, (dimension,))["rows"],
        segment,
    )


def handoff(segment: Segment) -> HandoffForm:
    """How far leads get and how soon they are answered."""
    return kept(
        "Following the leads …", ("handoff",), lambda at: handoffs.form(at, segment), segment
    )


def open_leads(segment: Segment) -> OpenLeadsForm:
    """Who waits for Sales: how many, and those who still have time, the least first."""
    return kept(
        "Looking who waits …",
        ("open leads",),
        lambda at: waiting.open_leads(at, segment, MOST_WAITING),
        segment,
    )


def open_leads_csv(segment: Segment) -> bytes:
    """All who wait, those who still have time first."""
    rows = waiting.open_leads(workspace(), segment)["rows"]
    rows.sort(key=lambda row: row["hours_left"] < 0)
    return _csv(pd.DataFrame(rows, columns=list(OpenLeadForm.__annotations__)))


def cohort_leads_csv(segment: Segment) -> bytes:
    """The leads of the cohorts and how far each got."""
    return _csv(handoffs.cohort_leads(workspace(), segment).to_pandas())


def open_opportunities_csv(segment: Segment) -> bytes:
    """The opportunities that are open."""
    return _csv(pipelines.open_opportunities(workspace(), segment).to_pandas())


def pipeline(segment: Segment) -> PipelineForm:
    """What is open, forecast and won."""
    return kept(
        "Reading the pipeline …", ("pipeline",), lambda at: pipelines.form(at, segment), segment
    )


def sla_hours() -> float | None:
    """The response time that Sales promises, where one holds for everything."""
    sla = workspace().settings.sla
    return None if sla.rules else sla.hours


def catalogue() -> dict[str, DeclarationForm]:
    """Every indicator as declared, by id."""
    of, opened = _opened()
    declared = _SHELF.get((of, "catalogue"), lambda: views.catalogue(opened))
    return {one["id"]: one for one in declared}


def outcomes() -> dict[str, PlainDeclarationForm]:
    """Every outcome as declared, by id."""
    of, opened = _opened()
    declared = _SHELF.get((of, "outcomes"), lambda: views.outcomes(opened))
    return {one["id"]: one for one in declared}


def records(indicator: str, segment: Segment) -> RecordsForm:
    """How many CRM records stand behind an indicator or outcome, and the first of them."""
    return kept(
        "Fetching the records …",
        ("records", indicator),
        lambda at: views.first_records(at, indicator, segment, MOST_RECORDS),
        segment,
    )


def dirty_csv(finding: str) -> bytes:
    """All records of a kind of dirty record, as a CSV file."""
    return _csv(dirty.records(workspace(), finding).to_pandas())


def records_csv(indicator: str, segment: Segment) -> bytes:
    """All of them."""
    return _csv(views.records(workspace(), indicator, segment))


def _csv(frame: pd.DataFrame) -> bytes:
    return frame.to_csv(index=False).encode()


def record_url() -> str | None:
    """The address of a record in the CRM, with `{id}` in its place."""
    return views.record_url(workspace(), "{id}")


def findings() -> list[FindingForm]:
    """The kinds of dirty record."""
    return kept("Looking for dirty records …", ("findings",), dirty.findings, {})


def snapshot_lines(segment: Held | None = None) -> list[SnapshotLine]:
    """What snapshots say of the company or a segment, oldest first, as far as a chart shows it."""
    if segment is None:
        return snapshots.series(snapshots.listed(workspace()))
    return snapshots.series(snapshots.of_segment(workspace(), segment))


def before(form: StageForm) -> SnapshotLine | None:
    """What a snapshot said of the same about a quarter ago."""
    held = tuple(form["segment"].items())
    if len(held) > 1:
        return None
    lines = snapshot_lines(held[0] if held else None)
    return snapshots.before(lines, form, QUARTER_DAYS)


def moved(snapshot: str, segment: Segment) -> dict[str, MovementForm]:
    """How each dimension has moved since a snapshot."""
    return kept(
        "Comparing with the last quarter …",
        ("moved", snapshot),
        lambda at: compare.moved(at, snapshot, segment),
        segment,
    )


def held_segment() -> Held | None:
    """The chosen segment, if it is one that snapshots can hold."""
    chosen = list(where().items())
    return chosen[0] if len(chosen) == 1 else None


def history(indicator: str, segment: Held | None = None) -> list[PointForm]:
    """One indicator in every snapshot, oldest first, as far as a chart shows them."""
    found = snapshots.history(workspace(), indicator, *([segment] if segment else []))
    return snapshots.series(found)


def histories(segment: Held | None = None) -> dict[str, list[PointForm]]:
    """A year of every figure, by id, for the small lines of the table."""
    found = snapshots.histories(workspace(), YEAR_DAYS, *([segment] if segment else []))
    return {name: snapshots.series(points) for name, points in found.items()}


def comparison(first: str, second: str) -> ComparisonForm:
    """What changed between two snapshots, or between one and now."""
    return kept(
        "Comparing …",
        ("comparison", first, second),
        lambda at: compare.compare(at, first, second),
        {},
    )


def survey(name: str | None = None) -> SurveyForm | None:
    """What may be shown of a wave, the newest unless named; the same until a wave changes."""
    of, opened = _opened()
    waves_now = tuple(tuple(one.items()) for one in all_waves())
    return _SHELF.get((of, "survey", waves_now, name), lambda: surveys.form(opened, name))


def all_waves() -> list[WaveForm]:
    """The waves, oldest first."""
    return surveys.waves(workspace())


def waves() -> list[WavePoint]:
    """The means of the closed waves, oldest first, as far as they may be shown."""
    points: list[WavePoint] = []
    for one in surveys.closed(workspace()):
        form = survey(one.name)
        if form is not None:
            sales, marketing = form["sales"]["mean"], form["marketing"]["mean"]
            points.append({"closes_on": one.closes_on, "sales": sales, "marketing": marketing})
    return points


def questionnaire() -> list[StatementText]:
    """The twenty statements."""
    return surveys.questionnaire()


def belief() -> BeliefForm:
    """What both teams say beside what the CRM shows; anew for each wave."""
    waves_now = tuple((one.name, one.state) for one in workspace().records.surveys.waves())
    return kept(
        "Setting what people say beside the records …", ("belief", waves_now), comparing.form, {}
    )


def advice() -> AdviceForm:
    """Whether to change; anew for each answer to the checklist."""
    given = len(workspace().records.checklists.history())
    return kept("Working out the advice …", ("advice", given), advising.form, {})


def rules(segment: Segment) -> RulesForm:
    """How far the rules of engagement are kept in a segment, with the newest that break them."""
    return kept(
        "Checking the rules of engagement …",
        ("rules",),
        lambda at: ruling.check(at, where=segment, most=MOST_BROKEN),
        segment,
    )


def broken_csv(rule: str, segment: Segment) -> bytes:
    """All the records that break a rule."""
    (one,) = ruling.check(workspace(), rule, segment)["rules"]
    return _csv(pd.DataFrame(one["broken"]))
