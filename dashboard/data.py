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

from monitor import actions as acting
from monitor import advice as advising
from monitor import compare, invitations, snapshots, surveys, views
from monitor import comparison as comparing
from monitor import handoff as handoffs
from monitor import open_leads as waiting
from monitor import pipeline as pipelines
from monitor import rules as ruling
from monitor.advice import AdviceForm
from monitor.agreed import ActionForm
from monitor.compare import ComparisonForm
from monitor.comparison import BeliefForm
from monitor.handoff import HandoffForm
from monitor.invitations import InvitationForm, LinkForm
from monitor.open_leads import OpenLeadForm
from monitor.outputs import survey_table
from monitor.pipeline import PipelineForm
from monitor.report import IndicatorForm, StageForm, SurveyForm
from monitor.rules import RulesForm
from monitor.snapshots import PointForm, SnapshotLine
from monitor.surveys import StatementText, WaveForm
from monitor.views import DeclarationForm, FindingForm, StatusForm
from monitor.workspace import CONFIG_NAME, Workspace

Key = tuple[str, int | None, str]
Level = Literal["head", "staff"]
YEAR_DAYS = 366
Held = tuple[str, str]  # a segment as snapshots hold it: dimension, value
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
    said = None if segment else survey()
    return {**form, "survey": said, "gap": said["gap"] if said else None}


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


def open_leads(segment: Mapping[str, str]) -> list[OpenLeadForm]:
    """Who waits for Sales, those with the least time left first."""
    return _open_leads(_key(), workspace(), tuple(segment.items()))


@st.cache_data(max_entries=50, show_spinner="Looking who waits …")
def _open_leads(key: Key, _workspace: Workspace, segment: Segment) -> list[OpenLeadForm]:
    return waiting.open_leads(_workspace, dict(segment))["rows"]


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


def kept(segment: Held | None = None) -> list[SnapshotLine]:
    """What snapshots say of the company or a segment, oldest first, as far as a chart shows it."""
    if segment is None:
        return snapshots.series(snapshots.listed(workspace()))
    return snapshots.series(snapshots.of_segment(workspace(), segment))


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
    return _comparison(_key(), workspace(), first, second)


@st.cache_data(max_entries=50, show_spinner="Comparing …")
def _comparison(key: Key, _workspace: Workspace, first: str, second: str) -> ComparisonForm:
    return compare.compare(_workspace, first, second)


def survey(name: str | None = None) -> SurveyForm | None:
    """What may be shown of a wave, the newest unless named; the same until a wave changes."""
    waves_now = tuple(tuple(one.items()) for one in all_waves())
    opened = workspace()
    return _survey(str(opened.home), waves_now, opened.definitions_version, name, opened)


@st.cache_data(max_entries=50, show_spinner="Reading the answers …")
def _survey(
    home: str,
    waves_now: tuple[tuple[tuple[str, object], ...], ...],
    definitions: str,
    name: str | None,
    _workspace: Workspace,
) -> SurveyForm | None:
    return surveys.form(_workspace, name)


def survey_csv(form: SurveyForm) -> str:
    """A wave's tables as CSV."""
    return survey_table.csv_of(form)


def survey_floor() -> int:
    """The fewest people that are shown as a group."""
    return workspace().settings.survey.floor


def survey_minimum() -> int:
    """The fewest answers that are scored."""
    return workspace().settings.survey.minimum_answers


def all_waves() -> list[WaveForm]:
    """The waves, oldest first."""
    return surveys.waves(workspace())


def open_wave(name: str, closes_on: date) -> None:
    """Open a wave from today on."""
    surveys.open_wave(workspace(), name, None, closes_on)


def close_wave(name: str) -> None:
    """Close a wave for good."""
    surveys.close_wave(workspace(), name)


def segment_names() -> tuple[str, ...]:
    """The configured dimensions."""
    return workspace().settings.segments


def invite(people: str, address: str, wave: str | None) -> list[LinkForm]:
    """A personal link for each line of `people`."""
    return invitations.invite(workspace(), invitations.people_of(people), address, wave)


def links_csv(links: list[LinkForm]) -> str:
    """Links as CSV."""
    return invitations.csv_of(links)


def invitation(token: str) -> InvitationForm:
    """What a personal link says."""
    return invitations.invitation(workspace(), token)


def answer(token: str, answers: list[int | None], name: str | None) -> None:
    """Keep the answers of whoever holds the link."""
    invitations.answer(workspace(), token, answers, name)


def wave() -> WaveForm | None:
    """The wave that takes answers today."""
    return surveys.current(workspace())


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


def submit(
    person: str, function: str, level: Level, answers: list[int | None], name: str | None
) -> None:
    """Keep a person's answers in the open wave."""
    surveys.submit(workspace(), person, function, level, answers, name=name)


def belief() -> BeliefForm:
    """What both teams say beside what the CRM shows; anew for each wave."""
    waves = tuple((one.name, one.state) for one in workspace().records.surveys.waves())
    return _belief(_key(), workspace(), waves)


@st.cache_data(max_entries=8, show_spinner="Setting what people say beside the records …")
def _belief(key: Key, _workspace: Workspace, waves: tuple[tuple[str, str], ...]) -> BeliefForm:
    return comparing.form(_workspace)


def advice() -> AdviceForm:
    """Whether to change; anew for each answer to the checklist."""
    given = len(workspace().records.checklists.history())
    return _advice(_key(), workspace(), given)


@st.cache_data(max_entries=8, show_spinner="Working out the advice …")
def _advice(key: Key, _workspace: Workspace, given: int) -> AdviceForm:
    return advising.form(_workspace)


def answer_question(question: str, said: str, by: str) -> None:
    """Keep an answer to the checklist."""
    advising.answer(workspace(), question, said, by)


def actions() -> list[ActionForm]:
    """The agreed actions with their progress."""
    history = [one.history for one in workspace().records.actions.list()]
    return _actions(_key(), workspace(), sum(map(len, history)), surveys.today(workspace()))


@st.cache_data(max_entries=8, show_spinner="Following the agreed actions …")
def _actions(key: Key, _workspace: Workspace, events: int, day: date) -> list[ActionForm]:
    return acting.listed(_workspace)


def next_meeting() -> date:
    """A quarter from today."""
    return surveys.today(workspace()) + acting.NEXT_MEETING


def agree(
    indicator: str, title: str | None, owner: str, target: float | None, due_on: date, by: str
) -> ActionForm:
    """Keep an agreed action, for the segment that the reader has chosen."""
    wanted = acting.Proposal(
        indicator=indicator,
        function=owner,
        by=by,
        target=target,
        due_on=due_on,
        title=title,
        segment=where(),
    )
    return acting.agree(workspace(), wanted)


def close_action(action: int, state: acting.Ended, by: str, note: str) -> ActionForm:
    """End an action with a note."""
    return acting.close(workspace(), action, state, by, note)


def rules(segment: Mapping[str, str]) -> RulesForm:
    """How far the rules of engagement are kept in a segment, with the records that break them."""
    return _rules(_key(), workspace(), tuple(segment.items()))


@st.cache_data(max_entries=20, show_spinner="Checking the rules of engagement …")
def _rules(key: Key, _workspace: Workspace, segment: Segment) -> RulesForm:
    return ruling.check(_workspace, where=dict(segment))
