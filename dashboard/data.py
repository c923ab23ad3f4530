"""The only calls to `monitor`. What belongs to one manifest is kept until the next one.

Surveys, snapshots and the status change without a new manifest and are read each time.
"""

import os
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Literal, TypedDict

import pandas as pd
import streamlit as st

from monitor import handoff as handoffs
from monitor import pipeline as pipelines
from monitor import snapshots, surveys, views
from monitor.handoff import HandoffForm
from monitor.pipeline import PipelineForm
from monitor.report import IndicatorForm, StageForm, SurveyForm
from monitor.snapshots import ComparisonForm, SnapshotLine
from monitor.surveys import StatementText, WaveForm
from monitor.views import DeclarationForm, FindingForm, StatusForm
from monitor.workspace import CONFIG_NAME, Workspace

Key = tuple[str, int | None, str]
Level = Literal["head", "staff"]
Segment = tuple[tuple[str, str], ...]


class WavePoint(TypedDict):
    """What a closed wave said, for the trend."""

    closes_on: date
    sales: float | None
    marketing: float | None


def workspace() -> Workspace:
    """The workspace of DETENTE_CONFIG and DETENTE_HOME; opened anew when the file changes."""
    config, home = os.environ.get("DETENTE_CONFIG"), os.environ.get("DETENTE_HOME")
    file = Path(config or CONFIG_NAME)
    stamp = file.stat().st_mtime_ns if file.exists() else None
    return _workspace(config, home, str(Path.cwd()), stamp)


@st.cache_resource(max_entries=4, show_spinner=False)
def _workspace(config: str | None, home: str | None, folder: str, stamp: int | None) -> Workspace:
    return Workspace.open()


def zone() -> str:
    """The organisation's time zone."""
    return workspace().settings.calendar.default.timezone


def status() -> StatusForm:
    """How fresh and how complete the data is, now."""
    return views.status(workspace())


def manifest() -> int | None:
    """The id of the newest manifest, None before the first sync."""
    found = workspace().lake.manifest()
    return found.id if found else None


def _key() -> Key:
    opened = workspace()
    return str(opened.home), manifest(), opened.definitions_version


def where() -> dict[str, str]:
    """The segment that the reader has chosen, empty for the whole company."""
    chosen = {name: st.session_state.get(name) for name in workspace().settings.segments}
    return {name: str(value) for name, value in chosen.items() if value}


def segment_values() -> dict[str, list[str]]:
    """The values that the figures can be cut by."""
    return _segment_values(_key(), workspace())


@st.cache_data(max_entries=8, show_spinner="Reading the records …")
def _segment_values(key: Key, _workspace: Workspace) -> dict[str, list[str]]:
    return views.segment_values(_workspace)


def stage(segment: Mapping[str, str]) -> StageForm:
    """The inferred stage of a segment; with the newest survey for the whole company."""
    form = _stage(_key(), workspace(), tuple(segment.items()))
    survey = None if segment else surveys.form(workspace())
    return {**form, "survey": survey, "gap": survey["gap"] if survey else None}


@st.cache_data(max_entries=100, show_spinner="Working out the stage …")
def _stage(key: Key, _workspace: Workspace, segment: Segment) -> StageForm:
    return views.stage(_workspace, dict(segment))


def indicators(segment: Mapping[str, str]) -> dict[str, IndicatorForm]:
    """Every indicator of a segment, by id, in the order of the dimensions."""
    return _indicators(_key(), workspace(), tuple(segment.items()))


@st.cache_data(max_entries=100, show_spinner="Working out the indicators …")
def _indicators(key: Key, _workspace: Workspace, segment: Segment) -> dict[str, IndicatorForm]:
    return {row["id"]: row for row in views.indicators(_workspace, dict(segment))["rows"]}


def handoff(segment: Mapping[str, str]) -> HandoffForm:
    """How far leads get and how soon they are answered."""
    return _handoff(_key(), workspace(), tuple(segment.items()))


@st.cache_data(max_entries=100, show_spinner="Following the leads …")
def _handoff(key: Key, _workspace: Workspace, segment: Segment) -> HandoffForm:
    return handoffs.form(_workspace, dict(segment))


def pipeline(segment: Mapping[str, str]) -> PipelineForm:
    """What is open, forecast and won."""
    return _pipeline(_key(), workspace(), tuple(segment.items()))


@st.cache_data(max_entries=100, show_spinner="Reading the pipeline …")
def _pipeline(key: Key, _workspace: Workspace, segment: Segment) -> PipelineForm:
    return pipelines.form(_workspace, dict(segment))


def split(dimension: str, segment: Mapping[str, str]) -> list[IndicatorForm]:
    """Every indicator by the values of a dimension."""
    return _split(_key(), workspace(), dimension, tuple(segment.items()))


@st.cache_data(max_entries=50, show_spinner="Comparing the segments …")
def _split(
    key: Key, _workspace: Workspace, dimension: str, segment: Segment
) -> list[IndicatorForm]:
    return views.indicators(_workspace, dict(segment), (dimension,))["rows"]


def sla_hours() -> float | None:
    """The response time that Sales promises, where one holds for everything."""
    sla = workspace().settings.sla
    return None if sla.rules else sla.hours


def catalogue() -> dict[str, DeclarationForm]:
    """Every indicator as declared, by id."""
    return {one["id"]: one for one in views.catalogue(workspace())}


def records(indicator: str, segment: Mapping[str, str]) -> pd.DataFrame:
    """The CRM records behind an indicator, with `counted` and `reason`."""
    return _records(_key(), workspace(), indicator, tuple(segment.items()))


@st.cache_data(max_entries=20, show_spinner="Fetching the records …")
def _records(key: Key, _workspace: Workspace, indicator: str, segment: Segment) -> pd.DataFrame:
    return views.records(_workspace, indicator, dict(segment))


def record_url() -> str | None:
    """The address of a record in the CRM, with `{id}` in its place."""
    return views.record_url(workspace(), "{id}")


def findings() -> list[FindingForm]:
    """The kinds of dirty record."""
    return _findings(_key(), workspace())


@st.cache_data(max_entries=4, show_spinner="Looking for dirty records …")
def _findings(key: Key, _workspace: Workspace) -> list[FindingForm]:
    return views.health(_workspace)


def kept() -> list[SnapshotLine]:
    """All snapshots, oldest first."""
    return snapshots.listed(workspace())


def comparison(first: str, second: str) -> ComparisonForm:
    """What changed between two snapshots."""
    return snapshots.compare(workspace(), first, second)


def survey() -> SurveyForm | None:
    """What may be shown of the newest wave."""
    return surveys.form(workspace())


def wave() -> WaveForm | None:
    """The wave that takes answers today."""
    return surveys.current(workspace())


def waves() -> list[WavePoint]:
    """The means of the closed waves, oldest first, as far as they may be shown."""
    points: list[WavePoint] = []
    for one in surveys.closed(workspace()):
        form = surveys.form(workspace(), one.name)
        if form is not None:
            sales, marketing = form["sales"]["mean"], form["marketing"]["mean"]
            points.append({"closes_on": one.closes_on, "sales": sales, "marketing": marketing})
    return points


def questionnaire() -> list[StatementText]:
    """The twenty statements."""
    return surveys.questionnaire()


def submit(
    person: str, function: str, level: Level, answers: list[int | None], name: str | None
) -> None:
    """Keep a person's answers in the open wave."""
    surveys.submit(workspace(), person, function, level, answers, name=name)
